package diag

import (
	"embed"
	"slices"
	"strings"
)

//go:embed codes/*.md
var pages embed.FS

// Page is the explanation of a code, as Markdown; ok is false for a code that does not
// exist.
func Page(code string) (text string, ok bool) {
	b, err := pages.ReadFile("codes/" + strings.ToUpper(code) + ".md")
	return string(b), err == nil
}

// Codes lists every code that has a page, sorted.
func Codes() []string {
	entries, err := pages.ReadDir("codes")
	if err != nil {
		panic("BUG: the pages are not embedded: " + err.Error())
	}
	var codes []string
	for _, e := range entries {
		codes = append(codes, strings.TrimSuffix(e.Name(), ".md"))
	}
	slices.Sort(codes)
	return codes
}
