// Package awswire is the wire format of AWS clients: which service, operation and
// protocol a request is for, its bytes to a Go struct and a Go struct to the answer's
// bytes, errors in each protocol's shape, and the verification of SigV4 signatures.
// The same codec works the other way round, for calls that go out to AWS.
//
// One plain struct per request and one per response serve every protocol: awsJson
// 1.0 and 1.1, query (a form in, XML out), ec2-query, rpc-v2-cbor and rest-json. The
// package knows no operation; runtime/awsapi has the table of those.
//
// # Structs
//
// Every exported field is a member. A field's type is one of: string, bool, int,
// int32, int64, float64, json.Number, []byte (a blob: base64), time.Time, a struct, a
// slice or a map[string] of these, a pointer to any of these, or a named type over one of
// these. A json.Number keeps the text that the client wrote, so no digit is lost; it may
// also be NaN, Infinity or -Infinity, which the protocols have words for.
// A pointer is for an optional member whose zero value means something else than
// "not given"; nil is "not given" and is never written. JSON null reads as not given.
//
// The json tag names the member in JSON and CBOR; it is case sensitive, as AWS is, and the
// field's own name if there is none. With omitempty a false, 0, "", empty list or
// empty map is not written; without it an empty list is [] and an empty map {}. The
// zero time is never written. `json:"-"` leaves a field out of every protocol.
//
//	type SendMessageRequest struct {
//		QueueURL          string                           `json:"QueueUrl"`
//		MessageBody       string
//		DelaySeconds      *int32                           `json:",omitempty"`
//		MessageAttributes map[string]MessageAttributeValue `json:",omitempty" query:"MessageAttribute,flat,Name,Value"`
//	}
//
// The query tag is for query and ec2-query, both ways: `query:"NAME,flat,A,B"`. Each
// part may be missing.
//
//   - NAME is the member's name there. Without it, the JSON name.
//   - flat: the list or map has no element around its items.
//   - A names the items of a list; without it "member" (ec2-query: "item"). For a map
//     A names the key and B the value; without them "key" and "value".
//
// What that gives, for the field F and the JSON name F:
//
//	field, tag                         form                                 XML
//	[]string                           F.member.1=x                         <F><member>x</member></F>
//	[]string `query:",,Item"`          F.Item.1=x                           <F><Item>x</Item></F>
//	[]string `query:"G,flat"`          G.1=x                                <G>x</G><G>y</G>
//	map[string]string                  F.entry.1.key=k&F.entry.1.value=v    <F><entry><key>k</key><value>v</value></entry></F>
//	map… `query:"G,flat,Name,Value"`   G.1.Name=k&G.1.Value=v               <G><Name>k</Name><Value>v</Value></G>
//	struct{ A string }                 F.A=x                                <F><A>x</A></F>
//
// ec2-query differs in three ways, so that one tag serves both directions: names
// begin with a capital letter in forms and with a small one in XML, whatever the tag
// says; lists in forms are always flat; and lists in XML never are, their elements
// being "item". Write the XML name in the tag where it is not the JSON name with a small
// letter (`query:"instancesSet"`), and in a request the form's name
// (`query:"InstanceId"`).
//
// The rest tag is for rest-json: `rest:"limit"` is the member's name as a label of the
// path or a parameter of the query, where it is not the JSON name.
//
// # Timestamps
//
// time.Time is what each protocol makes of it: seconds since 1970 as a number with
// at most three decimals in JSON and (under tag 1) CBOR, ISO 8601 in forms and XML.
// Reading JSON, forms and XML takes both. Where a service counts milliseconds (CloudWatch Logs) use int64.
//
// # What it refuses
//
// JSON or CBOR with a name twice in one object, or nested deeper than event.MaxDepth; a form
// that names a parameter twice; a list or map of more than 10,000 items; a body over its cap, counted after decompression, or
// one that grows more than a hundredfold. A member of the wrong type is an error that
// names its path. Unknown members are ignored, as AWS does.
package awswire
