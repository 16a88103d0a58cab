package logs

import (
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/tocsin-engine/tocsin/runtime/service"
)

// maxPage is how many groups or streams a page has at most, and by default.
const maxPage = 50

// page reads the size of a page, and the text that token has made for its beginning.
func page(limit *int, token string) (n int, after string, err error) {
	b, damaged := base64.RawURLEncoding.DecodeString(token)
	switch {
	case damaged != nil:
		return 0, "", errToken
	case limit == nil:
		return maxPage, string(b), nil
	case *limit < 1:
		return 0, "", atLimit(*limit, "greater than or equal to 1")
	case *limit > maxPage:
		return 0, "", atLimit(*limit, fmt.Sprintf("less than or equal to %d", maxPage))
	}
	return *limit, string(b), nil
}

func token(after string) string { return base64.RawURLEncoding.EncodeToString([]byte(after)) }

func atLimit(n int, rule string) error {
	return invalid("1 validation error detected: Value '%d' at 'limit' failed to satisfy constraint: Member must have value %s", n, rule)
}

// notOneOf is the error for a value that is none of those there are.
func notOneOf(at string, value, all any) error {
	set := strings.Join(strings.Fields(strings.Trim(fmt.Sprint(all), "[]")), ", ")
	return invalid("1 validation error detected: Value '%v' at '%s' failed to satisfy constraint: Member must satisfy enum value set: [%s]", value, at, set)
}

// groupOf is the name in an identifier: a name, or a group's ARN with or without ":*".
func groupOf(c service.Caller, identifier string) (string, error) {
	if !strings.HasPrefix(identifier, "arn:") {
		return identifier, nil
	}
	name, ours := strings.CutPrefix(strings.TrimSuffix(identifier, ":*"), groupARN(c, ""))
	if !ours {
		return "", errNoGroup
	}
	return name, nil
}
