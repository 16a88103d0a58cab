;; does what a guest must not, in handle
(module
  (memory (export "memory") 1)
  (global $free (mut i32) i32.const 4096)
  (func (export "abi_v1"))
  (func $alloc (export "alloc") (param $n i32) (result i32)
    global.get $free
    local.get $n
    global.get $free
    i32.add
    global.set $free)
  (func $deeper (param $n i64) (result i64)
    local.get $n
    call $deeper
    i64.const 1
    i64.add)
  (func $bomb
    loop $more
      i32.const 16
      memory.grow
      i32.const -1
      i32.ne
      br_if $more
    end
    unreachable)
  (func (export "handle") (param $p i32) (param $n i32) (result i64)
    FUNCTION
    i64.const 0x800000002)
  (data (i32.const 8) "{}"))
