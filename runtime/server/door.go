package server

import (
	"cmp"
	"maps"
	"net/http"

	"github.com/tocsin-engine/tocsin/runtime/doors"
)

// retryAfter is what a client who finds no room is told to wait, in seconds: the store
// and the budget of bodies get free within one.
const retryAfter = "1"

// door answers a path of a door: it verifies and reads like the own API, and lets the
// door write the answers.
func (s *Server) door(d doors.HTTP, route doors.Route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.stats.requests.Add(1)
		request := &doors.Request{Path: route.Path, Query: r.URL.Query(), Header: r.Header}
		answer, err := s.throughDoor(d, route, r, request)
		if err != nil {
			e := s.visible(w, err)
			answer = d.Refuse(request, &doors.Error{Status: e.Status, Code: e.Code, Message: e.Message})
		}
		if answer.Status == http.StatusServiceUnavailable {
			w.Header().Set("Retry-After", retryAfter)
		}
		maps.Copy(w.Header(), answer.Header)
		w.WriteHeader(answer.Status)
		_, _ = w.Write(answer.Body) // the client is gone: nobody is left to tell
	})
}

func (s *Server) throughDoor(d doors.HTTP, route doors.Route, r *http.Request, request *doors.Request) (*doors.Response, error) {
	if err := s.webPage(r); err != nil {
		return nil, err
	}
	if r.Method != http.MethodPost {
		return nil, &apiError{Status: http.StatusMethodNotAllowed, Code: "method_not_allowed", Message: "use POST for " + route.Path}
	}
	room := s.budget.Room()
	defer room.Release()
	c := &call{Request: r}
	if err := s.read(c, room, route.MaxBody, signingName, cmp.Or(route.Service, signingName)); err != nil {
		return nil, err
	}
	request.Body, request.AccessKey = c.body, c.accessKey
	return d.Take(r.Context(), request)
}
