## Two coroutines that take turns, each on a stack of its own.

import std/strformat
import aco

proc count(name: string) =
  echo fmt"Coroutine {name}"
  for count in 0 ..< 3:
    echo fmt"C{name}: {count}"
    aco_yield()

proc coroutine1() =
  count("1")
  aco_exit()

proc coroutine2() =
  count("2")
  aco_exit()

proc schedule(cos: openArray[ptr aco_t]) =
  var live = cos.len
  while live > 0:
    live = 0
    for co in cos:
      if not co.is_end:
        aco_resume(co)
        inc(live)

proc main() =
  aco_thread_init(nil)
  let main_co = aco_create(nil, nil, 0, nil, nil)
  let sstk1 = aco_share_stack_new(0)
  let sstk2 = aco_share_stack_new(0)
  let cos = [
    aco_create(main_co, sstk1, 0, coroutine1, nil),
    aco_create(main_co, sstk2, 0, coroutine2, nil)
  ]
  doAssert cos[0].share_stack == sstk1 and cos[1].share_stack == sstk2

  schedule(cos)

  for co in cos:
    aco_destroy(co)
  aco_share_stack_destroy(sstk1)
  aco_share_stack_destroy(sstk2)
  aco_destroy(main_co)

when isMainModule:
  main()

# Prints:
# Coroutine 1
# C1: 0
# Coroutine 2
# C2: 0
# C1: 1
# C2: 1
# C1: 2
# C2: 2
