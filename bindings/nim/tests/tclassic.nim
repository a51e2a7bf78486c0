## libaco's functions under their C names.

import std/strutils
import aco, aco_private
import checking

template around(main, stack, body: untyped) =
  aco_thread_init(nil)
  let main = aco_create(nil, nil, 0, nil, nil)
  let stack = aco_share_stack_new(0)
  body
  aco_share_stack_destroy(stack)
  aco_destroy(main)

var steps: seq[string]

proc simple() =
  steps.add "begin"
  aco_yield()
  steps.add "end"
  aco_exit()

test "resume, yield, exit; the end as bool and as number":
  steps = @[]
  around(main, stack):
    let co = aco_create(main, stack, 0, simple, nil)
    doAssert not co.is_end
    aco_resume(co)
    doAssert co.is_end == 0 and not co.is_end and not isCoroutineEnded(co)
    steps.add "between"
    aco_resume(co)
    doAssert co.is_end != 0 and co.is_end and isCoroutineEnded(co) and $co.is_end == "1"
    doAssert steps == @["begin", "between", "end"]
    aco_destroy(co)

proc fromC() {.cdecl.} =
  cast[ptr int](aco_get_arg())[] += 1
  aco_exit()

test "entry functions: cdecl, cast, with an argument":
  around(main, stack):
    var count = 0
    for entry in [aco_cofuncp_t(fromC), cast[aco_cofuncp_t](fromC)]:
      let co = aco_create(main, stack, 0, entry, addr count)
      doAssert co.arg == addr(count) and getCoroutineArg(co) == addr(count) and co.fp == entry
      aco_resume(co)
      doAssert co.is_end
      aco_destroy(co)
    doAssert count == 2

proc looks() =
  let co = aco_get_co()
  doAssert not aco_is_main_co(co) and co == cast[ptr aco_t](aco_get_arg())
  doAssert aco_is_main_co(co.main_co) and getThreadCoroutine() == co
  steps.add "looked"
  aco_exit()

test "who runs, and on what":
  steps = @[]
  around(main, stack):
    doAssert aco_is_main_co(main) and main.share_stack == nil
    var co = aco_create(main, stack, 0, looks, nil)
    doAssert co.share_stack == stack and getShareStackOwner(stack) == nil
    aco_destroy(co)
    proc self() =
      doAssert getShareStackOwner(aco_get_co().share_stack) == aco_get_co()
      aco_yield()
      aco_exit()
    co = aco_create(main, stack, 0, self, nil)
    aco_resume(co)
    doAssert getShareStackOwner(stack) == co and aco_get_co() == main
    aco_resume(co)
    aco_destroy(co)
    doAssert getShareStackSize(stack) == 2 * 1024 * 1024 and getShareStackPtr(stack) != nil
    doAssert isShareStackGuardPageEnabled(stack)

test "stacks: sizes and guard":
  around(main, stack):
    let open = aco_share_stack_new2(100_000, 0)
    doAssert getShareStackSize(open) == 100_000 and not isShareStackGuardPageEnabled(open)
    aco_share_stack_destroy(open)
    let small = aco_share_stack_new2(1, 1)
    doAssert getShareStackSize(small) >= 4096 and isShareStackGuardPageEnabled(small)
    aco_share_stack_destroy(small)

proc deep(depth: int): int =
  ## Yields at each depth, on the way down and up.
  let text = repeat($depth, depth)
  aco_yield()
  result = if depth == 0: 0 else: deep(depth - 1) + text.len
  aco_yield()
  doAssert text == repeat($depth, depth)

proc throwing() =
  ## Exceptions, handlers that are left and come back to, frames of different depths.
  var got: seq[string]
  for i in 0 .. 5:
    try:
      got.add $i
      aco_yield()
      if i mod 2 == 0: raise newException(ValueError, "x" & $i)
    except ValueError as error:
      aco_yield()
      doAssert getCurrentException() == error
      got.add error.msg
      discard deep(5)
      doAssert getCurrentException() == error
    finally:
      aco_yield()
  doAssert getCurrentException() == nil
  steps.add got.join(" ")

proc throws() =
  throwing()
  aco_exit()

test "exceptions and frames of coroutines that share a stack":
  steps = @[]
  around(main, stack):
    var all: seq[ptr aco_t]
    for i in 0 ..< 8: all.add aco_create(main, stack, 0, throws, nil)
    try:
      raise newException(IOError, "main's own")
    except IOError:
      var live = all.len
      while live > 0:
        live = 0
        for co in all:
          if not co.is_end:
            aco_resume(co)
            inc live
            doAssert getCurrentExceptionMsg() == "main's own"
    for co in all:
      doAssert getSaveStackSaveCount(co) > 20 and getSaveStackMaxCopySize(co) > 100
      doAssert getSaveStackSaveCount(co) == getSaveStackRestoreCount(co)
      aco_destroy(co)
    doAssert steps.len == 8
    for line in steps: doAssert line == "0 x0 1 2 x2 3 4 x4 5"

test "alone on a stack nothing is copied":
  around(main, stack):
    steps = @[]
    let co = aco_create(main, stack, 4096, throws, nil)
    while not co.is_end: aco_resume(co)
    doAssert getSaveStackSaveCount(co) == 0 and getSaveStackMaxCopySize(co) == 0
    aco_destroy(co)

var inner: ptr aco_t

proc outerBody() =
  let stack = aco_share_stack_new(64 * 1024)
  inner = aco_create(aco_get_co(), stack, 0, throws, nil)
  while not inner.is_end:
    try:
      aco_resume(inner)
      raise newException(KeyError, "outer")
    except KeyError:
      aco_yield()
      doAssert getCurrentExceptionMsg() == "outer"
  aco_destroy(inner)
  aco_share_stack_destroy(stack)

proc outer() =
  outerBody()
  aco_exit()

test "a coroutine that is main to others":
  steps = @[]
  around(main, stack):
    let co = aco_create(main, stack, 0, outer, nil)
    while not co.is_end: aco_resume(co)
    aco_destroy(co)
    doAssert steps.len == 1

test "the version of the library":
  doAssert aco_version_string().split('.').len == 3

done("tclassic")
