package pattern_test

import (
	"fmt"

	"github.com/tocsin-engine/tocsin/rules/pattern"
)

func Example() {
	p, errs := pattern.CompileJSON([]byte(`{"source": ["shop.orders"], "detail": {"amount": [{"numeric": [">=", 1000]}]}}`))
	if len(errs) > 0 {
		fmt.Println(errs)
		return
	}
	fmt.Println(p.Match([]byte(`{"source": "shop.orders", "detail": {"amount": 1250}}`)))
	for _, c := range p.Explain([]byte(`{"source": "shop.orders", "detail": {"amount": "1250"}}`)).Conditions {
		fmt.Printf("%s %s got %q: %v %q\n", c.Path, c.Want, c.Got, c.Holds, c.Hint)
	}
	// Output:
	// true
	// source ["shop.orders"] got ["\"shop.orders\""]: true ""
	// detail.amount [{"numeric":[">=",1000]}] got ["\"1250\""]: false "is a string, numeric needs a number (sent as text?)"
}

func ExampleCompileJSON() {
	_, errs := pattern.CompileJSON([]byte(`{"source": "shop", "detail": {"amount": [{"numerc": [">", 5]}]}}`))
	for _, e := range errs {
		fmt.Printf("%d:%d %s %s: %s\n", e.Line, e.Column, e.Code, e, e.Label)
	}
	// Output:
	// 1:12 not_array pattern.source: "source" is a string; a field's value is a list: write ["shop"]
	// 1:43 bad_matcher pattern.detail.amount[0]: unknown operator "numerc": did you mean "numeric"?
}
