package projection_test

import (
	"encoding/json"
	"testing"

	"github.com/tocsin-engine/tocsin/rules/matcher/workload"
	"github.com/tocsin-engine/tocsin/rules/projection"
)

// BenchmarkRead reads CloudTrail-like events; json.Valid is the yardstick.
func BenchmarkRead(b *testing.B) {
	events := workload.CloudTrail(1, 1000)
	size := 0
	for _, ev := range events {
		size += len(ev.Raw())
	}
	for name, paths := range map[string][]string{
		"paths=1": {"detail.requestParameters.bucketName"},
		"paths=5": {"source", "detail.eventName", "detail.awsRegion", "detail.recipientAccountId", "detail.requestParameters.bucketName"},
		"paths=15": {"source", "region", "account", "detail.eventName", "detail.awsRegion", "detail.recipientAccountId", "detail.readOnly",
			"detail.sourceIPAddress", "detail.requestID", "detail.eventID", "detail.errorCode", "detail.requestParameters.bucketName",
			"detail.requestParameters.key", "detail.additionalEventData.bytesTransferredIn", "detail.additionalEventData.bytesTransferredOut"},
	} {
		b.Run(name, func(b *testing.B) {
			var p projection.Paths
			for _, path := range paths {
				p.Add(path)
			}
			var leaves projection.Leaves
			b.SetBytes(int64(size / len(events)))
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				p.Read(events[i%len(events)].Raw(), &leaves)
				i++
			}
		})
	}
	b.Run("json.Valid", func(b *testing.B) {
		b.SetBytes(int64(size / len(events)))
		i := 0
		for b.Loop() {
			json.Valid(events[i%len(events)].Raw())
			i++
		}
	})
}
