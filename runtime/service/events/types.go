package events

import (
	"strings"
	"time"
)

// PutEventsRequest puts one to ten events on buses.
type PutEventsRequest struct {
	Entries    []Entry
	EndpointID string `json:"EndpointId,omitempty"`
}

// Entry is one event of PutEvents or PutPartnerEvents.
type Entry struct {
	Time         time.Time
	Source       string   `json:",omitempty"`
	Resources    []string `json:",omitempty"`
	DetailType   string   `json:",omitempty"`
	Detail       string   `json:",omitempty"`
	EventBusName string   `json:",omitempty"`
	TraceHeader  string   `json:",omitempty"`
}

// PutEventsResponse says per entry what became of it.
type PutEventsResponse struct {
	FailedEntryCount int
	Entries          []Result

	// matched are the words of the header x-tocsin-matched, one for each entry.
	matched []string
}

// Result is an event's id, or why there is none.
type Result struct {
	EventID      string `json:"EventId,omitempty"`
	ErrorCode    string `json:",omitempty"`
	ErrorMessage string `json:",omitempty"`
}

// ResponseHeaders tells how many rules matched each entry: "2, 0, unknown-bus, -".
func (r PutEventsResponse) ResponseHeaders() map[string]string {
	return map[string]string{"x-tocsin-matched": strings.Join(r.matched, ", ")}
}

// DeadLetterConfig is kept and answered; events that no rule matches need no queue.
type DeadLetterConfig struct {
	Arn string `json:",omitempty"`
}

// Tag is kept and answered.
type Tag struct {
	Key   string
	Value string
}

// CreateEventBusRequest makes a custom bus, or the bus of a partner event source.
type CreateEventBusRequest struct {
	Name             string
	EventSourceName  string            `json:",omitempty"`
	Description      string            `json:",omitempty"`
	KmsKeyIdentifier string            `json:",omitempty"`
	DeadLetterConfig *DeadLetterConfig `json:",omitempty"`
	Tags             []Tag             `json:",omitempty"`
}

// CreateEventBusResponse repeats what was made.
type CreateEventBusResponse struct {
	EventBusArn      string
	Description      string            `json:",omitempty"`
	KmsKeyIdentifier string            `json:",omitempty"`
	DeadLetterConfig *DeadLetterConfig `json:",omitempty"`
}

// UpdateEventBusRequest changes what it gives.
type UpdateEventBusRequest struct {
	Name             string            `json:",omitempty"`
	Description      *string           `json:",omitempty"`
	KmsKeyIdentifier *string           `json:",omitempty"`
	DeadLetterConfig *DeadLetterConfig `json:",omitempty"`
}

// UpdateEventBusResponse is the bus after the change.
type UpdateEventBusResponse struct {
	Arn              string
	Name             string
	Description      string            `json:",omitempty"`
	KmsKeyIdentifier string            `json:",omitempty"`
	DeadLetterConfig *DeadLetterConfig `json:",omitempty"`
}

// EventBusRequest names a bus, by name or ARN; "" is the default bus.
type EventBusRequest struct {
	Name string `json:",omitempty"`
}

// EventBus is a bus as clients see it.
type EventBus struct {
	Arn              string
	Name             string
	Description      string            `json:",omitempty"`
	KmsKeyIdentifier string            `json:",omitempty"`
	DeadLetterConfig *DeadLetterConfig `json:",omitempty"`
	CreationTime     time.Time
	LastModifiedTime time.Time
}

// ListRequest is a page of a list.
type ListRequest struct {
	NamePrefix string `json:",omitempty"`
	NextToken  string `json:",omitempty"`
	Limit      int    `json:",omitempty"`
}

// ListEventBusesResponse is a page of buses.
type ListEventBusesResponse struct {
	EventBuses []EventBus
	NextToken  string `json:",omitempty"`
}

// PartnerSourceRequest is for the partner: a source for one customer's account.
type PartnerSourceRequest struct {
	Name    string
	Account string
}

// CreatePartnerEventSourceResponse names the source.
type CreatePartnerEventSourceResponse struct {
	EventSourceArn string
}

// SourceRequest names a partner event source.
type SourceRequest struct {
	Name string
}

// EventSource is a partner event source as the customer sees it.
type EventSource struct {
	Arn            string
	Name           string
	CreatedBy      string
	CreationTime   time.Time
	ExpirationTime time.Time
	State          string
}

// ListEventSourcesResponse is a page of sources.
type ListEventSourcesResponse struct {
	EventSources []EventSource
	NextToken    string `json:",omitempty"`
}

// PartnerEventSource is a source as the partner sees it.
type PartnerEventSource struct {
	Arn  string
	Name string
}

// ListPartnerEventSourcesResponse is a page of sources.
type ListPartnerEventSourcesResponse struct {
	PartnerEventSources []PartnerEventSource
	NextToken           string `json:",omitempty"`
}

// ListPartnerEventSourceAccountsRequest names a source.
type ListPartnerEventSourceAccountsRequest struct {
	EventSourceName string
	NextToken       string `json:",omitempty"`
	Limit           int    `json:",omitempty"`
}

// PartnerEventSourceAccount is the customer of a source.
type PartnerEventSourceAccount struct {
	Account        string
	CreationTime   time.Time
	ExpirationTime time.Time
	State          string
}

// ListPartnerEventSourceAccountsResponse holds one account: this server's.
type ListPartnerEventSourceAccountsResponse struct {
	PartnerEventSourceAccounts []PartnerEventSourceAccount
}
