package template

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"text/template"

	"github.com/tocsin-engine/tocsin/runtime/lambdapack"
)

// Kinds are what Files takes.
var Kinds = []string{"sam", "cdk", "terraform"}

// File is one file of a template.
type File struct {
	// Name is a path with slashes, from the template's folder.
	Name string
	Data []byte
}

// Files are those of a kind, or nil if there is no such kind. The plan's zip stands where
// Zip.Path says, from the folder of the files.
func Files(kind string, p lambdapack.Plan) []File {
	switch kind {
	case "sam":
		return SAM(p)
	case "cdk":
		return CDK(p)
	case "terraform":
		return Terraform(p)
	}
	return nil
}

//go:embed sam cdk terraform
var sources embed.FS

// common are the functions of all templates.
var common = template.FuncMap{
	"line":    oneLine,
	"seconds": func(days int) int { return days * 24 * 60 * 60 },
	"runtime": func() string { return lambdapack.Runtime },
	"handler": func() string { return lambdapack.Handler },
}

// render executes all templates of a folder, in the order of their names.
func render(dir string, funcs template.FuncMap, p lambdapack.Plan) []File {
	data := newView(p)
	var files []File
	err := fs.WalkDir(sources, dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		t, err := template.New(path.Base(name)).Funcs(common).Funcs(funcs).ParseFS(sources, name)
		if err != nil {
			return err
		}
		var text bytes.Buffer
		if err := t.Execute(&text, data); err != nil {
			return err
		}
		if file := strings.TrimSuffix(strings.TrimPrefix(name, dir+"/"), ".tmpl"); strings.TrimSpace(text.String()) != "" {
			files = append(files, File{file, text.Bytes()})
		}
		return nil
	})
	if err != nil {
		panic(fmt.Sprintf("BUG: %v", err)) // the templates are ours, and take any plan
	}
	return files
}
