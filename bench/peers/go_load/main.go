// Rows into a table of DynamoDB with aws-sdk-go-v2, in the two ways that one would write it:
//
//	put    one PutItem after the other, as the data lake did that lakegate replaces
//	batch  BatchWriteItem, 25 rows a request, from 8 goroutines
//
// Usage: peer-go-load put|batch ROWS TABLE
//
// ROWS is what load.py has written: a line of names, then rows of little-endian 64-bit integers.
package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

const (
	batchRows = 25
	workers   = 8
)

// Loss is a row as the original declares it: a struct with tags, written by hand.
type Loss struct {
	Day          int64 `dynamodbav:"day"`
	Aircraft     int64 `dynamodbav:"aircraft"`
	Helicopter   int64 `dynamodbav:"helicopter"`
	Tank         int64 `dynamodbav:"tank"`
	APC          int64 `dynamodbav:"apc"`
	Artillery    int64 `dynamodbav:"artillery"`
	MRL          int64 `dynamodbav:"mrl"`
	MilitaryAuto int64 `dynamodbav:"military_auto"`
	FuelTank     int64 `dynamodbav:"fuel_tank"`
	Drone        int64 `dynamodbav:"drone"`
	Ship         int64 `dynamodbav:"ship"`
	AntiAircraft int64 `dynamodbav:"anti_aircraft"`
}

func lossOf(row [12]int64) Loss {
	return Loss{row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7], row[8], row[9], row[10], row[11]}
}

// The rows of the file, one after the other; io.EOF behind the last.
type rowFile struct {
	in    *bufio.Reader
	names []string
}

func open(path string) (*rowFile, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	in := bufio.NewReaderSize(file, 1<<20)
	names, err := in.ReadString('\n')
	if err != nil {
		return nil, err
	}
	return &rowFile{in, strings.Split(strings.TrimSpace(names), ",")}, nil
}

func (f *rowFile) next() (row [12]int64, err error) {
	var bytes [12 * 8]byte
	if _, err = io.ReadFull(f.in, bytes[:]); err != nil {
		return row, err
	}
	for i := range row {
		row[i] = int64(binary.LittleEndian.Uint64(bytes[8*i:]))
	}
	return row, nil
}

func put(ctx context.Context, client *dynamodb.Client, rows *rowFile, table string) error {
	for {
		row, err := rows.next()
		if err != nil {
			return err
		}
		item, err := attributevalue.MarshalMap(lossOf(row))
		if err != nil {
			return err
		}
		if _, err = client.PutItem(ctx, &dynamodb.PutItemInput{TableName: &table, Item: item}); err != nil {
			return err
		}
	}
}

// Without reflection: the fastest that the SDK takes.
func itemOf(names []string, row [12]int64) map[string]types.AttributeValue {
	item := make(map[string]types.AttributeValue, len(row))
	for i, name := range names {
		item[name] = &types.AttributeValueMemberN{Value: strconv.FormatInt(row[i], 10)}
	}
	return item
}

// Writes a batch, and what was left of it with growing pauses.
func write(ctx context.Context, client *dynamodb.Client, table string, requests []types.WriteRequest) error {
	for pause := 25 * time.Millisecond; len(requests) > 0; pause *= 2 {
		out, err := client.BatchWriteItem(ctx, &dynamodb.BatchWriteItemInput{
			RequestItems: map[string][]types.WriteRequest{table: requests},
		})
		if err != nil {
			return err
		}
		if requests = out.UnprocessedItems[table]; len(requests) > 0 {
			time.Sleep(pause)
		}
	}
	return nil
}

func batch(ctx context.Context, client *dynamodb.Client, rows *rowFile, table string) error {
	batches := make(chan [][12]int64, workers)
	failures := make(chan error, workers)
	var running sync.WaitGroup
	for range workers {
		running.Add(1)
		go func() {
			defer running.Done()
			for some := range batches {
				requests := make([]types.WriteRequest, len(some))
				for i, row := range some {
					requests[i].PutRequest = &types.PutRequest{Item: itemOf(rows.names, row)}
				}
				if err := write(ctx, client, table, requests); err != nil {
					failures <- err
					return
				}
			}
		}()
	}
	var err error
	for err == nil {
		some := make([][12]int64, 0, batchRows)
		var row [12]int64
		for len(some) < batchRows {
			if row, err = rows.next(); err != nil {
				break
			}
			some = append(some, row)
		}
		if len(some) == 0 {
			break
		}
		select {
		case batches <- some:
		case err = <-failures:
		}
	}
	close(batches)
	running.Wait()
	close(failures)
	if failure := <-failures; failure != nil {
		return failure
	}
	return err
}

func main() {
	if err := run(os.Args); err != nil && !errors.Is(err, io.EOF) {
		fmt.Fprintln(os.Stderr, "peer-go-load:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 4 {
		return errors.New("usage: peer-go-load put|batch ROWS TABLE")
	}
	ctx := context.Background()
	settings, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return err
	}
	client := dynamodb.NewFromConfig(settings)
	rows, err := open(args[2])
	if err != nil {
		return err
	}
	if args[1] == "put" {
		return put(ctx, client, rows, args[3])
	}
	return batch(ctx, client, rows, args[3])
}
