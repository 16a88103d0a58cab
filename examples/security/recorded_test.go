// Package security holds the tests that run the rule set of this folder over recorded
// API calls. The rules' own tests stand beside them in rules/*_test.yaml.
package security

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-engine/tocsin/ingest/calls"
	"github.com/tocsin-engine/tocsin/rules/matcher"
	"github.com/tocsin-engine/tocsin/rules/rulefile"
	"github.com/tocsin-engine/tocsin/runtime/ruledir"
	"github.com/tocsin-engine/tocsin/sdk/event"
	"github.com/tocsin-engine/tocsin/sdk/sharedtest"
)

// pantherRules says which of our rules stands for which rule of the recorded triples.
var pantherRules = map[string]string{
	"AWS.Lambda.UpdateFunctionConfiguration":                "lambda-layers-changed-by-a-person",
	"AWS.Potential.Backdoor.Lambda":                         "lambda-permission-added",
	"AWS.Bedrock.DeleteModelInvocationLoggingConfiguration": "bedrock-logging-deleted",
	"AWS.CloudTrail.EventSelectorsDisabled":                 "trail-management-events-off",
	"AWS.CloudTrail.PasswordSpraying":                       "signin-failed",
	"AWS.CloudTrail.EnableRegion":                           "region-enabled",
	"AWS.CloudTrail.SES.CheckSESSendingEnabled":             "ses-sending-checked",
	"AWS.CloudTrail.ShortLifecycle":                         "trail-bucket-short-lifecycle",
	"AWS.Unsuccessful.MFA.attempt":                          "signin-failed-with-mfa",
	"AWS.CloudTrail.UserAccessKeyAuth":                      "iam-user-key-used",
	"AWS.CloudTrail.CodebuildProjectMadePublic":             "codebuild-made-public",
	"AWS.ConfigService.Created":                             "config-recorder-created",
	"AWS.EC2.ManualSecurityGroupChange":                     "ec2-security-group-changed-by-hand",
	"AWS.EC2.MultiInstanceConnect":                          "ec2-ssh-key-pushed",
	"AWS.EC2.NetworkACLModified":                            "ec2-network-acl-changed",
	"AWS.EC2.RouteTableModified":                            "ec2-route-table-changed",
	"AWS.EC2.StopInstances":                                 "ec2-instances-stopped",
	"AWS.EC2.Traffic.Mirroring":                             "ec2-traffic-mirrored",
	"AWS.EC2.Vulnerable.XZ.Image.Launched":                  "ec2-vulnerable-image-launched",
	"AWS.ECR.CRUD":                                          "ecr-used-outside-its-home",
	"AWS.IAM.CreateRole":                                    "iam-role-created",
	"AWS.IAM.CreateUser":                                    "iam-user-created",
	"AWS.CloudTrail.IAMEntityCreatedWithoutCloudFormation":  "iam-entity-created-by-hand",
	"AWS.IAM.Backdoor.User.Keys":                            "iam-keys-for-another-user",
	"AWS.IPSet.Modified":                                    "ipset-changed",
	"AWS.IAM.AccessKeyCompromised":                          "iam-access-key-quarantined",
	"AWS.Modify.Cloud.Compute.Infrastructure":               "ec2-infrastructure-changed-by-hand",
	"AWS.Lambda.UpdateFunctionCode":                         "lambda-code-changed-by-a-person",
	"AWS.RDS.ActivityStreamStopped":                         "rds-activity-stream-stopped",
	"AWS.RDS.ClusterFailover":                               "rds-failover-forced",
	"AWS.RDS.InstanceMadePublic":                            "rds-made-public",
	"AWS.RDS.LogFileDownloaded":                             "rds-log-downloaded",
	"AWS.RDS.ManualSnapshotCreated":                         "rds-snapshot-made-by-hand",
	"AWS.RDS.MasterPasswordUpdated":                         "rds-master-password-changed",
	"AWS.RDS.SnapshotCopiedCrossRegion":                     "rds-snapshot-copied-to-another-region",
	"AWS.RDS.SnapshotDeleted":                               "rds-snapshot-deleted",
	"AWS.RDS.SnapshotEnumeration":                           "rds-snapshots-of-others-listed",
	"AWS.RDS.SnapshotExport":                                "rds-snapshot-exported",
	"AWS.CloudTrail.ResourceMadePublic":                     "resource-made-public",
	"AWS.CloudTrail.RootAccessKeyCreated":                   "iam-root-access-key-created",
	"AWS.CloudTrail.RootPasswordChanged":                    "signin-root-password-changed",
	"AWS.S3.CopyObject.CrossAccount.Encryption.KMS":         "s3-copied-with-foreign-key",
	"AWS.S3.DeleteBucketReplication":                        "s3-replication-deleted",
	"AWS.S3.DeletePublicAccessBlock":                        "s3-public-access-block-deleted",
	"AWS.S3.DisableBucketLogging":                           "s3-logging-disabled",
	"AWS.S3.DisableMfaDelete":                               "s3-mfa-delete-disabled",
	"AWS.S3.RansomwareNoteUpload":                           "s3-ransom-note",
	"AWS.S3.SecurityControlDisabling":                       "s3-protection-weakened",
	"AWS.S3.SuspendVersioning":                              "s3-versioning-suspended",
	"AWS.SecretsManager.RetrieveSecretsMultiRegion":         "secrets-read-in-batch",
	"AWS.SecurityHub.Finding.Evasion":                       "securityhub-finding-changed",
	"AWS.CloudTrail.SnapshotMadePublic":                     "snapshot-shared",
	"AWS.SSM.DecryptSSMParams":                              "ssm-secrets-read",
	"AWS.SSM.DistributedCommand":                            "ssm-command-sent",
	"AWS.CloudTrail.UnauthorizedAPICall":                    "call-not-authorized",
	"AWS.IAM.CredentialsUpdated":                            "iam-credentials-updated",
	"AWS.User.Login.Profile.Modified":                       "iam-password-of-another-user",
	"AWS.CloudTrail.VPCE.ExternalPrincipal":                 "endpoint-used-by-another-account",
	"AWS.CloudTrail.VPCE.S3ExternalIP":                      "s3-through-endpoint-from-outside",
	"AWS.WAF.Disassociation":                                "waf-disassociated",
	"Standard.NewUserAccountCreated":                        "iam-user-created",
	"Standard.GreyNoiseV3.MaliciousIP":                      "address-known-as-scanner",
	"Standard.OTX.MaliciousIndicator":                       "indicator-known-as-threat",
	"Standard.SignInFromRogueState":                         "signin-from-watched-country",
}

