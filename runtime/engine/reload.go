package engine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/tocsin-engine/tocsin/rules/diag"
	"github.com/tocsin-engine/tocsin/rules/rulefile"
)

// ReadRules reads and checks all rule files. Findings that are errors, like an error,
// keep the set from being loaded.
type ReadRules func(ctx context.Context) (*rulefile.Set, diag.List, error)

// ErrFindings means that the rule files have findings that are errors.
var ErrFindings = errors.New("engine: the rule files have errors")

// Reload reads the rules and loads them: all or nothing. A failed reload leaves the
// rules of before at work and stays visible in Status.
func (e *Engine) Reload(ctx context.Context, read ReadRules) (diag.List, error) {
	start := e.config.Now()
	set, findings, err := read(ctx)
	e.log.Info("rule files read", "took", e.config.Now().Sub(start).String())
	if err == nil && findings.Errors() > 0 {
		err = fmt.Errorf("%w: %d, the first is %w", ErrFindings, findings.Errors(), first(findings))
	}
	if err == nil {
		err = e.Load(ctx, set)
	}
	e.status.reloaded(start, e.config.Now(), findings, err)
	return findings, err
}

// first is the first finding that is an error.
func first(findings diag.List) error {
	for _, f := range findings {
		if f.Severity == diag.Error {
			return f
		}
	}
	return nil
}

const (
	// settleFor is how long the files must have been quiet before they are read: an
	// editor writes in several steps, and git changes many files.
	settleFor = 200 * time.Millisecond
	// settleMost is how long changes that never end put a reload off.
	settleMost = 2 * time.Second
	// remindEvery is how often the log repeats that the last reload failed.
	remindEvery = time.Minute
)

// Watch reloads when a file below the paths changes and when kick says so (SIGHUP),
// until ctx ends. Without a way to watch files it goes on with kick alone, and says so.
func (e *Engine) Watch(ctx context.Context, paths []string, kick <-chan os.Signal, read ReadRules) {
	fs, err := fsnotify.NewWatcher()
	if err != nil {
		e.log.Warn("rule files are not watched, send SIGHUP to reload", "error", err)
		e.WatchSignals(ctx, kick, read)
		return
	}
	defer fs.Close()
	w := &watcher{engine: e, paths: paths, read: read, fs: fs}
	w.addPaths()
	w.loop(ctx, kick, fs.Events, fs.Errors)
}

// WatchSignals is Watch without watching files.
func (e *Engine) WatchSignals(ctx context.Context, kick <-chan os.Signal, read ReadRules) {
	w := &watcher{engine: e, read: read}
	w.loop(ctx, kick, nil, nil)
}

// watcher is one Watch.
type watcher struct {
	engine *Engine
	paths  []string
	read   ReadRules
	fs     *fsnotify.Watcher
}

func (w *watcher) loop(ctx context.Context, kick <-chan os.Signal, changes <-chan fsnotify.Event, problems <-chan error) {
	quiet := time.NewTimer(settleFor)
	quiet.Stop()
	remind := time.NewTicker(remindEvery)
	defer quiet.Stop()
	defer remind.Stop()
	var since time.Time // the first change that was not read yet
	for {
		select {
		case <-ctx.Done():
			return
		case <-kick:
			w.reload(ctx)
		case change := <-changes:
			if !w.matters(change) {
				continue
			}
			if since.IsZero() {
				since = time.Now()
			}
			quiet.Reset(min(settleFor, max(0, settleMost-time.Since(since))))
		case err := <-problems:
			w.engine.log.Warn("some changes of rule files may have been missed, send SIGHUP to reload", "error", err)
		case <-quiet.C:
			since = time.Time{}
			w.addPaths() // new folders
			w.reload(ctx)
		case <-remind.C:
			if s := w.engine.ReloadStatus(); !s.OK && s.Failures > 0 {
				w.engine.log.Error("the rules on disk are still not in force", "failures", s.Failures, "error", s.Error)
			}
		}
	}
}

// matters says whether a change can change the rules. Editors' own files do not, and
// what is written below .tocsin is our own output.
func (w *watcher) matters(change fsnotify.Event) bool {
	base := filepath.Base(change.Name)
	if change.Op == fsnotify.Chmod || strings.HasPrefix(base, ".") || strings.HasSuffix(base, "~") {
		return false
	}
	switch filepath.Ext(base) {
	case ".yaml", ".yml", ".json", ".wasm":
		return !strings.HasSuffix(base, "_test.yaml") && !strings.HasSuffix(base, "_test.yml")
	case "":
		return true // a folder, perhaps
	}
	return false
}

// addPaths watches the paths and all folders below them. Watching one again is nothing.
func (w *watcher) addPaths() {
	for _, path := range w.paths {
		err := filepath.WalkDir(path, func(name string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case !d.IsDir():
				if name == path {
					// Editors replace files: the folder is told of that, the file is not.
					return w.fs.Add(filepath.Dir(name))
				}
				return nil
			case name != path && strings.HasPrefix(d.Name(), "."), d.Name() == "node_modules":
				return filepath.SkipDir
			}
			return w.fs.Add(name)
		})
		if err != nil {
			w.engine.log.Warn("some rule files are not watched, send SIGHUP to reload", "file", path, "error", err)
		}
	}
}

func (w *watcher) reload(ctx context.Context) {
	findings, err := w.engine.Reload(ctx, w.read)
	log := w.engine.log
	if err != nil {
		log.Error("the rules were not reloaded, those of before stay in force", "error", err)
	}
	for _, f := range findings {
		if f.Severity == diag.Error {
			log.Error("rule file", "error", f.Error())
		} else {
			log.Warn("rule file", "error", f.Error())
		}
	}
}
