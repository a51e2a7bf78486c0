## Channels: values that tasks hand to each other.

import std/[options, posix, typetraits]
import native, waiting
import ../collector, ../frames

type
  Contents[T] = object
  ChanObj[T] = object
    contents: ptr Contents[T] # an acort_chan_t
  Chan*[T] = ref ChanObj[T]
    ## A channel for values of `T`, between tasks of one thread. What is in it when the last handle goes is destroyed.

# Nim 1.6 takes instances of generic procedures, and hooks, for one where their types are alike: so theirs differ.
proc dispose[T](contents: ptr Contents[T]) {.nimcall, raises: [], gcsafe.} =
  let native = cast[ptr acort_chan_t](contents)
  when not supportsCopyMem(T):
    {.cast(raises: []), cast(gcsafe).}:
      var value: T
      while acort_chan_recv(native, addr value, 0) == 0: reset(value)
  acort_chan_unref(native)

proc release[T](chan: ChanObj[T]) {.raises: [].} =
  if chan.contents != nil: whenSafe(cast[Dispose](dispose[T]), chan.contents)

when NimMajor >= 2:
  proc `=destroy`[T](chan: ChanObj[T]) = release(chan)
else:
  proc `=destroy`[T](chan: var ChanObj[T]) = release(chan)

proc `=copy`[T](to: var ChanObj[T], chan: ChanObj[T]) {.error.}

proc newChan*[T](capacity = 0): Chan[T] =
  ## A channel that keeps up to `capacity` values; 0: each is handed from sender to receiver. Raises `OSError`.
  settle()
  let native = acort_chan_new(csize_t(max(1, sizeof(T))), csize_t(capacity), 0)
  if native == nil: fail(errno, "newChan")
  Chan[T](contents: cast[ptr Contents[T]](native))

proc raw*[T](chan: Chan[T]): ptr acort_chan_t =
  ## The channel for functions of C.
  cast[ptr acort_chan_t](chan.contents)

proc failed(code: cint, what: string) {.noreturn.} =
  if code == EPIPE: raise newException(ChannelClosed, what & ": the channel is closed")
  fail(code, what)

# A channel that is waited for stays, whatever becomes of the variable that it came from.

proc sendFrom(chan: ptr acort_chan_t, data: pointer, deadline: Deadline): cint =
  ## 0, or an errno.
  let native = acort_chan_ref(chan)
  let outcome = waiting(acort_chan_send(native, data, int64(deadline)))
  acort_chan_unref(native)
  if outcome.value < 0: outcome.code else: 0

proc receiveTo(chan: ptr acort_chan_t, data: pointer, deadline: Deadline): cint =
  ## To `data`, where nothing is. 0, or an errno.
  let native = acort_chan_ref(chan)
  let outcome = waiting(acort_chan_recv(native, data, int64(deadline)))
  acort_chan_unref(native)
  if outcome.value < 0: outcome.code else: 0

proc isClosed(code: cint): bool = code == EPIPE

proc send*[T](chan: Chan[T], value: sink T, deadline = never) =
  ## Sends a value. Raises `ChannelClosed`, `TimeoutError`, `TaskCancelled`; the value is lost then.
  let code = sendFrom(chan.raw, addr value, deadline)
  if code != 0: failed(code, "send")
  wasMoved(value)

proc recv*[T](chan: Chan[T], deadline = never): T =
  ## Receives a value. Raises `ChannelClosed`, `TimeoutError`, `TaskCancelled`.
  var value: T
  let code = receiveTo(chan.raw, addr value, deadline)
  if code != 0: failed(code, "recv")
  result = move value

proc recv*[T](chan: Chan[T], value: var T, deadline = never): bool =
  ## Receives a value: true; false where the channel is closed and empty. Raises `TimeoutError`, `TaskCancelled`.
  var got: T
  let code = receiveTo(chan.raw, addr got, deadline)
  if isClosed(code): return false
  if code != 0: fail(code, "recv")
  value = move got
  result = true

proc tryRecv*[T](chan: Chan[T]): Option[T] =
  ## A value that is there, or has a sender that waits; none otherwise.
  var value: T
  if receiveTo(chan.raw, addr value, atOnce) == 0: some(move value) else: none(T)

iterator items*[T](chan: Chan[T]): T =
  ## Values until the channel is closed and empty.
  var value: T
  while recv(chan, value):
    yield move value

proc close*[T](chan: Chan[T]) =
  ## Nothing is sent any more; what is in it can still be received. Closed once more it stays so.
  discard acort_chan_close(chan.raw)

proc len*[T](chan: Chan[T]): int =
  ## How many values are in it.
  acort_chan_len(chan.raw)
