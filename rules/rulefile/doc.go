// Package rulefile turns rule files into checked rules.
//
// Load reads every file of a rule set at once and returns what it could read together
// with all findings: each has a code, the place of the exact token and what to write
// instead. The YAML is strict: no anchors, aliases, tags, merge keys or second
// documents; unknown and repeated keys are findings; an unquoted word is a number,
// true, false or null by JSON's rules and text otherwise.
//
// The package is pure: it opens no file, so a caller passes the bytes, and the plugins'
// manifests in Options. ParseTests reads the *_test.yaml files that stand beside the
// rules; runtime/ruletest runs them.
package rulefile

// File is one file as the caller read it.
type File struct {
	// Name is the path as a person would write it; findings repeat it.
	Name string
	Data []byte
}
