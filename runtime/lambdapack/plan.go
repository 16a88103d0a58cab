package lambdapack

import "encoding/json"

// What a plan's ARNs and settings say of the account that the function is deployed to,
// which is not known before: templates put their own words in these places. The words are
// those of CloudFormation's Fn::Sub.
const (
	Partition = "${AWS::Partition}"
	Region    = "${AWS::Region}"
	Account   = "${AWS::AccountId}"
)

// Runtime and Handler are what Lambda is told about the zip.
const (
	Runtime = "provided.al2023"
	Handler = "bootstrap"
)

// Plan is what a function is made of, and what it needs around it. All lists have a fixed
// order.
type Plan struct {
	// Version is that of this form, 1.
	Version  int      `json:"version"`
	Function Function `json:"function"`
	Zip      Zip      `json:"zip"`
	// Environment are the function's variables. Values can hold the words above.
	Environment []Variable `json:"environment"`
	// Secrets are the variables that a person gives their values at deployment, as
	// TOCSIN_PLUGIN_SECRET_TOKEN: parameters without a default that are not shown.
	Secrets []string `json:"secrets"`
	// State is the table in which rules remember; nil is none. Templates make it, and
	// keep it when they are removed.
	State *Table `json:"state,omitempty"`
	// DeadLetters is the queue for what was given up; nil is none. It is the function's
	// destination on failure of asynchronous invocations, and that of the event source
	// mappings of streams. Templates make it.
	DeadLetters *Queue `json:"dead_letters,omitempty"`
	// Sources are what invokes the function.
	Sources []Source `json:"sources"`
	// Permissions are the statements of the function's role, all of them: also those for
	// its log, its table, its queue and its sources.
	Permissions []Statement `json:"permissions"`
	// Warnings are what a person should know before the function is deployed.
	Warnings []Warning `json:"warnings"`
}

// Function are the function's own properties.
type Function struct {
	// Name is also that of its log group, /aws/lambda/NAME, which templates make.
	Name        string `json:"name"`
	Description string `json:"description"`
	// Arch is amd64 or arm64; Lambda calls the former x86_64.
	Arch           string `json:"arch"`
	MemoryMB       int    `json:"memory_mb"`
	TimeoutSeconds int    `json:"timeout_seconds"`
	// LogRetentionDays is how long its log group keeps lines.
	LogRetentionDays int `json:"log_retention_days"`
	// Retries is how often Lambda repeats an asynchronous invocation that failed.
	Retries int `json:"retries"`
}

// Zip is the function's code.
type Zip struct {
	// Path is where it stands on this machine, from the folder of the templates.
	Path   string `json:"path"`
	SHA256 string `json:"sha256"`
	// Size is that of the zip, Unzipped the sum of its files.
	Size     int64 `json:"size"`
	Unzipped int64 `json:"unzipped"`
	// Files are in the order of the zip.
	Files []File `json:"files"`
}

// File is one file of the zip.
type File struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// Variable is one of the environment.
type Variable struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Table is a table of DynamoDB, billed per request. Its keys are those of
// runtime/store/dynamodb.
type Table struct {
	Name string `json:"name"`
	// PartitionKey is a string, SortKey is binary.
	PartitionKey string `json:"partition_key"`
	SortKey      string `json:"sort_key"`
	// TTL is the attribute after whose time DynamoDB removes an item.
	TTL string `json:"ttl"`
}

// Queue is a queue of SQS.
type Queue struct {
	Name          string `json:"name"`
	RetentionDays int    `json:"retention_days"`
}

// SourceKind is what invokes the function.
type SourceKind string

