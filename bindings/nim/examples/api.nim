## Every function of the classic layer.

import aco
import aco_private

var shown = 0

proc co_fp() =
  let current = aco_get_co()
  let arg = cast[ptr int](aco_get_arg())
  echo "Argument: ", arg[], ", main coroutine: ", aco_is_main_co(current)
  doAssert current == getThreadCoroutine() and current.arg == arg
  inc(shown)
  aco_yield()
  aco_exit()

proc main() =
  aco_thread_init(nil)

  # 2 MiB with a guard page; a size of its own without one.
  let sstk = aco_share_stack_new(0)
  let sstk2 = aco_share_stack_new2(1024 * 1024, 0)
  echo "Stacks: ", getShareStackSize(sstk), " ", isShareStackGuardPageEnabled(sstk), ", ",
    getShareStackSize(sstk2), " ", isShareStackGuardPageEnabled(sstk2)

  # A main coroutine stands for the stack of the thread; it may have an argument, too.
  var my_value = 7
  let main_co = aco_create(nil, nil, 0, nil, addr(my_value))
  echo "Main: ", aco_is_main_co(main_co), " ", cast[ptr int](getCoroutineArg(main_co))[]

  var co_arg = 42
  let co = aco_create(main_co, sstk, 0, cast[aco_cofuncp_t](co_fp), addr(co_arg))
  aco_resume(co)
  if co.is_end == 0:
    echo "Coroutine has not finished"
  aco_resume(co)
  if co.is_end != 0 and co.is_end and isCoroutineEnded(co):
    echo "Coroutine has finished"

  aco_destroy(co)
  aco_share_stack_destroy(sstk)
  aco_share_stack_destroy(sstk2)
  aco_destroy(main_co)

when isMainModule:
  main()

# Prints:
# Stacks: 2097152 true, 1048576 false
# Main: true 7
# Argument: 42, main coroutine: false
# Coroutine has not finished
# Coroutine has finished