// TestPantherTriples holds the rules against every recorded (rule, record, expected)
// that needs no mocked look-up: 238 of them, all satisfied.
func TestPantherTriples(t *testing.T) {
	rules := load(t)
	triples := 0
	lines(t, "rules/panther/cloudtrail_triples.jsonl", func(line []byte) {
		var triple struct {
			RuleID    string `json:"rule_id"`
			Test      string
			Expected  bool
			NeedsMock bool `json:"needs_mock"`
			Event     json.RawMessage
		}
		decode(t, line, &triple)
		if triple.NeedsMock {
			return
		}
		triples++
		ours, ok := pantherRules[triple.RuleID]
		if !ok {
			t.Errorf("%s: no rule of ours stands for it", triple.RuleID)
			return
		}
		got := slices.Contains(rules.match(t, triple.RuleID, record(t, triple.Event)), ours)
		if got != triple.Expected {
			t.Errorf("%s, %q: rule %s matches = %v, want %v", triple.RuleID, triple.Test, ours, got, triple.Expected)
		}
	})
	if triples != 238 {
		t.Errorf("saw %d triples, want 238", triples)
	}
}

// streamAlertRules says which of our rules stand for which rule of the recorded events;
// one of them must match.
var streamAlertRules = map[string][]string{
	"config_compliance":                                  {"config-non-compliant"},
	"config_auto_remediation":                            {"config-remediation-started"},
	"cloudtrail_critical_api_calls":                      {"critical-api-call", "guardduty-detector-suspended", "public-access-block-weakened"},
	"unencrypted_ami_volume":                             {"ec2-image-with-unencrypted-volume"},
	"public_ami":                                         {"image-made-public"},
	"cloudtrail_mfa_policy_abuse_attempt":                {"iam-mfa-change-without-mfa"},
	"cloudtrail_network_acl_ingress_anywhere":            {"ec2-network-acl-open-to-the-world"},
	"cloudtrail_public_resources":                        {"resource-made-public"},
	"cloudtrail_put_bucket_acl":                          {"s3-bucket-acl-public"},
	"cloudtrail_put_object_acl_public":                   {"s3-object-acl-public"},
	"cloudtrail_root_account_usage":                      {"root-user-active"},
	"cloudtrail_security_group_ingress_anywhere":         {"ec2-security-group-open-to-the-world"},
	"cloudtrail_snapshot_or_ami_made_public":             {"snapshot-or-image-made-public"},
	"guard_duty_all":                                     {"guardduty-finding"},
	"cloudtrail_put_object_acl_public_publisher_example": {"s3-object-acl-public-recorded"},
}

