## How a wait is made, and how it fails.

import std/[os, posix, times]
import native, ../frames

{.push warning[InheritFromException]: off.}
type
  TaskCancelled* = object of Exception
    ## The task is cancelled: each of its calls that may wait raises this from now on. Neither a
    ## `CatchableError` nor a `Defect`.
{.pop.}

type
  TimeoutError* = object of CatchableError
    ## The deadline of a wait has passed.
  ChannelClosed* = object of CatchableError
    ## The channel is closed, and for a receiver empty, too.
  DeadlockError* = object of CatchableError
    ## Nothing could ever wake the tasks that were left; they were shown on stderr, and cancelled.
  Deadline* = distinct int64
    ## When a wait ends: `never`, `atOnce`, `after(…)`.

const
  never* = Deadline(acortNever)
  atOnce* = Deadline(0)

proc after*(time: Duration): Deadline =
  ## So much from now.
  Deadline(acort_after(time.inNanoseconds))

proc after*(milliseconds: int): Deadline =
  ## So much from now.
  Deadline(acort_after(int64(milliseconds) * 1_000_000))

proc `==`*(a, b: Deadline): bool {.borrow.}

proc fail*(code: cint, what: string) {.noreturn.} =
  ## Raises what `errno` says of a wait or a call.
  if code == ETIMEDOUT: raise newException(TimeoutError, what & ": the deadline has passed")
  if code == ECANCELED: raise newException(TaskCancelled, what & ": the task is cancelled")
  raise newOSError(OSErrorCode(code), what)

template waiting*(call: untyped): untyped =
  ## The result of a call that may switch to other tasks, and the errno of it.
  block:
    var outcome: tuple[value: typeof(call), code: cint]
    keepingFrames:
      outcome.value = call
      outcome.code = errno
    outcome

proc check*(outcome: tuple[value, code: cint], what: string) {.inline.} =
  ## Raises where it failed.
  if outcome.value < 0: fail(outcome.code, what)

proc sleep*(time: Duration) =
  ## Lets other tasks run for so long. Raises `TaskCancelled`.
  waiting(acort_sleep(time.inNanoseconds)).check("sleep")

proc sleep*(milliseconds: int) =
  ## Lets other tasks run for so long. Raises `TaskCancelled`.
  waiting(acort_sleep(int64(milliseconds) * 1_000_000)).check("sleep")

proc pass*() =
  ## Lets the other tasks run that are ready. Raises `TaskCancelled`.
  waiting(acort_yield()).check("pass")
