package jsonstream_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/tocsin-engine/tocsin/ingest/jsonstream"
)

func BenchmarkNext(b *testing.B) {
	record := `{"eventVersion":"1.08","userIdentity":{"type":"IAMUser","arn":"arn:aws:iam::123456789012:user/x"},"eventTime":"2023-07-10T11:42:12Z","eventSource":"ec2.amazonaws.com","eventName":"DescribeInstances","awsRegion":"us-east-1","requestParameters":{"filterSet":{"items":[{"name":"instance-state-name","valueSet":{"items":[{"value":"running"}]}}]}},"readOnly":true}`
	for layout, text := range map[string]string{
		"lines":   strings.Repeat(record+"\n", 10_000),
		"records": `{"Records":[` + strings.Repeat(record+",", 9_999) + record + "]}",
	} {
		b.Run("layout="+layout, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				r, err := jsonstream.NewReader(strings.NewReader(text))
				if err != nil {
					b.Fatal(err)
				}
				n := 0
				for ; err == nil; n++ {
					_, err = r.Next()
				}
				if !errors.Is(err, io.EOF) || n != 10_001 {
					b.Fatalf("%d values, then %v", n-1, err)
				}
			}
		})
	}
}
