package awswire

import "net/http"

// Answer is a response as it goes out.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// EncodeResponse writes a response, a pointer to a struct, in the route's protocol.
func EncodeResponse(r Route, requestID string, response any) Answer {
	switch r.Protocol {
	case Query:
		return answer(r, requestID, http.StatusOK, encodeQuery(r, requestID, response))
	case EC2Query:
		return answer(r, requestID, http.StatusOK, encodeEC2(r, requestID, response))
	case CBOR:
		return answer(r, requestID, http.StatusOK, EncodeCBOR(response))
	default:
		return answer(r, requestID, http.StatusOK, EncodeJSON(response))
	}
}

// EncodeError writes an error in the route's protocol.
func EncodeError(r Route, requestID string, e *Error) Answer {
	if r.Protocol == Query {
		return answer(r, requestID, e.status(), queryError(r, requestID, e))
	}
	if r.Protocol == EC2Query {
		return answer(r, requestID, e.status(), ec2Error(requestID, e))
	}
	shape := errorShape{Type: e.Code, Message: e.Message}
	body := EncodeJSON(&shape)
	if r.Protocol == CBOR {
		body = EncodeCBOR(&shape)
	}
	a := answer(r, requestID, e.status(), body)
	a.Header.Set("X-Amzn-Errortype", e.Code)
	if e.QueryCode != "" && spokeQuery[r.Service] {
		a.Header.Set("X-Amzn-Query-Error", e.QueryCode+";"+e.party())
	}
	return a
}

// spokeQuery are the services whose clients still test the codes of the query protocol,
// though they speak another one today.
var spokeQuery = map[string]bool{"monitoring": true, "sqs": true}

// errorShape is an error in JSON and CBOR.
type errorShape struct {
	Type    string `json:"__type"`
	Message string `json:"message"`
}

func answer(r Route, requestID string, status int, body []byte) Answer {
	h := http.Header{"Content-Type": {mediaType(r.Protocol)}, "X-Amzn-Requestid": {requestID}}
	if r.Protocol == CBOR {
		h.Set("Smithy-Protocol", "rpc-v2-cbor")
	}
	return Answer{Status: status, Header: h, Body: body}
}

func mediaType(p Protocol) string {
	switch p {
	case JSON10:
		return "application/x-amz-json-1.0"
	case JSON11:
		return "application/x-amz-json-1.1"
	case Query, EC2Query:
		return "text/xml"
	case CBOR:
		return "application/cbor"
	default:
		return "application/json"
	}
}

func queryError(r Route, requestID string, e *Error) []byte {
	var w xmlWriter
	w.b.WriteString("<ErrorResponse" + xmlns(r.Service) + "><Error>")
	w.text("Type", e.party())
	w.text("Code", e.queryCode())
	w.text("Message", e.Message)
	w.b.WriteString("</Error>")
	w.text("RequestId", requestID)
	w.b.WriteString("</ErrorResponse>")
	return w.b.Bytes()
}

func ec2Error(requestID string, e *Error) []byte {
	var w xmlWriter
	w.b.WriteString("<Response><Errors><Error>")
	w.text("Code", e.queryCode())
	w.text("Message", e.Message)
	w.b.WriteString("</Error></Errors>")
	w.text("RequestID", requestID)
	w.b.WriteString("</Response>")
	return w.b.Bytes()
}
