package logs

import (
	"context"
	"maps"
	"strings"

	"github.com/tocsin-engine/tocsin/runtime/service"
)

// maxTags is how many tags a group has.
const maxTags = 50

// checkTags checks keys and values as AWS's tags are everywhere.
func checkTags(tags map[string]string) error {
	if len(tags) > maxTags {
		return service.Errorf("TooManyTagsException", "A log group has at most %d tags.", maxTags)
	}
	for key, value := range tags {
		switch {
		case key == "" || len(key) > 128 || strings.HasPrefix(strings.ToLower(key), "aws:"):
			return invalid("The tag key %q is not allowed: 1 to 128 characters that do not begin with aws:.", key)
		case len(value) > 256:
			return invalid("The value of the tag %q is longer than 256 characters.", key)
		}
	}
	return nil
}

// TagLogGroup adds tags to a group.
func (s *Service) TagLogGroup(ctx context.Context, _ service.Caller, r *TagLogGroupRequest) (*service.Empty, error) {
	return s.tag(ctx, r.LogGroupName, r.Tags)
}

// UntagLogGroup removes tags of a group.
func (s *Service) UntagLogGroup(ctx context.Context, _ service.Caller, r *UntagLogGroupRequest) (*service.Empty, error) {
	return s.untag(ctx, r.LogGroupName, r.Tags)
}

// ListTagsLogGroup lists the tags of a group.
func (s *Service) ListTagsLogGroup(ctx context.Context, _ service.Caller, r *LogGroupRequest) (*ListTagsResponse, error) {
	return s.tags(ctx, r.LogGroupName)
}

// TagResource adds tags to the group with an ARN.
func (s *Service) TagResource(ctx context.Context, c service.Caller, r *TagResourceRequest) (*service.Empty, error) {
	name, err := groupOf(c, r.ResourceArn)
	if err != nil {
		return nil, err
	}
	return s.tag(ctx, name, r.Tags)
}

// UntagResource removes tags of the group with an ARN.
func (s *Service) UntagResource(ctx context.Context, c service.Caller, r *UntagResourceRequest) (*service.Empty, error) {
	name, err := groupOf(c, r.ResourceArn)
	if err != nil {
		return nil, err
	}
	return s.untag(ctx, name, r.TagKeys)
}

// ListTagsForResource lists the tags of the group with an ARN.
func (s *Service) ListTagsForResource(ctx context.Context, c service.Caller, r *ListTagsForResourceRequest) (*ListTagsResponse, error) {
	name, err := groupOf(c, r.ResourceArn)
	if err != nil {
		return nil, err
	}
	return s.tags(ctx, name)
}

func (s *Service) tag(ctx context.Context, name string, tags map[string]string) (*service.Empty, error) {
	return s.change(ctx, name, func(g *group) error {
		all := map[string]string{}
		maps.Copy(all, g.Tags)
		maps.Copy(all, tags)
		g.Tags = all
		return checkTags(all)
	})
}

func (s *Service) untag(ctx context.Context, name string, keys []string) (*service.Empty, error) {
	return s.change(ctx, name, func(g *group) error {
		for _, key := range keys {
			delete(g.Tags, key)
		}
		return nil
	})
}

func (s *Service) tags(ctx context.Context, name string) (*ListTagsResponse, error) {
	g, err := s.openGroup(ctx, name)
	if err != nil {
		return nil, err
	}
	response := &ListTagsResponse{Tags: map[string]string{}}
	maps.Copy(response.Tags, g.Value.Tags)
	return response, nil
}
