package awsapi

import (
	"fmt"
	"os"
	"strings"
)

// LoadKeys reads a file of access keys.
func LoadKeys(file string) (map[string]string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("keys: %w", err)
	}
	keys, err := ParseKeys(string(text))
	if err != nil {
		return nil, fmt.Errorf("keys: %s:%w", file, err)
	}
	return keys, nil
}

// ParseKeys reads lines of ACCESS_KEY_ID SECRET; empty lines and those that begin with
// # are passed over. The error never repeats a secret.
func ParseKeys(text string) (map[string]string, error) {
	keys := map[string]string{}
	n := 0
	for line := range strings.Lines(text) {
		n++
		words := strings.Fields(line)
		switch {
		case len(words) == 0 || strings.HasPrefix(words[0], "#"):
			continue
		case len(words) != 2:
			return nil, fmt.Errorf("%d: write ACCESS_KEY_ID SECRET, two words on a line", n)
		case strings.ContainsAny(words[0], "/,="):
			return nil, fmt.Errorf("%d: an access key id has no '/', ',' or '='", n)
		case keys[words[0]] != "":
			return nil, fmt.Errorf("%d: the access key id %s stands twice", n, words[0])
		}
		keys[words[0]] = words[1]
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("%d: there is no key; write a line ACCESS_KEY_ID SECRET", max(n, 1))
	}
	return keys, nil
}
