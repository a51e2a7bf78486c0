## What the copies of a coroutine cost. Alone on its stack it is never copied.

import std/strformat
import aco
import aco_private

proc entry() =
  aco_yield()
  aco_exit()

proc show(title: string, co: ptr aco_t) =
  echo title
  echo fmt"  Copied at all: {getSaveStackMaxCopySize(co) > 0}"
  echo fmt"  Save count: {getSaveStackSaveCount(co)}"
  echo fmt"  Restore count: {getSaveStackRestoreCount(co)}"

proc main() =
  aco_thread_init(nil)
  let main_co = aco_create(nil, nil, 0, nil, nil)
  let sstk = aco_share_stack_new(0)
  let co = aco_create(main_co, sstk, 0, entry, nil)
  let other = aco_create(main_co, sstk, 0, entry, nil)

  aco_resume(co)
  show("Alone:", co)
  aco_resume(other)
  show("After another one has had the stack:", co)
  aco_resume(co)
  show("Back again:", co)
  aco_resume(other)

  aco_destroy(co)
  aco_destroy(other)
  aco_share_stack_destroy(sstk)
  aco_destroy(main_co)

when isMainModule:
  main()

# Prints:
# Alone:
#   Copied at all: false
#   Save count: 0
#   Restore count: 0
# After another one has had the stack:
#   Copied at all: true
#   Save count: 1
#   Restore count: 0
# Back again:
#   Copied at all: true
#   Save count: 1
#   Restore count: 1
