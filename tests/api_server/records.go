package main

import (
	"bufio"
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"
)

// A request that came, as the control port shows it.
type seen struct {
	At       time.Time         `json:"at"`
	Listener string            `json:"listener"`
	Protocol string            `json:"protocol"` // HTTP/1.1, HTTP/2.0
	Method   string            `json:"method"`
	Path     string            `json:"path"`
	Query    string            `json:"query"`
	Headers  map[string]string `json:"headers"` // names as Go writes them: X-Api-Key
	Attempt  int               `json:"attempt"` // of this method, path and query; from 1
	Status   int               `json:"status"`  // 0: none was sent, or not yet
}

// counts are what tests mostly want to know.
type counts struct {
	Requests    int            `json:"requests"`
	ByStatus    map[int]int    `json:"by_status"`
	Connections map[string]int `json:"connections"` // accepted, by listener
	InFlight    int            `json:"in_flight"`
	MostAtOnce  int            `json:"most_at_once"` // requests in flight
	Tokens      int            `json:"tokens"`       // issued
}

type records struct {
	mutex    sync.Mutex
	keep     bool
	all      []*seen
	attempts map[string]int
	counts   counts
}

func newRecords(keep bool) *records {
	r := &records{keep: keep}
	r.forget()
	return r
}

func (r *records) forget() {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	inFlight := r.counts.InFlight
	r.all, r.attempts = nil, map[string]int{}
	r.counts = counts{ByStatus: map[int]int{}, Connections: map[string]int{}, InFlight: inFlight}
}

// begin writes a request down. Which attempt it is decides about faults; nobody asks where nothing is
// remembered.
func (r *records) begin(request *http.Request) *seen {
	s := &seen{Attempt: 1}
	if r.keep {
		headers := make(map[string]string, len(request.Header))
		for name, values := range request.Header {
			headers[name] = strings.Join(values, ", ")
		}
		listener, _ := request.Context().Value(listenerKey{}).(string)
		*s = seen{At: time.Now().UTC(), Listener: listener, Protocol: request.Proto, Method: request.Method,
			Path: request.URL.EscapedPath(), Query: request.URL.RawQuery, Headers: headers}
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.counts.Requests++
	r.counts.InFlight++
	r.counts.MostAtOnce = max(r.counts.MostAtOnce, r.counts.InFlight)
	if r.keep {
		key := request.Method + " " + s.Path + "?" + s.Query
		r.attempts[key]++
		s.Attempt = r.attempts[key]
		r.all = append(r.all, s)
	}
	return s
}

func (r *records) end(s *seen, status int) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	s.Status = status
	r.counts.InFlight--
	r.counts.ByStatus[status]++
}

func (r *records) connection(listener string, state http.ConnState) {
	if state == http.StateNew {
		r.mutex.Lock()
		defer r.mutex.Unlock()
		r.counts.Connections[listener]++
	}
}

func (r *records) token() int {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.counts.Tokens++
	return r.counts.Tokens
}

// write shows the counts, or all requests whose path begins so.
func (r *records) writeCounts(to *json.Encoder) error {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return to.Encode(r.counts)
}

func (r *records) writeRequests(to *json.Encoder, path string) error {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	for _, s := range r.all {
		if strings.HasPrefix(s.Path, path) {
			if err := to.Encode(s); err != nil {
				return err
			}
		}
	}
	return nil
}

// append adds what this process has seen to the file: one that is started again begins anew.
func (r *records) append(path string) error {
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(file)
	if err := r.writeRequests(json.NewEncoder(out), ""); err != nil {
		return err
	}
	if err := out.Flush(); err != nil {
		return err
	}
	return file.Close()
}
