package sandbox

import (
	"bytes"
	"fmt"

	"github.com/tocsin-engine/tocsin/runtime/sandbox/recording"
	"github.com/tocsin-engine/tocsin/sdk/abi"
)

// tape notes what a guest asks of the host and is answered while it runs, because only
// afterwards it is known whether that is worth keeping. It is used again for the next
// call, so that noting costs a copy and no allocation. What follows from the delivery
// alone, as clock and randomness, is not on it.
type tape struct {
	noted []noted
	text  []byte
	// full means that the last calls are not on it.
	full bool
}

// noted is one host call; the offsets are the ends of its texts.
type noted struct {
	function        string
	request, answer int
	errno           abi.Errno
}

// maxTape bounds the texts of one call's tape, keptTape what an idle instance keeps room for.
const (
	maxTape  = 1 << 20
	keptTape = 64 << 10
)

func (t *tape) reset() {
	if cap(t.text) > keptTape {
		t.text = nil
	}
	t.noted, t.text, t.full = t.noted[:0], t.text[:0], false
}

// add notes a call.
func (t *tape) add(function string, request, answer []byte, errno abi.Errno) {
	if t.full = t.full || len(t.text)+len(request)+len(answer) > maxTape; t.full {
		return
	}
	t.text = append(t.text, request...)
	asked := len(t.text)
	t.text = append(t.text, answer...)
	t.noted = append(t.noted, noted{function, asked, len(t.text), errno})
}

// calls is what was noted, without secrets.
func (t *tape) calls(v *recording.Veil) []recording.Call {
	var calls []recording.Call
	from := 0
	for _, n := range t.noted {
		calls = append(calls, recording.Call{Function: n.function, Request: v.Text(t.text[from:n.request]),
			Answer: v.Text(t.text[n.request:n.answer]), Errno: n.errno})
		from = n.answer
	}
	return calls
}

// ask has the host do what a guest asks for, and notes it. In a replay it is the
// recording that answers, and nothing is done.
func (i *instance) ask(function string, request []byte, do func(*instance, []byte) ([]byte, abi.Errno)) ([]byte, abi.Errno) {
	var answer []byte
	var errno abi.Errno
	switch {
	case i.player != nil:
		answer, errno = i.play(function, request)
	case i.overdue():
		errno = abi.Timeout
	default:
		answer, errno = do(i, request)
	}
	i.tape.add(function, request, answer, errno)
	return answer, errno
}

// tell notes what a guest tells the host, for which there is no answer.
func (i *instance) tell(function string, what []byte) {
	if i.player != nil {
		i.play(function, what)
	}
	i.tape.add(function, what, nil, 0)
}

// player holds what a recording answers, for the instance in which it is played.
type player struct {
	calls []recording.Call
	next  int
	// made are the calls that the guest made.
	made []recording.Call
	// ended is what ended the recorded call where that does not follow from the call, fuel
	// what it had not more than used when it did.
	ended *stop
	fuel  int64
}

// diverged is the kind of stop of a guest that does not do what it did.
const diverged FaultKind = "diverged"

// play is the recorded answer to a call. A guest that asks for something else is stopped,
// for there is none.
func (i *instance) play(function string, request []byte) ([]byte, abi.Errno) {
	p := i.player
	p.made = append(p.made, recording.Call{Function: function, Request: bytes.Clone(request)})
	if p.next < len(p.calls) {
		c := p.calls[p.next]
		if c.Function == function && string(c.Request) == string(request) {
			p.next++
			p.made[len(p.made)-1] = c
			return c.Answer, c.Errno
		}
	}
	i.tape.add(function, request, nil, 0) // what was asked is the difference
	panic(&stop{diverged, fmt.Sprintf("it called %s, which is not what it did when it was recorded", function)})
}
