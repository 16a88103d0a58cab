package events

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestBusLifecycle(t *testing.T) {
	s, engine := newService()
	ctx := t.Context()
	made, err := s.CreateEventBus(ctx, us, &CreateEventBusRequest{Name: "shop", Description: "d"})
	if err != nil || made.EventBusArn != "arn:aws:events:us-east-1:111111111111:event-bus/shop" || made.Description != "d" {
		t.Fatalf("CreateEventBus = %+v, %v", made, err)
	}
	_, err = s.CreateEventBus(ctx, us, &CreateEventBusRequest{Name: "shop"})
	wantError(t, err, "ResourceAlreadyExistsException", "Event bus shop already exists.")

	e := good()
	e.EventBusName = made.EventBusArn
	if _, err := s.PutEvents(ctx, us, &PutEventsRequest{Entries: []Entry{e}}); err != nil || engine.got[0].Event.Bus != "shop" {
		t.Errorf("PutEvents to the new bus: %+v, %v", engine.got, err)
	}

	text := "changed"
	if _, err := s.UpdateEventBus(ctx, us, &UpdateEventBusRequest{Name: "shop", Description: &text}); err != nil {
		t.Error(err)
	}
	want := EventBus{Arn: made.EventBusArn, Name: "shop", Description: "changed", CreationTime: now, LastModifiedTime: now}
	for _, name := range []string{"shop", made.EventBusArn} {
		got, err := s.DescribeEventBus(ctx, us, &EventBusRequest{Name: name})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, *got); diff != "" {
			t.Error(diff)
		}
	}
	if _, err := s.DeleteEventBus(ctx, us, &EventBusRequest{Name: "shop"}); err != nil {
		t.Error(err)
	}
	for _, call := range []func() error{
		func() error { _, err := s.DescribeEventBus(ctx, us, &EventBusRequest{Name: "shop"}); return err },
		func() error { _, err := s.DeleteEventBus(ctx, us, &EventBusRequest{Name: "shop"}); return err },
		func() error { _, err := s.UpdateEventBus(ctx, us, &UpdateEventBusRequest{Name: "shop"}); return err },
	} {
		wantError(t, call(), "ResourceNotFoundException", "Event bus shop does not exist.")
	}
}

func TestBusRefusals(t *testing.T) {
	s, _ := newService()
	ctx := t.Context()
	for _, tc := range []struct{ name, code, want string }{
		{"", "ValidationException", "at 'name'"},
		{"a b", "ValidationException", "at 'name'"},
		{strings.Repeat("x", 257), "ValidationException", "at 'name'"},
		{"a/b", "ValidationException", "must not contain '/'"},
		{"default", "ResourceAlreadyExistsException", "Event bus default already exists."},
		{"from-a-file", "ResourceAlreadyExistsException", "already exists"},
		{"aws.partner/x/y", "ValidationException", "the same value"},
	} {
		_, err := s.CreateEventBus(ctx, us, &CreateEventBusRequest{Name: tc.name})
		wantError(t, err, tc.code, tc.want)
	}
	_, err := s.CreateEventBus(ctx, us, &CreateEventBusRequest{Name: "x", EventSourceName: "y"})
	wantError(t, err, "ValidationException", "the same value")
	_, err = s.DeleteEventBus(ctx, us, &EventBusRequest{Name: "default"})
	wantError(t, err, "ValidationException", "Cannot delete event bus default.")
	_, err = s.DeleteEventBus(ctx, us, &EventBusRequest{Name: "from-a-file"})
	wantError(t, err, "ValidationException", "remove it there")
	_, err = s.DeleteEventBus(ctx, us, &EventBusRequest{})
	wantError(t, err, "ValidationException", "at 'name'")
}

