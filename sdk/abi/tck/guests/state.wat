;; counts in its start function, in _initialize and in every call: in memory, in a global
;; and by growing. A host that leaves anything of a call behind, or runs the start function
;; twice, is told from the log.
(module
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
  (global $calls (mut i32) i32.const 48)
  (func $count (param $at i32)
    local.get $at
    local.get $at
    i32.load8_u
    i32.const 1
    i32.add
    i32.store8)
  (start $start)
  (func $start
    i32.const 16
    call $count)
  (func (export "_initialize")
    i32.const 18
    call $count)
  (func (export "handle") (param $p i32) (param $n i32) (result i64)
    i32.const 20
    call $count
    global.get $calls
    i32.const 1
    i32.add
    global.set $calls
    i32.const 22
    global.get $calls
    i32.store8
    i32.const 3
    memory.grow
    drop
    i32.const 24
    i32.const 48
    memory.size
    i32.add
    i32.store8
    i32.const 2
    i32.const 16
    i32.const 9
    call $log
    i64.const 0x800000002)
  (data (i32.const 8) "{}")
  (data (i32.const 16) "0 0 0 0 0"))
