;; exports what FUNCTION says and no more
(module
  (memory (export "memory") 1)
  (func (export "abi_v1"))
  FUNCTION)
