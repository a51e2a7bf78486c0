## What can be asked of a coroutine and of its stack.

import aco
import aco_private

proc entry() =
  echo "Coroutine starting"
  aco_yield()
  echo "Coroutine ending"
  aco_exit()

proc show(co: ptr aco_t, sstk: ptr aco_share_stack_t) =
  if isCoroutineEnded(co):
    echo "Coroutine has finished"
  elif getShareStackOwner(sstk) == co:
    echo "Coroutine currently owns shared stack"
  else:
    echo "Coroutine yielded, doesn't own stack"

proc main() =
  aco_thread_init(nil)
  let main_co = aco_create(nil, nil, 0, nil, nil)
  let sstk = aco_share_stack_new(0)
  let co = aco_create(main_co, sstk, 0, entry, nil)
  let other = aco_create(main_co, sstk, 0, entry, nil)

  aco_resume(co)
  show(co, sstk)
  aco_resume(other)
  show(co, sstk)
  aco_resume(co)
  show(co, sstk)
  aco_resume(other)

  aco_destroy(co)
  aco_destroy(other)
  aco_share_stack_destroy(sstk)
  aco_destroy(main_co)

when isMainModule:
  main()

# Prints:
# Coroutine starting
# Coroutine currently owns shared stack
# Coroutine starting
# Coroutine yielded, doesn't own stack
# Coroutine ending
# Coroutine has finished
# Coroutine ending