// The kinds of sources, and what templates make for each. ARN is set for those that are
// there already and belong to somebody else.
const (
	// EventBridge is a rule on Bus with Pattern, whose target is the function.
	EventBridge SourceKind = "eventbridge"
	// Schedule is an EventBridge rule with Schedule, whose target is the function.
	Schedule SourceKind = "schedule"
	// Logs is a subscription filter of LogGroup with FilterPattern.
	Logs SourceKind = "logs"
	// MetricStream is a metric stream of CloudWatch in JSON of Namespaces (all, if there
	// are none), the Firehose stream that it writes to, and in that the function as a
	// transformation. What the function did not take is kept in Bucket.
	MetricStream SourceKind = "metric-stream"
	// SQS, Kinesis and DynamoDB are event source mappings of ARN: a queue, a data stream,
	// a table's stream.
	SQS      SourceKind = "sqs"
	Kinesis  SourceKind = "kinesis"
	DynamoDB SourceKind = "dynamodb"
	// SNS is a subscription of the topic ARN.
	SNS SourceKind = "sns"
	// S3 is a notification of Bucket about objects that are created under Prefix. A bucket
	// has one set of notifications, so a template may have to leave it to a person: SAM
	// cannot add one to a bucket that is there.
	S3 SourceKind = "s3"
	// Alarms is the permission for CloudWatch's alarms of the account to invoke the
	// function: it is then the action of any of them.
	Alarms SourceKind = "alarms"
	// FunctionURL is a URL of the function's own, of auth type NONE: the function itself
	// checks the signatures of AWS clients.
	FunctionURL SourceKind = "function-url"
)

// Source is something that invokes the function. Which members are set depends on its
// kind.
type Source struct {
	Kind SourceKind `json:"kind"`
	// Name is of letters, digits and single hyphens, and no other source's: "aws-ec2".
	Name string `json:"name"`
	// Rules are the Tocsin rules that imply it; none if a flag asked for it.
	Rules []string `json:"rules,omitempty"`
	ARN   string   `json:"arn,omitempty"`

	Bus     string          `json:"bus,omitempty"`
	Pattern json.RawMessage `json:"pattern,omitempty"`
	// AllCalls asks for API calls that only read, too: the rule's state is then
	// ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS.
	AllCalls bool   `json:"all_calls,omitempty"`
	Schedule string `json:"schedule,omitempty"`

	LogGroup      string `json:"log_group,omitempty"`
	FilterPattern string `json:"filter_pattern,omitempty"`

	// Bucket is a bucket's name, Prefix what its keys begin with.
	Bucket     string   `json:"bucket,omitempty"`
	Prefix     string   `json:"prefix,omitempty"`
	Namespaces []string `json:"namespaces,omitempty"`

	// Mapping is set for the kinds that Lambda polls: SQS, Kinesis and DynamoDB.
	Mapping *Mapping `json:"mapping,omitempty"`
}

// Mapping are the properties of an event source mapping. Its function response type is
// always ReportBatchItemFailures.
type Mapping struct {
	BatchSize     int `json:"batch_size"`
	WindowSeconds int `json:"window_seconds"`

	// The rest is for streams, zero for queues.

	// StartingPosition is LATEST or TRIM_HORIZON.
	StartingPosition string `json:"starting_position,omitempty"`
	// Retries and MaxAgeSeconds are when a record is given up; it goes to the dead letters.
	Retries       int `json:"retries,omitempty"`
	MaxAgeSeconds int `json:"max_age_seconds,omitempty"`
	// Bisect halves a batch that failed.
	Bisect bool `json:"bisect,omitempty"`
}

// Statement is one of the role: these actions are allowed on these resources.
type Statement struct {
	// SID is of letters and digits, and no other statement's.
	SID     string   `json:"sid"`
	Actions []string `json:"actions"`
	// Resources are ARNs with the words above, and "*" only where Warnings say why.
	Resources []string `json:"resources"`
	// For is what needs it, for people: "target page-team", "source kinesis:…", "log".
	For []string `json:"for"`
}

// Warning is something that the plan could not settle by itself.
type Warning struct {
	// About is what it is about: "rule big-order", "target stop-it", "zip".
	About   string `json:"about"`
	Message string `json:"message"`
	// Help is what to write instead, if there is something.
	Help string `json:"help,omitempty"`
}
