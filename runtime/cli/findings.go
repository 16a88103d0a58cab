package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/tocsin-engine/tocsin/rules/diag"
	"github.com/tocsin-engine/tocsin/rules/rulefile"
)

// findings readies findings about files for the stream that s styles.
func findings(list diag.List, files []rulefile.File, s style) diag.Report {
	r := diag.Report{Findings: list, Sources: map[string][]byte{}, Color: s.colour, ASCII: !s.unicode}
	for _, f := range files {
		r.Files = append(r.Files, f.Name)
		r.Sources[f.Name] = f.Data
	}
	return r
}

// count is "1 rule", "2 rules", "2 days", "2 matches", "2 entries".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	if strings.HasSuffix(noun, "ch") {
		noun += "e"
	} else if before, ok := strings.CutSuffix(noun, "y"); ok && !strings.HasSuffix(before, "a") {
		noun = before + "ie"
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// printJSON writes one document, indented: a person looks at it as often as a program.
func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}
