package events

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/runtime/archive"
)

const defaultBus = "arn:aws:events:us-east-1:111111111111:event-bus/default"

func make1(t *testing.T, s *Service, name string) {
	t.Helper()
	if _, err := s.CreateArchive(t.Context(), us, &CreateArchiveRequest{ArchiveName: name, EventSourceArn: defaultBus, RetentionDays: 1}); err != nil {
		t.Fatal(err)
	}
}

func TestArchiveLife(t *testing.T) {
	s, _ := newService()
	made, err := s.CreateArchive(t.Context(), us, &CreateArchiveRequest{
		ArchiveName: "orders", EventSourceArn: defaultBus, Description: "d", EventPattern: `{"source":["shop"]}`, RetentionDays: 1})
	arn := "arn:aws:events:us-east-1:111111111111:archive/orders"
	if diff := cmp.Diff(&ArchiveResponse{ArchiveArn: arn, State: "ENABLED", CreationTime: now.UTC()}, made); diff != "" || err != nil {
		t.Fatal(diff, err)
	}
	want := Archive{ArchiveArn: arn, ArchiveName: "orders", EventSourceArn: defaultBus, Description: "d", EventPattern: `{"source":["shop"]}`,
		State: "ENABLED", RetentionDays: 1, CreationTime: now.UTC()}
	got, err := s.DescribeArchive(t.Context(), us, &ArchiveRequest{ArchiveName: "orders"})
	if diff := cmp.Diff(&want, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	days, text := 3, "other"
	if _, err := s.UpdateArchive(t.Context(), us, &UpdateArchiveRequest{ArchiveName: "orders", RetentionDays: &days, Description: &text}); err != nil {
		t.Error(err)
	}
	make1(t, s, "older")
	listed, err := s.ListArchives(t.Context(), us, &FilteredListRequest{NamePrefix: "or"})
	inList := Archive{ArchiveName: "orders", EventSourceArn: defaultBus, State: "ENABLED", RetentionDays: 3, CreationTime: now.UTC()}
	if diff := cmp.Diff([]Archive{inList}, listed.Archives); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if _, err := s.DeleteArchive(t.Context(), us, &ArchiveRequest{ArchiveName: "orders"}); err != nil {
		t.Error(err)
	}
	_, err = s.DescribeArchive(t.Context(), us, &ArchiveRequest{ArchiveName: "orders"})
	wantError(t, err, "ResourceNotFoundException", "Archive orders does not exist.")
}

// TestArchiveMistakes: the texts are those that AWS answered.
func TestArchiveMistakes(t *testing.T) {
	s, _ := newService()
	make1(t, s, "orders")
	create := func(r CreateArchiveRequest) error {
		_, err := s.CreateArchive(t.Context(), us, &r)
		return err
	}
	wantError(t, create(CreateArchiveRequest{ArchiveName: "a", EventSourceArn: defaultBus[:len(defaultBus)-7] + "nowhere"}),
		"ResourceNotFoundException", "Event bus nowhere does not exist.")
	wantError(t, create(CreateArchiveRequest{ArchiveName: "orders", EventSourceArn: defaultBus}),
		"ResourceAlreadyExistsException", "Archive orders already exists.")
	wantError(t, create(CreateArchiveRequest{ArchiveName: strings.Repeat("a", 49), EventSourceArn: defaultBus}), "ValidationException",
		fmt.Sprintf("1 validation error detected: Value '%s' at 'archiveName' failed to satisfy constraint: Member must have length less than or equal to 48", strings.Repeat("a", 49)))
	wantError(t, create(CreateArchiveRequest{ArchiveName: "a/b", EventSourceArn: defaultBus}), "ValidationException",
		`1 validation error detected: Value 'a/b' at 'archiveName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\.\-_A-Za-z0-9]+`)
	wantError(t, create(CreateArchiveRequest{ArchiveName: "a", EventSourceArn: defaultBus, RetentionDays: -1}), "ValidationException",
		"1 validation error detected: Value '-1' at 'retentionDays' failed to satisfy constraint: Member must have value greater than or equal to 0")
	if err := create(CreateArchiveRequest{ArchiveName: "a", EventSourceArn: defaultBus, EventPattern: `{"source":"x"}`}); err == nil || !strings.HasPrefix(err.Error(), "InvalidEventPatternException: Event pattern is not valid. Reason: ") {
		t.Errorf("a wrong pattern: %v", err)
	}
	_, err := s.UpdateArchive(t.Context(), us, &UpdateArchiveRequest{ArchiveName: "nope"})
	wantError(t, err, "ValidationException", "At least one of EventPattern, RetentionDays or Description must be provided.")
	_, err = s.DeleteArchive(t.Context(), us, &ArchiveRequest{ArchiveName: "nope"})
	wantError(t, err, "ResourceNotFoundException", "Archive nope does not exist.")
	_, err = s.ListArchives(t.Context(), us, &FilteredListRequest{EventSourceArn: "nowhere"})
	wantError(t, err, "ResourceNotFoundException", "Event bus nowhere does not exist.")
	_, err = s.ListArchives(t.Context(), us, &FilteredListRequest{NamePrefix: "a", State: "ENABLED"})
	wantError(t, err, "ValidationException", "At most one filter is allowed for ListArchives. Use either : State, EventSourceArn, or NamePrefix.")
	_, err = s.ListArchives(t.Context(), us, &FilteredListRequest{State: "OPEN"})
	wantError(t, err, "ValidationException", "1 validation error detected: Value 'OPEN' at 'state' failed to satisfy constraint: Member must satisfy enum value set: "+
		"[ENABLED, DISABLED, CREATING, UPDATING, CREATE_FAILED, UPDATE_FAILED]")
}

func replayOf(name string, change func(*StartReplayRequest)) *StartReplayRequest {
	r := &StartReplayRequest{ReplayName: name, EventSourceArn: "arn:aws:events:us-east-1:111111111111:archive/orders",
		EventStartTime: now.Add(-time.Hour), EventEndTime: now, Destination: &ReplayDestination{Arn: defaultBus}}
	if change != nil {
		change(r)
	}
	return r
}

func TestReplayLife(t *testing.T) {
	s, engine := newService()
	make1(t, s, "orders")
	rule := "arn:aws:events:us-east-1:111111111111:rule/orders"
	started, err := s.StartReplay(t.Context(), us, replayOf("r", func(r *StartReplayRequest) {
		r.Description, r.Destination.FilterArns = "d", []string{rule}
	}))
	if err != nil || started.ReplayArn != "arn:aws:events:us-east-1:111111111111:replay/r" || started.State != "STARTING" {
		t.Fatalf("StartReplay = %+v, %v", started, err)
	}
	if _, err := s.c.Archives.Step(t.Context(), engine); err != nil {
		t.Fatal(err)
	}
	at := now.UTC()
	want := Replay{ReplayName: "r", ReplayArn: started.ReplayArn, Description: "d", State: "COMPLETED",
		EventSourceArn: "arn:aws:events:us-east-1:111111111111:archive/orders",
		Destination:    &ReplayDestination{Arn: defaultBus, FilterArns: []string{rule}},
		EventStartTime: now.Add(-time.Hour), EventEndTime: now, ReplayStartTime: at, ReplayEndTime: &at}
	got, err := s.DescribeReplay(t.Context(), us, &ReplayRequest{ReplayName: "r"})
	if diff := cmp.Diff(&want, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	want.ReplayArn, want.Description, want.Destination = "", "", nil
	listed, err := s.ListReplays(t.Context(), us, &FilteredListRequest{State: "COMPLETED"})
	if diff := cmp.Diff([]Replay{want}, listed.Replays); diff != "" || err != nil {
		t.Error(diff, err)
	}
	_, err = s.CancelReplay(t.Context(), us, &ReplayRequest{ReplayName: "r"})
	wantError(t, err, "IllegalStatusException", "Replay r is not in a valid state for this operation.")
	if _, err := s.StartReplay(t.Context(), us, replayOf("r2", nil)); err != nil {
		t.Fatal(err)
	}
	cancelled, err := s.CancelReplay(t.Context(), us, &ReplayRequest{ReplayName: "r2"})
	if err != nil || cancelled.State != "CANCELLING" {
		t.Errorf("CancelReplay = %+v, %v", cancelled, err)
	}
}

// TestReplayMistakes: the texts are those that AWS answered, but for filters.
func TestReplayMistakes(t *testing.T) {
	s, _ := newService()
	make1(t, s, "orders")
	for _, tc := range []struct {
		code, message string
		change        func(*StartReplayRequest)
	}{
		{"ResourceNotFoundException", "Event bus nowhere does not exist.", func(r *StartReplayRequest) { r.Destination.Arn = defaultBus[:len(defaultBus)-7] + "nowhere" }},
		{"ValidationException", "Parameter Destination.Arn is not valid. Reason: Cross event bus replay is not permitted.",
			func(r *StartReplayRequest) { r.Destination.Arn = defaultBus[:len(defaultBus)-7] + "from-a-file" }},
		{"ValidationException", "Parameter Destination.Arn is not valid. Reason: Must contain an event bus ARN.", func(r *StartReplayRequest) { r.Destination.Arn = "default" }},
		{"ValidationException", "Parameter EventSourceArn is not valid. Reason: Archive nope does not exist.",
			func(r *StartReplayRequest) { r.EventSourceArn = "arn:aws:events:us-east-1:111111111111:archive/nope" }},
		{"ValidationException", "Parameter EventSourceArn is not valid. Reason: Archive orders does not exist.",
			func(r *StartReplayRequest) { r.EventSourceArn = "arn:aws:events:us-east-1:222222222222:archive/orders" }},
		{"ValidationException", "Parameter EventSourceArn is not valid. Reason: Must contain an archive ARN.", func(r *StartReplayRequest) { r.EventSourceArn = "orders" }},
		{"ValidationException", "Parameter EventEndTime is not valid. Reason: EventStartTime must be before EventEndTime.", func(r *StartReplayRequest) { r.EventEndTime = r.EventStartTime }},
		{"ValidationException", "Parameter Destination.FilterArns is not valid. Reason: Rule x does not exist.", func(r *StartReplayRequest) { r.Destination.FilterArns = []string{"x"} }},
		{"ValidationException", "1 validation error detected: Value null at 'destination' failed to satisfy constraint: Member must not be null", func(r *StartReplayRequest) { r.Destination = nil }},
	} {
		_, err := s.StartReplay(t.Context(), us, replayOf("r", tc.change))
		wantError(t, err, tc.code, tc.message)
	}
	for i := range archive.MaxReplays {
		if _, err := s.StartReplay(t.Context(), us, replayOf(fmt.Sprint("r", i), nil)); err != nil {
			t.Fatal(err)
		}
	}
	_, err := s.StartReplay(t.Context(), us, replayOf("r0", nil))
	wantError(t, err, "ResourceAlreadyExistsException", "Replay r0 already exists.")
	_, err = s.StartReplay(t.Context(), us, replayOf("r", nil))
	wantError(t, err, "LimitExceededException", "The requested resource exceeds the maximum number allowed.")
	_, err = s.DescribeReplay(t.Context(), us, &ReplayRequest{ReplayName: "nope"})
	wantError(t, err, "ResourceNotFoundException", "Replay nope does not exist.")
	listed, err := s.ListReplays(t.Context(), us, &FilteredListRequest{Limit: 3})
	if err != nil || len(listed.Replays) != 3 || listed.NextToken == "" {
		t.Errorf("a page of replays: %+v, %v", listed, err)
	}
}
