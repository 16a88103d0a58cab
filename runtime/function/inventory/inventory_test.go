package inventory_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tocsin-engine/tocsin/runtime/function/inventory"
)

func TestRead(t *testing.T) {
	dir := t.TempDir()
	if v, err := inventory.Read(dir); err != nil || v.Packs != nil {
		t.Errorf("without a file: %+v, %v", v, err)
	}
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, inventory.Name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(`{"tocsin":"v1","arch":"arm64","packs":{"log":"00"},"files":{"rules/a.yaml":"11"},"later":1}`)
	if v, err := inventory.Read(dir); err != nil || v.Packs["log"] != "00" || v.Arch != "arm64" || v.Tocsin != "v1" || v.Files["rules/a.yaml"] != "11" {
		t.Errorf("%+v, %v", v, err)
	}
	write(`{`)
	if _, err := inventory.Read(dir); err == nil || !strings.Contains(err.Error(), "tocsin package lambda") {
		t.Errorf("half a file: %v", err)
	}
}
