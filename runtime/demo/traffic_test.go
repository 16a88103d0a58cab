package demo_test

import (
	"testing"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/demo"
)

// TestNext: every kind of event comes within a thousand, and the same seed tells the
// same story.
func TestNext(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	a, b := demo.New(1), demo.New(1)
	kinds := map[string]int{}
	for range 1000 {
		e, err := a.Next(now, "id")
		if err != nil {
			t.Fatal(err)
		}
		again, err := b.Next(now, "id")
		if err != nil {
			t.Fatal(err)
		}
		if string(e.Raw()) != string(again.Raw()) {
			t.Fatalf("the same seed gave %s and %s", e.Raw(), again.Raw())
		}
		kinds[e.DetailType]++
	}
	for _, k := range []string{"PageViewed", "OrderPlaced", "StockLow", "PaymentDeclined", "ParcelShipped", "CheckoutMeasured", "RefundAsked", "AWS Console Sign In via CloudTrail"} {
		if kinds[k] == 0 {
			t.Errorf("no %s among 1,000 events: %v", k, kinds)
		}
	}
}
