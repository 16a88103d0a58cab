package awsapi_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/tocsin-engine/tocsin/ingest/awswire"
	"github.com/tocsin-engine/tocsin/runtime/awsapi"
	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/runtime/service/events"
	"github.com/tocsin-engine/tocsin/runtime/store/memory"
)

// nowhere takes events and forgets them.
type nowhere struct{}

func (nowhere) Put(_ context.Context, submissions []service.Submission) ([]service.Receipt, error) {
	receipts := make([]service.Receipt, len(submissions))
	for i, s := range submissions {
		receipts[i].ID = s.Event.ID
	}
	return receipts, nil
}

// BenchmarkPutEvents is the door alone, without HTTP's connections and the engine:
// requests of ten events of 500 bytes. valid is json.Valid on the same bytes.
func BenchmarkPutEvents(b *testing.B) {
	detail := strings.ReplaceAll(fmt.Sprintf(`{"pad":"%s","n":1}`, strings.Repeat("x", 430)), `"`, `\"`)
	entry := `{"Source":"shop.orders","DetailType":"OrderPlaced","Detail":"` + detail + `"}`
	body := `{"Entries":[` + strings.Repeat(entry+",", 9) + entry + `]}`
	credentials := aws.Credentials{AccessKeyID: "AK", SecretAccessKey: "secret"}
	verifier := awswire.NewVerifier(awswire.VerifierConfig{
		Find: func(string) (awswire.Credential, bool) { return awswire.Credential{Secret: "secret"}, true }, Now: time.Now,
	})
	svc := events.New(events.Config{Store: memory.New(memory.Config{}), Engine: nowhere{}, Now: time.Now})
	table := service.NewTable(svc.Operations())
	run := func(v *awswire.Verifier) func(*testing.B) {
		return func(b *testing.B) {
			h := awsapi.New(awsapi.Config{Table: table, Verifier: v, Account: "123456789012", Region: "us-east-1"})
			signed := httptest.NewRequest(http.MethodPost, "/", nil)
			signed.Header.Set("Content-Type", "application/x-amz-json-1.1")
			signed.Header.Set("X-Amz-Target", "AWSEvents.PutEvents")
			sum := sha256.Sum256([]byte(body))
			if err := v4.NewSigner().SignHTTP(b.Context(), credentials, signed, hex.EncodeToString(sum[:]), "events", "us-east-1", time.Now()); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
				r.Header = signed.Header
				w := httptest.NewRecorder()
				if h.ServeHTTP(w, r); w.Code != http.StatusOK {
					b.Fatal(w.Body)
				}
			}
			b.ReportMetric(10*float64(b.N)/b.Elapsed().Seconds(), "events/s")
		}
	}
	b.Run("signed=false", run(nil))
	b.Run("signed=true", run(verifier))
	b.Run("valid", func(b *testing.B) {
		for b.Loop() {
			if !json.Valid([]byte(body)) {
				b.Fatal("not valid")
			}
		}
		b.ReportMetric(10*float64(b.N)/b.Elapsed().Seconds(), "events/s")
	})
}
