package main

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
)

// api is the server that clients see.
type api struct {
	seed    uint64
	records *records
	tokens  tokens
	burst   burst // under the mutex of records

	mutex    sync.RWMutex
	defaults behaviour
	secret   secret
	read     map[string]behaviour // queries that have been read, while the settings stay
}

func newAPI(seed uint64, records *records) *api {
	return &api{seed: seed, records: records, tokens: tokens{left: map[string]*token{}}}
}

// setDefaults replaces the settings: behaviour of requests that do not say otherwise, and the secrets.
func (a *api) setDefaults(query url.Values) error {
	built := behaviour{values: values{100, 100}, bits: 20, redirectStatus: http.StatusFound}
	defaults, err := built.read(query)
	if err != nil {
		return err
	}
	a.mutex.Lock()
	defer a.mutex.Unlock()
	a.defaults, a.secret, a.read = defaults, secretOf(query), map[string]behaviour{}
	return nil
}

func (a *api) settings(query string) (behaviour, secret, error) {
	a.mutex.RLock()
	b, known := a.read[query]
	defaults, secret := a.defaults, a.secret
	a.mutex.RUnlock()
	if known {
		return b, secret, nil
	}
	asked, _ := url.ParseQuery(query) // as far as it is one
	b, err := defaults.read(asked)
	if err == nil {
		a.mutex.Lock()
		if len(a.read) < 1000 {
			a.read[query] = b
		}
		a.mutex.Unlock()
	}
	return b, secret, err
}

func (a *api) ServeHTTP(out http.ResponseWriter, request *http.Request) {
	if request.Method == http.MethodOptions { // whether anybody is here
		out.WriteHeader(http.StatusNoContent)
		return
	}
	s := a.records.begin(request)
	reply := &reply{ResponseWriter: out}
	defer func() { a.records.end(s, reply.status) }() // also when a handler gives up in the middle
	b, secret, err := a.settings(request.URL.RawQuery)
	if err != nil {
		reply.refuse(http.StatusBadRequest, err.Error())
		return
	}
	if request.URL.Path == "/token" {
		a.issueToken(reply, request, b, secret)
		return
	}
	if !a.misbehave(reply, request, b, s.Attempt) {
		return
	}
	if b.auth != "" && !a.allowed(reply, request, b, secret) {
		return
	}
	path := request.URL.Path
	switch {
	case strings.HasPrefix(path, "/devices/") && strings.HasSuffix(path, "/readings"):
		device := strings.TrimSuffix(strings.TrimPrefix(path, "/devices/"), "/readings")
		a.sendReadings(reply, request, b, device, s.Attempt)
	case strings.HasPrefix(path, "/items/"):
		a.sendPage(reply, request, b, strings.TrimPrefix(path, "/items/"))
	case path == "/echo":
		a.sendEcho(reply, request, b, s.Attempt)
	default:
		reply.refuse(http.StatusNotFound, "no such resource")
	}
}
