package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/tocsin-engine/tocsin/rules/rulefile"
	machine "github.com/tocsin-engine/tocsin/runtime/app"
	"github.com/tocsin-engine/tocsin/runtime/config"
	"github.com/tocsin-engine/tocsin/runtime/pluginkit"
	"github.com/tocsin-engine/tocsin/runtime/ruledir"
	"github.com/tocsin-engine/tocsin/runtime/sandbox"
	"github.com/tocsin-engine/tocsin/runtime/sandbox/manifest"
)

// lookEvery is how often dev looks at the files. It polls: to look at some dozens of files
// costs nothing, and the file systems that editors and containers share send no events.
const lookEvery = 300 * time.Millisecond

func devCommand(a *app) *cobra.Command {
	d := devVerb{app: a, plugins: map[string]*lookout{}}
	cmd := &cobra.Command{
		Use:   "dev",
		Short: "serve, and take up every file that is saved",
		Long: `Serve as run does, show events and deliveries in this terminal, and watch the files. When
a rule file or a test is saved, the rules are loaded and tested. When the source of a
plugin is saved, it is built and tested, and its targets take the new module between two
deliveries. What is wrong is printed, and what worked before stays at work. Plugins are
those of the rule files that have a file, with their source beside it.`,
		Example: `  tocsin dev
  tocsin dev --rules rules,shared/rules --listen 127.0.0.1:8080`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !cmd.Flags().Changed("log-level") {
				a.cfg.LogLevel = "warn" // the events are what the terminal is for
			}
			return d.run(cmd.Context())
		},
	}
	config.Register(cmd.Flags(), &a.cfg, config.Server)
	return cmd
}

type devVerb struct {
	app     *app
	machine *machine.App
	reload  chan os.Signal
	rules   *lookout
	plugins map[string]*lookout // by folder
	// shown is the reload that was last told of.
	shown time.Time
}

func (d *devVerb) run(ctx context.Context) error {
	a := d.app
	if a.cfg.LogFormat == "auto" {
		a.cfg.LogFormat = "text"
	}
	d.rules = watch(func() map[string]stamp { return stamps(a.cfg.Rules, isRuleInput) })
	d.find()
	for dir := range d.plugins {
		d.build(ctx, dir)
	}
	m, err := a.build(ctx, a.newLog())
	if err != nil {
		return err
	}
	d.machine, d.shown = m, m.Engine().ReloadStatus().At
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	d.reload = make(chan os.Signal, 1)
	signal.Notify(d.reload, syscall.SIGHUP)
	defer signal.Stop(d.reload)
	served := make(chan error, 1)
	go func() {
		served <- m.Run(ctx, d.reload)
		stop()
	}()
	events := m.Engine().Subscribe(1000)
	printed := make(chan struct{})
	go func() {
		defer close(printed)
		for item := range events.C {
			a.printTailLine(tailLineOf(item))
		}
	}()
	d.say("%s serving %s, watching %s; save a file, and send events with  tocsin send", a.talk.tick(), a.talk.strong(m.URL()), strings.Join(a.cfg.Rules, ", "))
	d.test(ctx)
	d.loop(ctx)
	err = <-served
	events.Close()
	<-printed
	return errors.Join(err, m.Close())
}

func (d *devVerb) say(format string, args ...any) {
	if !d.app.cfg.Quiet {
		fmt.Fprintf(d.app.err, format+"\n", args...)
	}
}

// find looks for the plugins whose source lies beside the file that a rule file names.
func (d *devVerb) find() {
	files, err := ruledir.Read(d.app.cfg.Rules)
	if err != nil {
		return // the server says it
	}
	found := map[string]bool{}
	for _, p := range rulefile.Plugins(files.Rules) {
		dir := filepath.Dir(p.File)
		if p.File == "" || !pluginkit.HasSource(dir) {
			continue
		}
		found[dir] = true
		if d.plugins[dir] == nil {
			d.plugins[dir] = watch(func() map[string]stamp { return stamps([]string{dir}, isPluginInput) })
		}
	}
	maps.DeleteFunc(d.plugins, func(dir string, _ *lookout) bool { return !found[dir] })
}

