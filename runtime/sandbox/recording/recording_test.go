package recording

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tocsin-engine/tocsin/sdk/abi"
)

const digest = "8bae6f6822448be5ead1d7a76f8b775feeba26abbfd28b3efadee1def76dcdea"

// whole is a recording with something in every member.
func whole() *Recording {
	return &Recording{
		V: 1, At: time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC), Plugin: "p", Module: digest, ABI: abi.V1, Function: "f", KeptVars: true, Platform: "linux-amd64",
		Target: "t", Config: Text(`{ "a": 1}`), Limits: abi.Limits{Memory: 1 << 20, TimeMS: 5000, Output: 9, Log: 8}, Delivery: "d/1/r/t", Seed: "s", NowMS: -1,
		Hops: 2, Bus: "b", Records: []Record{{ID: "d/1/r/t", Attempt: 3, Rule: "r", Event: Text("{\"x\":\"\u2028<&>\"}"), Input: Text(`"i"`)}},
		Init: []Call{{Function: "log info", Request: Text("hi")}}, Calls: []Call{{Function: "http", Request: Text("{}"), Answer: Text("\xff\x00")}, {Function: "aws", Errno: abi.Busy}},
		Began: digest, End: End{Failures: []abi.Failure{{ID: "d/1/r/t", Error: "no"}}, Fault: "trap", Message: "m", Functions: []string{"a", "b"},
			Stderr: Text("e"), Fuel: 7, MemorySize: 65536, Memory: digest},
	}
}

func TestEncodeIsReadAgain(t *testing.T) {
	r := whole()
	text, err := r.Encode()
	if err != nil {
		t.Fatal(err)
	}
	read, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(r, read); diff != "" {
		t.Errorf("read again (-want +got):\n%s", diff)
	}
}

// TestTooLargeIsCut: what is kept of a recording that is too large says so, and is small.
func TestTooLargeIsCut(t *testing.T) {
	r := whole()
	for n := range uint64(150_000) { // not to be compressed
		r.Calls[0].Answer = append(r.Calls[0].Answer, fmt.Sprintf("%x", n*0x9E3779B97F4A7C15)...)
	}
	text, err := r.Encode()
	if err != nil || len(text) > 2<<10 {
		t.Fatalf("%d bytes, %v", len(text), err)
	}
	read, err := Parse(text)
	if err != nil || !strings.Contains(read.Cut, "KiB, more than can be kept") || read.Records[0].ID != "d/1/r/t" || read.End.Fault != "trap" {
		t.Errorf("it is read as %+v, %v", read, err)
	}
}

// TestLongIsCompressed: an event of the largest size, and a request that repeats it.
func TestLongIsCompressed(t *testing.T) {
	r := whole()
	r.Records[0].Event = Text(`"` + strings.Repeat("abc 0123", 32<<10) + `"`)
	r.Calls[0].Request = r.Records[0].Event
	text, err := r.Encode()
	if err != nil || len(text) > MaxSize || text[0] == '{' {
		t.Fatalf("%d bytes, %v", len(text), err)
	}
	read, err := Parse(text)
	if err != nil || Compare(r, read) != nil || !bytes.Equal(read.Records[0].Event, r.Records[0].Event) {
		t.Errorf("it is read as another one: %v", err)
	}
	if _, err := Parse(text[:len(text)/2]); err == nil {
		t.Error("half of it is read")
	}
	bomb := compressed(bytes.Repeat([]byte(" "), maxText+1))
	if _, err := Parse(bomb); err == nil || !strings.Contains(err.Error(), "more than 8 MiB") {
		t.Errorf("a bomb of %d bytes: %v", len(bomb), err)
	}
}

func TestParseRefuses(t *testing.T) {
	for name, change := range map[string]func(*Recording){
		"version 2":         func(r *Recording) { r.V = 2 },
		"module is no":      func(r *Recording) { r.Module = "abc" },
		"began is no":       func(r *Recording) { r.Began = "abc" },
		"end.memory is no":  func(r *Recording) { r.End.Memory = "" },
		"negative":          func(r *Recording) { r.Limits.Fuel = -1 },
		"config is no JSON": func(r *Recording) { r.Config = Text("nope") },
		"record 1 is no":    func(r *Recording) { r.Records[0].Input = Text("{") },
	} {
		r := whole()
		change(r)
		text, err := r.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Parse(text); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("error %v, want one with %q", err, name)
		}
	}
}

