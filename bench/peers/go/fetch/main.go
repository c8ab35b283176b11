// What the original factory did, for the benchmark: many requests at once with net/http, each reply
// decoded by encoding/json into a struct and validated, all rows into one Parquet file by
// xitongsys/parquet-go. Rows are written in the order of arrival.
//
// Usage: peer-go-fetch URL REQUESTS CONNECTIONS OUTPUT, with {device} in the URL
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"

	"github.com/xitongsys/parquet-go-source/local"
	"github.com/xitongsys/parquet-go/parquet"
	"github.com/xitongsys/parquet-go/writer"
)

type Reading struct {
	Device   string  `json:"-" parquet:"name=device, type=BYTE_ARRAY, convertedtype=UTF8"`
	Datetime string  `json:"datetime" parquet:"name=datetime, type=BYTE_ARRAY, convertedtype=UTF8"`
	Values   []int64 `json:"values" parquet:"name=values, type=LIST, valuetype=INT64"`
}

func ask(client *http.Client, url, device string) (Reading, error) {
	reading := Reading{Device: device}
	reply, err := client.Get(strings.Replace(url, "{device}", device, 1))
	if err != nil {
		return reading, err
	}
	defer reply.Body.Close()
	if reply.StatusCode != http.StatusOK {
		return reading, fmt.Errorf("%s: %s", device, reply.Status)
	}
	decoder := json.NewDecoder(reply.Body)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&reading); err != nil {
		return reading, fmt.Errorf("%s: %w", device, err)
	}
	if reading.Datetime == "" || reading.Values == nil {
		return reading, fmt.Errorf("%s: a field is missing", device)
	}
	_, err = io.Copy(io.Discard, reply.Body) // or else the connection cannot be used again
	return reading, err
}

func run(url string, requests, connections int, output string) error {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConns, transport.MaxIdleConnsPerHost, transport.MaxConnsPerHost = connections, connections, connections
	client := &http.Client{Transport: transport}

	file, err := local.NewLocalFileWriter(output)
	if err != nil {
		return err
	}
	out, err := writer.NewParquetWriter(file, new(Reading), int64(runtime.NumCPU()))
	if err != nil {
		return err
	}
	out.CompressionType = parquet.CompressionCodec_ZSTD

	devices := make(chan string)
	go func() {
		for i := 0; i < requests; i++ {
			devices <- "d" + strconv.Itoa(i)
		}
		close(devices)
	}()
	type answer struct {
		reading Reading
		err     error
	}
	answers := make(chan answer, connections)
	var asking sync.WaitGroup
	for i := 0; i < connections; i++ {
		asking.Add(1)
		go func() {
			defer asking.Done()
			for device := range devices {
				reading, err := ask(client, url, device)
				answers <- answer{reading, err}
			}
		}()
	}
	go func() {
		asking.Wait()
		close(answers)
	}()
	for answered := range answers {
		if answered.err != nil {
			return answered.err
		}
		if err := out.Write(answered.reading); err != nil {
			return err
		}
	}
	if err := out.WriteStop(); err != nil {
		return err
	}
	return file.Close()
}

func main() {
	if len(os.Args) != 5 {
		fmt.Fprintln(os.Stderr, "usage: peer-go-fetch URL REQUESTS CONNECTIONS OUTPUT")
		os.Exit(2)
	}
	requests, err := strconv.Atoi(os.Args[2])
	connections, other := strconv.Atoi(os.Args[3])
	if err == nil {
		err = other
	}
	if err == nil {
		err = run(os.Args[1], requests, connections, os.Args[4])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "peer-go-fetch:", err)
		os.Exit(1)
	}
}
