package main

import (
	"bytes"
	"errors"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// quick answers readings as the others do, and knows nothing else: no records, no faults but latency.
// net/http takes more CPU than a client needs, which shares the cores where clients are compared.
type quick struct{ api *api }

const (
	usualRequest   = 1 << 10
	mostOfARequest = 16 << 10
)

func (q quick) serve(listener net.Listener) error {
	for {
		connection, err := listener.Accept()
		if errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ECONNABORTED) {
			time.Sleep(5 * time.Millisecond)
			continue
		}
		if err != nil {
			return err
		}
		go q.answerAll(connection)
	}
}

func (q quick) answerAll(connection net.Conn) {
	defer connection.Close()
	var body, out []byte
	in := make([]byte, 0, usualRequest)
	for {
		end := bytes.Index(in, []byte("\r\n\r\n"))
		if end < 0 {
			if len(in) >= mostOfARequest {
				return
			}
			in = slices.Grow(in, usualRequest/2)
			count, err := connection.Read(in[len(in):cap(in)])
			if err != nil {
				return
			}
			in = in[:len(in)+count]
			continue
		}
		var status int
		status, body = q.reply(body[:0], in[:end])
		out = append(out[:0], "HTTP/1.1 "...)
		out = strconv.AppendInt(out, int64(status), 10)
		out = append(out, ' ')
		out = append(out, http.StatusText(status)...)
		out = append(out, "\r\nContent-Type: application/json\r\nContent-Length: "...)
		out = strconv.AppendInt(out, int64(len(body)), 10)
		out = append(out, "\r\n\r\n"...)
		if _, err := connection.Write(append(out, body...)); err != nil {
			return
		}
		in = in[:copy(in, in[end+4:])]
	}
}

func (q quick) reply(to, request []byte) (int, []byte) {
	line, _, _ := strings.Cut(string(request), "\r\n")
	target, isGet := strings.CutPrefix(strings.TrimSuffix(line, " HTTP/1.1"), "GET ")
	path, query, _ := strings.Cut(target, "?")
	device, isDevice := strings.CutPrefix(path, "/devices/")
	device, isReadings := strings.CutSuffix(device, "/readings")
	if !isGet || !isDevice || !isReadings || strings.Contains(device, "%") {
		return http.StatusNotFound, append(to, `{"error":"only readings are here"}`...)
	}
	b, _, err := q.api.settings(query)
	if err != nil {
		return http.StatusBadRequest, append(to, `{"error":"the query cannot be read"}`...)
	}
	if b.latency.to > 0 {
		time.Sleep(b.latency.draw())
	}
	return http.StatusOK, appendReadings(to, q.api.seed, device, b.day, b.values.of(q.api.seed, device), b.bits)
}
