package template

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tocsin-engine/tocsin/runtime/lambdapack"
)

// words are what a plan says of the account that is not known yet.
var words = regexp.MustCompile(`\$\{AWS::(?:Partition|Region|AccountId)\}`)

// hasWord says whether a text has one of the words.
func hasWord(text string) bool { return words.MatchString(text) }

// eachPart calls literal for what stands between words, and word for those.
func eachPart(text string, literal, word func(string)) {
	at := 0
	for _, m := range words.FindAllStringIndex(text, -1) {
		literal(text[at:m[0]])
		word(text[m[0]:m[1]])
		at = m[1]
	}
	literal(text[at:])
}

// escape is a text between double quotes, as JSON, YAML, TypeScript and HCL all read it.
// What not all of them take as it is (control characters, separators of lines) is escaped.
func escape(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < ' ' || r >= 0x7f && r <= 0xa0 || r == 0x2028 || r == 0x2029 || r == 0xfeff || r == 0xfffe || r == 0xffff || r == utf8.RuneError:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// quote is a text as a string of JSON, and so of YAML and TypeScript.
func quote(text string) string { return `"` + escape(text) + `"` }

// oneLine is a text for a comment: what a language may take as the end of a line, or not at
// all, is a space.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, text)
}

// sub is a text of CloudFormation's YAML whose words CloudFormation replaces: by Fn::Sub,
// or by parts where the text has something of its own that Fn::Sub would take for a word.
func sub(text string) string {
	if !hasWord(text) {
		return quote(text)
	}
	var parts []string
	own := false
	eachPart(text, func(literal string) {
		own = own || strings.Contains(literal, "${")
		parts = append(parts, quote(literal))
	}, func(word string) { parts = append(parts, "!Ref "+word[2:len(word)-1]) })
	if own {
		return `!Join ["", [` + strings.Join(parts, ", ") + "]]"
	}
	return "!Sub " + quote(text)
}

var inTypeScript = map[string]string{
	lambdapack.Partition: "${Aws.PARTITION}", lambdapack.Region: "${Aws.REGION}", lambdapack.Account: "${Aws.ACCOUNT_ID}",
}

// typescript is a text of TypeScript, as a template literal where it has words.
func typescript(text string) string {
	if !hasWord(text) {
		return quote(text)
	}
	var b strings.Builder
	eachPart(text, func(literal string) {
		literal = strings.ReplaceAll(escape(literal), `\"`, `"`)
		b.WriteString(strings.NewReplacer("`", "\\`", "${", `\${`).Replace(literal))
	}, func(word string) { b.WriteString(inTypeScript[word]) })
	return "`" + b.String() + "`"
}

var inHCL = map[string]string{
	lambdapack.Partition: "${local.partition}", lambdapack.Region: "${local.region}", lambdapack.Account: "${local.account}",
}

// hcl is a text of HCL. HCL itself brings texts into Unicode's form NFC.
func hcl(text string) string {
	var b strings.Builder
	eachPart(text, func(literal string) { b.WriteString(hclTemplate(escape(literal))) },
		func(word string) { b.WriteString(inHCL[word]) })
	return `"` + b.String() + `"`
}

// introducer is what may be the begin of an expression in HCL, also before one of ours.
var introducer = regexp.MustCompile(`[$%]+(?:\{|$)`)

// hclTemplate keeps HCL from taking what stands in a text as an expression. Its own
// doubling, $${, is ambiguous behind another dollar.
func hclTemplate(text string) string {
	return introducer.ReplaceAllStringFunc(text, func(run string) string {
		return strings.NewReplacer("$", `${"$"}`, "%", `${"%"}`).Replace(run)
	})
}
