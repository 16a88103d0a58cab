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

var total uint32

// sum is the guest of the benchmarks: it adds up every byte of its input.
//
//go:wasmexport sum
func sum() int32 {
	for _, c := range pdk.Input() {
		total = total*31 + uint32(c)
	}
	return 0
}

// initialize is what tocsin calls once, with the config.
//
//go:wasmexport tocsin_init
func initialize() int32 {
	var config struct {
		URL string `json:"url"`
	}
	if err := pdk.InputJSON(&config); err != nil {
		pdk.SetError(err)
		return 1
	}
	if config.URL == "no address" {
		pdk.SetErrorString("url is no address")
		return 1
	}
	return 0
}
