package local_test

import (
	"os"
	"regexp"
	"testing"

	"github.com/tocsin-engine/tocsin/plugins"
)

// Every example in the shipped targets' page is a rule file that the targets take, and
// every target has one.
func TestExamplesOfThePluginsPage(t *testing.T) {
	page, err := os.ReadFile("../../../plugins/README.md")
	if err != nil {
		t.Fatal(err)
	}
	examples := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllSubmatch(page, -1)
	if len(examples) != len(plugins.Names) {
		t.Errorf("%d examples for %d targets", len(examples), len(plugins.Names))
	}
	w := newWorld(t)
	for _, x := range examples {
		w.load(string(x[1]))
	}
}
