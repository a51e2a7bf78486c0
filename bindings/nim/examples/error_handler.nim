## The last word of a thread: called where an entry function returns instead of calling aco_exit().

import aco

proc forgetful() =
  echo "Coroutine returns"

proc error_handler() {.cdecl.} =
  echo "Coroutine error detected!"
  quit(0) # else the library aborts

proc main() =
  aco_thread_init(error_handler)
  let main_co = aco_create(nil, nil, 0, nil, nil)
  let sstk = aco_share_stack_new(0)
  let co = aco_create(main_co, sstk, 0, forgetful, nil)
  aco_resume(co)
  echo "never here"

when isMainModule:
  main()

# Prints:
# Coroutine returns
# Coroutine error detected!
