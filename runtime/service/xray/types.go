package xray

import "time"

// PutTraceSegmentsRequest are segment documents.
type PutTraceSegmentsRequest struct {
	TraceSegmentDocuments []string
}

// PutTraceSegmentsResponse says which segments were not taken.
type PutTraceSegmentsResponse struct {
	UnprocessedTraceSegments []UnprocessedTraceSegment
}

// UnprocessedTraceSegment is a segment that was not taken, and why.
type UnprocessedTraceSegment struct {
	ID        string `json:"Id,omitempty"`
	ErrorCode string
	Message   string
}

// GetSamplingRulesRequest asks for all rules; there is one page.
type GetSamplingRulesRequest struct {
	NextToken string `json:",omitempty"`
}

// GetSamplingRulesResponse has all rules.
type GetSamplingRulesResponse struct {
	SamplingRuleRecords []SamplingRuleRecord
}

// SamplingRuleRecord is a rule and when it came.
type SamplingRuleRecord struct {
	SamplingRule SamplingRule
	CreatedAt    time.Time
	ModifiedAt   time.Time
}

// SamplingRule says which requests to trace: ReservoirSize a second of those that match,
// and the part FixedRate of the others.
type SamplingRule struct {
	RuleName      string
	RuleARN       string
	ResourceARN   string
	Priority      int
	FixedRate     float64
	ReservoirSize int
	ServiceName   string
	ServiceType   string
	Host          string
	HTTPMethod    string
	URLPath       string
	Version       int
	Attributes    map[string]string
}

// GetSamplingTargetsRequest says how a client sampled.
type GetSamplingTargetsRequest struct {
	SamplingStatisticsDocuments []SamplingStatisticsDocument
}

// SamplingStatisticsDocument is what a client did with one rule since it last asked.
type SamplingStatisticsDocument struct {
	RuleName     string
	ClientID     string
	Timestamp    time.Time
	RequestCount *int64
	SampledCount *int64
	BorrowCount  int64 `json:",omitempty"`
}

// GetSamplingTargetsResponse has the client's share of each rule.
type GetSamplingTargetsResponse struct {
	SamplingTargetDocuments []SamplingTargetDocument
	LastRuleModification    time.Time
	UnprocessedStatistics   []UnprocessedStatistics
}

// SamplingTargetDocument is how a client is to sample by a rule from now on.
type SamplingTargetDocument struct {
	RuleName          string
	FixedRate         float64
	ReservoirQuota    int
	ReservoirQuotaTTL time.Time
	Interval          int
}

// UnprocessedStatistics is a document that was not understood.
type UnprocessedStatistics struct {
	RuleName  string
	ErrorCode string
	Message   string
}

// PutTelemetryRecordsRequest is how a daemon has been.
type PutTelemetryRecordsRequest struct {
	TelemetryRecords []TelemetryRecord
	EC2InstanceID    string `json:"EC2InstanceId,omitempty"`
	Hostname         string `json:",omitempty"`
	ResourceARN      string `json:",omitempty"`
}

// TelemetryRecord counts what passed through a daemon.
type TelemetryRecord struct {
	Timestamp               time.Time
	SegmentsReceivedCount   int64                   `json:",omitempty"`
	SegmentsSentCount       int64                   `json:",omitempty"`
	SegmentsSpilloverCount  int64                   `json:",omitempty"`
	SegmentsRejectedCount   int64                   `json:",omitempty"`
	BackendConnectionErrors BackendConnectionErrors `json:",omitempty"`
}

// BackendConnectionErrors counts a daemon's calls that came to nothing.
type BackendConnectionErrors struct {
	TimeoutCount           int64 `json:",omitempty"`
	ConnectionRefusedCount int64 `json:",omitempty"`
	HTTPCode4XXCount       int64 `json:",omitempty"`
	HTTPCode5XXCount       int64 `json:",omitempty"`
	UnknownHostCount       int64 `json:",omitempty"`
	OtherCount             int64 `json:",omitempty"`
}

func (e BackendConnectionErrors) sum() int64 {
	return e.TimeoutCount + e.ConnectionRefusedCount + e.HTTPCode4XXCount + e.HTTPCode5XXCount + e.UnknownHostCount + e.OtherCount
}
