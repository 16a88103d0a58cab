package pack

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/tocsin-engine/tocsin/sdk/abi"
)

// fakeCode has the shape of code: two functions and so many bytes.
func fakeCode(length int) []byte {
	b := append([]byte("WAZEVO"), 4)
	b = append(b, "v9.9"...)
	b = binary.LittleEndian.AppendUint32(b, 2)
	for _, n := range []int{0, length / 2, length} {
		b = binary.LittleEndian.AppendUint64(b, uint64(n))
	}
	b = append(b, bytes.Repeat([]byte{0xcc}, length)...)
	return append(b, make([]byte, tail)...)
}

func sample() *Contents {
	module := []byte("\x00asm\x01\x00\x00\x00 a module")
	sum := sha256.Sum256(module)
	memory := make([]byte, 16<<10)
	copy(memory[5000:], "something")
	copy(memory[16<<10-3:], "end")
	return &Contents{Manifest: fmt.Appendf(nil, "name: sample\nabi: v1\nmodule: {path: sample.wasm, sha256: %x}\n", sum), Module: module, Skeleton: []byte("a skeleton"),
		Memory: memory, Globals: []uint64{7, 1 << 63}, Codes: []Code{
			{Platform: "linux-arm64", Key: [32]byte{2}, Text: fakeCode(10)}, {Platform: "linux-amd64", Key: [32]byte{1}, Text: fakeCode(20)}}}
}

func write(t testing.TB, c *Contents) ([]byte, string) {
	t.Helper()
	var b bytes.Buffer
	digest, err := c.Write(&b)
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), digest
}

func TestWriteAndRead(t *testing.T) {
	want := sample()
	b, digest := write(t, want)
	again, _ := write(t, sample())
	if !bytes.Equal(b, again) {
		t.Error("equal contents give other bytes")
	}
	p, err := OpenFS(fstest.MapFS{"d/s.pack": {Data: b}}, "d/s.pack")
	if err != nil {
		t.Fatal(err)
	}
	if p.Digest() != digest {
		t.Errorf("digest %s, want %s", p.Digest(), digest)
	}
	got, err := readAll(p)
	if err != nil {
		t.Fatal(err)
	}
	want.Codes[0], want.Codes[1] = want.Codes[1], want.Codes[0] // in the order of their names
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	m, err := p.Manifest()
	if err != nil || m.Name != "sample" || m.ABI != abi.V1 {
		t.Errorf("manifest %+v, %v", m, err)
	}
	if _, err := p.Code("plan9-mips"); err != ErrNoCode {
		t.Errorf("error %v, want ErrNoCode", err)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}

// readAll reads all that a pack holds; its first error ends it.
func readAll(p *Pack) (c *Contents, err error) {
	c = &Contents{Globals: p.Globals(), Fresh: p.Fresh()}
	if c.Manifest, err = p.file(manifestFile); err != nil {
		return c, err
	}
	if c.Module, err = p.Module(); err != nil {
		return c, err
	}
	if c.Skeleton, err = p.Skeleton(); err != nil {
		return c, err
	}
	if size := p.MemorySize(); size > 1<<20 {
		return c, io.ErrShortBuffer // not what this test wrote
	} else if size > 0 {
		c.Memory = make([]byte, size)
		if err := p.ReadMemory(c.Memory); err != nil {
			return c, err
		}
	}
	for _, platform := range []string{"linux-amd64", "linux-arm64"} {
		code, err := p.Code(platform)
		if err == ErrNoCode {
			continue
		}
		if err != nil {
			return c, err
		}
		text, err := io.ReadAll(code)
		if err == nil {
			err = code.Verify()
		}
		if err != nil {
			return c, err
		}
		c.Codes = append(c.Codes, Code{Platform: platform, Key: code.Key, Text: text})
	}
	return c, nil
}

// TestDamage: whichever byte of a pack is another one, what is read is an error or what
// was written; nothing else ever gets out under its digest.
func TestDamage(t *testing.T) {
	b, digest := write(t, sample())
	for at := range b {
		damaged := bytes.Clone(b)
		damaged[at] ^= 0x40
		holds(t, damaged, digest)
	}
	for n := range b {
		holds(t, b[:n], digest)
	}
}

// holds fails when a pack of this digest gives something else than the sample.
func holds(t testing.TB, b []byte, digest string) {
	t.Helper()
	p, err := Open(bytes.NewReader(b), int64(len(b)))
	if err != nil || p.Digest() != digest {
		return
	}
	got, err := readAll(p)
	if err != nil {
		return
	}
	want := sample()
	want.Codes[0], want.Codes[1] = want.Codes[1], want.Codes[0]
	if !reflect.DeepEqual(want, got) { // cmp.Diff would take seconds over all damages
		t.Fatalf("a pack of another content has the same digest (-want +got):\n%s", cmp.Diff(want, got))
	}
}

func FuzzOpen(f *testing.F) {
	b, digest := write(f, sample())
	f.Add(b)
	without := sample()
	without.Memory, without.Globals, without.Codes, without.Fresh = nil, nil, nil, "it changes a table"
	small, _ := write(f, without)
	f.Add(small)
	f.Add(b[:len(b)/2])
	f.Fuzz(func(t *testing.T, b []byte) { holds(t, b, digest) })
}

func FuzzReadHead(f *testing.F) {
	f.Add(fakeCode(20))
	f.Add(fakeCode(1))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := readHead(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return
		}
		if !bytes.HasPrefix(b, h.text) || !strings.Contains(string(h.text), h.version) {
			t.Errorf("head %q of %q", h.text, b)
		}
		functions := binary.LittleEndian.Uint32(b[7+len(h.version):])
		if int64(functions)*8 > int64(len(b)) {
			t.Errorf("%d functions in %d bytes", functions, len(b))
		}
	})
}

