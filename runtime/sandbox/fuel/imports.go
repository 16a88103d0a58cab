package fuel

// Imports lists the functions that a module imports, as "tocsin.http", without compiling
// it.
func Imports(wasm []byte) ([]string, error) {
	m := &module{sections: map[byte][]byte{}}
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
