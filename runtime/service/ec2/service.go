package ec2

import (
	"regexp"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/runtime/store"
)

// Name is the service's signing name.
const Name = "ec2"

// Service is the instances of one store.
type Service struct {
	state service.State
	now   func() time.Time
	log   hclog.Logger
}

// New returns the instances kept in st. A nil log is silent.
func New(st store.State, now func() time.Time, log hclog.Logger) *Service {
	if log == nil {
		log = hclog.NewNullLogger()
	}
	return &Service{state: service.NewState(st, Name, now), now: now, log: log.Named(Name)}
}

// Operations are the calls that clients and targets may make.
func (s *Service) Operations() []service.Operation {
	return []service.Operation{
		service.Op(Name, "RunInstances", s.Run),
		service.Op(Name, "DescribeInstances", s.Describe),
		service.Op(Name, "DescribeInstanceStatus", s.DescribeStatus),
		service.Op(Name, "StartInstances", s.Start),
		service.Op(Name, "StopInstances", s.Stop),
		service.Op(Name, "RebootInstances", s.Reboot),
		service.Op(Name, "TerminateInstances", s.Terminate),
	}
}

// The states that last.
var (
	running    = State{16, "running"}
	stopped    = State{80, "stopped"}
	terminated = State{48, "terminated"}
)

// The states that answers tell while AWS would be at work.
var (
	pending      = State{0, "pending"}
	stopping     = State{64, "stopping"}
	shuttingDown = State{32, "shutting-down"}
)

var errDryRun = &service.Error{Code: "DryRunOperation", Status: 412,
	Message: "Request would have succeeded, but DryRun flag is set."}

func missing(parameter string) *service.Error {
	return service.Errorf("MissingParameter", "The request must contain the parameter %s", parameter)
}

var idShape = regexp.MustCompile(`^i-([0-9a-f]{8}|[0-9a-f]{17})$`)

func checkIDs(ids []string) error {
	for _, id := range ids {
		if !idShape.MatchString(id) {
			return service.Errorf("InvalidInstanceID.Malformed", "Invalid id: %q; write i- and 8 or 17 hexadecimal digits", id)
		}
	}
	return nil
}

func newID(prefix string) string {
	return prefix + "-" + service.RandomHex(9)[:17]
}
