package pluginkit

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"text/template"

	"github.com/tocsin-engine/tocsin/runtime/pluginkit/toolchain"
	"github.com/tocsin-engine/tocsin/sdk"
)

//go:embed templates
var templates embed.FS

// Languages are those that New writes plugins in.
var Languages = toolchain.Names()

// New writes a plugin to start from into dir, which must not be there or be empty: source,
// manifest, tests, and the SDK. It builds and passes its tests as it is. It returns the
// files that are the author's, in order.
func New(dir, lang string) ([]string, error) {
	language, err := toolchain.Named(lang)
	if err != nil {
		return nil, err
	}
	name := filepath.Base(dir)
	if !validName(name) {
		return nil, fmt.Errorf("a plugin's name is like slack or close-port: lower-case letters, digits and dashes; %q is not", name)
	}
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return nil, fmt.Errorf("%s is there already and not empty; choose another name", dir)
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if language.SDK != "" {
		return newWithSDK(dir, language, name)
	}
	files, err := writeTemplates(dir, "templates/"+lang, seed{Name: name})
	if err != nil {
		return nil, err
	}
	return files, sdk.Files(func(path string, text []byte) error {
		return write(filepath.Join(dir, "sdk", filepath.FromSlash(path)), text)
	})
}

func validName(name string) bool {
	for i, c := range []byte(name) {
		if !(c >= 'a' && c <= 'z' || i > 0 && (c == '-' || c >= '0' && c <= '9')) {
			return false
		}
	}
	return name != "" && len(name) <= 50
}

// seed is what the templates ask for.
type seed struct{ Name, Source string }

// newWithSDK writes a plugin in a language whose SDK is one file: the example of the
// language under another name.
func newWithSDK(dir string, l toolchain.Language, name string) ([]string, error) {
	from := "target/" + l.Name + "/"
	example, err := sdk.File(from + "example/" + l.Source)
	if err != nil {
		return nil, err
	}
	source := filepath.Join(dir, l.Source)
	if err := write(source, bytes.ReplaceAll(example, []byte("big-order"), []byte(name))); err != nil {
		return nil, err
	}
	library, err := sdk.File(from + l.SDK)
	if err != nil {
		return nil, err
	}
	if err := write(filepath.Join(dir, l.SDK), library); err != nil {
		return nil, err
	}
	files, err := writeTemplates(dir, "templates/sdk", seed{name, l.Source})
	return append([]string{source}, files...), err
}

func writeTemplates(dir, from string, s seed) ([]string, error) {
	entries, err := templates.ReadDir(from)
	if err != nil {
		return nil, err
	}
	var files []string
	for _, e := range entries {
		t, err := template.ParseFS(templates, from+"/"+e.Name())
		if err != nil {
			return nil, err
		}
		var text bytes.Buffer
		if err := t.Execute(&text, s); err != nil {
			return nil, err
		}
		file := strings.TrimSuffix(e.Name(), ".tmpl")
		if file == "gitignore" {
			file = ".gitignore"
		}
		path := filepath.Join(dir, file)
		if err := write(path, text.Bytes()); err != nil {
			return nil, err
		}
		files = append(files, path)
	}
	return files, nil
}

func write(path string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o644)
}
