## A coroutine that counts, resumed until it has ended.

import std/strformat
import aco

proc count() =
  echo "Coroutine starting"
  for count in 0 ..< 5:
    echo fmt"Count: {count}"
    aco_yield()
  echo "Coroutine ending"

proc entry() =
  # What `count` holds is destroyed when it returns: nothing is after aco_exit().
  count()
  aco_exit()

proc main() =
  aco_thread_init(nil)
  let main_co = aco_create(nil, nil, 0, nil, nil)
  let sstk = aco_share_stack_new(0)
  let co = aco_create(main_co, sstk, 0, entry, nil)

  var count = 0
  while not co.is_end:
    echo fmt"Main: resuming coroutine (count: {count})"
    aco_resume(co)
    inc(count)

  aco_destroy(co)
  aco_share_stack_destroy(sstk)
  aco_destroy(main_co)

when isMainModule:
  main()

# Prints:
# Main: resuming coroutine (count: 0)
# Coroutine starting
# Count: 0
# Main: resuming coroutine (count: 1)
# Count: 1
# Main: resuming coroutine (count: 2)
# Count: 2
# Main: resuming coroutine (count: 3)
# Count: 3
# Main: resuming coroutine (count: 4)
# Count: 4
# Main: resuming coroutine (count: 5)
# Coroutine ending
