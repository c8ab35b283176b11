package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// reply knows which status was sent.
type reply struct {
	http.ResponseWriter
	status int
}

func (r *reply) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

func (r *reply) refuse(status int, why string) {
	r.Header().Set("Content-Type", "application/json")
	r.WriteHeader(status)
	fmt.Fprintf(r, "{\"error\":%q}\n", why)
}

// flush sends what has been written so far; false where the client has gone.
func (r *reply) flush() bool { return http.NewResponseController(r.ResponseWriter).Flush() == nil }

// happens decides about one attempt of a request. The same seed decides the same, in whatever order
// requests come; what it decides about the first attempts says nothing about later ones.
func (a *api) happens(request *http.Request, what string, attempt int, rate float64) bool {
	if rate <= 0 {
		return false
	}
	key := what + " " + request.URL.EscapedPath() + "?" + request.URL.RawQuery + "#" + strconv.Itoa(attempt)
	return share(hash(a.seed, key)) < rate
}

// misbehave does what comes before a proper reply: it waits, and then false says that it has answered,
// or not, as it was told to.
func (a *api) misbehave(out *reply, request *http.Request, b behaviour, attempt int) bool {
	if !wait(request, b.latency.draw()) {
		return false
	}
	if share(hash(a.seed, "gone "+request.URL.EscapedPath())) < b.gone {
		out.refuse(http.StatusNotFound, "this has never been here")
		return false
	}
	if a.throttled(b.throttle, b.after) {
		out.retryAfter(b.after)
		out.refuse(http.StatusTooManyRequests, "too many requests")
		return false
	}
	if b.hops > 0 || b.redirect != "" {
		sendRedirect(out, request, b)
		return false
	}
	if b.first > 0 && attempt > b.first {
		return true
	}
	if a.happens(request, "reset", attempt, b.reset) {
		abort(out)
	}
	if a.happens(request, "fail", attempt, b.fail) {
		statuses := []int{500, 502, 503, 504}
		out.refuse(statuses[hash(a.seed, fmt.Sprint(request.URL, attempt))%4], "something broke")
		return false
	}
	if b.status != 0 {
		if b.status == http.StatusTooManyRequests || b.status == http.StatusServiceUnavailable {
			out.retryAfter(b.after)
		}
		out.refuse(b.status, "as asked for")
		return false
	}
	return true
}

// throttled counts requests, so that bursts come however fast a client is. Where the replies say after how
// many seconds to come back, that is the end of the burst.
func (a *api) throttled(t throttle, after string) bool {
	if t.of <= 0 {
		return false
	}
	a.records.mutex.Lock()
	defer a.records.mutex.Unlock()
	if a.records.counts.Requests%t.of >= t.refused {
		return false
	}
	if number := a.records.counts.Requests / t.of; number != a.burst.number || a.burst.began.IsZero() {
		a.burst = burst{number, time.Now()}
	}
	seconds, err := strconv.Atoi(after)
	return err != nil || time.Since(a.burst.began) < time.Duration(seconds)*time.Second
}

func (r *reply) retryAfter(form string) {
	if text, isDate := strings.CutPrefix(form, "date"); isDate {
		seconds, _ := strconv.Atoi(text)
		at := time.Now().Add(time.Duration(seconds) * time.Second)
		r.Header().Set("Retry-After", at.UTC().Format(http.TimeFormat))
	} else if form != "" {
		r.Header().Set("Retry-After", form)
	}
}

func (l latency) draw() time.Duration {
	if l.exponential {
		return time.Duration(float64(l.to) * -math.Log(1-rand.Float64()))
	}
	if l.to <= l.from {
		return l.from
	}
	return l.from + time.Duration(rand.Int64N(int64(l.to-l.from)))
}

// wait is false if the client went away before its time.
func wait(request *http.Request, duration time.Duration) bool {
	if duration <= 0 {
		return true
	}
	timer := time.NewTimer(duration)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-request.Context().Done():
		return false
	}
}

func sendRedirect(out *reply, request *http.Request, b behaviour) {
	there := b.redirect
	if b.hops > 0 {
		query := request.URL.Query()
		query.Set("hops", strconv.Itoa(b.hops-1))
		there = request.URL.EscapedPath() + "?" + query.Encode()
	} else if there == "loop" {
		there = request.URL.RequestURI()
	}
	out.Header().Set("Location", there)
	out.refuse(b.redirectStatus, "it is elsewhere")
}

// abort ends the connection: HTTP/1.1 with a TCP reset, HTTP/2 by resetting the stream.
func abort(out *reply) {
	if connection, _, err := http.NewResponseController(out.ResponseWriter).Hijack(); err == nil {
		if tcp, ok := connection.(*net.TCPConn); ok {
			tcp.SetLinger(0)
		}
		connection.Close()
	}
	panic(http.ErrAbortHandler)
}
