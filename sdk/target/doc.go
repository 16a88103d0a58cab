// Package target is the Go SDK of a plugin author: a target is one function.
//
//	func init() { target.Handle(deliver) }
//
//	func main() {}
//
//	func deliver(d *target.Delivery) error {
//		id, _ := d.Input().Get("detail", "id").Text()
//		target.Info("an order came in", "id", id)
//		return nil
//	}
//
// Built for WebAssembly (GOOS=wasip1 GOARCH=wasm, -buildmode=c-shared; `tocsin plugin
// build` does it) the package speaks ABI v1 with the host. Built for any other platform
// it talks to the fake host of package targettest, so a target is tested like any Go
// function. A host function that a target does not call is not in its import list, and
// what is not imported needs no permission.
//
// Nothing here uses reflection or encoding/json: events stay JSON text, read lazily with
// event.Value and written with Object. Memory is reset after every delivery: a package
// variable set in Configure is there for every delivery, one set while delivering is
// gone before the next.
package target
