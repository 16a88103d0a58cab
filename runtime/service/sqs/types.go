package sqs

// CreateQueueRequest makes a queue.
type CreateQueueRequest struct {
	QueueName  string            `json:"QueueName"`
	Attributes map[string]string `json:"Attributes,omitempty" query:"Attribute,flat,Name,Value"`
	Tags       map[string]string `json:"tags,omitempty" query:"Tag,flat,Key,Value"`
}

// QueueURL answers with a queue's URL.
type QueueURL struct {
	QueueURL string `json:"QueueUrl"`
}

// GetQueueURLRequest asks for the URL of a name.
type GetQueueURLRequest struct {
	QueueName              string `json:"QueueName"`
	QueueOwnerAWSAccountID string `json:"QueueOwnerAWSAccountId,omitempty"`
}

// ListQueuesRequest asks for the URLs of many.
type ListQueuesRequest struct {
	QueueNamePrefix string `json:"QueueNamePrefix,omitempty"`
	NextToken       string `json:"NextToken,omitempty"`
	MaxResults      int    `json:"MaxResults,omitempty"`
}

// ListQueuesResponse holds the URLs in the order of their names.
type ListQueuesResponse struct {
	QueueURLs []string `json:"QueueUrls,omitempty" query:"QueueUrl,flat"`
	NextToken string   `json:"NextToken,omitempty"`
}

// ListSourcesRequest asks which queues have a given dead-letter queue.
type ListSourcesRequest struct {
	QueueURL   string `json:"QueueUrl"`
	NextToken  string `json:"NextToken,omitempty"`
	MaxResults int    `json:"MaxResults,omitempty"`
}

// ListSourcesResponse differs from ListQueuesResponse in the spelling of one name.
type ListSourcesResponse struct {
	QueueURLs []string `json:"queueUrls" query:"QueueUrl,flat"`
	NextToken string   `json:"NextToken,omitempty"`
}

// QueueRequest is a call that takes nothing but the queue.
type QueueRequest struct {
	QueueURL string `json:"QueueUrl"`
}

// GetQueueAttributesRequest names attributes; "All" means every one.
type GetQueueAttributesRequest struct {
	QueueURL       string   `json:"QueueUrl"`
	AttributeNames []string `json:"AttributeNames,omitempty" query:"AttributeName,flat"`
}

// QueueAttributes answers with attributes.
type QueueAttributes struct {
	Attributes map[string]string `json:"Attributes,omitempty" query:"Attribute,flat,Name,Value"`
}

// SetQueueAttributesRequest changes some attributes and leaves the others.
type SetQueueAttributesRequest struct {
	QueueURL   string            `json:"QueueUrl"`
	Attributes map[string]string `json:"Attributes" query:"Attribute,flat,Name,Value"`
}

// TagQueueRequest adds tags.
type TagQueueRequest struct {
	QueueURL string            `json:"QueueUrl"`
	Tags     map[string]string `json:"Tags" query:"Tag,flat,Key,Value"`
}

// UntagQueueRequest removes tags.
type UntagQueueRequest struct {
	QueueURL string   `json:"QueueUrl"`
	TagKeys  []string `json:"TagKeys" query:"TagKey,flat"`
}

// QueueTags answers with tags.
type QueueTags struct {
	Tags map[string]string `json:"Tags,omitempty" query:"Tag,flat,Key,Value"`
}

// Attribute is a message attribute's value.
type Attribute struct {
	StringValue      string   `json:"StringValue,omitempty"`
	BinaryValue      []byte   `json:"BinaryValue,omitempty"`
	StringListValues []string `json:"StringListValues,omitempty" query:"StringListValue,flat"`
	BinaryListValues [][]byte `json:"BinaryListValues,omitempty" query:"BinaryListValue,flat"`
	// DataType is String, Number or Binary, with a custom label after a dot.
	DataType string `json:"DataType"`
}

// SendMessageRequest puts one message.
type SendMessageRequest struct {
	QueueURL               string               `json:"QueueUrl"`
	MessageBody            string               `json:"MessageBody"`
	DelaySeconds           *int                 `json:"DelaySeconds,omitempty"`
	MessageAttributes      map[string]Attribute `json:"MessageAttributes,omitempty" query:"MessageAttribute,flat,Name,Value"`
	SystemAttributes       map[string]Attribute `json:"MessageSystemAttributes,omitempty" query:"MessageSystemAttribute,flat,Name,Value"`
	MessageDeduplicationID string               `json:"MessageDeduplicationId,omitempty"`
	MessageGroupID         string               `json:"MessageGroupId,omitempty"`
}

// SendMessageResponse tells what was put.
type SendMessageResponse struct {
	MD5OfMessageBody             string `json:"MD5OfMessageBody"`
	MD5OfMessageAttributes       string `json:"MD5OfMessageAttributes,omitempty"`
	MD5OfMessageSystemAttributes string `json:"MD5OfMessageSystemAttributes,omitempty"`
	MessageID                    string `json:"MessageId"`
	SequenceNumber               string `json:"SequenceNumber,omitempty"`
}

// SendMessageBatchRequest puts up to ten.
type SendMessageBatchRequest struct {
	QueueURL string           `json:"QueueUrl"`
	Entries  []SendBatchEntry `json:"Entries" query:"SendMessageBatchRequestEntry,flat"`
}