func TestCompare(t *testing.T) {
	for _, tc := range []struct {
		change func(*Recording)
		want   *Difference
	}{
		{func(*Recording) {}, nil},
		{func(r *Recording) { r.Init[0].Request = nil }, &Difference{"host call 1 of init", "log info hi", "log info"}},
		{func(r *Recording) { r.Began = "x" }, &Difference{"memory after init", digest, "x"}},
		{func(r *Recording) { r.Calls = r.Calls[:1] }, &Difference{"host call 2", "aws", "no more calls"}},
		{func(r *Recording) { r.Calls[1].Errno = 0 }, &Difference{"answer to host call 2", "over a rate limit, later it may pass", ""}},
		{func(r *Recording) { r.End.Fault = "" }, &Difference{"end", "trap: m", `{"failures":[{"id":"d/1/r/t","retry":false,"error":"no"}]}`}},
		{func(r *Recording) { r.End.Functions = nil }, &Difference{"stack", "a < b", ""}},
		{func(r *Recording) { r.End.Stderr = Text("f") }, &Difference{"standard error", "e", "f"}},
		{func(r *Recording) { r.End.Fuel++ }, &Difference{"fuel", "7", "8"}},
		{func(r *Recording) { r.End.MemorySize = 0 }, &Difference{"size of the memory", "65536", "0"}},
		{func(r *Recording) { r.End.Memory = "y" }, &Difference{"memory", digest, "y"}},
	} {
		again := whole()
		tc.change(again)
		if diff := cmp.Diff(tc.want, Compare(whole(), again)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	unknown, again := whole(), whole()
	unknown.End.Unknown, again.End.Memory, again.Began = "why", "y", "z"
	if d := Compare(unknown, again); d != nil {
		t.Errorf("a memory that is not known is compared: %+v", d)
	}
	long := strings.Repeat("é", 200)
	a, b := excerpts(long+"1"+long, long+"2"+long)
	if !strings.HasPrefix(a, "…é") || !strings.Contains(a, "1") || !strings.Contains(b, "2") || len(a) > 200 {
		t.Errorf("excerpts %q and %q", a, b)
	}
}

func TestVeil(t *testing.T) {
	v := &Veil{}
	v.Handle("0123456789abcdef")
	v.Value(`tok"en/A7 ü&`)
	v.Value("short")
	for in, want := range map[string]string{
		"a 0123456789abcdef b":             "a 0000000000000000 b",
		`x tok"en/A7 ü& y`:                 `x xxx"xx/x1 ü& y`,
		`{"a":"tok\"en/A7 ü\u0026"}`:       `{"a":"xxx\"xx/x1 ü\u0026"}`,
		"q=tok%22en%2FA7+%C3%BC%26&r":      "q=xxx%22xx%2Fx1+%C3%BC%26&r",
		"short 0123456789abcde":            "short 0123456789abcde",
		"0123456789abcdef0123456789abcdef": strings.Repeat("0", 32),
		"":                                 "",
	} {
		if got := v.String(in); got != want || len(got) != len(in) {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
}

// FuzzParse: what is read is written and read again as the same, is the same call as
// itself, and never longer than a store's item when it is encoded.
func FuzzParse(f *testing.F) {
	for _, change := range []func(*Recording){func(*Recording) {}, func(r *Recording) { r.Cut = "why" }, func(r *Recording) { r.End = End{Unknown: "why"} },
		func(r *Recording) { *r = Recording{V: 1, Module: digest, Config: Text("{}"), End: End{Memory: digest}} }} {
		r := whole()
		change(r)
		text, err := r.Encode()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte(`{"v":1,"config":{"base64":"e30="},"module":""}`))
	f.Add([]byte(`{"call":"x"}`))
	f.Add(compressed(bytes.Repeat([]byte(" "), longText)))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := Parse(text)
		if err != nil {
			return
		}
		if d := Compare(r, r); d != nil {
			t.Errorf("it differs from itself: %+v", d)
		}
		again, err := r.Encode()
		if err != nil {
			return // a time that JSON has no form for
		}
		read, err := Parse(again)
		if err != nil {
			t.Fatalf("%v of %s, which came of %s", err, again, text)
		}
		if r.Cut == "" && Compare(r, read) != nil {
			t.Errorf("%s is another one than %s", again, text)
		}
		if third, err := read.Encode(); err != nil || !bytes.Equal(third, again) {
			t.Errorf("written again it is %s, not %s", third, again)
		}
	})
}