// TestStreamAlertEvents holds the rules against the 55 recorded events and the rules
// that each must trigger. A recorded rule may trigger others of ours beside it, so only
// those named in the same file of the recording must stay silent.
func TestStreamAlertEvents(t *testing.T) {
	rules := load(t)
	events := 0
	byFile := map[string][]string{}
	type recorded struct {
		File, Description string
		TriggerRules      []string `json:"trigger_rules"`
		Event             json.RawMessage
	}
	var all []recorded
	lines(t, "rules/streamalert/events_with_expected_rules.jsonl", func(line []byte) {
		var r recorded
		decode(t, line, &r)
		all = append(all, r)
		byFile[r.File] = append(byFile[r.File], r.TriggerRules...)
	})
	for _, r := range all {
		events++
		got := rules.match(t, r.Description, envelope(t, r.Event))
		for _, theirs := range byFile[r.File] {
			ours := streamAlertRules[theirs]
			if ours == nil {
				t.Errorf("%s: no rule of ours stands for it", theirs)
			}
			matches := slices.ContainsFunc(ours, func(name string) bool { return slices.Contains(got, name) })
			if want := slices.Contains(r.TriggerRules, theirs); matches != want {
				t.Errorf("%q: %v matches = %v, want %v (matched %v)", r.Description, ours, matches, want, got)
			}
		}
	}
	if events != 55 {
		t.Errorf("saw %d events, want 55", events)
	}
}

// techniques says which rule must notice each recorded attack technique, by the name of
// its file.
var techniques = map[string]string{
	"aws.credential-access.ec2-get-password-data":                 "ec2-password-data-read",
	"aws.credential-access.secretsmanager-batch-retrieve-secrets": "secrets-read-in-batch",
	"aws.credential-access.secretsmanager-retrieve-secrets":       "secret-read",
	"aws.defense-evasion.cloudtrail-delete":                       "critical-api-call",
	"aws.defense-evasion.cloudtrail-stop":                         "critical-api-call",
	"aws.execution.ec2-user-data":                                 "ec2-user-data-changed",
	"aws.execution.ssm-send-command":                              "ssm-command-sent",
	"aws.exfiltration.ec2-security-group-open-port-22-ingress":    "ec2-security-group-open-to-the-world",
	"aws.exfiltration.rds-share-snapshot":                         "rds-snapshot-shared",
	"aws.impact.bedrock-invoke-model":                             "bedrock-model-enabled",
	"aws.lateral-movement.ec2-serial-console-send-ssh-public-key": "ec2-ssh-key-pushed",
	"aws.persistence.iam-backdoor-role":                           "iam-role-trust-changed",
	"aws.persistence.iam-backdoor-user":                           "iam-keys-for-another-user",
	"aws.persistence.iam-create-admin-user":                       "iam-administrator-made",
	"aws.persistence.iam-create-backdoor-role":                    "iam-administrator-made",
	"aws.persistence.iam-create-user-login-profile":               "iam-login-profile-made",
	"aws.persistence.lambda-layer-extension":                      "lambda-layers-changed-by-a-person",
	"aws.privilege-escalation.iam-update-user-login-profile":      "iam-password-of-another-user",
}

