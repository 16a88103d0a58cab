package logfile

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// meta are the characters that make a path a pattern.
const meta = "*?[{"

// compressed are the ends of names of files that hold no lines.
var compressed = []string{".gz", ".bz2", ".xz", ".zst", ".zip", ".tar", ".tgz", ".7z"}

// glob is a pattern of paths.
type glob struct {
	// path is the one path there is without a pattern.
	path string
	// root is the folder below which files may match re.
	root string
	re   *regexp.Regexp
	deep bool
}

// CheckPath says what is wrong with a pattern of paths.
func CheckPath(pattern string) error {
	_, err := newGlob(pattern)
	return err
}

func newGlob(pattern string) (glob, error) {
	if pattern == "" {
		return glob{}, fmt.Errorf("a path is needed, such as /var/log/app/*.log")
	}
	at := strings.IndexAny(pattern, meta)
	if at < 0 {
		return glob{path: filepath.Clean(pattern)}, nil
	}
	root := filepath.Dir(pattern[:at] + "x")
	re, err := regexp.Compile(`^(?s:` + globExpression(pattern) + `)$`)
	if err != nil {
		return glob{}, fmt.Errorf("%q is no pattern of paths: a [ or { is not closed, or a range is upside down", pattern)
	}
	return glob{root: root, re: re, deep: strings.ContainsRune(pattern[at:], filepath.Separator) || strings.Contains(pattern, "**")}, nil
}

// globExpression is the regular expression of a pattern.
func globExpression(pattern string) string {
	var b strings.Builder
	braces := 0
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; {
		case strings.HasPrefix(pattern[i:], "**"):
			b.WriteString(".*")
			i++
		case c == '*':
			b.WriteString("[^/]*")
		case c == '?':
			b.WriteString("[^/]")
		case c == '[':
			end := strings.IndexByte(pattern[i+1:], ']')
			if end < 1 {
				return "[" // does not compile
			}
			class := pattern[i+1 : i+1+end]
			if class[0] == '!' {
				class = "^" + class[1:]
			}
			b.WriteString("[" + strings.ReplaceAll(class, `\`, `\\`) + "]")
			i += end + 1
		case c == '{':
			braces++
			b.WriteString("(?:")
		case c == '}' && braces > 0:
			braces--
			b.WriteByte(')')
		case c == ',' && braces > 0:
			b.WriteByte('|')
		default:
			b.WriteString(regexp.QuoteMeta(string(c)))
		}
	}
	return b.String()
}

// found is a file that a glob matches.
type found struct {
	path string
	info os.FileInfo
}

// files are the regular files that match, sorted by path. What cannot be looked at is
// passed over: it may appear later.
func (g glob) files() []found {
	if g.path != "" {
		if info, err := os.Stat(g.path); err == nil && info.Mode().IsRegular() {
			return []found{{g.path, info}}
		}
		return nil
	}
	var list []found
	_ = filepath.WalkDir(g.root, func(path string, d fs.DirEntry, err error) error { // it never ends early
		if err != nil {
			return nil //nolint:nilerr // see above
		}
		if d.IsDir() {
			if path != g.root && !g.deep {
				return filepath.SkipDir
			}
			return nil
		}
		if !g.re.MatchString(path) || isCompressed(path) {
			return nil
		}
		// Not d.Info: a link stands for the file that it points to.
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			list = append(list, found{path, info})
		}
		return nil
	})
	slices.SortFunc(list, func(a, b found) int { return strings.Compare(a.path, b.path) })
	return list
}

func isCompressed(path string) bool {
	return slices.ContainsFunc(compressed, func(end string) bool { return strings.HasSuffix(path, end) })
}
