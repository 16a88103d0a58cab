package soak

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/store"
	"github.com/tocsin-engine/tocsin/runtime/store/sqlite"
)

// world is one data directory with its ledgers, over any number of lives of the process.
type world struct {
	*Config
	dir     string // scratch: rules, ledger
	data    string
	targets []string
	// unjudged are targets that nobody keeps a ledger of.
	unjudged []string
	pub      *publisher
	order    order
	// slowest is the longest that a life took to be ready.
	slowest time.Duration
}

// process is one life.
type process struct {
	cmd    *exec.Cmd
	url    string
	stderr bytes.Buffer
	ended  chan error
}

// newWorld makes one with two targets that keep a ledger, and others.
func (c *Config) newWorld(data string, others ...string) (*world, error) {
	dir, err := os.MkdirTemp(c.Dir, "world-*")
	if err != nil {
		return nil, err
	}
	w := &world{Config: c, dir: dir, data: data, targets: []string{"ledger1", "ledger2"}, unjudged: others, pub: newPublisher("")}
	if data == "" {
		w.data = filepath.Join(dir, "data")
	}
	extra := ""
	if len(others) > 0 {
		extra = ", retry: {attempts: 1}"
	}
	if err := writeRules(filepath.Join(dir, "rules"), append(w.targets, others...), c.batch(), extra); err != nil {
		return nil, err
	}
	w.order = order{Data: w.data, Rules: filepath.Join(dir, "rules"), Ledger: filepath.Join(dir, "ledger"), Cache: filepath.Join(c.Dir, "cache")}
	return w, nil
}

// remove deletes what the world has on the disk.
func (w *world) remove() { _ = os.RemoveAll(w.dir) }

// start begins a life and waits until it is ready.
func (w *world) start(ctx context.Context) (*process, error) {
	text, err := json.Marshal(w.order)
	if err != nil {
		return nil, err
	}
	p := &process{cmd: exec.CommandContext(ctx, w.Program), ended: make(chan error, 1)}
	p.cmd.Env = append(os.Environ(), Env+"="+string(text))
	p.cmd.Stderr = &p.stderr
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	began := time.Now()
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	go func() { p.ended <- p.cmd.Wait() }()
	if err != nil {
		<-p.ended
		return p, fmt.Errorf("soak: the process did not get ready: %s", strings.TrimSpace(p.stderr.String()))
	}
	w.slowest = max(w.slowest, time.Since(began))
	p.url = strings.TrimSpace(line)
	w.pub.to(p.url)
	return p, nil
}

// kill is kill -9.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // if it has ended, that is what was wanted
	<-p.ended
}

// term ends it in the usual way.
func (p *process) term() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	return p.wait(30 * time.Second)
}

// wait waits until it has ended by itself.
func (p *process) wait(most time.Duration) error {
	select {
	case err := <-p.ended:
		if err != nil {
			return fmt.Errorf("%w: %s", err, strings.TrimSpace(p.stderr.String()))
		}
		return nil
	case <-time.After(most):
		p.kill()
		return errors.New("soak: it did not end")
	}
}

// get asks a life; the caller closes the answer's body.
func (p *process) get(ctx context.Context, path string) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url+path, nil)
	if err != nil {
		return nil, err
	}
	return http.DefaultClient.Do(r)
}

// status asks a life what waits.
func (p *process) status(ctx context.Context) (store.Stats, error) {
	answer, err := p.get(ctx, "/api/v1/status")
	if err != nil {
		return store.Stats{}, err
	}
	defer answer.Body.Close()
	var s struct {
		Engine struct {
			Kept store.Stats `json:"kept"`
		} `json:"engine"`
	}
	err = json.NewDecoder(answer.Body).Decode(&s)
	return s.Engine.Kept, err
}

// publish lets a life take events for a while, and at least one request of them.
func (w *world) publish(ctx context.Context) {
	before := w.pub.count()
	wait(ctx, w.pause())
	for end := time.Now().Add(5 * time.Second); w.pub.count() == before && time.Now().Before(end); {
		wait(ctx, time.Millisecond)
	}
}

// drainFor is how long a life may go without coming closer to the end of what waits.
const drainFor = 60 * time.Second

