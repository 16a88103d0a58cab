package core

import (
	"context"
	"os"
	"slices"

	"github.com/tocsin-engine/tocsin/rules/diag"
	"github.com/tocsin-engine/tocsin/rules/rulefile"
	"github.com/tocsin-engine/tocsin/runtime/config"
	"github.com/tocsin-engine/tocsin/runtime/ruledir"
)

// RulesError is a rule set that cannot be loaded.
type RulesError struct {
	Findings diag.List
	Files    []rulefile.File
	Err      error
}

func (e *RulesError) Error() string { return e.Err.Error() }

// Unwrap returns what the engine said.
func (e *RulesError) Unwrap() error { return e.Err }

// Load reads the rules for the first time. A rule set that cannot be loaded is a
// *RulesError; warnings are returned.
func (m *Core) Load(ctx context.Context) (diag.List, error) {
	files, err := m.ruleFiles()
	if err != nil {
		return nil, err
	}
	findings, err := m.Engine.Reload(ctx, m.Read)
	if err != nil {
		return nil, &RulesError{findings, files.Rules, err}
	}
	return findings, nil
}

// ruleFiles reads the files. The default folder may be missing: a host without rules
// still answers AWS clients.
func (m *Core) ruleFiles() (ruledir.Files, error) {
	if _, err := os.Stat(config.Rules); os.IsNotExist(err) && slices.Equal(m.config.Rules, []string{config.Rules}) {
		return ruledir.Files{}, nil
	}
	return ruledir.Read(m.config.Rules)
}

// Read reads the rule files for the engine.
func (m *Core) Read(context.Context) (*rulefile.Set, diag.List, error) {
	files, err := m.ruleFiles()
	if err != nil {
		return nil, nil, err
	}
	plugins := m.sources.Describe(rulefile.Plugins(files.Rules))
	// What a function cannot keep has findings of its own.
	keeps := m.config.Store.Promises().Durable
	set, findings := rulefile.Load(files.Rules, rulefile.Options{Durable: keeps || m.config.Function, Plugins: plugins})
	if m.config.Function {
		findings = append(findings, set.Function(keeps, plugins)...)
	}
	return set, findings, nil
}
