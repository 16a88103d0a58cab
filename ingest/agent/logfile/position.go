package logfile

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Position says how far the records of a file reach, and how to know the file again.
type Position struct {
	Path string `json:"path"`
	// Device and Inode are 0 where the system has none.
	Device uint64 `json:"device,omitempty"`
	Inode  uint64 `json:"inode,omitempty"`
	Offset int64  `json:"offset"`
	// Check is the hash of the Checked bytes before Mark: the last that were read, which
	// may be more than have become records.
	Mark    int64  `json:"mark,omitempty"`
	Check   string `json:"check,omitempty"`
	Checked int    `json:"checked,omitempty"`
}

// checked is how many bytes are compared. Log lines differ by their time at least, so
// that a few hundred bytes hold what no other file has at that place.
const checked = 512

// mark is the content of a file before an offset.
type mark struct {
	at    int64
	bytes []byte
}

// readMark reads the mark that ends at an offset; it is none if the file does not reach
// so far any more.
func readMark(f io.ReaderAt, at int64) mark {
	b := make([]byte, min(checked, at))
	if n, _ := f.ReadAt(b, at-int64(len(b))); n < len(b) {
		return mark{}
	}
	return mark{at, b}
}

// on is the mark after more bytes were read.
func (m mark) on(b []byte) mark {
	all := slices.Concat(m.bytes, b[max(0, len(b)-checked):])
	return mark{m.at + int64(len(b)), all[max(0, len(all)-checked):]}
}

// in says whether a file has the mark.
func (m mark) in(f io.ReaderAt) bool {
	b := make([]byte, len(m.bytes))
	n, _ := f.ReadAt(b, m.at-int64(len(b))) // short is different
	return n == len(b) && bytes.Equal(b, m.bytes)
}

func hash(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:12])
}

// holds says whether a file has what was read.
func (p Position) holds(f *os.File, size int64) bool {
	if size < p.Mark {
		return false
	}
	m := readMark(f, p.Mark)
	return len(m.bytes) >= p.Checked && (p.Checked == 0 || p.Check == hash(m.bytes[len(m.bytes)-p.Checked:]))
}

// is says whether a file is the one that was read, whatever its name now is.
func (p Position) is(f *os.File, info os.FileInfo) bool {
	device, inode := identity(info)
	if (device != p.Device || inode != p.Inode) || inode == 0 && p.Checked == 0 {
		return false
	}
	return p.holds(f, info.Size())
}

// open finds the file of a position: under its name, or beside it under a name that
// begins with it, as rotation leaves it.
func (p Position) open() (*os.File, os.FileInfo, string) {
	for _, path := range append([]string{p.Path}, beside(p.Path)...) {
		if f, info := openIf(path, p.is); f != nil {
			return f, info, path
		}
	}
	return nil, nil, ""
}

// openCopy finds the file that the position's was copied to before it was cut: the
// newest beside it that has the same content, and that nobody knows yet.
func (p Position) openCopy(known func(*os.File, os.FileInfo) bool) (*os.File, os.FileInfo, string) {
	if p.Checked == 0 {
		return nil, nil, ""
	}
	for _, path := range beside(p.Path) {
		f, info := openIf(path, func(f *os.File, info os.FileInfo) bool { return !known(f, info) && p.holds(f, info.Size()) })
		if f != nil {
			return f, info, path
		}
	}
	return nil, nil, ""
}

// openIf opens a file if it is the wanted one.
func openIf(path string, wanted func(*os.File, os.FileInfo) bool) (*os.File, os.FileInfo) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil
	}
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() || !wanted(f, info) {
		_ = f.Close() // nothing was written
		return nil, nil
	}
	return f, info
}

// maxBeside bounds how many files beside one are looked at.
const maxBeside = 100

// beside are the files that rotation may have made of one: app.log.1, app.log-20261122,
// app-1.log; newest first.
func beside(path string) []string {
	dir, name := filepath.Split(path)
	entries, err := os.ReadDir(cleanDir(dir))
	if err != nil {
		return nil
	}
	stem := strings.TrimSuffix(name, filepath.Ext(name))
	var list []found
	for _, e := range entries {
		if e.Name() == name || !strings.HasPrefix(e.Name(), stem) || isCompressed(e.Name()) || !e.Type().IsRegular() {
			continue
		}
		if info, err := e.Info(); err == nil {
			list = append(list, found{filepath.Join(dir, e.Name()), info})
		}
	}
	slices.SortFunc(list, func(a, b found) int { return b.info.ModTime().Compare(a.info.ModTime()) })
	paths := make([]string, 0, len(list))
	for _, f := range list[:min(len(list), maxBeside)] {
		paths = append(paths, f.path)
	}
	return paths
}

func cleanDir(dir string) string {
	if dir == "" {
		return "."
	}
	return dir
}
