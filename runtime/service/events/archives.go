package events

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"time"

	"github.com/tocsin-engine/tocsin/rules/pattern"
	"github.com/tocsin-engine/tocsin/runtime/archive"
	"github.com/tocsin-engine/tocsin/runtime/service"
)

// CreateArchiveRequest makes an archive of a bus.
type CreateArchiveRequest struct {
	ArchiveName      string
	EventSourceArn   string
	Description      string `json:",omitempty"`
	EventPattern     string `json:",omitempty"`
	RetentionDays    int    `json:",omitempty"`
	KmsKeyIdentifier string `json:",omitempty"`
}

// ArchiveResponse says what was made or changed.
type ArchiveResponse struct {
	ArchiveArn   string
	State        string
	CreationTime time.Time
}

// ArchiveRequest names an archive.
type ArchiveRequest struct {
	ArchiveName string
}

// Archive is an archive as clients see it. A member of one list has no ArchiveArn, no
// Description and no EventPattern.
type Archive struct {
	ArchiveArn       string `json:",omitempty"`
	ArchiveName      string
	EventSourceArn   string
	Description      string `json:",omitempty"`
	EventPattern     string `json:",omitempty"`
	State            string
	KmsKeyIdentifier string `json:",omitempty"`
	RetentionDays    int
	SizeBytes        int64
	EventCount       int64
	CreationTime     time.Time
}

// FilteredListRequest is a page of archives or replays; one of the filters at most.
type FilteredListRequest struct {
	NamePrefix     string `json:",omitempty"`
	EventSourceArn string `json:",omitempty"`
	State          string `json:",omitempty"`
	NextToken      string `json:",omitempty"`
	Limit          int    `json:",omitempty"`
}

// ListArchivesResponse is a page of archives.
type ListArchivesResponse struct {
	Archives  []Archive
	NextToken string `json:",omitempty"`
}

// UpdateArchiveRequest changes what it gives.
type UpdateArchiveRequest struct {
	ArchiveName      string
	Description      *string `json:",omitempty"`
	EventPattern     *string `json:",omitempty"`
	RetentionDays    *int    `json:",omitempty"`
	KmsKeyIdentifier *string `json:",omitempty"`
}

func archiveARN(c service.Caller, name string) string { return c.ARN(Name, "archive/"+name) }

func (s *Service) archiveView(ctx context.Context, c service.Caller, a archive.Archive) (Archive, error) {
	n, err := s.c.Archives.Count(ctx, a)
	return Archive{
		ArchiveArn: archiveARN(c, a.Name), ArchiveName: a.Name, EventSourceArn: busARN(c, a.Bus), Description: a.Description,
		EventPattern: a.Pattern, State: a.State, KmsKeyIdentifier: a.KMSKey, RetentionDays: a.RetentionDays,
		SizeBytes: n.Bytes, EventCount: n.Events, CreationTime: a.Created,
	}, err
}

var nameOfArchive = regexp.MustCompile(`^[.\-_A-Za-z0-9]{1,48}$`)

const maxDescription = 512

// CreateArchive makes an archive.
func (s *Service) CreateArchive(ctx context.Context, c service.Caller, r *CreateArchiveRequest) (*ArchiveResponse, error) {
	if err := checkArchive(r.ArchiveName, r.Description, r.EventPattern, r.RetentionDays); err != nil {
		return nil, err
	}
	b, err := s.known(ctx, c, r.EventSourceArn)
	if err != nil {
		return nil, err
	}
	made, err := s.c.Archives.Create(ctx, archive.Archive{
		Name: r.ArchiveName, Bus: b.Value.Name, Description: r.Description, Pattern: r.EventPattern, RetentionDays: r.RetentionDays, KMSKey: r.KmsKeyIdentifier,
	})
	return archiveResponse(c, made), archiveError(err, "Archive", r.ArchiveName)
}

func archiveResponse(c service.Caller, a archive.Archive) *ArchiveResponse {
	return &ArchiveResponse{ArchiveArn: archiveARN(c, a.Name), State: a.State, CreationTime: a.Created}
}

func checkArchive(name, description, eventPattern string, days int) error {
	if err := checkName(name, "archiveName", nameOfArchive, 48); err != nil {
		return err
	}
	if len(description) > maxDescription {
		return service.Errorf("ValidationException", "1 validation error detected: Value '%s' at 'description' failed to satisfy constraint: Member must have length less than or equal to %d", description, maxDescription)
	}
	if days < 0 {
		return service.Errorf("ValidationException", "1 validation error detected: Value '%d' at 'retentionDays' failed to satisfy constraint: Member must have value greater than or equal to 0", days)
	}
	if eventPattern == "" {
		return nil
	}
	_, err := compiled(eventPattern)
	return err
}

// checkName refuses a name as EventBridge does.
func checkName(name, member string, looks *regexp.Regexp, most int) error {
	constraint := ""
	switch {
	case name == "":
		constraint = "Member must have length greater than or equal to 1"
	case len(name) > most:
		constraint = "Member must have length less than or equal to " + itoa(most)
	case !looks.MatchString(name):
		constraint = "Member must satisfy regular expression pattern: [\\.\\-_A-Za-z0-9]+"
	default:
		return nil
	}
	return service.Errorf("ValidationException", "1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: %s", name, member, constraint)
}

// compiled checks a client's pattern.
func compiled(text string) (*pattern.Pattern, error) {
	if len(text) > maxPattern {
		return nil, service.Errorf("ValidationException", "1 validation error detected: Value at 'eventPattern' failed to satisfy constraint: Member must have length less than or equal to %d", maxPattern)
	}
	p, wrong := pattern.CompileJSON([]byte(text))
	if len(wrong) > 0 {
		reasons := make([]string, len(wrong))
		for i, w := range wrong {
			reasons[i] = w.Error()
		}
		return nil, service.Errorf("InvalidEventPatternException", "Event pattern is not valid. Reason: %s", strings.Join(reasons, "; "))
	}
	return p, nil
}

