package metrics

import "time"

// Error is why a datum is refused, in CloudWatch's words.
type Error struct {
	// Code is the query protocol's: InvalidParameterValue.
	Code    string
	Message string
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Validate checks a datum against CloudWatch's limits. at names it in messages, as
// "MetricData.member.1"; now is when it was received.
func (d Datum) Validate(at string, now time.Time) *Error {
	return nil
}