func FuzzRuns(f *testing.F) {
	f.Add(sample().Memory)
	f.Add([]byte{1})
	f.Fuzz(func(t *testing.T, memory []byte) {
		got := make([]byte, len(memory))
		if err := readRuns(bytes.NewReader(appendRuns(nil, memory)), got); err != nil || !bytes.Equal(got, memory) {
			t.Errorf("%v: a memory of %d bytes comes back as another one", err, len(memory))
		}
		_ = readRuns(bytes.NewReader(memory), got) // rubbish must not panic
	})
}

// archive is a zip file of entries, in order.
func archive(t *testing.T, entries ...[2]string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, e := range entries {
		w, err := z.Create(e[0])
		if err == nil {
			_, err = io.WriteString(w, e[1])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestRefusedPacks(t *testing.T) {
	sum := hex.EncodeToString(make([]byte, 32))
	files := func(more string) string {
		list := ""
		for _, name := range []string{manifestFile, moduleFile, skeletonFile} {
			list += fmt.Sprintf(`{"name":%q,"size":3,"sha256":%q},`, name, sum)
		}
		return `{"format":1,"fresh":"x","files":[` + strings.TrimSuffix(list+more, ",") + `]`
	}
	entry := func(name string, size int64) string {
		return fmt.Sprintf(`{"name":%q,"size":%d,"sha256":%q}`, name, size, sum)
	}
	index := func(text string) []byte { return archive(t, [2]string{indexName, text}) }
	for _, tc := range []struct {
		name, want string
		b          []byte
	}{
		{"no archive", "no packed plugin", []byte("\x00asm\x01\x00\x00\x00")},
		{"nothing", "no packed plugin", nil},
		{"no index", "has no pack.json", archive(t, [2]string{"a", "b"})},
		{"an index that is no JSON", "invalid character", index("hello")},
		{"an index that never ends", "more than 1048576 bytes", index(strings.Repeat(" ", 4<<20))},
		{"a later format", "it has format 2, this tocsin reads format 1", index(`{"format":2}`)},
		{"a path upward", `it lists "../../etc/passwd", which no pack has`, index(files(entry("../../etc/passwd", 3)) + "}")},
		{"a path upward in a platform", `it lists "code/../../x", which no pack has`, index(files(entry("code/../../x", 3)) + "}")},
		{"an absolute path", `it lists "/etc/passwd", which no pack has`, index(files(entry("/etc/passwd", 3)) + "}")},
		{"a file that the index hides", `it has "../evil", which its pack.json does not list`, archive(t, [2]string{indexName, files("") + "}"}, [2]string{"../evil", "x"})},
		{"a file twice", `it has "a" twice`, archive(t, [2]string{"a", ""}, [2]string{"a", ""})},
		{"a listed file twice", "it lists plugin.yaml twice", index(files(entry(manifestFile, 3)) + "}")},
		{"a module too large", "at most 33554432 are read", index(`{"format":1,"files":[` + entry(moduleFile, 33<<20) + `]}`)},
		{"a size below zero", "has -1 bytes", index(`{"format":1,"files":[` + entry(moduleFile, -1) + `]}`)},
		{"no manifest", "plugin.yaml is missing", index(`{"format":1,"files":[` + entry(moduleFile, 3) + `]}`)},
		{"more memory than there is", "which cannot be", index(files(entry(memoryFile, 8)) + `,"memory":1099511627776}`)},
		{"memory without a file", "which cannot be", index(files("") + `,"memory":65536}`)},
		{"code without a key", "1 files of code and keys for 0", index(files(entry("code/linux-amd64", 8)) + "}")},
		{"a key without code", `its code of "linux-amd64"`, index(files("") + `,"codes":[{"platform":"linux-amd64","key":"` + sum + `"}]}`)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := Open(bytes.NewReader(tc.b), int64(len(tc.b)))
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want one with %q", err, tc.want)
			}
		})
	}
}

// TestBombs: a file that unpacks to more than its index says is given up at that size.
func TestBombs(t *testing.T) {
	sum := sha256.Sum256([]byte("abc"))
	list := ""
	for _, name := range []string{manifestFile, moduleFile, skeletonFile, memoryFile} {
		list += fmt.Sprintf(`{"name":%q,"size":3,"sha256":"%x"},`, name, sum)
	}
	huge := strings.Repeat("a", 4<<20)
	b := archive(t, [2]string{indexName, `{"format":1,"memory":65536,"files":[` + strings.TrimSuffix(list, ",") + `]}`}, [2]string{manifestFile, huge},
		[2]string{moduleFile, "abc"}, [2]string{skeletonFile, huge}, [2]string{memoryFile, huge})
	p, err := Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	for name, read := range map[string]func() error{
		"manifest": func() error { _, err := p.Manifest(); return err },
		"skeleton": func() error { _, err := p.Skeleton(); return err },
		"memory":   func() error { return p.ReadMemory(make([]byte, 65536)) },
	} {
		if err := read(); err == nil || !strings.Contains(err.Error(), "the pack is damaged, pack the plugin again") {
			t.Errorf("%s: error %v, want that it is damaged", name, err)
		}
	}
}
