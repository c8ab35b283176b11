// The function of the lake that lakegate replaces, as far as its start and its size go: an S3 event
// starts it, a CSV is downloaded, Parquet is uploaded; the rows of a Parquet file become items, one
// PutItem a row. The losses' twelve whole numbers are typed by hand.
package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"strconv"
	"strings"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/xitongsys/parquet-go-source/buffer"
	"github.com/xitongsys/parquet-go/reader"
	"github.com/xitongsys/parquet-go/writer"
)

type day struct {
	Day    int64 `parquet:"name=day, type=INT64"`
	Losses int64 `parquet:"name=losses, type=INT64"`
}

type function struct {
	s3       *s3.Client
	dynamodb *dynamodb.Client
}

func (f function) get(ctx context.Context, bucket, key string) (*bytes.Buffer, error) {
	object, err := f.s3.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		return nil, err
	}
	defer object.Body.Close()
	var content bytes.Buffer
	_, err = content.ReadFrom(object.Body)
	return &content, err
}

func (f function) convert(ctx context.Context, bucket, key string) error {
	content, err := f.get(ctx, bucket, key)
	if err != nil {
		return err
	}
	records, err := csv.NewReader(content).ReadAll()
	if err != nil || len(records) == 0 {
		return fmt.Errorf("%s: %w", key, err)
	}
	file := buffer.NewBufferFile()
	parquet, err := writer.NewParquetWriter(file, new(day), 1)
	if err != nil {
		return err
	}
	for _, record := range records[1:] {
		var row day
		if row.Day, err = strconv.ParseInt(record[0], 10, 64); err == nil {
			row.Losses, err = strconv.ParseInt(record[1], 10, 64)
		}
		if err != nil {
			return err
		}
		if err = parquet.Write(row); err != nil {
			return err
		}
	}
	if err = parquet.WriteStop(); err != nil {
		return err
	}
	target := "curated/" + strings.TrimSuffix(strings.TrimPrefix(key, "landing/"), ".csv") + ".parquet"
	_, err = f.s3.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &target, Body: bytes.NewReader(file.Bytes())})
	return err
}

func (f function) load(ctx context.Context, bucket, key string) error {
	content, err := f.get(ctx, bucket, key)
	if err != nil {
		return err
	}
	file, err := reader.NewParquetReader(buffer.NewBufferFileFromBytes(content.Bytes()), new(day), 1)
	if err != nil {
		return err
	}
	rows := make([]day, file.GetNumRows())
	if err = file.Read(&rows); err != nil {
		return err
	}
	table := "Losses"
	for _, row := range rows {
		item, err := attributevalue.MarshalMap(row)
		if err != nil {
			return err
		}
		if _, err = f.dynamodb.PutItem(ctx, &dynamodb.PutItemInput{TableName: &table, Item: item}); err != nil {
			return err
		}
	}
	return nil
}

func (f function) handle(ctx context.Context, event events.S3Event) error {
	for _, record := range event.Records {
		bucket, key := record.S3.Bucket.Name, record.S3.Object.URLDecodedKey
		do := f.convert
		if strings.HasPrefix(key, "curated/") {
			do = f.load
		}
		if err := do(ctx, bucket, key); err != nil {
			return err
		}
	}
	return nil
}

func main() {
	aws, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		panic(err)
	}
	lambda.Start(function{s3.NewFromConfig(aws), dynamodb.NewFromConfig(aws)}.handle)
}
