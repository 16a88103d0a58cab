;; asks a host function for the config's "request" as it stands, and logs the answer, or
;; the errno as one digit. The config is {"r":REQUEST}: the request begins after 5 bytes.
(module
  (import "tocsin" "FUNCTION" (func $ask (param i32 i32) (result i32)))
  (import "tocsin" "take" (func $take (param i32 i32)))
  (import "tocsin" "log" (func $log (param i32 i32 i32)))
  (memory (export "memory") 1)
  (global $free (mut i32) i32.const 4096)
  (func (export "abi_v1"))
  (func $alloc (export "alloc") (param $n i32) (result i32)
    global.get $free
    local.get $n
    global.get $free
    i32.add
    global.set $free)
  (global $p (mut i32) i32.const 0)
  (global $n (mut i32) i32.const 0)
  (func (export "init") (param $p i32) (param $n i32) (result i64)
    local.get $p
    i32.const 5
    i32.add
    global.set $p
    local.get $n
    i32.const 6
    i32.sub
    global.set $n
    i64.const 0)
  (func (export "handle") (param i32 i32) (result i64) (local $size i32) (local $at i32)
    global.get $p
    global.get $n
    call $ask
    local.tee $size
    i32.const 0
    i32.lt_s
    if
      i32.const 16
      i32.const 48
      local.get $size
      i32.sub
      i32.store8
      i32.const 2
      i32.const 16
      i32.const 1
      call $log
      i64.const 0x800000002
      return
    end
    local.get $size
    call $alloc
    local.tee $at
    local.get $size
    call $take
    i32.const 2
    local.get $at
    local.get $size
    call $log
    i64.const 0x800000002)
  (data (i32.const 8) "{}"))
