## Sockets and pipes, with deadlines; files stay files of Nim.

import std/posix except read, write, accept, listen, close
import native, waiting
import ../frames

proc checked(outcome: tuple[value: int, code: cint], what: string): int =
  if outcome.value < 0: fail(outcome.code, what)
  outcome.value

proc read*(fd: cint, buffer: pointer, size: int, deadline = never): int =
  ## Waits for some bytes; 0: the end. Raises `OSError`, `TimeoutError`, `TaskCancelled`.
  waiting(acort_read(fd, buffer, csize_t(size), int64(deadline))).checked("read")

proc read*(fd: cint, size: int, deadline = never): string =
  ## Waits for some bytes, at most `size`; none: the end.
  var buffer = newString(size) # Nim does not destroy a `result` where an exception leaves
  let got = if size == 0: 0 else: read(fd, addr buffer[0], size, deadline)
  buffer.setLen(got)
  result = move buffer

proc readFull*(fd: cint, size: int, deadline = never): string =
  ## `size` bytes, or fewer where the end comes first. Raises as `read`, where an error or the deadline comes after some
  ## bytes, too: those are lost then.
  if size == 0: return
  var buffer = newString(size)
  let outcome = waiting(acort_read_full(fd, addr buffer[0], csize_t(size), int64(deadline)))
  if outcome.value < size and outcome.code != 0: fail(outcome.code, "readFull")
  buffer.setLen(max(0, outcome.value))
  result = move buffer

proc write*(fd: cint, data: string, deadline = never) =
  ## Writes all of it. Raises `OSError`, `TimeoutError`, `TaskCancelled`, where some of it may be written.
  if data.len == 0: return
  let outcome = waiting(acort_write_all(fd, unsafeAddr data[0], csize_t(data.len), int64(deadline)))
  if outcome.value < data.len: fail(outcome.code, "write")

proc listen*(net, address: string, backlog = 0): cint =
  ## Listens at "host:service", for "unix" at a path; `net` is "tcp", "tcp4", "tcp6", "udp", ….
  ## To be given to `close`.
  result = acort_listen(cstring(net), cstring(address), cint(backlog))
  if result < 0: fail(errno, "listen")

proc accept*(fd: cint, deadline = never): cint =
  ## The next connection. To be given to `close`.
  let outcome = waiting(acort_accept(fd, nil, nil, int64(deadline)))
  outcome.check("accept")
  outcome.value

proc dial*(net, address: string, deadline = never): cint =
  ## Connects, as `listen` listens. To be given to `close`.
  let outcome = waiting(acort_dial(cstring(net), cstring(address), int64(deadline)))
  outcome.check("dial")
  outcome.value

proc close*(fd: cint) =
  ## Closes it; tasks that wait for it have `TaskCancelled`, although they are not cancelled.
  if acort_close(fd) < 0: fail(errno, "close")
