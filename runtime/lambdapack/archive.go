package lambdapack

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"time"
)

// content is a file of the zip.
type content struct {
	name    string
	data    []byte
	program bool
}

// epoch is the time of all files: the first that a zip can name.
var epoch = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

// archive makes a zip: equal files give equal bytes.
func archive(name string, files []content) ([]byte, Zip, error) {
	out := Zip{Path: name}
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestCompression) })
	for _, f := range files {
		h := &zip.FileHeader{Name: f.name, Method: zip.Deflate, Modified: epoch}
		h.SetMode(0o644)
		if f.program {
			h.SetMode(0o755)
		}
		w, err := z.CreateHeader(h)
		if err != nil {
			return nil, out, err
		}
		if _, err := w.Write(f.data); err != nil {
			return nil, out, err
		}
		out.Files = append(out.Files, File{f.name, int64(len(f.data)), digest(f.data)})
		out.Unzipped += int64(len(f.data))
	}
	if err := z.Close(); err != nil {
		return nil, out, err
	}
	out.Size, out.SHA256 = int64(b.Len()), digest(b.Bytes())
	return b.Bytes(), out, nil
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// The sizes that Lambda takes
// (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html), and the one
// from which on a cold start is felt.
const (
	maxZip      = 50 << 20
	maxUnzipped = 250 << 20
	largeZip    = 15 << 20
)

// weigh holds the zip against Lambda's limits, in Lambda's words.
func (p *Package) weigh() error {
	z := p.Plan.Zip
	switch {
	case z.Unzipped >= maxUnzipped:
		return fmt.Errorf("the files of the zip have %d bytes, and Lambda says: Unzipped size must be smaller than %d bytes", z.Unzipped, maxUnzipped)
	case z.Size > maxZip:
		return fmt.Errorf("the zip has %d bytes, more than the 50 MB that Lambda takes, and Lambda says: Request must be smaller than 70167211 bytes for the CreateFunction operation", z.Size)
	case z.Size > largeZip:
		p.warn(Warning{"zip", fmt.Sprintf("it has %.1f MB; a function starts faster below 15 MB", float64(z.Size)/(1<<20)), ""})
	}
	return nil
}
