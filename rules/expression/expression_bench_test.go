package expression

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tocsin-engine/tocsin/sdk/event"
)

// auditEvent is an API call of about 1.6 KB.
func auditEvent(b *testing.B) event.Event {
	b.Helper()
	detail := fmt.Sprintf(`{"eventVersion":"1.08","eventName":"AuthorizeSecurityGroupIngress","awsRegion":"eu-west-1",
		"userIdentity":{"type":"AssumedRole","arn":"arn:aws:sts::012345678901:assumed-role/admin/alice","accountId":"012345678901"},
		"requestParameters":{"groupId":"sg-1","ipPermissions":{"items":[{"ipProtocol":"tcp","fromPort":22,"toPort":22,
		"ipRanges":{"items":[{"cidrIp":"0.0.0.0/0"}]}}]}},"userAgent":"%s","readOnly":false}`, strings.Repeat("x", 900))
	ev, err := event.New(event.Fields{Source: "aws.ec2", DetailType: "AWS API Call via CloudTrail", Detail: []byte(detail)})
	if err != nil {
		b.Fatal(err)
	}
	return ev
}

// BenchmarkBool: decoded=once evaluates on one Env, as the second and later rules of an
// event do; decoded=each makes the Env anew, as the first rule does.
func BenchmarkBool(b *testing.B) {
	ev := auditEvent(b)
	for _, w := range []struct{ name, src string }{
		{"envelope", `source == "aws.ec2" and region == "eu-west-1"`},
		{"one_member", `detail.eventName == "AuthorizeSecurityGroupIngress"`},
		{"four_conjuncts", `source == "aws.ec2" and detail.eventName == "AuthorizeSecurityGroupIngress" and detail.awsRegion startsWith "eu-" and detail.readOnly == false`},
		{"open_port", `any(detail.requestParameters.ipPermissions.items, {.fromPort <= 22 and .toPort >= 22 and any(.ipRanges.items, .cidrIp == "0.0.0.0/0")})`},
		{"regexp", `detail.userIdentity.arn matches "assumed-role/admin/.*$"`},
	} {
		p := compile(b, w.src, When)
		b.Run("rule="+w.name+"/decoded=once", func(b *testing.B) {
			b.ReportAllocs()
			env := NewEnv(ev)
			for b.Loop() {
				if _, err := p.Bool(env); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
		})
		b.Run("rule="+w.name+"/decoded=each", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := p.Bool(NewEnv(ev)); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
		})
	}
}

func BenchmarkJSON(b *testing.B) {
	ev := auditEvent(b)
	for _, w := range []struct{ name, src string }{
		{"two_members", `{group: detail.requestParameters.groupId, who: detail.userIdentity.arn}`},
		{"whole_detail", `detail`},
	} {
		p := compile(b, w.src, Input)
		b.Run("input="+w.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := p.JSON(NewEnv(ev)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkCompile(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, errs := Compile(`source == "aws.ec2" and detail.eventName == "A" and detail.awsRegion startsWith "eu-"`, When); errs != nil {
			b.Fatal(errs)
		}
	}
}
