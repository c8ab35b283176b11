package main

import (
	"bufio"
	"encoding/json"
	"os"
	"strconv"
	"strings"

	"github.com/klauspost/compress/zstd"
	"github.com/xitongsys/parquet-go/writer"
)

// Report is a row for each request, as beside a lakegate fetch.
type Report struct {
	N         int64   `parquet:"name=n, type=INT64"`
	Device    string  `parquet:"name=device, type=BYTE_ARRAY, convertedtype=UTF8"`
	Attempts  int64   `parquet:"name=attempts, type=INT64"`
	Status    int64   `parquet:"name=status, type=INT64"`
	Bytes     int64   `parquet:"name=bytes, type=INT64"`
	LatencyMs int64   `parquet:"name=latency_ms, type=INT64"`
	Pages     int64   `parquet:"name=pages, type=INT64"`
	Rows      int64   `parquet:"name=rows, type=INT64"`
	Failure   *string `parquet:"name=failure, type=BYTE_ARRAY, convertedtype=UTF8"`
}

// landing keeps replies as they came, a line each, compressed.
type landing struct {
	file *os.File
	zstd *zstd.Encoder
	out  *bufio.Writer
	line []byte
}

func createLanding(path string) (*landing, error) {
	file, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	compressed, err := zstd.NewWriter(file, zstd.WithEncoderLevel(zstd.SpeedFastest))
	return &landing{file: file, zstd: compressed, out: bufio.NewWriterSize(compressed, 128<<10)}, err
}

func (l *landing) keep(got answer, url string) error {
	l.line = append(l.line[:0], `{"n":`...)
	l.line = strconv.AppendInt(l.line, int64(got.n), 10)
	l.line = append(l.line, `,"request":`...)
	request, err := json.Marshal("GET " + strings.Replace(url, "{device}", got.reading.Device, 1))
	if err != nil {
		return err
	}
	l.line = append(l.line, request...)
	l.line = append(l.line, `,"status":`...)
	l.line = strconv.AppendInt(l.line, got.report.Status, 10)
	l.line = append(l.line, `,"reply":`...)
	l.line = append(l.line, got.body...)
	l.line = append(l.line, '}', '\n')
	_, err = l.out.Write(l.line)
	return err
}

// close makes it durable, as what lakegate lands is.
func (l *landing) close() error {
	if err := l.out.Flush(); err != nil {
		return err
	}
	if err := l.zstd.Close(); err != nil {
		return err
	}
	if err := l.file.Sync(); err != nil {
		return err
	}
	return l.file.Close()
}

// writeAndKeep does the whole job of a lakegate fetch: rows in the order of the requests, the replies kept,
// and a report of each request.
func writeAndKeep(answers <-chan answer, url string, out *writer.ParquetWriter, landed, report string) error {
	kept, err := createLanding(landed)
	if err != nil {
		return err
	}
	reports, closeReports, err := openParquet(report, new(Report))
	if err != nil {
		return err
	}
	early, next := map[int]answer{}, 0
	for got := range answers {
		if got.err != nil {
			return got.err
		}
		early[got.n] = got
		for ready, isThere := early[next]; isThere; ready, isThere = early[next] {
			delete(early, next)
			next++
			if err := kept.keep(ready, url); err != nil {
				return err
			}
			if err := out.Write(ready.reading); err != nil {
				return err
			}
			if err := reports.Write(ready.report); err != nil {
				return err
			}
		}
	}
	if err := closeReports(); err != nil {
		return err
	}
	return kept.close()
}