func TestUpdatedBusOfAFileIsStillItsOwn(t *testing.T) {
	s, _ := newService()
	text := "d"
	if _, err := s.UpdateEventBus(t.Context(), us, &UpdateEventBusRequest{Name: "from-a-file", Description: &text}); err != nil {
		t.Fatal(err)
	}
	got, err := s.DescribeEventBus(t.Context(), us, &EventBusRequest{Name: "from-a-file"})
	if err != nil || got.Description != "d" {
		t.Errorf("got %+v, %v", got, err)
	}
	_, err = s.DeleteEventBus(t.Context(), us, &EventBusRequest{Name: "from-a-file"})
	wantError(t, err, "ValidationException", "remove it there")
}

func TestListEventBusesPages(t *testing.T) {
	s, _ := newService()
	for i := range maxBuses {
		if _, err := s.CreateEventBus(t.Context(), us, &CreateEventBusRequest{Name: fmt.Sprintf("bus-%03d", i)}); err != nil {
			t.Fatal(err)
		}
	}
	_, err := s.CreateEventBus(t.Context(), us, &CreateEventBusRequest{Name: "one-more"})
	wantError(t, err, "LimitExceededException", "exceeds the maximum number")

	var names []string
	r := &ListRequest{Limit: 30}
	for {
		got, err := s.ListEventBuses(t.Context(), us, r)
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range got.EventBuses {
			names = append(names, b.Name)
		}
		if r.NextToken = got.NextToken; r.NextToken == "" {
			break
		}
	}
	if len(names) != maxBuses+2 || names[0] != "bus-000" || names[maxBuses] != "default" || names[maxBuses+1] != "from-a-file" {
		t.Errorf("%d names: %v", len(names), names)
	}
	got, err := s.ListEventBuses(t.Context(), us, &ListRequest{NamePrefix: "bus-09"})
	if err != nil || len(got.EventBuses) != 10 || got.NextToken != "" {
		t.Errorf("by prefix: %d, %v", len(got.EventBuses), err)
	}
	_, err = s.ListEventBuses(t.Context(), us, &ListRequest{NextToken: "!"})
	wantError(t, err, "ValidationException", "NextToken")
	_, err = s.ListEventBuses(t.Context(), us, &ListRequest{Limit: 101})
	wantError(t, err, "ValidationException", "between 1 and 100")
}

