## Stack traces of debug builds: the list of frames is each stack's own.

import std/strutils
import aco
import checking

proc depth(): int =
  var frame = getFrame()
  while frame != nil:
    inc result
    frame = frame.prev

proc names(): string =
  var frame = getFrame()
  while frame != nil:
    result.add $frame.procname & " "
    frame = frame.prev

proc inner(n: int, seen: var seq[string]) =
  if n > 0:
    inner(n - 1, seen)
  else:
    let before = names()
    suspend()
    doAssert names() == before
    seen.add before

test "frames before and after a yield, on shared stacks":
  let stack = newSharedStack()
  var seen: seq[string]
  var all: seq[Coroutine]
  for i in 0 ..< 10:
    (proc (i: int) =
      all.add newCoroutine(stack, proc () =
        inner(i, seen)
        inner(2 * i, seen)))(i)
  let here = names()
  for round in 0 .. 2:
    for co in all:
      co.resume()
      doAssert names() == here
  doAssert seen.len == 20
  when compileOption("stacktrace"):
    for i in 0 ..< 10: doAssert seen[i].count("inner ") == i + 1, seen[i]
    doAssert "names" in here

proc fails(n: int) =
  suspend()
  if n == 0: raise newException(ValueError, "at the bottom")
  fails(n - 1)

test "the trace of an exception goes down to the body, and on to who resumes":
  let stack = newSharedStack()
  var others: seq[Coroutine]
  for i in 0 ..< 3:
    others.add coroutine(stack) do:
      fails(100)
  let co = coroutine(stack):
    fails(5)
  var trace = ""
  try:
    while co.resume():
      for other in others: other.resume()
  except ValueError as error:
    trace = error.getStackTrace()
  when compileOption("stacktrace"):
    doAssert trace.count(" fails") == 6, trace
    doAssert "reraised" in trace and "ttraces" in trace, trace

proc classicBody() =
  proc down(n: int) =
    let before = depth()
    aco_yield()
    doAssert depth() == before
    if n > 0: down(n - 1)
  down(20)

proc classic() =
  classicBody()
  aco_exit()

test "the classic layer":
  aco_thread_init(nil)
  let main = aco_create(nil, nil, 0, nil, nil)
  let stack = aco_share_stack_new(0)
  var all: array[5, ptr aco_t]
  for co in all.mitems: co = aco_create(main, stack, 0, classic, nil)
  let here = depth()
  for round in 0 .. 21:
    for co in all:
      aco_resume(co)
      doAssert depth() == here
  for co in all:
    doAssert co.is_end
    aco_destroy(co)
  aco_share_stack_destroy(stack)
  aco_destroy(main)

test "depth is counted for each stack":
  # The limit of debug builds is 2000 calls.
  proc down(n: int) =
    if n > 0: down(n - 1)
    else: suspend()
  proc nest(n: int) =
    let co = newCoroutine(proc () =
      down(900)
      if n > 0: nest(n - 1))
    co.resume()
    co.resume()
  nest(4)

done("ttraces")
