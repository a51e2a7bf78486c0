## What the tests share. A test is a procedure, so that its variables are destroyed at its end.

import std/strutils
import aco
export contains

var
  tests = 0
  dropped* = 0 ## how many `Tracked` were destroyed

type Tracked* = object
  ## Tells of its end.
  isOn: bool

when NimMajor >= 2:
  proc `=destroy`(tracked: Tracked) = (if tracked.isOn: inc dropped)
else:
  proc `=destroy`(tracked: var Tracked) = (if tracked.isOn: inc dropped)
proc `=copy`(to: var Tracked, tracked: Tracked) {.error.}

proc tracked*(): Tracked = Tracked(isOn: true)

proc use*(tracked: Tracked) {.noinline.} = doAssert tracked.isOn
  ## Keeps a variable alive up to here.

proc settle*() =
  ## With Nim 1.6 what went away while a collection may have been going on goes when the next coroutine is made.
  discard newCoroutine(proc () = discard)

template test*(name: string, body: untyped) =
  block:
    proc one() {.gensym.} =
      dropped = 0
      body
    try:
      one()
    except Exception:
      echo "FAILED ", name
      raise
    inc tests

template raises*(kind: typedesc, text: string, body: untyped) =
  ## `body` must raise a `kind` whose message contains `text`.
  block:
    var isRaised = false
    try:
      body
    except kind as error:
      isRaised = true
      doAssert text in error.msg, error.msg
    doAssert isRaised, $kind & " is not raised"

proc done*(file: string) =
  ## The last line of a test program.
  doAssert tests > 0
  echo file, ": ", tests, " tests passed"
  tests = 0