// SendBatchEntry is one message of a batch.
type SendBatchEntry struct {
	ID                     string               `json:"Id"`
	MessageBody            string               `json:"MessageBody"`
	DelaySeconds           *int                 `json:"DelaySeconds,omitempty"`
	MessageAttributes      map[string]Attribute `json:"MessageAttributes,omitempty" query:"MessageAttribute,flat,Name,Value"`
	SystemAttributes       map[string]Attribute `json:"MessageSystemAttributes,omitempty" query:"MessageSystemAttribute,flat,Name,Value"`
	MessageDeduplicationID string               `json:"MessageDeduplicationId,omitempty"`
	MessageGroupID         string               `json:"MessageGroupId,omitempty"`
}

// SendMessageBatchResponse tells each entry's fate.
type SendMessageBatchResponse struct {
	Successful []SentEntry   `json:"Successful" query:"SendMessageBatchResultEntry,flat"`
	Failed     []FailedEntry `json:"Failed" query:"BatchResultErrorEntry,flat"`
}

// SentEntry is an entry that was put.
type SentEntry struct {
	ID                           string `json:"Id"`
	MessageID                    string `json:"MessageId"`
	MD5OfMessageBody             string `json:"MD5OfMessageBody"`
	MD5OfMessageAttributes       string `json:"MD5OfMessageAttributes,omitempty"`
	MD5OfMessageSystemAttributes string `json:"MD5OfMessageSystemAttributes,omitempty"`
	SequenceNumber               string `json:"SequenceNumber,omitempty"`
}

// FailedEntry is an entry of any batch that failed.
type FailedEntry struct {
	ID          string `json:"Id"`
	SenderFault bool   `json:"SenderFault"`
	Code        string `json:"Code"`
	Message     string `json:"Message,omitempty"`
}

// ReceiveMessageRequest takes up to ten messages.
type ReceiveMessageRequest struct {
	QueueURL string `json:"QueueUrl"`
	// AttributeNames is the older spelling of SystemAttributeNames.
	AttributeNames          []string `json:"AttributeNames,omitempty" query:"AttributeName,flat"`
	SystemAttributeNames    []string `json:"MessageSystemAttributeNames,omitempty" query:"MessageSystemAttributeName,flat"`
	MessageAttributeNames   []string `json:"MessageAttributeNames,omitempty" query:"MessageAttributeName,flat"`
	MaxNumberOfMessages     *int     `json:"MaxNumberOfMessages,omitempty"`
	VisibilityTimeout       *int     `json:"VisibilityTimeout,omitempty"`
	WaitTimeSeconds         *int     `json:"WaitTimeSeconds,omitempty"`
	ReceiveRequestAttemptID string   `json:"ReceiveRequestAttemptId,omitempty"`
}

// ReceiveMessageResponse holds the messages; none is no error.
type ReceiveMessageResponse struct {
	Messages []Message `json:"Messages,omitempty" query:"Message,flat"`
}

// Message is a message as it is received.
type Message struct {
	MessageID              string               `json:"MessageId"`
	ReceiptHandle          string               `json:"ReceiptHandle"`
	MD5OfBody              string               `json:"MD5OfBody"`
	Body                   string               `json:"Body"`
	Attributes             map[string]string    `json:"Attributes,omitempty" query:"Attribute,flat,Name,Value"`
	MD5OfMessageAttributes string               `json:"MD5OfMessageAttributes,omitempty"`
	MessageAttributes      map[string]Attribute `json:"MessageAttributes,omitempty" query:"MessageAttribute,flat,Name,Value"`
}

// DeleteMessageRequest removes a received message.
type DeleteMessageRequest struct {
	QueueURL      string `json:"QueueUrl"`
	ReceiptHandle string `json:"ReceiptHandle"`
}

// DeleteMessageBatchRequest removes up to ten.
type DeleteMessageBatchRequest struct {
	QueueURL string             `json:"QueueUrl"`
	Entries  []DeleteBatchEntry `json:"Entries" query:"DeleteMessageBatchRequestEntry,flat"`
}

// DeleteBatchEntry is one message to remove.
type DeleteBatchEntry struct {
	ID            string `json:"Id"`
	ReceiptHandle string `json:"ReceiptHandle"`
}

// DeleteMessageBatchResponse tells each entry's fate.
type DeleteMessageBatchResponse struct {
	Successful []EntryID     `json:"Successful" query:"DeleteMessageBatchResultEntry,flat"`
	Failed     []FailedEntry `json:"Failed" query:"BatchResultErrorEntry,flat"`
}

// EntryID names an entry that went well.
type EntryID struct {
	ID string `json:"Id"`
}

// ChangeVisibilityRequest moves the time when a received message is seen again.
type ChangeVisibilityRequest struct {
	QueueURL          string `json:"QueueUrl"`
	ReceiptHandle     string `json:"ReceiptHandle"`
	VisibilityTimeout *int   `json:"VisibilityTimeout"`
}

// ChangeVisibilityBatchRequest moves up to ten.
type ChangeVisibilityBatchRequest struct {
	QueueURL string                  `json:"QueueUrl"`
	Entries  []ChangeVisibilityEntry `json:"Entries" query:"ChangeMessageVisibilityBatchRequestEntry,flat"`
}

// ChangeVisibilityEntry is one message to move.
type ChangeVisibilityEntry struct {
	ID                string `json:"Id"`
	ReceiptHandle     string `json:"ReceiptHandle"`
	VisibilityTimeout *int   `json:"VisibilityTimeout,omitempty"`
}

// ChangeVisibilityBatchResponse tells each entry's fate.
type ChangeVisibilityBatchResponse struct {
	Successful []EntryID     `json:"Successful" query:"ChangeMessageVisibilityBatchResultEntry,flat"`
	Failed     []FailedEntry `json:"Failed" query:"BatchResultErrorEntry,flat"`
}
