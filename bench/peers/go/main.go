// What the original lake did, for the benchmark's files: encoding/csv (or encoding/json) into structs
// that were typed by hand, and xitongsys/parquet-go to write them. Unlike the original it passes its
// writer by pointer, checks every error and streams instead of holding all rows.
//
// Usage: peer-go INPUT OUTPUT
package main

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/xitongsys/parquet-go-source/local"
	"github.com/xitongsys/parquet-go/parquet"
	"github.com/xitongsys/parquet-go/writer"
)

// Order is a row of the generated CSV; a pointer is a column that may be null.
type Order struct {
	OrderID    int64    `parquet:"name=order_id, type=INT64"`
	CreatedAt  int64    `parquet:"name=created_at, type=INT64, logicaltype=TIMESTAMP, logicaltype.isadjustedtoutc=false, logicaltype.unit=MICROS"`
	ShipDate   *int32   `parquet:"name=ship_date, type=INT32, convertedtype=DATE"`
	CustomerID int64    `parquet:"name=customer_id, type=INT64"`
	Customer   string   `parquet:"name=customer, type=BYTE_ARRAY, convertedtype=UTF8"`
	Country    string   `parquet:"name=country, type=BYTE_ARRAY, convertedtype=UTF8, encoding=PLAIN_DICTIONARY"`
	Store      string   `parquet:"name=store, type=BYTE_ARRAY, convertedtype=UTF8, encoding=PLAIN_DICTIONARY"`
	Product    string   `parquet:"name=product, type=BYTE_ARRAY, convertedtype=UTF8, encoding=PLAIN_DICTIONARY"`
	Session    string   `parquet:"name=session, type=BYTE_ARRAY, convertedtype=UTF8"`
	Quantity   *int64   `parquet:"name=quantity, type=INT64"`
	UnitPrice  float64  `parquet:"name=unit_price, type=DOUBLE"`
	Discount   *float64 `parquet:"name=discount, type=DOUBLE"`
	Total      float64  `parquet:"name=total, type=DOUBLE"`
	WeightKg   float64  `parquet:"name=weight_kg, type=DOUBLE"`
	Latitude   float64  `parquet:"name=latitude, type=DOUBLE"`
	Longitude  float64  `parquet:"name=longitude, type=DOUBLE"`
	Balance    int64    `parquet:"name=balance, type=INT64"`
	Returned   *bool    `parquet:"name=returned, type=BOOLEAN"`
	Note       *string  `parquet:"name=note, type=BYTE_ARRAY, convertedtype=UTF8"`
}

// Location and Reading are a line of the generated NDJSON.
type Location struct {
	Site      string  `json:"site" parquet:"name=site, type=BYTE_ARRAY, convertedtype=UTF8, encoding=PLAIN_DICTIONARY"`
	Latitude  float64 `json:"latitude" parquet:"name=latitude, type=DOUBLE"`
	Longitude float64 `json:"longitude" parquet:"name=longitude, type=DOUBLE"`
}

type Reading struct {
	DeviceID   string   `json:"device_id" parquet:"name=device_id, type=BYTE_ARRAY, convertedtype=UTF8"`
	Text       string   `json:"recorded_at"`
	RecordedAt int64    `json:"-" parquet:"name=recorded_at, type=INT64, logicaltype=TIMESTAMP, logicaltype.isadjustedtoutc=true, logicaltype.unit=MICROS"`
	Sequence   int64    `json:"sequence" parquet:"name=sequence, type=INT64"`
	Values     []int64  `json:"values" parquet:"name=values, type=LIST, valuetype=INT64"`
	Location   Location `json:"location" parquet:"name=location"`
	Battery    *float64 `json:"battery" parquet:"name=battery, type=DOUBLE"`
	Online     bool     `json:"online" parquet:"name=online, type=BOOLEAN"`
	Firmware   string   `json:"firmware" parquet:"name=firmware, type=BYTE_ARRAY, convertedtype=UTF8, encoding=PLAIN_DICTIONARY"`
	Message    *string  `json:"message" parquet:"name=message, type=BYTE_ARRAY, convertedtype=UTF8"`
}

