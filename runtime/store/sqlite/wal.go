package sqlite

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io/fs"
	"math/bits"
	"os"
)

// Sizes in a write-ahead log, see https://sqlite.org/walformat.html.
const (
	walHeader   = 32
	frameHeader = 24
)

// wal is the write-ahead log of a file that nobody has open. SQLite reads a log up to
// the first frame whose checksum is wrong, and takes the rest for what a crash has left.
// But where a bit has flipped, the rest is good, and what comes before it may be older
// than what the file itself has. So it is looked at before SQLite is.
type wal struct {
	path     string // of the file that it belongs to
	pageSize int
	b        []byte
	sum      checksum
	frames   []frame
	// turned counts the flipped bits that were turned back, bad the frames that are not
	// what was written, missing those that the log's index knows of and the log has not.
	turned, bad, missing int
	// torn says that the only bad frame may be one that a kill cut short: it is the last
	// one, and no single bit is what is wrong with it.
	torn bool
}

type frame struct {
	page   uint32
	at     int    // of its header
	commit uint32 // how many pages the file has after it; 0 if the transaction goes on
	good   bool
}

// readLog reads the log of a file, and turns single flipped bits back in memory.
func readLog(path string) (*wal, error) {
	b, err := os.ReadFile(path + "-wal")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	w := &wal{path: path, b: b}
	switch {
	case len(b) == 0:
	case len(b) < walHeader:
		w.bad, w.torn = 1, true
	case !w.readHeader():
		w.bad = 1 + (len(b)-walHeader)/(frameHeader+eventsPage)
	default:
		w.readFrames()
	}
	index, err := os.ReadFile(path + "-shm")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	w.missing = max(0, w.indexed(index)-len(w.frames)-w.bad)
	return w, nil
}

// What every log's header begins with, but for the last bit, which says in what order its
// checksums read words.
const (
	walMagic   = 0x377f0682
	walVersion = 3007000
)

// readHeader says whether the header is right, after a bit of it was turned back if that
// helps. Much of a header is known, and its salts stand in the first frame too.
func (w *wal) readHeader() bool {
	if w.headed() {
		return true
	}
	for bit := range walHeader * 8 {
		w.b[bit/8] ^= 1 << (bit % 8)
		if w.headed() && len(w.b) >= walHeader+frameHeader && bytes.Equal(w.b[16:24], w.b[walHeader+8:][:8]) {
			w.turned++
			return true
		}
		w.b[bit/8] ^= 1 << (bit % 8)
	}
	return false
}

// headed verifies the header.
func (w *wal) headed() bool {
	word := func(at int) uint32 { return binary.BigEndian.Uint32(w.b[at:]) }
	w.sum = checksum{bigEndian: word(0)&1 == 1}.over(w.b[:24])
	w.pageSize = int(word(8))
	return w.sum == w.sum.stored(w.b[24:], binary.BigEndian) && word(0)&^1 == walMagic && word(4) == walVersion
}

func (w *wal) readFrames() {
	size := frameHeader + w.pageSize
	for at := walHeader; at+size <= len(w.b); at += size {
		f := w.b[at : at+size]
		if !bytes.Equal(f[8:12], w.b[16:20]) && !bytes.Equal(f[12:16], w.b[20:24]) {
			return // an earlier round
		}
		candidates, good := w.check(f)
		if !good {
			w.bad++
		}
		w.torn = !good && w.bad == 1 && candidates == 0
		w.frames = append(w.frames, frame{binary.BigEndian.Uint32(f), at, binary.BigEndian.Uint32(f[4:]), good})
		w.sum = w.sum.stored(f[16:], binary.BigEndian)
	}
}

// check verifies a frame, after one bit of it was turned back if that helps, and says in
// how many ways that could have been done.
func (w *wal) check(f []byte) (candidates int, good bool) {
	salts := w.b[16:24]
	summed := append(append(make([]byte, 0, len(f)), f[:8]...), f[frameHeader:]...)
	wrong := w.sum.over(summed) != w.sum.stored(f[16:], binary.BigEndian)
	switch {
	case !wrong && bytes.Equal(f[8:16], salts):
		return 0, true
	case !wrong && bits.OnesCount64(binary.BigEndian.Uint64(f[8:])^binary.BigEndian.Uint64(salts)) == 1:
		copy(f[8:16], salts)
		candidates = 1
	case wrong && bytes.Equal(f[8:16], salts):
		candidates = w.sum.turnBack(summed, f[16:frameHeader], binary.BigEndian)
		copy(f, summed[:8])
		copy(f[frameHeader:], summed[8:])
	}
	if candidates == 1 {
		w.turned++
	}
	return candidates, candidates == 1
}

// indexed is how many frames the log's index says that there are. It is not durable, but
// after a kill it is there, and only ever told of what had been written.
func (w *wal) indexed(index []byte) int {
	const size = 48 // of the header, which stands there twice
	if len(index) < 2*size || !bytes.Equal(index[:size], index[size:2*size]) {
		return 0
	}
	var sum checksum
	if sum.over(index[:size-8]) != sum.stored(index[size-8:], binary.LittleEndian) {
		return 0
	}
	if len(w.b) >= walHeader && !bytes.Equal(index[32:40], w.b[16:24]) {
		return 0 // of another round
	}
	return int(binary.LittleEndian.Uint32(index[16:]))
}

// write puts the log right where SQLite is to read it: as it is, if every frame is good
// now, or moved into the file as far as it is.
func (w *wal) write() error {
	if w.bad > 0 && !w.torn && len(w.frames) > 0 {
		return w.move()
	}
	if w.turned == 0 {
		return nil
	}
	return overwrite(w.path+"-wal", func(f *os.File) error {
		_, err := f.WriteAt(w.b, 0)
		return err
	})
}

// move writes the newest frame of each page into the file and removes the log. A page
// whose newest frame is bad is written with a wrong checksum: it is damaged like any
// other then, and is not taken for what it was before.
func (w *wal) move() error {
	newest, pages := w.committed()
	err := checkHeader(setup{path: w.path, pageSize: w.pageSize})
	if pages == 0 || isDamage(err) {
		return nil // for SQLite, and for whoever mends the file
	}
	if err != nil {
		return err
	}
	err = overwrite(w.path, func(file *os.File) error {
		for _, f := range newest {
			page := w.b[f.at+frameHeader:][:w.pageSize]
			sum := pageSum(page)
			if !f.good {
				binary.LittleEndian.PutUint64(sum[:], ^binary.LittleEndian.Uint64(sum[:]))
			}
			copy(page[w.pageSize-8:], sum[:])
			if _, err := file.WriteAt(page, int64(f.page-1)*int64(w.pageSize)); err != nil {
				return err
			}
		}
		return file.Truncate(int64(pages) * int64(w.pageSize))
	})
	if err != nil {
		return err
	}
	return errors.Join(removeIfThere(w.path+"-wal"), removeIfThere(w.path+"-shm"))
}

// committed are the newest frames of the pages that the file has after the last whole
// transaction, and how many pages it has then.
func (w *wal) committed() (newest map[uint32]frame, pages uint32) {
	last := -1
	for i, f := range w.frames {
		if f.good && f.commit > 0 {
			last, pages = i, f.commit
		}
	}
	newest = map[uint32]frame{}
	for _, f := range w.frames[:last+1] {
		if f.page > 0 && f.page <= pages {
			newest[f.page] = f
		}
	}
	return newest, pages
}

// overwrite changes a file in place.
func overwrite(path string, change func(*os.File) error) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(change(f), f.Sync(), f.Close())
}
