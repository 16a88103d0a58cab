// Plugin gopdk is a target built with Extism's PDK for Go: it does what a person's plugin
// does.
package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/extism/go-pdk"
)

var calls int

func main() {}

//go:wasmexport deliver
func deliver() int32 {
	calls++
	input := pdk.InputString()
	switch {
	case strings.Contains(input, "never"):
		pdk.SetError(errors.New("there is no such channel"))
		return 3
	case strings.Contains(input, "later"):
		pdk.SetErrorString("the channel is down")
		return 1
	case strings.Contains(input, "panic"):
		panic("it was asked to")
	}
	name, ok := pdk.GetConfig("name")
	if !ok {
		name = "nobody"
	}
	seen := pdk.GetVarInt("seen")
	pdk.SetVarInt("seen", seen+1)
	pdk.Log(pdk.LogInfo, fmt.Sprintf("for %s: %d bytes", name, len(input)))
	pdk.OutputString(fmt.Sprintf("call %d, seen %d", calls, seen))
	return 0
}

// Order is what the function post takes out of its event.
type Order struct {
	Detail struct {
		ID string `json:"id"`
	} `json:"detail"`
}

//go:wasmexport post
func post() int32 {
	var order Order
	if err := pdk.InputJSON(&order); err != nil {
		pdk.SetError(err)
		return 2
	}
	url, _ := pdk.GetConfig("url")
	request := pdk.NewHTTPRequest(pdk.MethodPost, url)
	request.SetHeader("Content-Type", "application/json")
	request.SetBody([]byte(`{"text":"order ` + order.Detail.ID + `"}`))
	answer := request.Send()
	if answer.Status() >= 400 {
		pdk.SetErrorString(fmt.Sprintf("%d %s", answer.Status(), answer.Body()))
		return 1
	}
	pdk.Log(pdk.LogDebug, fmt.Sprintf("%d %s %s", answer.Status(), answer.Headers()["x-id"], answer.Body()))
	return 0
}
