package main

import (
	"strconv"
	"time"
)

// All content is a function of the seed and of what is asked for, written down in api_content.py
// (tests/servers) too: a client can tell what each reply should have been.

const golden = 0x9E3779B97F4A7C15

// mix is the output function of SplitMix64.
func mix(x uint64) uint64 {
	x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9
	x = (x ^ (x >> 27)) * 0x94D049BB133111EB
	return x ^ (x >> 31)
}

// hash is FNV-1a of the text, mixed with the seed.
func hash(seed uint64, text string) uint64 {
	h := uint64(0xCBF29CE484222325)
	for i := 0; i < len(text); i++ {
		h = (h ^ uint64(text[i])) * 0x100000001B3
	}
	return mix(h + seed*golden)
}

// share is a number from 0 to 1 that follows from a hash.
func share(h uint64) float64 { return float64(h>>11) / (1 << 53) }

// value is the one at a place in a device's readings, a signed number of so many bits.
func value(h uint64, place int, bits uint) int64 {
	return int64(mix(h+uint64(place)*golden)) >> (64 - bits)
}

const dayOfReadings = "2020-01-27"

// appendDatetime writes when the readings were taken: on that day, to the microsecond.
func appendDatetime(to []byte, h uint64, day string) []byte {
	if day == "" {
		day = dayOfReadings
	}
	micros := int64(mix(h+1) % 86_400_000_000)
	to = append(to, day...)
	return time.UnixMicro(micros).UTC().AppendFormat(to, "T15:04:05.000000")
}

// appendReadings writes {"datetime":…,"values":[…]} of a device on a day.
func appendReadings(to []byte, seed uint64, device, day string, values int, bits uint) []byte {
	h := hash(seed, device+"/"+day)
	to = append(to, `{"datetime":"`...)
	to = appendDatetime(to, h, day)
	to = append(to, `","values":[`...)
	for i := 0; i < values; i++ {
		if i > 0 {
			to = append(to, ',')
		}
		to = strconv.AppendInt(to, value(h, i, bits), 10)
	}
	return append(to, "]}"...)
}

// appendItem writes an entry of the lists that pages are cut from.
func appendItem(to []byte, seed uint64, id int) []byte {
	to = append(to, `{"id":`...)
	to = strconv.AppendInt(to, int64(id), 10)
	to = append(to, `,"name":"item-`...)
	to = strconv.AppendInt(to, int64(id), 10)
	to = append(to, `","value":`...)
	to = strconv.AppendInt(to, value(hash(seed, "items"), id, 20), 10)
	return append(to, '}')
}
