package sns

// CreateTopicRequest makes a topic.
type CreateTopicRequest struct {
	Name       string            `json:"Name"`
	Attributes map[string]string `json:"Attributes,omitempty"`
	Tags       []Tag             `json:"Tags,omitempty"`
}

// Tag is one label of a topic; it means nothing to the topic.
type Tag struct {
	Key   string `json:"Key"`
	Value string `json:"Value"`
}

// TopicARN answers with, or asks about, one topic.
type TopicARN struct {
	TopicARN string `json:"TopicArn"`
}

// ListRequest asks for a page of topics or subscriptions.
type ListRequest struct {
	NextToken string `json:"NextToken,omitempty"`
}

// ListTopicsResponse is a page of topics.
type ListTopicsResponse struct {
	Topics    []TopicARN `json:"Topics"`
	NextToken string     `json:"NextToken,omitempty"`
}

// SetTopicAttributesRequest changes one attribute.
type SetTopicAttributesRequest struct {
	TopicARN       string `json:"TopicArn"`
	AttributeName  string `json:"AttributeName"`
	AttributeValue string `json:"AttributeValue,omitempty"`
}

// Attributes answers with attributes of a topic or subscription.
type Attributes struct {
	Attributes map[string]string `json:"Attributes"`
}

// SubscribeRequest makes a subscription.
type SubscribeRequest struct {
	TopicARN              string            `json:"TopicArn"`
	Protocol              string            `json:"Protocol"`
	Endpoint              string            `json:"Endpoint,omitempty"`
	Attributes            map[string]string `json:"Attributes,omitempty"`
	ReturnSubscriptionARN bool              `json:"ReturnSubscriptionArn,omitempty"`
}

// SubscriptionARN answers with, or asks about, one subscription.
type SubscriptionARN struct {
	SubscriptionARN string `json:"SubscriptionArn"`
}

// SetSubscriptionAttributesRequest changes one attribute.
type SetSubscriptionAttributesRequest struct {
	SubscriptionARN string `json:"SubscriptionArn"`
	AttributeName   string `json:"AttributeName"`
	AttributeValue  string `json:"AttributeValue,omitempty"`
}

// ListByTopicRequest asks for a page of one topic's subscriptions.
type ListByTopicRequest struct {
	TopicARN  string `json:"TopicArn"`
	NextToken string `json:"NextToken,omitempty"`
}

// ListSubscriptionsResponse is a page of subscriptions.
type ListSubscriptionsResponse struct {
	Subscriptions []Subscription `json:"Subscriptions"`
	NextToken     string         `json:"NextToken,omitempty"`
}

// Subscription is one that is listed.
type Subscription struct {
	SubscriptionARN string `json:"SubscriptionArn"`
	Owner           string `json:"Owner"`
	Protocol        string `json:"Protocol"`
	Endpoint        string `json:"Endpoint"`
	TopicARN        string `json:"TopicArn"`
}

// Attribute is a message attribute's value.
type Attribute struct {
	// DataType is String, String.Array, Number or Binary.
	DataType    string `json:"DataType"`
	StringValue string `json:"StringValue,omitempty"`
	BinaryValue []byte `json:"BinaryValue,omitempty"`
}

// PublishRequest publishes one message.
type PublishRequest struct {
	TopicARN               string               `json:"TopicArn,omitempty"`
	TargetARN              string               `json:"TargetArn,omitempty"`
	PhoneNumber            string               `json:"PhoneNumber,omitempty"`
	Message                string               `json:"Message"`
	Subject                string               `json:"Subject,omitempty"`
	MessageStructure       string               `json:"MessageStructure,omitempty"`
	MessageAttributes      map[string]Attribute `json:"MessageAttributes,omitempty" query:",,Name,Value"`
	MessageDeduplicationID string               `json:"MessageDeduplicationId,omitempty"`
	MessageGroupID         string               `json:"MessageGroupId,omitempty"`
}

// PublishResponse names the message.
type PublishResponse struct {
	MessageID      string `json:"MessageId"`
	SequenceNumber string `json:"SequenceNumber,omitempty"`
}

// PublishBatchRequest publishes up to ten.
type PublishBatchRequest struct {
	TopicARN string         `json:"TopicArn"`
	Entries  []PublishEntry `json:"PublishBatchRequestEntries"`
}

// PublishEntry is one message of a batch.
type PublishEntry struct {
	ID                     string               `json:"Id"`
	Message                string               `json:"Message"`
	Subject                string               `json:"Subject,omitempty"`
	MessageStructure       string               `json:"MessageStructure,omitempty"`
	MessageAttributes      map[string]Attribute `json:"MessageAttributes,omitempty" query:",,Name,Value"`
	MessageDeduplicationID string               `json:"MessageDeduplicationId,omitempty"`
	MessageGroupID         string               `json:"MessageGroupId,omitempty"`
}

// PublishBatchResponse tells each entry's fate.
type PublishBatchResponse struct {
	Successful []PublishedEntry `json:"Successful"`
	Failed     []FailedEntry    `json:"Failed"`
}

// PublishedEntry is an entry that was published.
type PublishedEntry struct {
	ID             string `json:"Id"`
	MessageID      string `json:"MessageId"`
	SequenceNumber string `json:"SequenceNumber,omitempty"`
}

// FailedEntry is an entry that was not.
type FailedEntry struct {
	ID          string `json:"Id"`
	Code        string `json:"Code"`
	Message     string `json:"Message,omitempty"`
	SenderFault bool   `json:"SenderFault"`
}
