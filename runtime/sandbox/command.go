package sandbox

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"github.com/tetratelabs/wazero/api"
	"github.com/tocsin-engine/tocsin/sdk/abi"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// A WASI command is the door for every language that compiles to preview 1: a program
// whose standard input is one record and whose exit code is the result. It is frozen
// before its main function, so its language's runtime starts anew in every delivery.
const commandStart = "_start"

// tempFail is the exit code that asks for another attempt: EX_TEMPFAIL of sysexits.h.
const tempFail = 75

func isCommand(exports map[string]api.FunctionDefinition) bool {
	f, ok := exports[commandStart]
	return ok && len(f.ParamTypes()) == 0 && len(f.ResultTypes()) == 0
}

// runCommand runs the program once, for the batch's only record.
func (i *instance) runCommand(c *Call) (abi.Result, error) {
	if len(c.Batch.Records) == 0 {
		return abi.Result{}, nil
	}
	r := &c.Batch.Records[0]
	i.batch = append(append(i.batch[:0], `{"config":`...), i.target.config...)
	i.batch = event.AppendString(append(i.batch, `,"id":`...), r.ID)
	i.batch = fmt.Appendf(i.batch, `,"attempt":%d,"rule":`, r.Attempt)
	i.batch = append(append(event.AppendString(i.batch, r.Rule), `,"event":`...), r.Event...)
	if r.Input != nil {
		i.batch = append(append(i.batch, `,"input":`...), r.Input...)
	}
	i.batch = append(i.batch, "}\n"...)
	i.stdin, i.stdout, i.exit = i.batch, i.stdout[:0], 0
	err := i.handle.CallWithStack(i, i.stack[:])
	i.logStdout(true)
	var ended *stop
	if err != nil && !(errors.As(err, &ended) && ended.kind == Exit) {
		return abi.Result{}, i.fault(err)
	}
	if i.exit == 0 {
		return abi.Result{}, nil
	}
	f := abi.Failure{ID: r.ID, Retry: i.exit == tempFail, Error: lastLine(i.stderr.String())}
	if f.Error == "" {
		f.Error = fmt.Sprintf("it exited with code %d", i.exit)
	}
	if !f.Retry {
		f.Code = fmt.Sprintf("EXIT_%d", i.exit)
	}
	return abi.Result{Failures: []abi.Failure{f}}, nil
}

// lastLine is what a program says at its end: in most languages, what went wrong.
func lastLine(s string) string {
	s = strings.TrimSpace(s)
	return strings.TrimSpace(s[strings.LastIndexByte(s, '\n')+1:])
}

// logStdout logs the whole lines that the program has written, and at its end the rest.
func (i *instance) logStdout(end bool) {
	for {
		at := bytes.IndexByte(i.stdout, '\n')
		switch {
		case at >= 0:
			i.logText(abi.Info, i.stdout[:at])
			i.stdout = append(i.stdout[:0], i.stdout[at+1:]...)
		case end || len(i.stdout) > 8<<10: // a flood without a line's end
			i.logText(abi.Info, i.stdout)
			i.stdout = i.stdout[:0]
			return
		default:
			return
		}
	}
}

// fdRead gives a command its standard input.
func fdRead(i *instance, s []uint64) uint64 {
	if uint32(s[0]) != 0 || !i.target.module.command {
		return wasiBadF
	}
	if uint32(s[2]) > 1024 { // IOV_MAX
		return wasiInval
	}
	vectors := i.bytesAt(s[1], uint64(uint32(s[2]))*8)
	total := uint32(0)
	for ; len(vectors) >= 8 && len(i.stdin) > 0; vectors = vectors[8:] {
		at, size := binary.LittleEndian.Uint32(vectors), binary.LittleEndian.Uint32(vectors[4:])
		n := copy(i.bytesAt(uint64(at), uint64(size)), i.stdin)
		i.stdin = i.stdin[n:]
		total += uint32(n)
	}
	binary.LittleEndian.PutUint32(i.bytesAt(s[3], 4), total)
	return wasiOK
}
