## The first of several waits.

import std/posix
import native, waiting, channels, tasks
import ../frames

type
  Case* = object
    ## One of the waits. It points to the variables that it was made with: give it to `select` at once.
    native: acort_case_t
    size: int # of a value that is sent
  Selected* = object
    ## What came first.
    index*: int ## the number of the case; -1: the deadline has passed
    closed*: bool ## its channel is closed: nothing was received or sent

proc receiving*[T](chan: Chan[T], value: var T): Case =
  ## A value of `chan`, to `value`.
  reset(value)
  result.native.op = acortRecv
  result.native.`object` = chan.raw
  result.native.data = addr value

proc sending*[T](chan: Chan[T], value: var T): Case =
  ## `value` goes to `chan`, and is empty then.
  result.native.op = acortSend
  result.native.`object` = chan.raw
  result.native.data = addr value
  result.size = sizeof(T)

proc readable*(fd: cint): Case =
  ## `fd` can be read, or is over.
  result.native.op = acortFdRead
  result.native.fd = fd

proc writable*(fd: cint): Case =
  ## `fd` can be written, or is broken.
  result.native.op = acortFdWrite
  result.native.fd = fd

proc ending*[T](task: Task[T]): Case =
  ## `task` has ended: a join does not wait then.
  result.native.op = acortTask
  result.native.`object` = task.native

proc select*(cases: openArray[Case], deadline = never): Selected =
  ## Waits for the first case that is ready, and does it; where several are, each has its turn. Raises `TaskCancelled`,
  ## and `OSError` for no case, more than 1024, and what cannot be waited for.
  var natives = newSeq[acort_case_t](cases.len)
  for i, one in cases: natives[i] = one.native
  let first = if natives.len > 0: addr natives[0] else: nil
  let outcome = waiting(acort_select(first, cint(natives.len), int64(deadline)))
  if outcome.value < 0:
    if outcome.code != ETIMEDOUT: fail(outcome.code, "select")
    return Selected(index: -1)
  let chosen = int(outcome.value)
  result = Selected(index: chosen, closed: natives[chosen].error != 0)
  if natives[chosen].op == acortSend and not result.closed:
    zeroMem(cases[chosen].native.data, cases[chosen].size) # it was moved
