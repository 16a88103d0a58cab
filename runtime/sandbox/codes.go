package sandbox

import (
	"errors"
	"io"
	"reflect"
	"sync"
	"unsafe"

	"github.com/tetratelabs/wazero"
)

// codeKey is wazero's name for the compiled code of a module: a digest of the module, the
// compiler's settings and the processor's features.
type codeKey = [32]byte

// codeStore is wazero's filecache.Cache: where it looks for compiled code, and keeps it.
type codeStore interface {
	Get(key codeKey) (code io.ReadCloser, ok bool, err error)
	Add(key codeKey, code io.Reader) error
	Delete(key codeKey) error
}

// cacheOf makes a compilation cache of s. wazero itself only offers one in a folder, where
// the bytes that were checked and the bytes that run would not be the same ones, and which
// a read-only machine does not have. So the field is set that wazero would set; where it
// is another one, packed plugins are compiled.
func cacheOf(s codeStore) (wazero.CompilationCache, error) {
	cache := wazero.NewCompilationCache()
	v := reflect.ValueOf(cache)
	if v.Kind() != reflect.Pointer || v.Elem().Kind() != reflect.Struct {
		return nil, errForeignCache
	}
	field := v.Elem().FieldByName("fileCache")
	if !field.IsValid() || field.Kind() != reflect.Interface || !reflect.TypeOf(s).Implements(field.Type()) {
		return nil, errForeignCache
	}
	reflect.NewAt(field.Type(), unsafe.Pointer(field.UnsafeAddr())).Elem().Set(reflect.ValueOf(s))
	return cache, nil
}

var errForeignCache = errors.New("sandbox: this wazero keeps its compiled code in another way")

// recorder keeps what was compiled last.
type recorder struct {
	key  codeKey
	code []byte
}

// Get never finds anything.
func (r *recorder) Get(codeKey) (io.ReadCloser, bool, error) { return nil, false, nil }

// Add keeps the code.
func (r *recorder) Add(key codeKey, code io.Reader) (err error) {
	r.key = key
	r.code, err = io.ReadAll(code)
	return err
}

// Delete has nothing to do.
func (r *recorder) Delete(codeKey) error { return nil }

// shelf holds the code of the pack that is being loaded, and nothing else: a skeleton must
// never be compiled, it would trap at its first call.
type shelf struct {
	mu   sync.Mutex // held while a pack is loaded
	key  codeKey
	code io.Reader
}

var (
	errOtherProcessor = errors.New("it was compiled for a processor with other features")
	errOtherVersion   = errors.New("it was compiled by another version of the compiler")
)

// Get is the code, if it is for this processor.
func (s *shelf) Get(key codeKey) (io.ReadCloser, bool, error) {
	if s.code == nil {
		return nil, false, nil
	}
	if key != s.key {
		return nil, false, errOtherProcessor
	}
	return io.NopCloser(s.code), true, nil
}

// Add is only called for what was compiled: what does not lie here, or what fits no more.
func (s *shelf) Add(codeKey, io.Reader) error {
	if s.code == nil {
		return nil
	}
	return errOtherProcessor
}

// Delete is called for the code of another version.
func (s *shelf) Delete(codeKey) error { return errOtherVersion }
