## Threads that have their own coroutines.

import std/strutils
import aco
import checking

const threads = 8

var results: array[threads, int]

proc classic(number: ptr int) {.thread.} =
  proc body() =
    let number = cast[ptr int](aco_get_arg())
    for i in 1 .. 100:
      try:
        if i mod 3 == 0: raise newException(ValueError, "x")
        number[] += i
      except ValueError:
        aco_yield()
        number[] += i
      aco_yield()
  proc entry() =
    body()
    aco_exit()
  aco_thread_init(nil)
  let main = aco_create(nil, nil, 0, nil, nil)
  let stack = aco_share_stack_new(0)
  var all: array[5, ptr aco_t]
  for co in all.mitems: co = aco_create(main, stack, 0, entry, number)
  for round in 0 .. 140:
    for co in all:
      if not co.is_end: aco_resume(co)
  for co in all:
    doAssert co.is_end
    aco_destroy(co)
  aco_share_stack_destroy(stack)
  aco_destroy(main)

test "the classic layer":
  var all: array[threads, Thread[ptr int]]
  results.reset()
  for i in 0 ..< threads: createThread(all[i], classic, addr results[i])
  joinThreads(all)
  for x in results: doAssert x == 5 * 5050

proc closures(number: ptr int) {.thread.} =
  let stack = newSharedStack()
  var all: seq[Coroutine]
  var sum = 0
  for i in 0 ..< 200:
    (proc (i: int) =
      let body = proc () =
        let text = repeat('x', i)
        for round in 0 .. 9:
          try:
            suspend()
            raise newException(ValueError, text)
          except ValueError as error:
            suspend()
            sum += error.msg.len
      all.add(if i mod 2 == 0: newCoroutine(stack, body) else: newCoroutine(body)))(i)
  for round in 0 .. 15:
    for co in all: co.resume()
    when defined(gcOrc): GC_fullCollect()
  all.setLen(190) # some of them half done
  for round in 0 .. 4:
    for co in all: co.resume()
  let squares = generator(int):
    for i in 1 .. 10: emit i * i
  for x in squares: sum += x
  number[] = sum

test "closures and generators":
  var all: array[threads, Thread[ptr int]]
  results.reset()
  for i in 0 ..< threads: createThread(all[i], closures, addr results[i])
  joinThreads(all)
  for x in results: doAssert x == results[0] and x > 100_000, $results

proc elsewhere(co: ptr Coroutine) {.thread.} =
  raises(CoroutineDefect, "in another thread"): co[].resume()

test "a coroutine stays with its thread":
  var co = newCoroutine(proc () = suspend())
  co.resume()
  var thread: Thread[ptr Coroutine]
  createThread(thread, elsewhere, addr co)
  joinThread(thread)
  doAssert not co.resume()

done("tthreads")
