package abi

// ExtismModule is what plugins built with Extism's PDKs import.
const ExtismModule = "extism:host/env"

// ExtismInit is an optional export of an Extism plugin, () -> i32: it is called once before
// the first delivery, with the target's config as its input, and returns 0 or sets an error
// that says what to change.
const ExtismInit = "tocsin_init"

// ExtismFunctions are the functions of ExtismModule that are offered, with the key of
// Grants that each needs. The vars need none: without kv they last for one delivery.
var ExtismFunctions = map[string]string{
	"alloc": "", "free": "", "length": "", "length_unsafe": "",
	"load_u8": "", "load_u64": "", "store_u8": "", "store_u64": "",
	"input_length": "", "input_offset": "", "input_load_u8": "", "input_load_u64": "",
	"output_set": "", "error_set": "", "config_get": "", "var_get": "", "var_set": "",
	"http_request": "http", "http_status_code": "", "http_headers": "",
	"get_log_level": "", "log_trace": "", "log_debug": "", "log_info": "", "log_warn": "", "log_error": "",
}
