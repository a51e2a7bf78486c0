## Two coroutines on one stack: their frames are copied aside in turns; what is on the heap stays where it is.

import std/strformat
import aco
import aco_private

proc fill(name: string, step: int) =
  echo fmt"Coroutine {name} on shared stack"
  var data = newSeq[int]()
  for i in 0 .. 9:
    data.add(i * step)
    echo fmt"C{name}: {data.len} numbers, the last one {data[^1]}"
    aco_yield()

proc coroutine1() =
  fill("1", 10)
  aco_exit()

proc coroutine2() =
  fill("2", 20)
  aco_exit()

proc main() =
  aco_thread_init(nil)
  let main_co = aco_create(nil, nil, 0, nil, nil)
  let sstk = aco_share_stack_new(0)
  let co1 = aco_create(main_co, sstk, 0, coroutine1, nil)
  let co2 = aco_create(main_co, sstk, 0, coroutine2, nil)

  # To their ends: what a coroutine owns is lost where it is destroyed half done.
  while not co1.is_end:
    aco_resume(co1)
    aco_resume(co2)

  echo "Save stack stats for co1:"
  echo fmt"  Max copy size below 4096 bytes: {getSaveStackMaxCopySize(co1) in 1 .. 4096}"
  echo fmt"  Save count: {getSaveStackSaveCount(co1)}"
  echo fmt"  Restore count: {getSaveStackRestoreCount(co1)}"

  aco_destroy(co1)
  aco_destroy(co2)
  aco_share_stack_destroy(sstk)
  aco_destroy(main_co)

when isMainModule:
  main()

# Prints:
# Coroutine 1 on shared stack
# C1: 1 numbers, the last one 0
# Coroutine 2 on shared stack
# C2: 1 numbers, the last one 0
# C1: 2 numbers, the last one 10
# C2: 2 numbers, the last one 20
# ...
# C1: 10 numbers, the last one 90
# C2: 10 numbers, the last one 180
# Save stack stats for co1:
#   Max copy size below 4096 bytes: true
#   Save count: 10
#   Restore count: 10