// TestAttackTechniques holds that a rule made for it notices each of the 18 recorded
// attack techniques.
func TestAttackTechniques(t *testing.T) {
	rules := load(t)
	files, err := filepath.Glob(filepath.Join(sharedtest.Path(t, "cloudtrail/stratus"), "*.json"))
	if err != nil || len(files) != len(techniques) {
		t.Fatalf("saw %d techniques, want %d (%v)", len(files), len(techniques), err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var matched []string
		for r := range event.Value(raw).Items() {
			matched = append(matched, rules.match(t, name, record(t, r))...)
		}
		if want := techniques[name]; !slices.Contains(matched, want) {
			t.Errorf("%s: %q did not match; matched %v", name, want, matched)
		}
	}
}

// ruleSet is the example's rules, ready to match.
type ruleSet struct {
	matcher *matcher.Matcher
	names   []string
}

func load(t *testing.T) ruleSet {
	t.Helper()
	files, err := ruledir.Read([]string{"rules"})
	if err != nil {
		t.Fatal(err)
	}
	set, findings := rulefile.Load(files.Rules, rulefile.Options{})
	for _, f := range findings {
		t.Error(f)
	}
	var s ruleSet
	var rules []matcher.Rule
	for _, r := range set.Rules {
		rules = append(rules, matcher.Rule{Name: r.Name, Bus: r.Bus, Pattern: r.Pattern, When: r.When})
		s.names = append(s.names, r.Name)
	}
	m, problems := matcher.New(rules)
	for _, p := range problems {
		t.Errorf("%+v", p)
	}
	s.matcher = m
	return s
}

func (s ruleSet) match(t *testing.T, what string, ev event.Event) []string {
	t.Helper()
	var got []string
	for _, err := range s.matcher.Match(ev, func(i int) { got = append(got, s.names[i]) }) {
		t.Logf("%s: %v", what, err)
	}
	return got
}

var defaults = event.Fields{
	ID: "00000000-0000-4000-8000-000000000000", Account: "123456789012", Region: "us-east-1",
	Time: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
}

// record is the event of a CloudTrail record, or, for a record of another system, an
// event that carries it.
func record(t *testing.T, raw []byte) event.Event {
	t.Helper()
	if event.Value(raw).Get("eventSource") == nil {
		f := defaults
		f.Source, f.DetailType, f.Detail = "siem.enriched", "Enriched Record", raw
		return must(t)(event.New(f))
	}
	return must(t)(calls.Event(without(t, raw, "eventTime"), defaults))
}

// envelope is the event of a recording that is either a log file or an envelope whose
// own members were blanked out: of such a one only what kind it is and its detail stay.
func envelope(t *testing.T, raw []byte) event.Event {
	t.Helper()
	v := event.Value(raw)
	for r := range v.Get("Records").Items() {
		if r.Get("eventTime") != nil {
			return record(t, without(t, r, "eventType", "eventID"))
		}
	}
	f := defaults
	f.Source, _ = v.Get("source").Text()
	f.DetailType, _ = v.Get("detail-type").Text()
	f.Detail = v.Get("detail")
	return must(t)(event.New(f))
}

// without drops members of a record that the recordings blanked out or wrote in a form
// of their own; no rule looks at them.
func without(t *testing.T, r event.Value, names ...string) []byte {
	t.Helper()
	var members map[string]json.RawMessage
	decode(t, r, &members)
	for _, name := range names {
		delete(members, name)
	}
	b, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func must(t *testing.T) func(event.Event, error) event.Event {
	return func(ev event.Event, err error) event.Event {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return ev
	}
}

func decode(t *testing.T, b []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(b, into); err != nil {
		t.Fatal(err)
	}
}

func lines(t *testing.T, name string, each func(line []byte)) {
	t.Helper()
	f, err := os.Open(sharedtest.Path(t, name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s := bufio.NewScanner(f)
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		each(s.Bytes())
	}
	if err := s.Err(); err != nil {
		t.Fatal(err)
	}
}
