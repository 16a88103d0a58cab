// Package plugins carries the shipped targets inside the binary. Each folder below is
// one target's source, a guest that imports only sdk; `make plugins` builds them into
// dist, compressed, with a manifest that pins each module's digest.
//
// A module is unpacked only when it is asked for, and only if its digest is the one
// that its manifest names. A program that is built with the tag packedguests has none of them:
// that of a Lambda function finds packed ones beside itself.
package plugins

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"

	"github.com/tocsin-engine/tocsin/sdk/abi"
)

// Names are the shipped targets, whether built or not.
var Names = []string{"autoscaling", "ec2", "kinesis", "log", "sns", "sqs", "webhook"}

// Manifest is the manifest of a shipped target.
func Manifest(name string) (abi.Manifest, error) { return readManifest(dist, name) }

// Load unpacks a shipped target and checks its digest.
func Load(name string) (wasm []byte, m abi.Manifest, err error) { return load(dist, name) }

func readManifest(files fs.FS, name string) (m abi.Manifest, err error) {
	text, err := fs.ReadFile(files, "dist/"+name+".json")
	if err != nil {
		return m, fmt.Errorf("plugins: %s is not built into this binary; run make plugins, then build again", name)
	}
	if err := json.Unmarshal(text, &m); err != nil {
		return m, fmt.Errorf("plugins: manifest of %s: %w", name, err)
	}
	return m, nil
}

func load(files fs.FS, name string) (wasm []byte, m abi.Manifest, err error) {
	if m, err = readManifest(files, name); err != nil {
		return nil, m, err
	}
	packed, err := fs.ReadFile(files, "dist/"+name+".wasm.gz")
	if err != nil {
		return nil, m, fmt.Errorf("plugins: the module of %s is not built into this binary; run make plugins", name)
	}
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, m, fmt.Errorf("plugins: unpack %s: %w", name, err)
	}
	if wasm, err = io.ReadAll(z); err != nil {
		return nil, m, fmt.Errorf("plugins: unpack %s: %w", name, err)
	}
	if digest := sha256.Sum256(wasm); hex.EncodeToString(digest[:]) != m.Module.SHA256 {
		return nil, m, fmt.Errorf("plugins: %s is not the module that its manifest names; run make plugins", name)
	}
	return wasm, m, nil
}
