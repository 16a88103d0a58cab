package sandbox

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"hash"
	"slices"
	"time"

	"github.com/tetratelabs/wazero/api"
	"github.com/tocsin-engine/tocsin/runtime/sandbox/pack"
	"github.com/tocsin-engine/tocsin/runtime/sandbox/recording"
	"github.com/tocsin-engine/tocsin/sdk/abi"
)

// keep makes the recording of a call that has just ended, if it is wanted.
func (i *instance) keep(c *Call, begin time.Time, result abi.Result, err error) *recording.Recording {
	wanted := c.Keep == KeepAll || c.Keep == KeepFailed && (err != nil || len(result.Failures) > 0)
	if !wanted || err != nil && len(c.Batch.Records) > 1 {
		return nil
	}
	r := i.record(c, begin, result, err)
	if len(i.target.grants.Secrets) > 0 && r.Cut == "" {
		i.target.stage.rehearse(i.target.module, r)
	}
	return r
}

// record makes the recording of a call that has just ended, before its memory is restored.
func (i *instance) record(c *Call, begin time.Time, result abi.Result, err error) *recording.Recording {
	t, v := i.target, i.target.veil()
	r := &recording.Recording{
		V: recording.Version, At: begin.UTC(), Plugin: t.module.name, Module: t.module.info.SHA256, ABI: t.module.info.ABI,
		Function: t.named(), KeptVars: t.module.kernel != nil && t.keepsVars, Platform: pack.Here(),
		Target: t.name, Config: v.Text(t.config), Limits: t.limit.abi(), Delivery: c.Batch.Delivery, Seed: c.Seed, NowMS: c.Now.UnixMilli(),
		Hops: c.Hops, Bus: c.Bus, Init: i.booted, Calls: i.tape.calls(v), End: i.end(v, result, err),
	}
	if t.pool.frozen != nil {
		r.Init = t.pool.booted
	}
	if len(t.grants.Secrets) == 0 {
		r.Began, r.End.Memory = i.imprint()
	}
	for _, record := range c.Batch.Records {
		r.Records = append(r.Records, recording.Record{ID: record.ID, Attempt: record.Attempt, Rule: record.Rule,
			Event: v.Text(record.Event), Input: v.Text(record.Input)})
	}
	if i.tape.full {
		r.Cut = "its calls of the host have more than " + human(maxTape)
	}
	return r
}

// end is what came of a call.
func (i *instance) end(v *recording.Veil, result abi.Result, err error) recording.End {
	m := i.module.Memory()
	end := recording.End{Stderr: v.Text([]byte(i.stderr.String())), Fuel: i.budget.spent(), MemorySize: int64(m.Size())}
	for _, f := range result.Failures {
		f.Error = v.String(f.Error)
		end.Failures = append(end.Failures, f)
	}
	var f *Fault
	if errors.As(err, &f) {
		end.Fault, end.Message, end.Functions = string(f.Kind), v.String(f.Message), f.Functions
	}
	return end
}

// imprint is a digest of what the call began with, where that is the same for all calls,
// and one of what is not as it was then.
func (i *instance) imprint() (began, ended string) {
	pool, sum := i.target.pool, sha256.New()
	if pool.frozen != nil {
		began = pool.began()
	}
	for n, p := range i.parts {
		var before frozen
		if pool.frozen != nil {
			before = *pool.frozen[n]
		}
		p.imprint(sum, before)
	}
	return began, hex.EncodeToString(sum.Sum(nil))
}

func values(globals []api.MutableGlobal) []uint64 {
	out := make([]uint64, len(globals))
	for n, g := range globals {
		out[n] = g.Get()
	}
	return out
}

// imprintOf is a digest of what an instance begins with.
func imprintOf(parts []*frozen) string {
	sum := sha256.New()
	for _, f := range parts {
		imprintPages(sum, f.image.bytes, nil, []span{{0, len(f.image.bytes)}})
		imprintGlobals(sum, f.globals)
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// imprint adds to a digest what is not as it was before, of memory and globals. A memory
// that was not there before was all zero.
func (p *part) imprint(sum hash.Hash, before frozen) {
	view, _ := p.module.Memory().Read(0, p.module.Memory().Size())
	var was []byte
	if before.image != nil {
		was = before.image.bytes
	}
	touched := append(slices.Clip(p.memory.touched()), span{len(was), len(view)})
	imprintPages(sum, view, was, touched)
	imprintGlobals(sum, values(p.globals))
}

// imprintPage is the unit of an imprint: no system's page, so that it is the same on all.
const imprintPage = 4 << 10

// imprintPages adds the pages of parts of a memory that are not as they were.
func imprintPages(sum hash.Hash, memory, was []byte, touched []span) {
	var zero [imprintPage]byte
	for _, s := range touched {
		for from := s.from; from < min(s.to, len(memory)); from += imprintPage {
			to := min(from+imprintPage, len(memory))
			before := zero[:]
			if from < len(was) {
				before = was[from:min(to, len(was))]
			}
			if bytes.Equal(memory[from:to], before) {
				continue
			}
			_ = binary.Write(sum, binary.LittleEndian, uint64(from))
			sum.Write(memory[from:to])
		}
	}
}

func imprintGlobals(sum hash.Hash, globals []uint64) {
	_ = binary.Write(sum, binary.LittleEndian, globals) // a digest takes everything
}