func TestPartnerLifecycle(t *testing.T) {
	s, engine := newService()
	ctx := t.Context()
	const name = "aws.partner/acme.com/shop/eu"
	partnerEvent := Entry{Source: name, DetailType: "Order", Detail: `{}`}
	put := func() *PutEventsResponse {
		t.Helper()
		got, err := s.PutPartnerEvents(ctx, us, &PutEventsRequest{Entries: []Entry{partnerEvent}})
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	state := func() string {
		t.Helper()
		got, err := s.DescribeEventSource(ctx, us, &SourceRequest{Name: name})
		if err != nil {
			t.Fatal(err)
		}
		if got.CreatedBy != "aws.partner/acme.com" || (got.State == pending) == got.ExpirationTime.IsZero() {
			t.Errorf("source %+v", got)
		}
		return got.State
	}

	if got := put(); got.Entries[0].ErrorCode != "InvalidArgument" {
		t.Errorf("without a source: %+v", got.Entries[0])
	}
	_, err := s.CreateEventBus(ctx, us, &CreateEventBusRequest{Name: name, EventSourceName: name})
	wantError(t, err, "ResourceNotFoundException", "Event source "+name+" does not exist.")

	made, err := s.CreatePartnerEventSource(ctx, us, &PartnerSourceRequest{Name: name, Account: us.Account})
	if err != nil || made.EventSourceArn != "arn:aws:events:us-east-1::event-source/"+name || state() != pending {
		t.Fatalf("CreatePartnerEventSource = %+v, %v", made, err)
	}
	_, err = s.CreatePartnerEventSource(ctx, us, &PartnerSourceRequest{Name: name, Account: us.Account})
	wantError(t, err, "ResourceAlreadyExistsException", "already exists")
	_, err = s.ActivateEventSource(ctx, us, &SourceRequest{Name: name})
	wantError(t, err, "InvalidStateException", "has no event bus")
	if got := put(); got.matched[0] != "unknown-bus" {
		t.Errorf("without a bus: %v", got.matched)
	}

	if _, err := s.CreateEventBus(ctx, us, &CreateEventBusRequest{Name: name, EventSourceName: name}); err != nil || state() != active {
		t.Fatalf("CreateEventBus: %v, %s", err, state())
	}
	if got := put(); got.matched[0] != "1" || engine.got[0].Event.Bus != name || engine.got[0].Event.Source != name {
		t.Errorf("active: %v %+v", got.matched, engine.got)
	}
	if _, err := s.DeactivateEventSource(ctx, us, &SourceRequest{Name: name}); err != nil || state() != inactive {
		t.Errorf("DeactivateEventSource: %v, %s", err, state())
	}
	if got := put(); got.matched[0] != "unknown-bus" {
		t.Errorf("inactive: %v", got.matched)
	}
	if _, err := s.ActivateEventSource(ctx, us, &SourceRequest{Name: name}); err != nil || state() != active {
		t.Errorf("ActivateEventSource: %v, %s", err, state())
	}
	if _, err := s.DeleteEventBus(ctx, us, &EventBusRequest{Name: name}); err != nil || state() != pending {
		t.Errorf("DeleteEventBus: %v, %s", err, state())
	}
	if _, err := s.DeletePartnerEventSource(ctx, us, &PartnerSourceRequest{Name: name, Account: us.Account}); err != nil {
		t.Error(err)
	}
	_, err = s.DescribePartnerEventSource(ctx, us, &SourceRequest{Name: name})
	wantError(t, err, "ResourceNotFoundException", "does not exist")
}

func TestPartnerSourcesListed(t *testing.T) {
	s, _ := newService()
	ctx := t.Context()
	for i := range 3 {
		name := fmt.Sprintf("aws.partner/acme.com/shop/%d", i)
		if _, err := s.CreatePartnerEventSource(ctx, us, &PartnerSourceRequest{Name: name, Account: us.Account}); err != nil {
			t.Fatal(err)
		}
	}
	customer, err := s.ListEventSources(ctx, us, &ListRequest{Limit: 2})
	if err != nil || len(customer.EventSources) != 2 || customer.NextToken == "" {
		t.Errorf("ListEventSources = %+v, %v", customer, err)
	}
	partner, err := s.ListPartnerEventSources(ctx, us, &ListRequest{Limit: 2, NextToken: customer.NextToken, NamePrefix: "aws.partner/acme.com"})
	if err != nil || len(partner.PartnerEventSources) != 1 || partner.PartnerEventSources[0].Name != "aws.partner/acme.com/shop/2" {
		t.Errorf("ListPartnerEventSources = %+v, %v", partner, err)
	}
	accounts, err := s.ListPartnerEventSourceAccounts(ctx, us, &ListPartnerEventSourceAccountsRequest{EventSourceName: "aws.partner/acme.com/shop/2"})
	if err != nil || len(accounts.PartnerEventSourceAccounts) != 1 || accounts.PartnerEventSourceAccounts[0].State != pending {
		t.Errorf("ListPartnerEventSourceAccounts = %+v, %v", accounts, err)
	}
	for _, name := range []string{"shop", "aws.partner/acme", "aws.partner/acme/x y/z"} {
		_, err := s.CreatePartnerEventSource(ctx, us, &PartnerSourceRequest{Name: name, Account: us.Account})
		wantError(t, err, "ValidationException", "regular expression pattern: aws")
	}
	_, err = s.CreatePartnerEventSource(ctx, us, &PartnerSourceRequest{Name: "aws.partner/acme.com/a/b", Account: "222222222222"})
	wantError(t, err, "ValidationException", "this server speaks for 111111111111")
	_, err = s.PutPartnerEvents(ctx, us, &PutEventsRequest{Entries: make([]Entry, 21)})
	wantError(t, err, "ValidationException", "less than or equal to 20")
	if _, err = s.PutPartnerEvents(ctx, us, &PutEventsRequest{Entries: make([]Entry, 20)}); err != nil {
		t.Error(err)
	}
}
