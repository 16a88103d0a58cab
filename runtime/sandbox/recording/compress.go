package recording

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
)

// A text is compressed from longText on: a short one is dearer to compress than to keep.
// maxText bounds what a compressed one may become.
const (
	longText = 64 << 10
	maxText  = 8 << 20
)

func compressed(text []byte) []byte {
	if len(text) < longText {
		return text
	}
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write(text)
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		panic("BUG: " + err.Error()) // memory takes everything
	}
	return b.Bytes()
}

// Plain is an encoded recording as JSON.
func Plain(b []byte) ([]byte, error) {
	if !bytes.HasPrefix(b, []byte{0x1f, 0x8b}) {
		return b, nil
	}
	r, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, fmt.Errorf("not a recording: %w", err)
	}
	text, err := io.ReadAll(io.LimitReader(r, maxText+1))
	if err == nil && len(text) > maxText {
		err = fmt.Errorf("it has more than %d MiB", maxText>>20)
	}
	if err != nil {
		return nil, fmt.Errorf("not a recording: %w", err)
	}
	return text, nil
}