// cells parses the cells of one record and keeps the first error.
type cells struct {
	record []string
	err    error
}

func (c *cells) keep(column int, err error) {
	if err != nil && c.err == nil {
		c.err = fmt.Errorf("column %d: %w", column+1, err)
	}
}

func (c *cells) integer(column int) int64 {
	v, err := strconv.ParseInt(c.record[column], 10, 64)
	c.keep(column, err)
	return v
}

func (c *cells) double(column int) float64 {
	v, err := strconv.ParseFloat(c.record[column], 64)
	c.keep(column, err)
	return v
}

func (c *cells) time(column int, layout string) time.Time {
	v, err := time.Parse(layout, c.record[column])
	c.keep(column, err)
	return v
}

func (c *cells) null(column int) bool { return c.record[column] == "" }

func (c *cells) order() Order {
	o := Order{
		OrderID:    c.integer(0),
		CreatedAt:  c.time(1, "2006-01-02 15:04:05").UnixMicro(),
		CustomerID: c.integer(3),
		Customer:   c.record[4],
		Country:    c.record[5],
		Store:      c.record[6],
		Product:    c.record[7],
		Session:    c.record[8],
		UnitPrice:  c.double(10),
		Total:      c.double(12),
		WeightKg:   c.double(13),
		Latitude:   c.double(14),
		Longitude:  c.double(15),
		Balance:    c.integer(16),
	}
	if !c.null(2) {
		days := int32(c.time(2, "2006-01-02").Unix() / 86400)
		o.ShipDate = &days
	}
	if !c.null(9) {
		v := c.integer(9)
		o.Quantity = &v
	}
	if !c.null(11) {
		v := c.double(11)
		o.Discount = &v
	}
	if !c.null(17) {
		v, err := strconv.ParseBool(c.record[17])
		c.keep(17, err)
		o.Returned = &v
	}
	if !c.null(18) {
		v := c.record[18]
		o.Note = &v
	}
	return o
}

func convertCSV(in io.Reader, out *writer.ParquetWriter) error {
	rows := csv.NewReader(in)
	if _, err := rows.Read(); err != nil { // the header
		return err
	}
	for {
		record, err := rows.Read()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		c := cells{record: record}
		order := c.order()
		if c.err != nil {
			return c.err
		}
		if err := out.Write(order); err != nil {
			return err
		}
	}
}

func convertJSON(in io.Reader, out *writer.ParquetWriter) error {
	rows := json.NewDecoder(in)
	for {
		var reading Reading
		err := rows.Decode(&reading)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		recorded, err := time.Parse(time.RFC3339Nano, reading.Text)
		if err != nil {
			return err
		}
		reading.RecordedAt = recorded.UnixMicro()
		if err := out.Write(reading); err != nil {
			return err
		}
	}
}

func run(input, output string) error {
	in, err := os.Open(input)
	if err != nil {
		return err
	}
	defer in.Close()
	file, err := local.NewLocalFileWriter(output)
	if err != nil {
		return err
	}
	isCSV := strings.HasSuffix(input, ".csv")
	var row interface{} = new(Reading)
	if isCSV {
		row = new(Order)
	}
	out, err := writer.NewParquetWriter(file, row, int64(runtime.NumCPU()))
	if err != nil {
		return err
	}
	out.CompressionType = parquet.CompressionCodec_ZSTD
	text := bufio.NewReaderSize(in, 1<<20)
	if isCSV {
		err = convertCSV(text, out)
	} else {
		err = convertJSON(text, out)
	}
	if err != nil {
		return err
	}
	if err := out.WriteStop(); err != nil {
		return err
	}
	return file.Close()
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: peer-go INPUT OUTPUT")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "peer-go:", err)
		os.Exit(1)
	}
}
