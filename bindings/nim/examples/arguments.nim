## A coroutine that works on what its argument points to.

import std/strformat
import aco

type Worker = object
  total: int

proc work() =
  let worker = cast[ptr Worker](aco_get_arg())
  worker.total = 0
  for i in 1 .. 10:
    worker.total += i
    aco_yield()

proc entry() =
  work()
  aco_exit()

proc main() =
  aco_thread_init(nil)
  let main_co = aco_create(nil, nil, 0, nil, nil)
  let sstk = aco_share_stack_new(0)

  # On the thread's own stack, which does not move.
  var worker = Worker(total: 0)
  let co = aco_create(main_co, sstk, 0, entry, addr(worker))

  aco_resume(co)
  echo fmt"After one step: {worker.total}"
  while not co.is_end:
    aco_resume(co)
  echo fmt"Worker result: {worker.total}"

  aco_destroy(co)
  aco_share_stack_destroy(sstk)
  aco_destroy(main_co)

when isMainModule:
  main()

# Prints:
# After one step: 1
# Worker result: 55
