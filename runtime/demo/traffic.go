// Package demo is the traffic of a make-believe shop: orders, payments, parcels, stock,
// page views and now and then somebody who signs in to the console without a second
// factor. examples/shop has the rules that watch it.
//
// The same seed gives the same events, but for their time and id.
package demo

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"github.com/tocsin-engine/tocsin/sdk/event"
)

// Shop makes events, one after the other. It is for one goroutine.
type Shop struct {
	random *rand.Rand
	orders int
	stock  map[string]int
	// rush counts the events until the next rush hour begins (positive) or this one
	// ends (negative).
	rush int
	// workers is how many serve the checkout.
	workers int
}

// New opens a shop.
func New(seed uint64) *Shop {
	s := &Shop{random: rand.New(rand.NewPCG(seed, 0)), orders: 1000, stock: map[string]int{}, rush: 150}
	for _, p := range products {
		s.stock[p.sku] = 40
	}
	return s
}

// product is something the shop sells.
type product struct {
	sku   string
	name  string
	price float64
}

var products = []product{
	{"BELL-S", "hand bell", 24.90},
	{"BELL-L", "ship's bell", 189},
	{"CLOCK-1", "alarm clock", 39.50},
	{"WHIS-3", "whistle, pack of three", 9.90},
	{"SIREN-9", "hand-cranked siren", 420},
}

// countries are where customers live, the frequent ones more than once.
var countries = []string{"DE", "DE", "DE", "FR", "FR", "NL", "AT", "US", "GB", "JP"}

// kind is one kind of event and how often it comes, relative to the others.
type kind struct {
	weight int
	make   func(s *Shop) (source, detailType string, detail any)
}

var kinds = []kind{
	{50, (*Shop).pageViewed},
	{20, (*Shop).orderPlaced},
	{8, (*Shop).paymentDeclined},
	{10, (*Shop).parcelShipped},
	{9, (*Shop).checkoutMeasured},
	{2, (*Shop).refundAsked},
	{1, (*Shop).consoleSignIn},
}

// Next is what happens next, at the given time.
func (s *Shop) Next(now time.Time, id string) (event.Event, error) {
	s.pace()
	total := 0
	for _, k := range kinds {
		total += k.weight
	}
	at := s.random.IntN(total)
	for _, k := range kinds {
		if at -= k.weight; at >= 0 {
			continue
		}
		source, detailType, detail := k.make(s)
		raw, err := json.Marshal(detail)
		if err != nil {
			return event.Event{}, fmt.Errorf("demo: %w", err)
		}
		return event.New(event.Fields{
			ID: id, Source: source, DetailType: detailType, Account: "123456789012", Region: "eu-central-1", Time: now, Detail: raw,
		})
	}
	panic("BUG: the weights do not add up")
}

// pace begins and ends the rush hours: 40 events of every 200.
func (s *Shop) pace() {
	switch s.rush--; s.rush {
	case 0:
		s.rush = -1
	case -41:
		s.rush = 160
	}
}

func (s *Shop) country() string { return countries[s.random.IntN(len(countries))] }

func (s *Shop) pageViewed() (string, string, any) {
	p := products[s.random.IntN(len(products))]
	return "shop.web", "PageViewed", map[string]any{"path": "/p/" + p.sku, "visitor": fmt.Sprintf("v-%04d", s.random.IntN(500))}
}

// orderPlaced takes the goods out of stock; when little is left the next event of this
// kind says so instead.
func (s *Shop) orderPlaced() (string, string, any) {
	p := products[s.random.IntN(len(products))]
	if left := s.stock[p.sku]; left < 5 {
		s.stock[p.sku] = 40
		return "shop.stock", "StockLow", map[string]any{"sku": p.sku, "name": p.name, "left": left}
	}
	// Most people buy one or two, a few buy many.
	n := 1 + int(math.Abs(s.random.NormFloat64())*1.5)
	n = min(n, s.stock[p.sku])
	s.stock[p.sku] -= n
	s.orders++
	home := s.country()
	card := home
	if s.random.IntN(8) == 0 {
		card = s.country()
	}
	return "shop.orders", "OrderPlaced", map[string]any{
		"id": fmt.Sprintf("A-%d", s.orders), "amount": cents(float64(n) * p.price), "currency": "EUR",
		"items":   []any{map[string]any{"sku": p.sku, "quantity": n}},
		"card":    map[string]any{"country": card},
		"ship_to": map[string]any{"country": home},
	}
}

func cents(amount float64) float64 { return math.Round(amount*100) / 100 }

func (s *Shop) someOrder() string { return fmt.Sprintf("A-%d", 1000+s.random.IntN(s.orders-999)) }

func (s *Shop) paymentDeclined() (string, string, any) {
	reasons := []string{"insufficient_funds", "insufficient_funds", "expired_card", "stolen_card"}
	return "shop.payments", "PaymentDeclined", map[string]any{
		"order": s.someOrder(), "attempt": 1 + s.random.IntN(4), "reason": reasons[s.random.IntN(len(reasons))],
	}
}

func (s *Shop) parcelShipped() (string, string, any) {
	return "shop.parcels", "ParcelShipped", map[string]any{"order": s.someOrder(), "carrier": "tortoise", "country": s.country()}
}

// checkoutMeasured is slow at the beginning of a rush hour, until there are more workers.
func (s *Shop) checkoutMeasured() (string, string, any) {
	wanted, ms := 2, 180+s.random.IntN(120)
	if s.rush < 0 {
		wanted = 8
	}
	if wanted > s.workers {
		ms += 900
	}
	detail := map[string]any{"p95_ms": ms, "workers": s.workers, "workers_wanted": wanted}
	s.workers = wanted
	return "shop.web", "CheckoutMeasured", detail
}

func (s *Shop) refundAsked() (string, string, any) {
	return "shop.orders", "RefundAsked", map[string]any{"order": s.someOrder(), "why": "it rings too loud"}
}

// consoleSignIn is the record that CloudTrail writes.
func (s *Shop) consoleSignIn() (string, string, any) {
	mfa := "Yes"
	if s.random.IntN(3) == 0 {
		mfa = "No"
	}
	return "aws.signin", "AWS Console Sign In via CloudTrail", map[string]any{
		"eventVersion": "1.08", "eventSource": "signin.amazonaws.com", "eventName": "ConsoleLogin", "eventType": "AwsConsoleSignIn",
		"sourceIPAddress":     fmt.Sprintf("192.0.2.%d", 1+s.random.IntN(250)),
		"userIdentity":        map[string]any{"type": "IAMUser", "userName": []string{"ada", "grace", "linus"}[s.random.IntN(3)]},
		"responseElements":    map[string]any{"ConsoleLogin": "Success"},
		"additionalEventData": map[string]any{"MFAUsed": mfa},
	}
}
