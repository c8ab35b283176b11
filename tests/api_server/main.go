// The API server that fetches are tested against: devices and their readings, pages, credentials, and
// every way a server misbehaves, each asked for in the query of a request. See README.md.
package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"syscall"
)

const (
	garbagePercent = 1000
	mostMemory     = 512 << 20
)

func main() {
	folder := flag.String("folder", "", "of certificates, addresses.json and, in the end, requests.ndjson; else a temporary one")
	seed := flag.Uint64("seed", 1, "of all content and all faults")
	record := flag.Bool("record", true, "remember every request with its headers")
	settings := flag.String("settings", "", "behaviour of requests that do not say otherwise, as a query")
	http := flag.String("http", "", "address of the listener http; else a free port")
	flag.Parse()
	log.SetFlags(0)
	log.SetPrefix("api_server: ")
	if err := run(*folder, *seed, *record, *settings, *http); err != nil {
		log.Fatal(err)
	}
}

func run(folder string, seed uint64, record bool, settings, httpAddress string) error {
	defaults, err := url.ParseQuery(settings)
	if err != nil {
		return fmt.Errorf("-settings: %w", err)
	}
	if folder == "" {
		if folder, err = os.MkdirTemp("", "api-server-"); err != nil {
			return err
		}
		defer os.RemoveAll(folder)
	}
	certificates, err := certificatesIn(folder)
	if err != nil {
		return err
	}
	records := newRecords(record)
	api := newAPI(seed, records)
	if err := api.setDefaults(defaults); err != nil {
		return fmt.Errorf("-settings: %w", err)
	}
	// Collecting garbage takes a client's CPU time, too, where clients are compared.
	debug.SetGCPercent(garbagePercent)
	debug.SetMemoryLimit(mostMemory)
	addresses, err := earlierAddresses(folder)
	if err != nil {
		return err
	}
	if httpAddress != "" {
		addresses["http"] = httpAddress
	}
	open := []*http.Server{}
	listeners := []net.Listener{}
	add := func(name string, certificate *tls.Certificate, http2 bool, handler http.Handler) error {
		listener, err := listenAgain(addresses[name])
		if err != nil {
			return err
		}
		addresses[name] = listener.Addr().String()
		server := &http.Server{
			Handler:   handler,
			ErrorLog:  log.New(ignored{}, "", 0), // aborted replies and refused certificates are its business
			ConnState: func(_ net.Conn, state http.ConnState) { records.connection(name, state) },
			ConnContext: func(c context.Context, conn net.Conn) context.Context {
				return context.WithValue(c, listenerKey{}, name)
			},
		}
		if certificate != nil {
			server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{*certificate}}
			if !http2 {
				server.TLSNextProto = map[string]func(*http.Server, *tls.Conn, http.Handler){}
			}
		}
		open = append(open, server)
		listeners = append(listeners, listener)
		return nil
	}
	for _, name := range []string{"http", "other"} {
		if err := add(name, nil, false, api); err != nil {
			return err
		}
	}
	for name, certificate := range certificates {
		if err := add(name, &certificate, !strings.HasSuffix(name, "1"), api); err != nil {
			return err
		}
		if strings.HasPrefix(name, "flaky") {
			open[len(open)-1].TLSConfig.GetConfigForClient = everyThirdFails()
		}
	}
	if err := add("control", nil, false, &control{api: api, records: records}); err != nil {
		return err
	}
	quickListener, err := listenAgain(addresses["quick"])
	if err != nil {
		return err
	}
	defer quickListener.Close()
	addresses["quick"] = quickListener.Addr().String()
	if err := writeAddresses(folder, addresses); err != nil {
		return err
	}
	failed := make(chan error, len(open)+1)
	go func() { failed <- quick{api}.serve(quickListener) }()
	for i, server := range open {
		go func(server *http.Server, listener net.Listener) {
			if server.TLSConfig != nil {
				failed <- server.ServeTLS(listener, "", "")
			} else {
				failed <- server.Serve(listener)
			}
		}(server, listeners[i])
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	select {
	case <-stop: // at once: what is under way is cut off, as when a server goes down
		for _, server := range open {
			server.Close()
		}
		return records.append(filepath.Join(folder, "requests.ndjson"))
	case err := <-failed:
		return err
	}
}

// everyThirdFails breaks off every third handshake, the first among them.
func everyThirdFails() func(*tls.ClientHelloInfo) (*tls.Config, error) {
	var handshakes atomic.Int64
	return func(*tls.ClientHelloInfo) (*tls.Config, error) {
		if handshakes.Add(1)%3 == 1 {
			return nil, errors.New("broken off")
		}
		return nil, nil
	}
}

type ignored struct{}

func (ignored) Write(text []byte) (int, error) { return len(text), nil }

type listenerKey struct{}

// earlierAddresses says where a server of this folder listened before: one that is started again is
// found where it was.
func earlierAddresses(folder string) (map[string]string, error) {
	addresses := map[string]string{}
	text, err := os.ReadFile(filepath.Join(folder, "addresses.json"))
	if errors.Is(err, os.ErrNotExist) {
		return addresses, nil
	}
	if err != nil {
		return nil, err
	}
	return addresses, json.Unmarshal(text, &addresses)
}

func listenAgain(address string) (net.Listener, error) {
	if address == "" {
		address = "127.0.0.1:0"
	}
	return net.Listen("tcp", address)
}

// writeAddresses comes after all are bound and before any answers, so that who gets an answer finds
// the file.
func writeAddresses(folder string, addresses map[string]string) error {
	text, err := json.MarshalIndent(addresses, "", " ")
	if err != nil {
		return err
	}
	fmt.Println(string(text))
	unfinished := filepath.Join(folder, "addresses.json.new")
	if err := os.WriteFile(unfinished, append(text, '\n'), 0o644); err != nil {
		return err
	}
	return os.Rename(unfinished, filepath.Join(folder, "addresses.json"))
}
