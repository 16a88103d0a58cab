package server

import (
	"encoding/json"
	"strings"
)

// recording is what is needed to make a delivery again.
func (s *Server) recording(c *call) (any, error) {
	id := c.URL.Query().Get("delivery")
	if id == "" {
		return nil, badRequest("write ?delivery=ID, as a failed delivery names it")
	}
	text, others, err := s.c.Engine.Recording(c.Context(), id)
	switch {
	case err != nil:
		return nil, err
	case len(others) > 0:
		return nil, notFound("event %s has several deliveries that could be meant; name one of %s", id, strings.Join(others, ", "))
	case text == nil:
		return nil, notFound("no recording of delivery %s is kept: there are those of the last failed deliveries of each target, "+
			"and of others only with  record: true  in the rule file", id)
	}
	return map[string]any{"version": 1, "recording": json.RawMessage(text)}, nil
}
