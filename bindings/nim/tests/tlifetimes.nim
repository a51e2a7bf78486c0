## What coroutines own, and when it goes.

import aco, aco_private
import checking

test "closures that capture":
  var count = 0
  var text = "a"
  let list = @[1, 2, 3]
  let co = newCoroutine(proc () =
    for x in list:
      count += x
      text.add $x
      suspend())
  while co.resume(): text.add "."
  doAssert count == 6 and text == "a1.2.3."

test "what a body captures goes when it ends":
  type Box = ref object
    tracked: Tracked
  var co: Coroutine
  proc make(): Coroutine =
    let box = Box(tracked: tracked())
    newCoroutine(proc () =
      suspend()
      use(box.tracked))
  co = make()
  co.resume()
  doAssert dropped == 0
  co.resume()
  doAssert dropped == 1 and co.finished and co.raw == nil
  proc never() = discard make()
  never()
  doAssert dropped == 2

proc halfDone(stack: SharedStack, log: ref seq[string]): Coroutine =
  let body = proc () =
    let one = tracked()
    defer: log[].add "defer"
    try: # two, because C++ of Nim forgets a `finally` beside an `except` that does not match
      try:
        suspend()
        log[].add "not here"
      finally:
        log[].add "finally"
    except CatchableError:
      log[].add "nor here"
    use(one)
  if stack == nil: newCoroutine(body) else: newCoroutine(stack, body)

test "unwound when the last handle goes":
  for stack in [nil, newSharedStack()]:
    dropped = 0
    let log = new seq[string]
    block:
      let co = halfDone(stack, log)
      co.resume()
      let second = co
      doAssert dropped == 0 and second == co
    doAssert log[] == @["finally", "defer"] and dropped == 1, $log[]

test "one that has not begun does not":
  let log = new seq[string]
  discard halfDone(nil, log)
  let co = halfDone(nil, log)
  co.cancel()
  doAssert co.finished and not co.resume() and log[].len == 0

test "cancelled by name; what leaves the body then is raised":
  let log = new seq[string]
  let co = halfDone(nil, log)
  co.resume()
  co.cancel()
  doAssert co.finished and log[] == @["finally", "defer"] and dropped == 1
  co.cancel()
  let bad = newCoroutine(proc () =
    try:
      suspend()
    finally:
      raise newException(ValueError, "while unwinding"))
  bad.resume()
  raises(ValueError, "while unwinding"): bad.cancel()
  doAssert bad.finished
  proc forgotten() =
    let bad = newCoroutine(proc () =
      try:
        suspend()
      finally:
        raise newException(ValueError, "dropped"))
    bad.resume()
  forgotten()

test "who catches everything is unwound all the same":
  var tries = 0
  let co = newCoroutine(proc () =
    for i in 0 .. 5:
      try:
        suspend()
      except:
        inc tries
        doAssert isCancelled())
  co.resume()
  co.cancel()
  doAssert co.finished and tries == 6

test "a running one is cancelled at its next yield":
  var co: Coroutine
  var after = false
  co = newCoroutine(proc () =
    doAssert not isCancelled()
    co.cancel()
    doAssert isCancelled()
    suspend()
    after = true)
  co.resume()
  doAssert co.finished and not after

test "the C yield inside is resumed until the body ends":
  var rounds = 0
  block:
    let co = newCoroutine(proc () =
      while rounds < 10:
        aco_yield()
        inc rounds)
    co.resume()
  doAssert rounds == 10

test "a coroutine drops its own handle while it runs":
  var co: Coroutine
  var log: seq[string]
  co = newCoroutine(proc () =
    let one = tracked()
    co = nil
    log.add "alive"
    try:
      suspend()
    finally:
      log.add "unwound"
    use(one))
  doAssert not co.resume()
  doAssert log == @["alive", "unwound"] and dropped == 1
  co = newCoroutine(proc () =
    co = nil
    raise newException(ValueError, "still told"))
  raises(ValueError, "still told"): co.resume()

test "dropped while it waits for another one":
  var outer, inner: Coroutine
  var log: seq[string]
  outer = newCoroutine(proc () =
    let one = tracked()
    inner = newCoroutine(proc () =
      outer = nil
      suspend())
    inner.resume()
    log.add "goes on"
    suspend()
    use(one))
  outer.resume()
  doAssert log == @["goes on"] and dropped == 1
  inner = nil

test "dropped by one on the same stack: unwound when that has left":
  let stack = newSharedStack()
  var log: seq[string]
  proc parked(name: string): Coroutine =
    newCoroutine(stack, proc () =
      let one = tracked()
      try:
        suspend()
      finally:
        log.add name
      use(one))
  let co = newCoroutine(stack, proc () =
    var a = parked("a")
    var b = parked("b")
    raises(CoroutineDefect, "on its stack"): a.resume()
    suspend())
  var a = parked("a")
  var b = parked("b")
  a.resume()
  b.resume()
  let dropper = newCoroutine(stack, proc () =
    a = nil
    b = nil
    log.add "dropped"
    suspend()
    log.add "again")
  dropper.resume()
  doAssert log == @["dropped", "b", "a"] and dropped == 2, $log
  dropper.resume()
  doAssert log[^1] == "again"
  co.resume()

test "a stack outlives those who made it":
  var co: Coroutine
  proc make() =
    let stack = newSharedStack()
    let one = newCoroutine(stack, proc () =
      suspend()
      suspend())
    co = newCoroutine(stack, proc () =
      suspend())
    one.resume()
    co.resume()
    one.resume()
  make()
  doAssert not co.resume()

test "nothing is lost over many":
  proc cycle(stack: SharedStack) =
    for i in 0 ..< 50:
      let list = @[i]
      let co =
        if stack == nil: newCoroutine(proc () =
          var more = list
          suspend()
          more.add 1)
        else: newCoroutine(stack, proc () =
          var more = list
          suspend()
          more.add 1)
      co.resume()
      if i mod 2 == 0: co.resume()
      if i mod 7 == 0:
        let bad = newCoroutine(proc () = raise newException(ValueError, $list))
        try: bad.resume()
        except ValueError: discard
  let stack = newSharedStack()
  for i in 0 .. 2: (cycle(nil); cycle(stack))
  GC_fullCollect()
  let before = getOccupiedMem()
  for i in 0 .. 20: (cycle(nil); cycle(stack))
  GC_fullCollect()
  doAssert getOccupiedMem() <= before, $before & " " & $getOccupiedMem()

test "functions of C take it":
  let stack = newSharedStack()
  let a = newCoroutine(stack, proc () = suspend())
  let b = newCoroutine(stack, proc () = suspend())
  a.resume()
  b.resume()
  doAssert getSaveStackSaveCount(a.raw) == 1 and getShareStackOwner(stack.raw) == b.raw

done("tlifetimes")
