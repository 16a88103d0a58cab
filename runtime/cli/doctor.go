package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tocsin-engine/tocsin/runtime/config"
)

// condition is how well one thing is.
type condition string

const (
	well    condition = "ok"
	note    condition = "note" // works, but something is not there that some verb wants
	problem condition = "problem"
)

// diagnosis is what one probe found out; Fix is there where it is not well.
type diagnosis struct {
	Probe     string    `json:"probe"`
	Condition condition `json:"condition"`
	Text      string    `json:"text"`
	Fix       string    `json:"fix,omitempty"`
}

func doctorCommand(a *app) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "look at this machine: what would keep tocsin from working, and what mends it",
		Example: `  tocsin doctor
  tocsin doctor --listen 0.0.0.0:7575 --rules /etc/tocsin/rules`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.doctor(cmd.Context(), format) },
	}
	formatFlag(cmd, &format, "text", "json")
	config.Register(cmd.Flags(), &a.cfg, config.Server)
	return cmd
}

func (a *app) doctor(ctx context.Context, format string) error {
	probes := []func(context.Context) diagnosis{a.probeRules, a.probePort, a.probeCache, a.probeClock, a.probeLocale, a.probeToolchain}
	sick := false
	all := make([]diagnosis, 0, len(probes))
	for _, probe := range probes {
		d := probe(ctx)
		sick = sick || d.Condition == problem
		all = append(all, d)
	}
	if format == "json" {
		if err := printJSON(a.out, map[string]any{"version": 1, "probes": all}); err != nil {
			return err
		}
	} else {
		a.printDiagnoses(all)
	}
	if sick {
		return errFindings
	}
	return nil
}

func (a *app) printDiagnoses(all []diagnosis) {
	for _, d := range all {
		sign := a.style.tick()
		switch d.Condition {
		case well:
		case note:
			sign = a.style.mark()
		case problem:
			sign = a.style.cross()
		}
		if d.Condition == well && a.cfg.Quiet {
			continue
		}
		fmt.Fprintf(a.out, "%s %-10s %s\n", sign, d.Probe, d.Text)
		if d.Fix != "" {
			fmt.Fprintf(a.out, "  %-10s fix: %s\n", "", d.Fix)
		}
	}
}

func (a *app) probeRules(context.Context) diagnosis {
	d := diagnosis{Probe: "rules", Condition: well}
	for _, path := range a.cfg.Rules {
		info, err := os.Stat(path)
		switch {
		case err != nil:
			d.Condition, d.Text = note, fmt.Sprintf("%s is not there", path)
			d.Fix = "tocsin new project NAME, or name your folder with --rules"
			return d
		case info.IsDir():
			if _, err := os.ReadDir(path); err != nil {
				return diagnosis{"rules", problem, err.Error(), "chmod u+rx " + path}
			}
		}
	}
	d.Text = strings.Join(a.cfg.Rules, ", ") + " can be read; tocsin check says whether the rules are right"
	return d
}

// probePort listens for a moment where the server would.
func (a *app) probePort(ctx context.Context) diagnosis {
	const probe = "port"
	addr := a.cfg.Listen
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", addr)
	if err == nil {
		l.Close()
		return diagnosis{probe, well, addr + " is free", ""}
	}
	if text, ok := serverAt(ctx, addr); ok {
		return diagnosis{probe, well, text, ""}
	}
	if _, ok := errors.AsType[*net.AddrError](err); ok {
		return diagnosis{probe, problem, err.Error(), "write the address like 127.0.0.1:7575"}
	}
	return diagnosis{probe, problem, err.Error(), "stop what listens there, or choose another port: --listen 127.0.0.1:0 takes any"}
}

// serverAt says whether a tocsin answers there already.
func serverAt(ctx context.Context, addr string) (string, bool) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/healthz", nil)
	if err != nil {
		return "", false
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", false
	}
	defer resp.Body.Close()
	return "a server is running at " + addr, resp.StatusCode == http.StatusOK
}

// cacheDir is where compiled plugins are kept.
func (a *app) cacheDir() (string, error) {
	if a.cfg.Cache != "" {
		return a.cfg.Cache, nil
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no folder for compiled plugins: %w; name one with --cache", err)
	}
	return filepath.Join(dir, "tocsin"), nil
}

func (a *app) probeCache(context.Context) diagnosis {
	const probe = "cache"
	dir, err := a.cacheDir()
	if err != nil {
		return diagnosis{probe, problem, err.Error(), "set HOME, or name a folder with --cache"}
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return diagnosis{probe, problem, err.Error(), "name a folder that can be written with --cache"}
	}
	f, err := os.CreateTemp(dir, "doctor-*")
	if err != nil {
		return diagnosis{probe, problem, err.Error(), "chmod u+rwx " + dir + ", or name another folder with --cache"}
	}
	f.Close()
	os.Remove(f.Name())
	return diagnosis{probe, well, dir + " can be written", ""}
}

// earliest is before any version of this program: a clock that shows less was never set.
var earliest = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)

// probeClock looks at what can be seen without asking another machine.
func (a *app) probeClock(context.Context) diagnosis {
	now := time.Now().UTC()
	if now.Before(earliest) {
		return diagnosis{"clock", problem, "it is " + now.Format(time.RFC3339) + " here; signatures will be refused", "set the clock: timedatectl set-ntp true"}
	}
	return diagnosis{"clock", well, "it is " + now.Format(time.RFC3339) + "; AWS clients must agree within 15 minutes", ""}
}

func (a *app) probeLocale(context.Context) diagnosis {
	if isUTF8(a.env) {
		return diagnosis{"locale", well, "UTF-8", ""}
	}
	return diagnosis{"locale", note, "not UTF-8, so tocsin prints ASCII", "export LC_ALL=C.UTF-8"}
}

// probeToolchain looks for what `tocsin plugin build` runs.
func (a *app) probeToolchain(ctx context.Context) diagnosis {
	const probe = "toolchain"
	path, err := exec.LookPath("go")
	if err != nil {
		return diagnosis{probe, note, "no go command, which building a plugin in Go needs; running one does not", "install Go from https://go.dev/dl/"}
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, path, "env", "GOVERSION").Output()
	if err != nil {
		return diagnosis{probe, note, path + " does not run: " + err.Error(), "install Go from https://go.dev/dl/"}
	}
	return diagnosis{probe, well, strings.TrimSpace(string(out)) + " builds plugins in Go", ""}
}
