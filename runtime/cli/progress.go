package cli

import (
	"fmt"
	"io"
	"time"

	"github.com/schollz/progressbar/v3"
)

const (
	barAfter  = time.Second      // short work shows no bar
	lineEvery = 10 * time.Second // where no person watches
)

// progress says on stderr how far long work has come: a bar on a terminal, elsewhere a
// line now and then.
type progress struct {
	a     *app
	name  string
	unit  string // what is counted; "" for bytes
	total int64  // 0 where it is not known
	done  int64
	start time.Time
	next  time.Time
	bar   *progressbar.ProgressBar
}

// newProgress is for the bytes of a file.
func (a *app) newProgress(name string, total int64) *progress { return a.newCount(name, "", total) }

// newCount is for things that are counted: "events".
func (a *app) newCount(name, unit string, total int64) *progress {
	now := time.Now()
	wait := lineEvery
	if a.talk.terminal {
		wait = barAfter
	}
	return &progress{a: a, name: name, unit: unit, total: total, start: now, next: now.Add(wait)}
}

// watch returns r, whose reading moves the bar.
func (p *progress) watch(r io.Reader) io.Reader { return &watched{r, p} }

type watched struct {
	io.Reader
	p *progress
}

func (w *watched) Read(b []byte) (int, error) {
	n, err := w.Reader.Read(b)
	w.p.add(int64(n))
	return n, err
}

func (p *progress) add(n int64) {
	p.done += n
	if p.bar != nil {
		p.bar.Add64(n)
		return
	}
	if p.a.cfg.Quiet || time.Now().Before(p.next) {
		return
	}
	if !p.a.talk.terminal {
		p.next = time.Now().Add(lineEvery)
		fmt.Fprintf(p.a.err, "%s: %s\n", p.name, p.text())
		return
	}
	total := p.total
	if total == 0 {
		total = -1
	}
	p.bar = progressbar.NewOptions64(total, progressbar.OptionSetWriter(p.a.err), progressbar.OptionSetDescription(p.name),
		progressbar.OptionShowBytes(p.unit == ""), progressbar.OptionShowIts(), progressbar.OptionSetItsString(p.unit), progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish(),
		progressbar.OptionFullWidth())
	p.bar.Add64(p.done)
}

func (p *progress) text() string {
	if p.unit != "" {
		return fmt.Sprintf("%d of %d %s, %.1f/s", p.done, p.total, p.unit, float64(p.done)/time.Since(p.start).Seconds())
	}
	mib := float64(p.done) / (1 << 20)
	rate := mib / time.Since(p.start).Seconds()
	if p.total == 0 {
		return fmt.Sprintf("%.1f MiB, %.1f MiB/s", mib, rate)
	}
	return fmt.Sprintf("%.1f of %.1f MiB, %.1f MiB/s", mib, float64(p.total)/(1<<20), rate)
}

// finish takes the bar away.
func (p *progress) finish() {
	if p.bar != nil {
		p.bar.Finish()
	}
}
