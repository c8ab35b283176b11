package main

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// behaviour is what a request asks the server to do to it. Each member stands in the query under the
// name beside it; the settings of the server stand in for what the query does not say.
type behaviour struct {
	values values // values: how many a reply of readings has; 10-100000: by device, mostly few
	bits   uint   // bits: of each
	day    string // day: of the readings
	wrong  string // wrong: what is not right about the readings

	latency  latency       // latency: before the status; 100ms, 50ms-150ms (uniform), ~100ms (exponential)
	gone     float64       // gone: share of addresses that are 404, now and for ever
	fail     float64       // fail: share of attempts that get 500, 502, 503 or 504
	reset    float64       // reset: share whose connection is reset before a status
	truncate float64       // truncate: share whose body ends too early
	throttle throttle      // throttle: 100/1000 answers 429 to a hundred in a row of each thousand
	status   int           // status: that one
	first    int           // first: fail, reset, truncate, status, drip, endless of so many attempts only
	after    string        // retry_after: with 429 and 503; 2 (seconds) or date2 (as a date)
	drip     time.Duration // drip: between the bytes of the body
	endless  bool          // endless: the body never ends
	hint     string        // encoding: auto (what the client accepts), gzip, zstd, none
	bomb     int64         // bomb: a gzip of so many zeros

	redirect       string // redirect: there; loop: to itself
	redirectStatus int    // redirect_status
	hops           int    // hops: so many redirects to itself first

	auth      string        // auth: bearer, basic, header, query, oauth2, sigv4
	tokenLife time.Duration // token_life: of oauth2's tokens
	tokenUses int           // token_uses: a token is good for so many requests
}

type latency struct {
	from, to    time.Duration
	exponential bool
}

type throttle struct{ refused, of int }

// burst is the one of refusals under way.
type burst struct {
	number int // of its thousand
	began  time.Time
}

type values struct{ from, to int }

// of is the number for a device: `from`, four times that for half of them, and so on, up to `to`.
func (v values) of(seed uint64, device string) int {
	count := v.from
	for h := hash(seed, "size "+device); h&1 == 1 && count > 0 && count < v.to; h >>= 1 {
		count *= 4
	}
	return min(count, v.to)
}

// read takes what the query says over what the settings say.
func (b behaviour) read(query url.Values) (behaviour, error) {
	var err error
	for name, values := range query {
		text := values[len(values)-1]
		var wrong error
		switch name {
		case "values":
			from, to, found := strings.Cut(text, "-")
			if !found {
				to = from
			}
			if b.values.from, wrong = strconv.Atoi(from); wrong == nil {
				b.values.to, wrong = strconv.Atoi(to)
			}
		case "bits":
			var bits uint64
			bits, wrong = strconv.ParseUint(text, 10, 7)
			if b.bits = uint(bits); bits < 1 || bits > 64 {
				wrong = fmt.Errorf("1 to 64")
			}
		case "day":
			b.day = text
		case "wrong":
			b.wrong = text
		case "latency":
			b.latency, wrong = readLatency(text)
		case "gone":
			b.gone, wrong = strconv.ParseFloat(text, 64)
		case "fail":
			b.fail, wrong = strconv.ParseFloat(text, 64)
		case "reset":
			b.reset, wrong = strconv.ParseFloat(text, 64)
		case "truncate":
			b.truncate, wrong = strconv.ParseFloat(text, 64)
		case "throttle":
			_, wrong = fmt.Sscanf(text, "%d/%d", &b.throttle.refused, &b.throttle.of)
		case "status":
			b.status, wrong = strconv.Atoi(text)
		case "first":
			b.first, wrong = strconv.Atoi(text)
		case "retry_after":
			b.after = text
		case "drip":
			b.drip, wrong = time.ParseDuration(text)
		case "endless":
			b.endless, wrong = strconv.ParseBool(text)
		case "encoding":
			b.hint = text
		case "bomb":
			b.bomb, wrong = strconv.ParseInt(text, 10, 64)
		case "redirect":
			b.redirect = text
		case "redirect_status":
			b.redirectStatus, wrong = strconv.Atoi(text)
		case "hops":
			b.hops, wrong = strconv.Atoi(text)
		case "auth":
			b.auth = text
		case "token_life":
			b.tokenLife, wrong = time.ParseDuration(text)
		case "token_uses":
			b.tokenUses, wrong = strconv.Atoi(text)
		}
		if wrong != nil && err == nil {
			err = fmt.Errorf("%s=%s: %w", name, text, wrong)
		}
	}
	return b, err
}

func readLatency(text string) (latency, error) {
	if mean, found := strings.CutPrefix(text, "~"); found {
		duration, err := time.ParseDuration(mean)
		return latency{to: duration, exponential: true}, err
	}
	from, to, found := strings.Cut(text, "-")
	if !found {
		to = from
	}
	l := latency{}
	var err error
	if l.from, err = time.ParseDuration(from); err != nil {
		return l, err
	}
	l.to, err = time.ParseDuration(to)
	return l, err
}
