package fuel

import "slices"

// Imports lists the functions that a module imports, as "tocsin.http", without compiling
// it.
func Imports(wasm []byte) ([]string, error) { return imports(wasm, false) }

// SkeletonImports lists the functions that the module of a skeleton imports.
func SkeletonImports(skeleton []byte) ([]string, error) {
	all, err := imports(skeleton, true)
	own := func(name string) bool { return name == ImportModule+"."+ImportRefill }
	return slices.DeleteFunc(all, own), err
}

func imports(wasm []byte, rewritten bool) ([]string, error) {
	m := &module{sections: map[byte][]byte{}, rewritten: rewritten}
	if err := m.split(wasm); err != nil {
		return nil, err
	}
	if err := m.readTypes(); err != nil {
		return nil, err
	}
	if err := m.readImports(); err != nil {
		return nil, err
	}
	return m.imports, nil
}
