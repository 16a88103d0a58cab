package extism

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tetratelabs/wazero/api"
	"github.com/tocsin-engine/tocsin/sdk/abi"
)

// Default is the function that is called when a manifest names none and there are several.
const Default = "deliver"

// Start is a program's main function, which some PDKs' plugins have instead of functions.
const Start = "_start"

// runtimes are exports that something else is called by.
var runtimes = []string{Start, "_initialize", "hs_init", "hs_exit", abi.ExtismInit}

// Functions are the exports that a delivery may call: no parameters, an i32 or nothing as
// the result; a program's main function is last, where there is one.
func Functions(exports map[string]api.FunctionDefinition) []string {
	var names []string
	for name, f := range exports {
		if callable(f) && !slices.Contains(runtimes, name) && !ofLanguage(name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	if f, ok := exports[Start]; ok && callable(f) {
		names = append(names, Start)
	}
	return names
}

// ofLanguage says of an export that a language's tools made it.
func ofLanguage(name string) bool {
	return strings.HasPrefix(name, "_") || strings.HasPrefix(name, "asyncify_") || strings.ContainsAny(name, ".:")
}

func callable(f api.FunctionDefinition) bool {
	results := f.ResultTypes()
	return len(f.ParamTypes()) == 0 && (len(results) == 0 || len(results) == 1 && results[0] == api.ValueTypeI32)
}

// Choose is the function to call of those that there are: the one that the manifest names,
// or Default, or the only one.
func Choose(functions []string, named string) (string, error) {
	switch {
	case named != "" && slices.Contains(functions, named):
		return named, nil
	case named != "":
		return "", fmt.Errorf("it exports no function %s that takes nothing and returns an i32; it has %s", named, strings.Join(functions, ", "))
	case len(functions) == 1, len(functions) == 2 && functions[1] == Start:
		return functions[0], nil
	case slices.Contains(functions, Default):
		return Default, nil
	}
	return "", fmt.Errorf("it exports %s; name one in its plugin.yaml:  function: %s", strings.Join(functions, ", "), functions[0])
}
