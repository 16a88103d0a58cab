package rulefile

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

var readmeBlock = regexp.MustCompile("(?ms)^```(yaml[^\n]*)\n(.+?)\n```$")

// TestReadme: the YAML blocks of rules/README.md have no finding.
func TestReadme(t *testing.T) {
	b, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := readmeBlock.FindAllSubmatch(b, -1)
	if len(blocks) < 8 {
		t.Fatalf("%d blocks", len(blocks))
	}
	for _, m := range blocks {
		info, text := string(m[1]), string(m[2])
		if strings.Contains(text, "\ntests:") {
			file, list := ParseTests(File{Name: "rules/README_test.yaml", Data: m[2]})
			for _, f := range append(list, file.Unknown(readmeSet(t, blocks))...) {
				t.Errorf("%s\n%s", f.Error(), text)
			}
			continue
		}
		var list, ok = exampleFindings(t, info, text)
		if !ok {
			t.Errorf("a block of kind %q is not checked", info)
		}
		for _, f := range list {
			t.Errorf("%s: %s\n%s", f.Error(), f.Label, text)
		}
	}
}

// readmeSet is the set of the first block, which the tests of the last are about.
func readmeSet(t *testing.T, blocks [][][]byte) *Set {
	t.Helper()
	set, list := Load([]File{{Name: "rules/orders.yaml", Data: blocks[0][2]}}, Options{})
	if len(list) > 0 {
		t.Fatal(list)
	}
	return set
}
