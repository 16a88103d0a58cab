package app_test

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/tocsin-engine/tocsin/runtime/app"
	"github.com/tocsin-engine/tocsin/runtime/config"
)

func TestDataNamesTheStore(t *testing.T) {
	t.Chdir(t.TempDir()) // without a folder of rules
	for _, tc := range []struct {
		name, data, kind string
	}{
		{"none", "", "memory"},
		{"a folder that is made", filepath.Join("deep", "data"), "sqlite"},
		{"the same folder again", filepath.Join("deep", "data"), "sqlite"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := config.Config{Rules: []string{config.Rules}, Data: tc.data, Listen: "127.0.0.1:0",
				Account: config.Account, Region: config.Region, Cache: t.TempDir()}
			a, _, err := app.New(t.Context(), c, app.Options{})
			if err != nil {
				t.Fatal(err)
			}
			status, err := a.Engine().Status(context.Background())
			if err != nil || status.Store.Kind != tc.kind {
				t.Errorf("the store is %q (%v), want %q", status.Store.Kind, err, tc.kind)
			}
			if err := a.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	c := config.Config{Rules: []string{config.Rules}, Data: filepath.Join("/dev/null", "data"), Listen: "127.0.0.1:0"}
	if _, _, err := app.New(t.Context(), c, app.Options{}); err == nil {
		t.Error("a data folder that cannot be made was taken")
	}
}
