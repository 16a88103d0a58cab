package workload

import (
	"fmt"

	"github.com/tocsin-engine/tocsin/sdk/event"
)

// Buckets is how many buckets the events know.
const Buckets = 100_000

// The fields that rules name, as functions of the bucket.
func source(bucket int) string { return fmt.Sprintf("aws.service%02d", mix(uint64(bucket))%40) }
func name(bucket int) string   { return fmt.Sprintf("Operation%03d", mix(uint64(bucket)+1e6)%250) }
func region(bucket int) string { return fmt.Sprintf("eu-region-%d", mix(uint64(bucket)+2e6)%16) }
func account(bucket int) string {
	return fmt.Sprintf("%012d", 100000000000+mix(uint64(bucket)+3e6)%500)
}
func bucketName(n int) string    { return fmt.Sprintf("bucket-%06d", n) }
func address(n uint64) string    { return fmt.Sprintf("10.%d.%d.%d", n>>16&255, n>>8&255, n&255) }
func objectKey(r *random) string { return "data/" + r.word(13) + "/part-" + r.word(5) }

// CloudTrail makes n events.
func CloudTrail(seed uint64, n int) []event.Event {
	r := random(seed)
	events := make([]event.Event, n)
	for i := range events {
		events[i] = must(event.Parse(record(&r)))
	}
	return events
}

func must(ev event.Event, err error) event.Event {
	if err != nil {
		panic("BUG: workload makes what is no event: " + err.Error())
	}
	return ev
}

// record is one API call, with 44 values.
func record(r *random) []byte {
	b := r.logarithmic(Buckets)
	acc, day, key := account(b), r.below(28)+1, objectKey(r)
	time := fmt.Sprintf("2026-03-%02dT%02d:%02d:%02dZ", day, r.below(24), r.below(60), r.below(60))
	user := "user-" + r.word(6)
	out := fmt.Appendf(nil, `{"version":"0","id":"%s-%s","detail-type":"AWS API Call via CloudTrail","source":%q,"account":%q,"time":%q,"region":%q,"resources":["arn:aws:s3:::%s"],`,
		r.word(12), r.word(20), source(b), acc, time, region(b), bucketName(b))
	out = fmt.Appendf(out, `"detail":{"eventVersion":"1.09","userIdentity":{"type":"AssumedRole","principalId":"AROA%s:%s","arn":"arn:aws:sts::%s:assumed-role/%s/session","accountId":%q,"accessKeyId":"ASIA%s",`,
		r.word(16), user, acc, user, acc, r.word(16))
	out = fmt.Appendf(out, `"sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROA%s","arn":"arn:aws:iam::%s:role/%s","accountId":%q,"userName":%q},"attributes":{"creationDate":%q,"mfaAuthenticated":"false"}}},`,
		r.word(16), acc, user, acc, user, time)
	out = fmt.Appendf(out, `"eventTime":%q,"eventSource":"s3.amazonaws.com","eventName":%q,"awsRegion":%q,"sourceIPAddress":%q,"userAgent":"[aws-cli/2.9.19 Python/3.11.2 Linux/6.1.0 exe/x86_64 prompt/off]",`,
		time, name(b), region(b), address(r.next()))
	out = fmt.Appendf(out, `"requestParameters":{"bucketName":%q,"Host":"%s.s3.%s.amazonaws.com","key":%q},"responseElements":null,`,
		bucketName(b), bucketName(b), region(b), key)
	out = fmt.Appendf(out, `"additionalEventData":{"SignatureVersion":"SigV4","CipherSuite":"TLS_AES_128_GCM_SHA256","bytesTransferredIn":%d,"AuthenticationMethod":"AuthHeader","x-amz-id-2":"%s","bytesTransferredOut":%d},`,
		r.below(1000), r.word(40), r.below(1_000_000_000))
	return fmt.Appendf(out, `"requestID":"%s","eventID":"%s","readOnly":%v,"eventType":"AwsApiCall","managementEvent":false,"recipientAccountId":%q,"eventCategory":"Data"}}`,
		r.word(16), r.word(36), r.below(2) == 0, acc)
}

// Lots makes n events with a list of 12 objects, after the parcels of the citylots data.
func Lots(seed uint64, n int) []event.Event { return lots(seed, n, 12) }

// LongLots makes n events like Lots, with 500 objects in the list: some 30 KB.
func LongLots(seed uint64, n int) []event.Event { return lots(seed, n, 500) }

func lots(seed uint64, n, elements int) []event.Event {
	r := random(seed)
	events := make([]event.Event, n)
	for i := range events {
		var points []byte
		for j := range elements {
			if j > 0 {
				points = append(points, ',')
			}
			points = fmt.Appendf(points, `{"x":%s,"y":%s,"z":0}`, coordinate(&r, -122), coordinate(&r, 37))
		}
		detail := fmt.Appendf(nil, `{"type":"Feature","properties":{"MAPBLKLOT":"%04d%03d","BLOCK_NUM":"%04d","LOT_NUM":"%03d","FROM_ST":"%d","TO_ST":"%d","STREET":"STREET %d","ST_TYPE":"ST","ODD_EVEN":"E"},"geometry":{"type":"Polygon","coordinates":[%s]}}`,
			r.below(9000), r.below(300), r.below(9000), r.below(300), r.below(3000), r.below(3000), r.below(1500), points)
		events[i] = must(event.New(event.Fields{ID: r.word(36), Source: "city.lots", DetailType: "Lot", Account: "123456789012", Region: "us-west-2", Detail: detail}))
	}
	return events
}

// coordinate is one of a thousand numbers near base.
func coordinate(r *random, base int) string {
	return fmt.Sprintf("%d.%012d", base, (mix(uint64(r.below(1000)))>>3)%1_000_000_000_000)
}