// loop takes up what changes until ctx ends.
func (d *devVerb) loop(ctx context.Context) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if d.rules.changed() {
			d.find()
			d.test(ctx)
		}
		for _, dir := range slices.Sorted(maps.Keys(d.plugins)) {
			if d.plugins[dir].changed() && d.build(ctx, dir) {
				d.reload <- syscall.SIGHUP
			}
		}
		d.tellReload()
	}
}

// tellReload says that what was saved is at work; the log says why it is not.
func (d *devVerb) tellReload() {
	s := d.machine.Engine().ReloadStatus()
	if s.OK && !s.At.Equal(d.shown) {
		d.say("%s loaded in %.1f s", d.app.talk.tick(), s.Took)
	}
	d.shown = s.At
}

// test runs the tests of the rules and prints what they say.
func (d *devVerb) test(ctx context.Context) {
	t := testVerb{app: d.app, format: "text", allowEmpty: true}
	d.tell(t.run(ctx, d.app.cfg.Rules))
}

// tell prints an error, if it was not printed yet.
func (d *devVerb) tell(err error) {
	var e *exit
	if err == nil || errors.As(err, &e) && e.err == nil || errors.Is(err, context.Canceled) {
		return
	}
	fmt.Fprintf(d.app.err, "%s %v\n", d.app.talk.bad("error:"), err)
}

// build builds a plugin and runs its tests; ok says that it can be taken.
func (d *devVerb) build(ctx context.Context, dir string) (ok bool) {
	a := d.app
	b, err := pluginkit.Build(ctx, dir)
	if err != nil {
		d.tell(err)
		return false
	}
	if !b.Changed {
		return false
	}
	d.say("%s built %s", a.talk.tick(), b.Path)
	if _, err := os.Stat(filepath.Join(dir, ruledir.PluginTests)); err != nil {
		return true
	}
	err = a.withSandbox(ctx, func(h *sandbox.Host) error { return a.testPlugins(ctx, h, []string{dir}, "text") })
	d.tell(err)
	return err == nil
}

// stamp is what is looked at of a file.
type stamp struct {
	at   time.Time
	size int64
}

// lookout is on files that are looked at again and again.
type lookout struct {
	look        func() map[string]stamp
	seen, taken map[string]stamp
}

// watch begins with the files as they are now.
func watch(look func() map[string]stamp) *lookout {
	now := look()
	return &lookout{look, now, now}
}

// changed says that the files are others than when it said so last, and have been the same
// for two looks: an editor writes in several steps.
func (w *lookout) changed() bool {
	now := w.look()
	quiet := maps.Equal(now, w.seen)
	w.seen = now
	if !quiet || maps.Equal(now, w.taken) {
		return false
	}
	w.taken = now
	return true
}

// stamps looks at the files below paths that are inputs.
func stamps(paths []string, input func(base string) bool) map[string]stamp {
	out := map[string]stamp{}
	for _, root := range paths {
		_ = filepath.WalkDir(root, func(name string, e fs.DirEntry, err error) error { // what is gone is not there
			if err != nil {
				return nil
			}
			if base := e.Name(); e.IsDir() {
				if name != root && (strings.HasPrefix(base, ".") || base == "node_modules") {
					return filepath.SkipDir
				}
			} else if info, err := e.Info(); err == nil && !strings.HasPrefix(base, ".") && input(base) {
				out[name] = stamp{info.ModTime(), info.Size()}
			}
			return nil
		})
	}
	return out
}

// isRuleInput leaves out what building a plugin writes.
func isRuleInput(base string) bool {
	ext := filepath.Ext(base)
	return (ext == ".yaml" || ext == ".yml" || ext == ".json") && base != manifest.File
}

func isPluginInput(base string) bool {
	switch filepath.Ext(base) {
	case ".wasm", ".pack", ".sig":
		return false
	}
	return base != manifest.File && !strings.HasSuffix(base, "~")
}
