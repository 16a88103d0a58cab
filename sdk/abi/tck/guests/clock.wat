;; traps unless the clock is the kit's and stands still; logs eight letters made of random bytes
(module
  (import "tocsin" "now" (func $now (result i64)))
  (import "tocsin" "random" (func $random (param i32 i32)))
  (import "tocsin" "log" (func $log (param i32 i32 i32)))
  (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
  (memory (export "memory") 1)
  (global $free (mut i32) i32.const 4096)
  (func (export "abi_v1"))
  (func $alloc (export "alloc") (param $n i32) (result i32)
    global.get $free
    local.get $n
    global.get $free
    i32.add
    global.set $free)
  (func (export "handle") (param i32 i32) (result i64) (local $at i32)
    i32.const 0
    i64.const 1
    i32.const 32
    call $clock
    if
      unreachable
    end
    i32.const 32
    i64.load
    i64.const 1767323045000000000
    i64.ne
    if
      unreachable
    end
    call $now
    i64.const 1767323045000
    i64.ne
    if
      unreachable
    end
    i32.const 16
    i32.const 8
    call $random
    i32.const 16
    local.set $at
    loop $letters
      local.get $at
      local.get $at
      i32.load8_u
      i32.const 15
      i32.and
      i32.const 97
      i32.add
      i32.store8
      local.get $at
      i32.const 1
      i32.add
      local.tee $at
      i32.const 24
      i32.lt_u
      br_if $letters
    end
    i32.const 2
    i32.const 16
    i32.const 8
    call $log
    i64.const 0x800000002)
  (data (i32.const 8) "{}"))