// drain starts a last life, without a publisher, until nothing waits.
func (w *world) drain(ctx context.Context) (store.Stats, error) {
	p, err := w.start(ctx)
	if err != nil {
		return store.Stats{}, err
	}
	var last store.Stats
	least := 0
	for end := time.Now().Add(drainFor); time.Now().Before(end) && ctx.Err() == nil; wait(ctx, 20*time.Millisecond) {
		if last, err = p.status(ctx); err != nil || len(last.Lanes) == 0 {
			break
		}
		if n := waiting(last); n < least || least == 0 {
			least, end = n, time.Now().Add(drainFor)
		}
	}
	return last, errors.Join(err, p.term())
}

// waiting is how many deliveries wait.
func waiting(s store.Stats) (n int) {
	for _, l := range s.Lanes {
		n += l.Unread + l.Retries
	}
	return n
}

// verdict is what the ledgers say.
type verdict struct {
	acknowledged, lost, phantom, duplicates, dead, pending int
	// damaged is what the store reported while it was asked.
	damaged uint64
}

// judge drains and holds the ledgers against each other. The stats are of the last life,
// with the damage that is seen only afterwards.
func (w *world) judge(ctx context.Context) (verdict, store.Stats, error) {
	stats, err := w.drain(ctx)
	if err != nil {
		return verdict{}, stats, err
	}
	v, err := w.compare(ctx)
	stats.Damaged += v.damaged
	return v, stats, err
}

// compare reads the ledgers, and the store for what is dead or waits.
func (w *world) compare(ctx context.Context) (verdict, error) {
	fates, err := w.delivered()
	if err != nil {
		return verdict{}, err
	}
	v := verdict{acknowledged: w.pub.count()}
	for _, target := range w.targets {
		for serial, n := range fates[target] {
			v.duplicates += n - 1
			if !w.pub.sent[serial] {
				v.phantom++
			}
		}
	}
	if err := w.undelivered(ctx, fates, &v); err != nil {
		return v, err
	}
	for _, target := range w.targets {
		for serial := range w.pub.acked {
			if fates[target][serial] == 0 {
				v.lost++
			}
		}
	}
	return v, nil
}

// delivered counts the ledger's lines, by target and serial.
func (w *world) delivered() (map[string]map[string]int, error) {
	b, err := os.ReadFile(w.order.Ledger)
	if err != nil {
		return nil, err
	}
	out := map[string]map[string]int{}
	for _, target := range append(w.targets, w.unjudged...) {
		out[target] = map[string]int{}
	}
	for line := range strings.Lines(string(b)) {
		target, serial, ok := strings.Cut(strings.TrimSpace(line), " ")
		if !ok || out[target] == nil {
			return nil, fmt.Errorf("soak: the ledger has the line %q", line)
		}
		out[target][serial]++
	}
	return out, nil
}

// undelivered adds what the store says of the others.
func (w *world) undelivered(ctx context.Context, fates map[string]map[string]int, v *verdict) error {
	s, err := sqlite.Open(ctx, w.data, sqlite.Config{})
	if err != nil {
		return err
	}
	defer s.Close()
	for after := store.DeadLetterID(0); ; {
		dead, err := s.DeadLetters(ctx, "", after, 1000)
		if err != nil {
			return err
		}
		for _, d := range dead {
			v.dead++
			after = d.ID
			fates[d.Target][serialIn(d.Entry)]++
		}
		if len(dead) < 1000 {
			break
		}
	}
	for _, target := range append(w.targets, w.unjudged...) {
		if err := pending(ctx, s, target, fates[target], v); err != nil {
			return err
		}
	}
	stats, err := s.Stats(ctx)
	v.damaged = stats.Damaged
	return err
}

// pending adds what still waits for a target.
func pending(ctx context.Context, s store.Store, target string, fates map[string]int, v *verdict) error {
	due, _, err := s.Due(ctx, target, time.Now().AddDate(1, 0, 0), 1<<20)
	if err != nil {
		return err
	}
	cursor, err := s.Cursor(ctx, target)
	if err != nil {
		return err
	}
	unread, err := s.Read(ctx, target, cursor, 1<<20)
	if err != nil {
		return err
	}
	for _, r := range due {
		unread = append(unread, r.Entry)
	}
	for _, e := range unread {
		v.pending++
		fates[serialIn(e)]++
	}
	return nil
}
