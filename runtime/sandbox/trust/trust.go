// Package trust says whether a plugin comes from somebody who is trusted. A signature
// is an Ed25519 one over a plugin's manifest, which pins the module by its digest, or over
// a pack's digest; it stands beside the file that it is for, as FILE.sig, in base64. Keys
// are PEM files as OpenSSL writes them (RFC 8410).
package trust

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// Ext is what a signature's file is called beyond the name of what is signed.
const Ext = ".sig"

// context keeps a signature from being taken for one of something else.
const context = "tocsin plugin v1\n"

// Keys are the public keys that are trusted. Without any, nothing needs a signature.
type Keys []ed25519.PublicKey

// LoadKeys reads public keys, one or more in each file.
func LoadKeys(files ...string) (Keys, error) {
	var keys Keys
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("trusted key: %w", err)
		}
		before := len(keys)
		for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
			parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
			key, ok := parsed.(ed25519.PublicKey)
			if err != nil || !ok {
				return nil, fmt.Errorf("trusted key %s: it holds a %s that is no Ed25519 public key; tocsin plugin keygen makes one", file, block.Type)
			}
			keys = append(keys, key)
		}
		if len(keys) == before {
			return nil, fmt.Errorf("trusted key %s: there is no PEM block in it; tocsin plugin keygen makes one", file)
		}
	}
	return keys, nil
}

// Check says why a file must not be used: content is what of it is signed. Without keys
// every file may.
func (k Keys) Check(path string, content []byte) error {
	if len(k) == 0 {
		return nil
	}
	text, err := os.ReadFile(path + Ext)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s is not signed, and only plugins signed by a trusted key are loaded; tocsin plugin sign writes %s", path, path+Ext)
	}
	if err != nil {
		return err
	}
	sig, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(sig) != ed25519.SignatureSize {
		return fmt.Errorf("%s is no signature; tocsin plugin sign writes one", path+Ext)
	}
	for _, key := range k {
		if ed25519.Verify(key, message(content), sig) {
			return nil
		}
	}
	return fmt.Errorf("the signature in %s is of none of the %d trusted keys, or %s was changed after it was signed", path+Ext, len(k), path)
}

func message(content []byte) []byte { return append([]byte(context), content...) }

// Sign writes the signature of a file.
func Sign(path string, content []byte, key ed25519.PrivateKey) error {
	sig := ed25519.Sign(key, message(content))
	return os.WriteFile(path+Ext, []byte(base64.StdEncoding.EncodeToString(sig)+"\n"), 0o644)
}

// LoadPrivate reads a private key.
func LoadPrivate(file string) (ed25519.PrivateKey, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(data)
	if block == nil {
		return nil, fmt.Errorf("%s: there is no PEM block in it; tocsin plugin keygen makes a key", file)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	key, ok := parsed.(ed25519.PrivateKey)
	if err != nil || !ok {
		return nil, fmt.Errorf("%s: it holds a %s that is no Ed25519 private key; tocsin plugin keygen makes one", file, block.Type)
	}
	return key, nil
}

// Generate writes a new pair: NAME.key, which only its owner can read, and NAME.pub. It
// writes over nothing.
func Generate(name string) error {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return err
	}
	open, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return err
	}
	if err := create(name+".key", 0o600, "PRIVATE KEY", secret); err != nil {
		return err
	}
	return create(name+".pub", 0o644, "PUBLIC KEY", open)
}

func create(file string, mode os.FileMode, kind string, der []byte) error {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	return errors.Join(pem.Encode(f, &pem.Block{Type: kind, Bytes: der}), f.Close())
}
