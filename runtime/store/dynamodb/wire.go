package dynamodb

import "github.com/tocsin-engine/tocsin/runtime/service"

// Service is DynamoDB's signing name.
const Service = "dynamodb"

// Operations are the calls that a State makes, for the table of the client that makes
// them (runtime/awsapi). Nobody here answers them.
func Operations() []service.Operation {
	return []service.Operation{
		call[getRequest, getResponse]("GetItem"),
		call[putRequest, service.Empty]("PutItem"),
		call[deleteRequest, service.Empty]("DeleteItem"),
		call[transactRequest, service.Empty]("TransactWriteItems"),
		call[queryRequest, queryResponse]("Query"),
	}
}

func call[Request, Response any](name string) service.Operation {
	return service.Operation{
		Service: Service, Name: name,
		New: func() any { return new(Request) }, NewResponse: func() any { return new(Response) },
	}
}

// attribute is a value of an item: a string, a number as text, or bytes.
type attribute struct {
	S *string `json:",omitempty"`
	N *string `json:",omitempty"`
	B []byte  `json:",omitempty"`
}

func text(s string) attribute   { return attribute{S: &s} }
func number(s string) attribute { return attribute{N: &s} }

type item = map[string]attribute

type getRequest struct {
	TableName      string
	Key            item
	ConsistentRead bool
}

type getResponse struct{ Item item }

// condition is what must hold of the stored item; empty for none.
type condition struct {
	ConditionExpression       string            `json:",omitempty"`
	ExpressionAttributeNames  map[string]string `json:",omitempty"`
	ExpressionAttributeValues item              `json:",omitempty"`
}

type putRequest struct {
	TableName                 string
	Item                      item
	ConditionExpression       string            `json:",omitempty"`
	ExpressionAttributeNames  map[string]string `json:",omitempty"`
	ExpressionAttributeValues item              `json:",omitempty"`
}

type deleteRequest struct {
	TableName                 string
	Key                       item
	ConditionExpression       string            `json:",omitempty"`
	ExpressionAttributeNames  map[string]string `json:",omitempty"`
	ExpressionAttributeValues item              `json:",omitempty"`
}

type transactRequest struct{ TransactItems []transactItem }

type transactItem struct {
	Put    *putRequest    `json:",omitempty"`
	Delete *deleteRequest `json:",omitempty"`
}

type queryRequest struct {
	TableName                 string
	KeyConditionExpression    string
	ExpressionAttributeNames  map[string]string
	ExpressionAttributeValues item
	ExclusiveStartKey         item `json:",omitempty"`
	Limit                     int
	ConsistentRead            bool
}

type queryResponse struct {
	Items            []item
	LastEvaluatedKey item
}
