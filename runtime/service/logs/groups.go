package logs

import (
	"context"
	"slices"
	"strings"
	"time"

	ingest "github.com/tocsin-engine/tocsin/ingest/logs"
	"github.com/tocsin-engine/tocsin/runtime/service"
)

// group is a stored log group.
type group struct {
	Name string
	// ID tells the group from one that had its name before: streams are kept under it, so
	// that those of a deleted group never come back.
	ID string
	// Created counts milliseconds since 1970.
	Created int64
	// Retention is in days, 0 for ever.
	Retention int               `json:",omitempty"`
	KMSKey    string            `json:",omitempty"`
	Class     string            `json:",omitempty"`
	Protected bool              `json:",omitempty"`
	Tags      map[string]string `json:",omitempty"`
}

const groupPrefix = "group/"

func groupKey(name string) string { return groupPrefix + name }

func (g group) retention() time.Duration { return time.Duration(g.Retention) * 24 * time.Hour }

// groupARN is the ARN without the ":*" at its end that DescribeLogGroups' arn has.
func groupARN(c service.Caller, name string) string { return c.ARN(Name, "log-group:"+name) }

func (g group) view(c service.Caller) LogGroup {
	return LogGroup{
		LogGroupName: g.Name, CreationTime: g.Created, RetentionInDays: g.Retention, Arn: groupARN(c, g.Name) + ":*",
		KmsKeyID: g.KMSKey, LogGroupClass: g.Class, LogGroupArn: groupARN(c, g.Name), DeletionProtectionEnabled: g.Protected,
	}
}

// classes are the kinds of groups that AWS has; here they are all alike.
var classes = []string{"STANDARD", "INFREQUENT_ACCESS", "DELIVERY"}

// CreateLogGroup makes a group.
func (s *Service) CreateLogGroup(ctx context.Context, _ service.Caller, r *CreateLogGroupRequest) (*service.Empty, error) {
	if err := named(r.LogGroupName, nil); err != nil {
		return nil, err
	}
	made := group{
		Name: r.LogGroupName, ID: service.RandomHex(8), Created: s.c.Now().UnixMilli(),
		KMSKey: r.KmsKeyID, Class: r.LogGroupClass, Protected: r.DeletionProtectionEnabled, Tags: r.Tags,
	}
	switch {
	case made.Class == "":
		made.Class = classes[0]
	case !slices.Contains(classes, made.Class):
		return nil, notOneOf("logGroupClass", made.Class, classes)
	}
	if err := checkTags(r.Tags); err != nil {
		return nil, err
	}
	return &service.Empty{}, s.state.Retry(ctx, func() error {
		g, err := service.Get[group](ctx, s.state, groupKey(r.LogGroupName))
		switch {
		case err != nil:
			return err
		case g.Exists():
			return errGroupThere
		}
		return s.state.Apply(ctx, s.state.Put(g.Key, made, 0, time.Time{}))
	})
}

// DescribeLogGroups lists groups by their names.
func (s *Service) DescribeLogGroups(ctx context.Context, c service.Caller, r *DescribeLogGroupsRequest) (*DescribeLogGroupsResponse, error) {
	limit, after, err := page(r.Limit, r.NextToken)
	if err != nil {
		return nil, err
	}
	wanted, err := r.filter(c)
	if err != nil {
		return nil, err
	}
	response := &DescribeLogGroupsResponse{LogGroups: []LogGroup{}}
	after = groupKey(after) // "" is before all
	for {
		got, err := service.List[group](ctx, s.state, groupKey(r.LogGroupNamePrefix), after, maxPage)
		if err != nil {
			return nil, err
		}
		for _, g := range got {
			if after = g.Key; !wanted(g.Value) {
				continue
			}
			if len(response.LogGroups) == limit {
				response.NextToken = token(response.LogGroups[limit-1].LogGroupName)
				return response, nil
			}
			response.LogGroups = append(response.LogGroups, g.Value.view(c))
		}
		if len(got) < maxPage {
			return response, nil
		}
	}
}

// filter is which groups a request wants, its prefix not counted.
func (r *DescribeLogGroupsRequest) filter(c service.Caller) (func(group) bool, error) {
	var names []string
	for _, identifier := range r.LogGroupIdentifiers {
		name, err := groupOf(c, identifier)
		if err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	switch {
	case r.LogGroupNamePrefix != "" && r.LogGroupNamePattern != "":
		return nil, invalid("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.")
	case len(names) > 0 && (r.LogGroupNamePrefix != "" || r.LogGroupNamePattern != ""):
		return nil, invalid("LogGroup identifiers and LogGroup name prefix or pattern are mutually exclusive parameters.")
	case r.LogGroupClass != "" && !slices.Contains(classes, r.LogGroupClass):
		return nil, notOneOf("logGroupClass", r.LogGroupClass, classes)
	}
	return func(g group) bool {
		return strings.Contains(g.Name, r.LogGroupNamePattern) && (r.LogGroupClass == "" || r.LogGroupClass == g.Class) &&
			(names == nil || slices.Contains(names, g.Name))
	}, nil
}

// DeleteLogGroup removes a group and its streams.
func (s *Service) DeleteLogGroup(ctx context.Context, _ service.Caller, r *LogGroupRequest) (*service.Empty, error) {
	var gone group
	err := s.state.Retry(ctx, func() error {
		g, err := s.openGroup(ctx, r.LogGroupName)
		switch {
		case err != nil:
			return err
		case g.Value.Protected:
			return service.Errorf("ValidationException", "The log group is protected against deletion; disable its deletion protection first.")
		}
		gone = g.Value
		return s.state.Apply(ctx, s.state.Drop(g.Key, g.Version))
	})
	if err != nil {
		return nil, err
	}
	return &service.Empty{}, s.state.Clear(ctx, gone.streamKey(""))
}

// change changes what is stored of a group.
func (s *Service) change(ctx context.Context, name string, change func(*group) error) (*service.Empty, error) {
	return &service.Empty{}, s.state.Retry(ctx, func() error {
		g, err := s.openGroup(ctx, name)
		if err == nil {
			err = change(&g.Value)
		}
		if err != nil {
			return err
		}
		return s.state.Apply(ctx, s.state.Put(g.Key, g.Value, g.Version, time.Time{}))
	})
}

// PutRetentionPolicy says how old a log event of the group may be.
func (s *Service) PutRetentionPolicy(ctx context.Context, _ service.Caller, r *PutRetentionPolicyRequest) (*service.Empty, error) {
	switch {
	case r.RetentionInDays == nil:
		return nil, invalid("1 validation error detected: Value null at 'retentionInDays' failed to satisfy constraint: Member must not be null")
	case !slices.Contains(ingest.Retentions, *r.RetentionInDays):
		return nil, notOneOf("retentionInDays", *r.RetentionInDays, ingest.Retentions)
	}
	return s.change(ctx, r.LogGroupName, func(g *group) error { g.Retention = *r.RetentionInDays; return nil })
}

// DeleteRetentionPolicy lets the group's log events be kept for ever.
func (s *Service) DeleteRetentionPolicy(ctx context.Context, _ service.Caller, r *LogGroupRequest) (*service.Empty, error) {
	return s.change(ctx, r.LogGroupName, func(g *group) error { g.Retention = 0; return nil })
}
