// What the original factory did, for the benchmark: many requests at once with net/http, each reply
// decoded by encoding/json into a struct and validated, all rows into one Parquet file by
// xitongsys/parquet-go, in the order of arrival. With LANDED and REPORT the whole job of a lakegate fetch:
// see keeping.go.
//
// Usage: peer-go-fetch URL REQUESTS CONNECTIONS OUTPUT [LANDED REPORT], with {device} in the URL
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/xitongsys/parquet-go-source/local"
	"github.com/xitongsys/parquet-go/parquet"
	"github.com/xitongsys/parquet-go/writer"
)

type Reading struct {
	Device   string  `json:"-" parquet:"name=device, type=BYTE_ARRAY, convertedtype=UTF8"`
	Datetime string  `json:"datetime" parquet:"name=datetime, type=BYTE_ARRAY, convertedtype=UTF8"`
	Values   []int64 `json:"values" parquet:"name=values, type=LIST, valuetype=INT64"`
}

// answer is what one device said; body and report only where replies are kept.
type answer struct {
	n       int
	reading Reading
	body    []byte
	report  Report
	err     error
}

func decode(from io.Reader, reading *Reading) error {
	decoder := json.NewDecoder(from)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(reading); err != nil {
		return err
	}
	if reading.Datetime == "" || reading.Values == nil {
		return fmt.Errorf("a field is missing")
	}
	return nil
}

func ask(client *http.Client, url string, n int, keeps bool) (got answer) {
	began := time.Now()
	got.n, got.reading.Device = n, "d"+strconv.Itoa(n)
	reply, err := client.Get(strings.Replace(url, "{device}", got.reading.Device, 1))
	if err != nil {
		got.err = err
		return got
	}
	defer reply.Body.Close()
	if reply.StatusCode != http.StatusOK {
		got.err = fmt.Errorf("%s: %s", got.reading.Device, reply.Status)
		return got
	}
	if keeps {
		if got.body, got.err = io.ReadAll(reply.Body); got.err == nil {
			got.err = decode(bytes.NewReader(got.body), &got.reading)
		}
		got.report = Report{N: int64(n), Device: got.reading.Device, Attempts: 1, Status: int64(reply.StatusCode),
			Bytes: int64(len(got.body)), LatencyMs: time.Since(began).Milliseconds(), Pages: 1, Rows: 1}
	} else if got.err = decode(reply.Body, &got.reading); got.err == nil {
		_, got.err = io.Copy(io.Discard, reply.Body) // or else the connection cannot be used again
	}
	return got
}

// askAll sends what all devices say, in the order of arrival.
func askAll(client *http.Client, url string, requests, connections int, keeps bool) <-chan answer {
	devices := make(chan int)
	go func() {
		for i := 0; i < requests; i++ {
			devices <- i
		}
		close(devices)
	}()
	answers := make(chan answer, connections)
	var asking sync.WaitGroup
	for i := 0; i < connections; i++ {
		asking.Add(1)
		go func() {
			defer asking.Done()
			for n := range devices {
				answers <- ask(client, url, n, keeps)
			}
		}()
	}
	go func() {
		asking.Wait()
		close(answers)
	}()
	return answers
}

func openParquet(path string, row interface{}) (*writer.ParquetWriter, func() error, error) {
	file, err := local.NewLocalFileWriter(path)
	if err != nil {
		return nil, nil, err
	}
	out, err := writer.NewParquetWriter(file, row, int64(runtime.NumCPU()))
	if err != nil {
		return nil, nil, err
	}
	out.CompressionType = parquet.CompressionCodec_ZSTD
	return out, func() error {
		if err := out.WriteStop(); err != nil {
			return err
		}
		return file.Close()
	}, nil
}

func run(url string, requests, connections int, output string, kept []string) error {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConns, transport.MaxIdleConnsPerHost, transport.MaxConnsPerHost = connections, connections, connections
	client := &http.Client{Transport: transport}

	out, closeOut, err := openParquet(output, new(Reading))
	if err != nil {
		return err
	}
	answers := askAll(client, url, requests, connections, len(kept) > 0)
	if len(kept) > 0 {
		if err := writeAndKeep(answers, url, out, kept[0], kept[1]); err != nil {
			return err
		}
		return closeOut()
	}
	for got := range answers {
		if got.err != nil {
			return got.err
		}
		if err := out.Write(got.reading); err != nil {
			return err
		}
	}
	return closeOut()
}

func main() {
	if len(os.Args) != 5 && len(os.Args) != 7 {
		fmt.Fprintln(os.Stderr, "usage: peer-go-fetch URL REQUESTS CONNECTIONS OUTPUT [LANDED REPORT]")
		os.Exit(2)
	}
	requests, err := strconv.Atoi(os.Args[2])
	connections, other := strconv.Atoi(os.Args[3])
	if err == nil {
		err = other
	}
	if err == nil {
		err = run(os.Args[1], requests, connections, os.Args[4], os.Args[5:])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "peer-go-fetch:", err)
		os.Exit(1)
	}
}
