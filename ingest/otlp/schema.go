package otlp

import "google.golang.org/protobuf/encoding/protowire"

// messageID names a message of the OTLP schema, version 1.11.
type messageID uint8

const (
	noMessage messageID = iota
	anyValue
	arrayValue
	keyValueList
	keyValue
	resource
	scope
	logsRequest
	resourceLogs
	scopeLogs
	logRecord
	metricsRequest
	resourceMetrics
	scopeMetrics
	metric
	gauge
	sum
	histogram
	exponentialHistogram
	summary
	numberPoint
	histogramPoint
	exponentialPoint
	buckets
	summaryPoint
	quantileValue
	tracesRequest
	resourceSpans
	scopeSpans
	span
	spanEvent
	spanLink
	spanStatus
)

// kind is how a field's value stands in protobuf and in JSON.
type kind uint8

const (
	kindMessage kind = iota
	kindString
	kindBytes  // base64 in JSON
	kindID     // bytes of a trace or span id: hexadecimal in JSON
	kindBool   // varint
	kindVarint // int32, uint32, int64, uint64 and enums
	kindSint32 // zigzag
	kindFixed32
	kindFixed64  // fixed64 and sfixed64
	kindDouble   // 8 bytes
	kindFixeds   // repeated fixed64, packed or not
	kindDoubles  // repeated double, packed or not
	kindVarints  // repeated uint64, packed or not
	kindMessages // repeated message
	kindRecords  // repeated message that is read one at a time, so there may be any number
)

// field is one field of a message; a field that is not listed is passed over, as the
// protocol wants it.
type field struct {
	number protowire.Number
	name   string // in JSON
	kind   kind
	of     messageID
}

