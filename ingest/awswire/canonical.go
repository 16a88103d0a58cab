package awswire

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// canonicalRequest is the text whose hash is signed: method, path, query, the signed
// headers, their names and the body's hash.
func canonicalRequest(r *http.Request, signed []string, bodyHash string) string {
	var b strings.Builder
	b.WriteString(r.Method + "\n" + canonicalPath(r.URL.EscapedPath()) + "\n" + canonicalQuery(r.URL.RawQuery) + "\n")
	for _, name := range signed {
		b.WriteString(name + ":" + canonicalHeader(r, name) + "\n")
	}
	b.WriteString("\n" + strings.Join(signed, ";") + "\n" + bodyHash)
	return b.String()
}

// canonicalPath takes "." and ".." and empty steps away and encodes what is encoded
// once more, as every service but S3 does.
func canonicalPath(escaped string) string {
	var steps []string
	for step := range strings.SplitSeq(escaped, "/") {
		switch step {
		case "", ".":
		case "..":
			steps = steps[:max(len(steps)-1, 0)]
		default:
			steps = append(steps, escape(step))
		}
	}
	path := "/" + strings.Join(steps, "/")
	if len(steps) > 0 && (strings.HasSuffix(escaped, "/") || strings.HasSuffix(escaped, "/.") || strings.HasSuffix(escaped, "/..")) {
		path += "/"
	}
	return path
}

// canonicalQuery sorts the parameters by their encoded name, then by their value.
func canonicalQuery(raw string) string {
	var pairs [][2]string
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		pairs = append(pairs, [2]string{reescape(name), reescape(value)})
	}
	slices.SortFunc(pairs, func(a, b [2]string) int {
		return slices.Compare(a[:], b[:])
	})
	var b strings.Builder
	for i, p := range pairs {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(p[0] + "=" + p[1])
	}
	return b.String()
}

// reescape brings a query's text into the one encoding that is signed. What is not
// well encoded stays as it is: no signature will fit it.
func reescape(s string) string {
	if plain, err := url.PathUnescape(s); err == nil {
		return escape(plain)
	}
	return s
}

// escape encodes every byte but RFC 3986's unreserved characters.
func escape(s string) string {
	const hexDigits = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-_.~", c) >= 0 {
			b.WriteByte(c)
			continue
		}
		b.Write([]byte{'%', hexDigits[c>>4], hexDigits[c&15]})
	}
	return b.String()
}

// canonicalHeader joins a header's values with commas, runs of spaces being one.
// net/http keeps Host, and sometimes Content-Length, apart from the other headers.
func canonicalHeader(r *http.Request, name string) string {
	if name == "host" {
		return r.Host
	}
	values := r.Header[http.CanonicalHeaderKey(name)]
	if name == "content-length" && len(values) == 0 && r.ContentLength >= 0 {
		return strconv.FormatInt(r.ContentLength, 10)
	}
	trimmed := make([]string, len(values))
	for i, v := range values {
		trimmed[i] = strings.Join(strings.Fields(v), " ")
	}
	return strings.Join(trimmed, ",")
}
