## Exceptions and coroutines, on stacks of their own and on a shared one.

import std/strutils
import aco
import checking

proc onBoth(body: proc (make: proc (body: proc ()): Coroutine)) =
  ## Coroutines of both kinds; those of the second kind move in between.
  body(proc (body: proc ()): Coroutine = newCoroutine(body))
  let stack = newSharedStack()
  let other = coroutine(stack):
    while true: suspend()
  body(proc (inner: proc ()): Coroutine =
    newCoroutine(stack, proc () =
      inner()))
  other.resume()
  other.cancel()

type Trouble = object of CatchableError
  code: int

test "re-raised in who resumes":
  onBoth(proc (make: proc (body: proc ()): Coroutine) =
    let co = make(proc () =
      suspend()
      raise (ref Trouble)(msg: "inside", code: 7))
    doAssert co.resume()
    var seen = 0
    try:
      co.resume()
    except Trouble as error:
      seen = error.code
      doAssert error.msg == "inside" and error.parent == nil
      doAssert getCurrentException() == error
    doAssert seen == 7 and co.finished and not co.resume()
    doAssert getCurrentException() == nil)

test "defects are re-raised, too":
  let co = newCoroutine(proc () =
    raise newException(IndexDefect, "far out"))
  raises(IndexDefect, "far out"): co.resume()
  doAssert co.finished

test "through coroutines that resume each other":
  proc level(depth: int): Coroutine =
    newCoroutine(proc () =
      if depth == 0: raise newException(ValueError, "from the ground")
      let below = level(depth - 1)
      try:
        below.resume()
      except ValueError as error:
        raise newException(ValueError, error.msg & " " & $depth, error))
  let top = level(5)
  try:
    top.resume()
    doAssert false
  except ValueError as error:
    doAssert error.msg == "from the ground 1 2 3 4 5"
    doAssert error.parent.parent.parent.parent.parent.msg == "from the ground"

# `setjmp` and C++ do neither of these right without any coroutine: handlers in handlers, and `raise` alone.
when compileOption("exceptions", "goto"):
  test "nested handlers across yields, many at once":
    let stack = newSharedStack()
    var results: seq[string]
    proc body(name: string): Coroutine =
      newCoroutine(stack, proc () =
        var text = name
        try:
          try:
            suspend()
            raise newException(ValueError, "a")
          except ValueError as error:
            suspend()
            text.add error.msg
            try:
              suspend()
              raise newException(KeyError, "b")
            except KeyError as inner:
              suspend()
              text.add inner.msg
              doAssert getCurrentException() == inner
            suspend()
            doAssert getCurrentException() == error
            raise
          finally:
            suspend()
            text.add "f"
        except ValueError as error:
          suspend()
          text.add error.msg
        doAssert getCurrentException() == nil
        results.add text)
    var all: seq[Coroutine]
    for i in 0 ..< 20: all.add body($i & ":")
    for round in 0 .. 10:
      for co in all:
        try:
          if round mod 2 == 0: raise newException(IOError, "outside")
          co.resume()
        except IOError:
          co.resume()
          doAssert getCurrentExceptionMsg() == "outside"
      doAssert getCurrentException() == nil
    doAssert results.len == 20
    for i, text in results: doAssert text == $i & ":abfa", text

test "defer and finally, with yields in them":
  onBoth(proc (make: proc (body: proc ()): Coroutine) =
    var order: seq[string]
    let co = make(proc () =
      defer: order.add "defer"
      try:
        suspend()
        raise newException(ValueError, "x")
      finally:
        suspend()
        order.add "finally")
    co.resume()
    co.resume()
    order.add "between"
    raises(ValueError, "x"): co.resume()
    doAssert order == @["between", "finally", "defer"], $order)

test "an exception is not seen by the coroutine that is resumed while it is handled":
  onBoth(proc (make: proc (body: proc ()): Coroutine) =
    var inside = "?"
    let co = make(proc () =
      inside = getCurrentExceptionMsg()
      suspend()
      inside.add getCurrentExceptionMsg()
      when not defined(cpp): # that terminates in Nim 1.6
        raises(ReraiseDefect, ""): raise)
    try:
      raise newException(ValueError, "outside")
    except ValueError:
      co.resume()
      co.resume()
    doAssert inside == "" and co.finished)

test "raised deep on a shared stack, caught above a frame that yielded":
  let stack = newSharedStack()
  proc down(n: int) =
    let text = repeat('x', n)
    suspend()
    if n == 0: raise newException(ValueError, "bottom")
    try:
      down(n - 1)
    finally:
      doAssert text.len == n
  var caught = 0
  proc one(): Coroutine =
    coroutine(stack):
      try:
        down(10)
      except ValueError:
        inc caught
  var all: seq[Coroutine]
  for i in 0 ..< 10: all.add one()
  for round in 0 .. 11:
    for co in all: co.resume()
  doAssert caught == 10

test "misuse":
  raises(CoroutineDefect, "outside of coroutines"): suspend()
  raises(CoroutineDefect, "without a body"): discard newCoroutine(nil)
  var self: Coroutine
  self = newCoroutine(proc () =
    raises(CoroutineDefect, "runs, or waits"): self.resume()
    let below = newCoroutine(proc () =
      raises(CoroutineDefect, "runs, or waits"): self.resume())
    below.resume())
  self.resume()
  doAssert self.finished
  let stack = newSharedStack()
  let waits = coroutine(stack):
    let other = coroutine(stack):
      doAssert false
    raises(CoroutineDefect, "on its stack"): other.resume()
  waits.resume()
  doAssert waits.finished
  raises(OutOfMemDefect, "no memory"): discard newCoroutine(proc () = discard, high(int) div 2)
  raises(OutOfMemDefect, "no memory"): discard newSharedStack(high(int) div 2)

done("texceptions")
