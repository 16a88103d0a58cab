package cli

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tocsin-engine/tocsin/runtime/lambdapack"
	"github.com/tocsin-engine/tocsin/runtime/lambdapack/template"
)

// folders are where the templates of a kind are written, from the zip's folder.
var folders = map[string]string{"cdk": "cdk"}

// templates are the files of all templates that were asked for, from the zip's folder.
func (v *packageVerb) files(p lambdapack.Plan) (files []template.File) {
	zip := p.Zip.Path
	for _, kind := range v.templates {
		p.Zip.Path = zip
		folder := folders[kind]
		if folder != "" {
			p.Zip.Path = "../" + zip
		}
		for _, f := range template.Files(kind, p) {
			files = append(files, template.File{Name: path.Join(folder, f.Name), Data: sealed(f.Name, f.Data)})
		}
	}
	return files
}

// kinds reads --templates.
func (v *packageVerb) kinds() error {
	if slices.Equal(v.templates, []string{"none"}) {
		v.templates = nil
	}
	for _, kind := range v.templates {
		if !slices.Contains(template.Kinds, kind) {
			return usagef("--templates has %q; write some of %s, or none", kind, strings.Join(template.Kinds, ","))
		}
	}
	return nil
}

// What a template ends with: the digest of all before, so that another run can tell a file
// that a person has changed since.
const seal = " unchanged since tocsin package lambda wrote it, sha256 "

// comments begin a line that is a comment, by the file's extension.
var comments = map[string]string{".yaml": "#", ".tf": "#", ".ts": "//"}

func sealed(name string, text []byte) []byte {
	comment := comments[path.Ext(name)]
	if comment == "" {
		return text
	}
	return fmt.Appendf(slices.Clip(text), "%s%s%x\n", comment, seal, sha256.Sum256(text))
}

// untouched says whether a file is as it was written.
func untouched(name string, text []byte) bool {
	line := bytes.LastIndexByte(bytes.TrimSuffix(text, []byte("\n")), '\n') + 1
	return bytes.Equal(text, sealed(name, text[:line])) && line < len(text)
}

// fate is what becomes of a file that would be written.
type fate int

const (
	writes fate = iota // written
	keeps              // there, and nobody's but a person's from the first day
	edited             // there, and changed by hand
)

// fateOf looks at what is there.
func (v *packageVerb) fateOf(f template.File) (fate, error) {
	have, err := os.ReadFile(v.beside(f))
	switch {
	case errors.Is(err, fs.ErrNotExist) || v.force:
		return writes, nil
	case err != nil:
		return writes, err
	case bytes.Equal(have, f.Data) || untouched(f.Name, have):
		return writes, nil
	case comments[path.Ext(f.Name)] == "":
		return keeps, nil
	}
	return edited, nil
}

func (v *packageVerb) beside(f template.File) string {
	return filepath.Join(filepath.Dir(v.Zip), filepath.FromSlash(f.Name))
}

// write writes the zip and the templates, or nothing if that would undo a person's work.
// It returns what it wrote.
func (v *packageVerb) write(made *lambdapack.Package) (names []string, err error) {
	var due []template.File
	var changed []string
	for _, f := range v.files(made.Plan) {
		fate, err := v.fateOf(f)
		if err != nil {
			return nil, err
		}
		switch fate {
		case writes:
			due = append(due, f)
		case edited:
			changed = append(changed, v.beside(f))
		case keeps:
			v.app.note("%s is kept as it is; --force writes it anew", v.beside(f))
		}
	}
	if len(changed) > 0 {
		return nil, fmt.Errorf("nothing was written: changed by hand since tocsin wrote it: %s; --force writes it anew, --templates leaves it out", list(changed))
	}
	for _, f := range append([]template.File{{Name: made.Plan.Zip.Path, Data: made.Zip}}, due...) {
		name := v.beside(f)
		if err := replace(name, f.Data); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, nil
}

// replace writes a file whole or not at all.
func replace(name string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(name), ".tocsin-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(text)
	if err = errors.Join(err, f.Chmod(0o644), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}
