;; What plugins built with Extism's PDKs import: a heap of their own, outside of their
;; memory, in which everything lies that goes in or out. The functions that reach further
;; are the host's and passed on.
;;
;; A block is a word that marks it and holds its length, and then its bytes, of which the
;; address is the plugin's handle. Blocks lie one after the other; all are gone after the
;; delivery, so only the last one is taken back when it is freed. What is outside of the
;; heap reads as 0 and cannot be written, as in Extism's own. There is no loop here, so
;; nothing that needs fuel.
(module
  (import "tocsin.extism" "config_get" (func $config_get (param i64) (result i64)))
  (import "tocsin.extism" "var_get" (func $var_get (param i64) (result i64)))
  (import "tocsin.extism" "var_set" (func $var_set (param i64 i64)))
  (import "tocsin.extism" "http_request" (func $http_request (param i64 i64) (result i64)))
  (import "tocsin.extism" "http_status_code" (func $http_status_code (result i32)))
  (import "tocsin.extism" "http_headers" (func $http_headers (result i64)))
  (import "tocsin.extism" "log" (func $log (param i32 i64)))

  (memory (export "memory") 2)
  (global $position (export "position") (mut i64) i64.const 16)
  (global $input (export "input") (mut i64) i64.const 0)
  (global $input_length (export "input_size") (mut i64) i64.const 0)
  (global $output (export "output") (mut i64) i64.const 0)
  (global $output_length (export "output_size") (mut i64) i64.const 0)
  (global $error (export "error") (mut i64) i64.const 0)

  (func $size (result i64) ;; of the heap, in bytes
    memory.size
    i64.extend_i32_u
    i64.const 16
    i64.shl)

  ;; alloc makes a block. Extism answers 0 when there is no memory left; few PDKs look, so
  ;; the call ends here instead of running on with a block at 0.
  (func $alloc (export "alloc") (param $n i64) (result i64) (local $at i64)
    local.get $n
    i64.eqz
    if
      i64.const 0
      return
    end
    local.get $n
    i64.const 0xffff0000
    i64.gt_u
    if
      i32.const 32768 ;; 2 GiB: the host says no, and notes that it did
      memory.grow
      drop
      unreachable
    end
    global.get $position
    i64.const 8
    i64.add
    local.tee $at
    local.get $n
    i64.add
    i64.const 7
    i64.add
    i64.const -8
    i64.and
    global.set $position
    global.get $position
    call $size
    i64.gt_u
    if
      global.get $position
      call $size
      i64.sub
      i64.const 65535
      i64.add
      i64.const 16
      i64.shr_u
      i32.wrap_i64
      memory.grow
      i32.const -1
      i32.eq
      if
        unreachable
      end
    end
    local.get $at
    i64.const 8
    i64.sub
    i32.wrap_i64
    local.get $n
    i64.const 0x45e7b10c00000000
    i64.or
    i64.store
    local.get $at)

  (func $length (export "length") (param $at i64) (result i64) (local $head i64)
    local.get $at
    i64.const 7
    i64.and
    i64.eqz
    local.get $at
    i64.const 24
    i64.ge_u
    i32.and
    local.get $at
    global.get $position
    i64.lt_u
    i32.and
    i32.eqz
    if
      i64.const 0
      return
    end
    local.get $at
    i64.const 8
    i64.sub
    i32.wrap_i64
    i64.load
    local.tee $head
    i64.const 32
    i64.shr_u
    i64.const 0x45e7b10c
    i64.ne
    if
      i64.const 0
      return
    end
    local.get $head
    i64.const 0xffffffff
    i64.and)

  (func (export "length_unsafe") (param $at i64) (result i64)
    local.get $at
    call $length)

  (func (export "free") (param $at i64) (local $n i64)
    local.get $at
    call $length
    local.tee $n
    i64.eqz
    if
      return
    end
    local.get $at
    i64.const 8
    i64.sub
    i32.wrap_i64
    i64.const 0
    i64.store
    local.get $at
    global.get $input
    i64.eq
    if
      i64.const 0
      global.set $input_length
    end
    local.get $at
    local.get $n
    i64.add
    i64.const 7
    i64.add
    i64.const -8
    i64.and
    global.get $position
    i64.eq
    if
      local.get $at
      i64.const 8
      i64.sub
      global.set $position
    end)

  (func (export "load_u8") (param $at i64) (result i32)
    local.get $at
    memory.size
    i64.extend_i32_u
    i64.const 16
    i64.shl
    i64.ge_u
    if
      i32.const 0
      return
    end
    local.get $at
    i32.wrap_i64
    i32.load8_u)

  (func (export "load_u64") (param $at i64) (result i64)
    local.get $at
    memory.size
    i64.extend_i32_u
    i64.const 16
    i64.shl
    i64.const 8
    i64.sub
    i64.gt_u
    if
      i64.const 0
      return
    end
    local.get $at
    i32.wrap_i64
    i64.load)

  (func (export "store_u8") (param $at i64) (param $value i32)
    local.get $at
    memory.size
    i64.extend_i32_u
    i64.const 16
    i64.shl
    i64.ge_u
    if
      return
    end
    local.get $at
    i32.wrap_i64
    local.get $value
    i32.store8)

  (func (export "store_u64") (param $at i64) (param $value i64)
    local.get $at
    memory.size
    i64.extend_i32_u
    i64.const 16
    i64.shl
    i64.const 8
    i64.sub
    i64.gt_u
    if
      return
    end
    local.get $at
    i32.wrap_i64
    local.get $value
    i64.store)

  (func (export "input_length") (result i64)
    global.get $input_length)

  (func (export "input_offset") (result i64)
    global.get $input)

  (func (export "input_load_u8") (param $at i64) (result i32)
    local.get $at
    global.get $input_length
    i64.ge_u
    if
      i32.const 0
      return
    end
    local.get $at
    global.get $input
    i64.add
    i32.wrap_i64
    i32.load8_u)

  (func (export "input_load_u64") (param $at i64) (result i64)
    global.get $input_length
    i64.const 8
    i64.lt_u
    if
      i64.const 0
      return
    end
    local.get $at
    global.get $input_length
    i64.const 8
    i64.sub
    i64.gt_u
    if
      i64.const 0
      return
    end
    local.get $at
    global.get $input
    i64.add
    i32.wrap_i64
    i64.load)

  (func (export "output_set") (param $at i64) (param $n i64)
    local.get $n
    call $size
    i64.gt_u
    if
      return
    end
    local.get $at
    call $size
    local.get $n
    i64.sub
    i64.gt_u
    if
      return
    end
    local.get $at
    global.set $output
    local.get $n
    global.set $output_length)

  (func (export "error_set") (param $at i64)
    local.get $at
    global.set $error)

  (func (export "config_get") (param $key i64) (result i64)
    local.get $key
    call $config_get)
  (func (export "var_get") (param $key i64) (result i64)
    local.get $key
    call $var_get)
  (func (export "var_set") (param $key i64) (param $value i64)
    local.get $key
    local.get $value
    call $var_set)
  (func (export "http_request") (param $request i64) (param $body i64) (result i64)
    local.get $request
    local.get $body
    call $http_request)
  (func (export "http_status_code") (result i32)
    call $http_status_code)
  (func (export "http_headers") (result i64)
    call $http_headers)

  ;; The levels are Extism's: 0 trace, 1 debug, 2 info, 3 warn, 4 error.
  (func (export "get_log_level") (result i32)
    i32.const 0)
  (func (export "log_trace") (param $text i64)
    i32.const 0
    local.get $text
    call $log)
  (func (export "log_debug") (param $text i64)
    i32.const 1
    local.get $text
    call $log)
  (func (export "log_info") (param $text i64)
    i32.const 2
    local.get $text
    call $log)
  (func (export "log_warn") (param $text i64)
    i32.const 3
    local.get $text
    call $log)
  (func (export "log_error") (param $text i64)
    i32.const 4
    local.get $text
    call $log))
