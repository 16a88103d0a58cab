package expression_test

import (
	"fmt"

	"github.com/tocsin-engine/tocsin/rules/expression"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

func ExampleCompile() {
	ev, err := event.New(event.Fields{
		Source: "shop.orders", DetailType: "OrderPlaced",
		Detail: []byte(`{"id": "A-17", "amount": 1250, "card": {"country": "US"}, "ship_to": {"country": "DE"}}`),
	})
	if err != nil {
		panic(err)
	}
	env := expression.NewEnv(ev)

	when, _ := expression.Compile(`detail.card.country != detail.ship_to.country`, expression.When)
	fmt.Println(when.Bool(env))

	input, _ := expression.Compile(`{title: "Order " + detail.id, amount: detail.amount}`, expression.Input)
	body, err := input.JSON(env)
	fmt.Println(string(body), err)

	_, errs := expression.Compile(`sorce == "shop.orders"`, expression.When)
	fmt.Println(errs[0].Code, errs[0].Message+":", errs[0].Label)

	// Output:
	// true <nil>
	// {"amount":1250,"title":"Order A-17"} <nil>
	// E003 unknown name "sorce": did you mean "source"?
}

func ExampleProgram_Explain() {
	ev, err := event.New(event.Fields{Source: "shop.orders", DetailType: "OrderPlaced", Detail: []byte(`{"amount": "1250"}`)})
	if err != nil {
		panic(err)
	}
	when, _ := expression.Compile(`source == "shop.orders" and detail.amount == 1250`, expression.When)
	for _, operand := range when.Explain(expression.NewEnv(ev)).Children {
		fmt.Printf("%s is %s [%s]\n", operand.Text, operand.Value, operand.Hint)
	}

	// Output:
	// source == "shop.orders" is true []
	// detail.amount == 1250 is false [left is a text, right is a number]
}
