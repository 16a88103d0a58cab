package engine

import "github.com/tocsin-engine/tocsin/rules/rulefile"

// Rules is the rule set in force. The caller must not change it.
func (e *Engine) Rules() *rulefile.Set { return e.rules.Load().set }