// archiveError gives the errors of archives and replays EventBridge's words.
func archiveError(err error, kind, name string) error {
	switch {
	case errors.Is(err, archive.ErrNotFound):
		return service.Errorf("ResourceNotFoundException", "%s %s does not exist.", kind, name)
	case errors.Is(err, archive.ErrExists):
		return service.Errorf("ResourceAlreadyExistsException", "%s %s already exists.", kind, name)
	case errors.Is(err, archive.ErrTooMany):
		return service.Errorf("LimitExceededException", "The requested resource exceeds the maximum number allowed.")
	case errors.Is(err, archive.ErrOver):
		return service.Errorf("IllegalStatusException", "%s %s is not in a valid state for this operation.", kind, name)
	case errors.Is(err, archive.ErrRuleFile), errors.Is(err, archive.ErrNeedsDurable):
		return service.Errorf("ValidationException", "%s %s: %s.", kind, name, strings.TrimPrefix(err.Error(), "archive: "))
	}
	return err
}

// DescribeArchive returns one archive.
func (s *Service) DescribeArchive(ctx context.Context, c service.Caller, r *ArchiveRequest) (*Archive, error) {
	a, err := s.c.Archives.Get(ctx, r.ArchiveName)
	if err != nil {
		return nil, archiveError(err, "Archive", r.ArchiveName)
	}
	view, err := s.archiveView(ctx, c, a)
	return &view, err
}

// ListArchives lists archives by name.
func (s *Service) ListArchives(ctx context.Context, c service.Caller, r *FilteredListRequest) (*ListArchivesResponse, error) {
	if err := r.check("ListArchives", archiveStates); err != nil {
		return nil, err
	}
	if r.EventSourceArn != "" {
		if _, err := s.known(ctx, c, r.EventSourceArn); err != nil {
			return nil, err
		}
	}
	stored, err := s.c.Archives.List(ctx)
	if err != nil {
		return nil, err
	}
	all := map[string]archive.Archive{}
	for _, a := range stored {
		if r.takes(a.State, busARN(c, a.Bus)) {
			all[a.Name] = a
		}
	}
	names, next, err := page(all, r.page())
	response := &ListArchivesResponse{Archives: []Archive{}, NextToken: next}
	for _, name := range names {
		view, err := s.archiveView(ctx, c, all[name])
		if err != nil {
			return nil, err
		}
		view.ArchiveArn, view.Description, view.EventPattern, view.KmsKeyIdentifier = "", "", "", ""
		response.Archives = append(response.Archives, view)
	}
	return response, err
}

const archiveStates = "ENABLED DISABLED CREATING UPDATING CREATE_FAILED UPDATE_FAILED"

// check refuses two filters at once, and a state that there is not.
func (r *FilteredListRequest) check(operation, states string) error {
	filters := 0
	for _, f := range []string{r.NamePrefix, r.EventSourceArn, r.State} {
		if f != "" {
			filters++
		}
	}
	if filters > 1 {
		return service.Errorf("ValidationException", "At most one filter is allowed for %s. Use either : State, EventSourceArn, or NamePrefix.", operation)
	}
	if r.State != "" && !strings.Contains(" "+states+" ", " "+r.State+" ") {
		return service.Errorf("ValidationException", "1 validation error detected: Value '%s' at 'state' failed to satisfy constraint: Member must satisfy enum value set: [%s]",
			r.State, strings.ReplaceAll(states, " ", ", "))
	}
	return nil
}

func (r *FilteredListRequest) takes(state, sourceARN string) bool {
	return (r.State == "" || r.State == state) && (r.EventSourceArn == "" || r.EventSourceArn == sourceARN)
}

func (r *FilteredListRequest) page() *ListRequest {
	return &ListRequest{NamePrefix: r.NamePrefix, NextToken: r.NextToken, Limit: r.Limit}
}

// UpdateArchive changes an archive that a client made.
func (s *Service) UpdateArchive(ctx context.Context, c service.Caller, r *UpdateArchiveRequest) (*ArchiveResponse, error) {
	if r.EventPattern == nil && r.RetentionDays == nil && r.Description == nil {
		return nil, service.Errorf("ValidationException", "At least one of EventPattern, RetentionDays or Description must be provided.")
	}
	if err := checkArchive(r.ArchiveName, valueOf(r.Description), valueOf(r.EventPattern), valueOf(r.RetentionDays)); err != nil {
		return nil, err
	}
	changed, err := s.c.Archives.Update(ctx, r.ArchiveName, func(a *archive.Archive) {
		set(&a.Description, r.Description)
		set(&a.Pattern, r.EventPattern)
		set(&a.RetentionDays, r.RetentionDays)
		set(&a.KMSKey, r.KmsKeyIdentifier)
	})
	return archiveResponse(c, changed), archiveError(err, "Archive", r.ArchiveName)
}

// set writes a value that was given.
func set[T any](into, given *T) {
	if given != nil {
		*into = *given
	}
}

func valueOf[T any](given *T) (v T) {
	set(&v, given)
	return v
}

// DeleteArchive deletes an archive and its events.
func (s *Service) DeleteArchive(ctx context.Context, _ service.Caller, r *ArchiveRequest) (*service.Empty, error) {
	return &service.Empty{}, archiveError(s.c.Archives.Delete(ctx, r.ArchiveName), "Archive", r.ArchiveName)
}