// messages is the part of the schema that the readers use.
// https://github.com/open-telemetry/opentelemetry-proto/tree/v1.11.0/opentelemetry/proto
var messages = [...][]field{
	anyValue: {
		{1, "stringValue", kindString, 0}, {2, "boolValue", kindBool, 0}, {3, "intValue", kindVarint, 0}, {4, "doubleValue", kindDouble, 0},
		{5, "arrayValue", kindMessage, arrayValue}, {6, "kvlistValue", kindMessage, keyValueList}, {7, "bytesValue", kindBytes, 0},
	},
	arrayValue:   {{1, "values", kindRecords, anyValue}},
	keyValueList: {{1, "values", kindMessages, keyValue}},
	keyValue:     {{1, "key", kindString, 0}, {2, "value", kindMessage, anyValue}},
	resource:     {{1, "attributes", kindMessages, keyValue}},
	scope:        {{1, "name", kindString, 0}, {2, "version", kindString, 0}, {3, "attributes", kindMessages, keyValue}},

	logsRequest:  {{1, "resourceLogs", kindRecords, resourceLogs}},
	resourceLogs: {{1, "resource", kindMessage, resource}, {2, "scopeLogs", kindRecords, scopeLogs}},
	scopeLogs:    {{1, "scope", kindMessage, scope}, {2, "logRecords", kindRecords, logRecord}},
	logRecord: {
		{1, "timeUnixNano", kindFixed64, 0}, {2, "severityNumber", kindVarint, 0}, {3, "severityText", kindString, 0}, {5, "body", kindMessage, anyValue},
		{6, "attributes", kindMessages, keyValue}, {9, "traceId", kindID, 0}, {10, "spanId", kindID, 0},
		{11, "observedTimeUnixNano", kindFixed64, 0}, {12, "eventName", kindString, 0},
	},

	metricsRequest:  {{1, "resourceMetrics", kindRecords, resourceMetrics}},
	resourceMetrics: {{1, "resource", kindMessage, resource}, {2, "scopeMetrics", kindRecords, scopeMetrics}},
	scopeMetrics:    {{1, "scope", kindMessage, scope}, {2, "metrics", kindRecords, metric}},
	metric: {
		{1, "name", kindString, 0}, {2, "description", kindString, 0}, {3, "unit", kindString, 0}, {5, "gauge", kindMessage, gauge}, {7, "sum", kindMessage, sum},
		{9, "histogram", kindMessage, histogram}, {10, "exponentialHistogram", kindMessage, exponentialHistogram}, {11, "summary", kindMessage, summary},
	},
	gauge:                {{1, "dataPoints", kindRecords, numberPoint}},
	sum:                  {{1, "dataPoints", kindRecords, numberPoint}, {2, "aggregationTemporality", kindVarint, 0}, {3, "isMonotonic", kindBool, 0}},
	histogram:            {{1, "dataPoints", kindRecords, histogramPoint}, {2, "aggregationTemporality", kindVarint, 0}},
	exponentialHistogram: {{1, "dataPoints", kindRecords, exponentialPoint}, {2, "aggregationTemporality", kindVarint, 0}},
	summary:              {{1, "dataPoints", kindRecords, summaryPoint}},
	numberPoint: {
		{2, "startTimeUnixNano", kindFixed64, 0}, {3, "timeUnixNano", kindFixed64, 0}, {4, "asDouble", kindDouble, 0}, {6, "asInt", kindFixed64, 0},
		{7, "attributes", kindMessages, keyValue}, {8, "flags", kindVarint, 0},
	},
	histogramPoint: {
		{2, "startTimeUnixNano", kindFixed64, 0}, {3, "timeUnixNano", kindFixed64, 0}, {4, "count", kindFixed64, 0}, {5, "sum", kindDouble, 0},
		{6, "bucketCounts", kindFixeds, 0}, {7, "explicitBounds", kindDoubles, 0}, {9, "attributes", kindMessages, keyValue},
		{10, "flags", kindVarint, 0}, {11, "min", kindDouble, 0}, {12, "max", kindDouble, 0},
	},
	exponentialPoint: {
		{1, "attributes", kindMessages, keyValue}, {2, "startTimeUnixNano", kindFixed64, 0}, {3, "timeUnixNano", kindFixed64, 0}, {4, "count", kindFixed64, 0},
		{5, "sum", kindDouble, 0}, {6, "scale", kindSint32, 0}, {7, "zeroCount", kindFixed64, 0}, {8, "positive", kindMessage, buckets},
		{9, "negative", kindMessage, buckets}, {10, "flags", kindVarint, 0}, {12, "min", kindDouble, 0}, {13, "max", kindDouble, 0},
		{14, "zeroThreshold", kindDouble, 0},
	},
	buckets: {{1, "offset", kindSint32, 0}, {2, "bucketCounts", kindVarints, 0}},
	summaryPoint: {
		{2, "startTimeUnixNano", kindFixed64, 0}, {3, "timeUnixNano", kindFixed64, 0}, {4, "count", kindFixed64, 0}, {5, "sum", kindDouble, 0},
		{6, "quantileValues", kindMessages, quantileValue}, {7, "attributes", kindMessages, keyValue}, {8, "flags", kindVarint, 0},
	},
	quantileValue: {{1, "quantile", kindDouble, 0}, {2, "value", kindDouble, 0}},

	tracesRequest: {{1, "resourceSpans", kindRecords, resourceSpans}},
	resourceSpans: {{1, "resource", kindMessage, resource}, {2, "scopeSpans", kindRecords, scopeSpans}},
	scopeSpans:    {{1, "scope", kindMessage, scope}, {2, "spans", kindRecords, span}},
	span: {
		{1, "traceId", kindID, 0}, {2, "spanId", kindID, 0}, {3, "traceState", kindString, 0}, {4, "parentSpanId", kindID, 0}, {5, "name", kindString, 0},
		{6, "kind", kindVarint, 0}, {7, "startTimeUnixNano", kindFixed64, 0}, {8, "endTimeUnixNano", kindFixed64, 0},
		{9, "attributes", kindMessages, keyValue}, {11, "events", kindMessages, spanEvent}, {13, "links", kindMessages, spanLink},
		{15, "status", kindMessage, spanStatus}, {16, "flags", kindFixed32, 0},
	},
	spanEvent:  {{1, "timeUnixNano", kindFixed64, 0}, {2, "name", kindString, 0}, {3, "attributes", kindMessages, keyValue}},
	spanLink:   {{1, "traceId", kindID, 0}, {2, "spanId", kindID, 0}, {4, "attributes", kindMessages, keyValue}},
	spanStatus: {{2, "message", kindString, 0}, {3, "code", kindVarint, 0}},
}

// byNumber finds a field by its number; nil if the readers do not use it.
func byNumber(id messageID, n protowire.Number) *field {
	fields := messages[id]
	for i := range fields {
		if fields[i].number == n {
			return &fields[i]
		}
	}
	return nil
}

// byName finds a field by its name in JSON.
func byName(id messageID, name string) *field {
	fields := messages[id]
	for i := range fields {
		if fields[i].name == name {
			return &fields[i]
		}
	}
	return nil
}

// wireType is how the kind stands in protobuf; a repeated scalar may stand unpacked too.
func (k kind) wireType() protowire.Type {
	switch k {
	case kindBool, kindVarint, kindSint32:
		return protowire.VarintType
	case kindFixed32:
		return protowire.Fixed32Type
	case kindFixed64, kindDouble:
		return protowire.Fixed64Type
	}
	return protowire.BytesType
}
