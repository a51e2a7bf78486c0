## libaco's functions under their C names.
##
## `aco_resume` and `aco_yield` keep what Nim has for each stack, so debug builds, `--exceptions:setjmp`
## and `try` around a yield are sound. Objects are the caller's, as in C: what is made is to be destroyed,
## and the frames of a coroutine that is destroyed half done, or ended by `aco_exit`, are forgotten:
## destructors of variables that are alive there do not run. So let an entry function call what it
## does, and exit when that has returned. `Coroutine <coroutines.html>`_ has none of these rules.

import frames, refusal
import native

export aco_t, aco_share_stack_t, aco_cofuncp_t

type AcoFlag* = distinct int8
  ## A flag of C, which can be asked as a `bool`, and compared with numbers.

converter toBool*(flag: AcoFlag): bool {.inline.} = int8(flag) != 0
proc `==`*(flag: AcoFlag, number: int): bool {.inline.} = int(flag) == number
proc `$`*(flag: AcoFlag): string = $int(flag)

var theirLastWord {.threadvar.}: aco_cofuncp_t

proc mayRaise() {.noinline.} =
  var never {.volatile.} = false
  if never: raise newException(ValueError, "")

proc escaped(): ref Exception {.noinline.} =
  ## The exception that has left an entry function. With `--exceptions:goto` such a function just
  ## returns, and the next call of one that may raise finds it.
  try:
    mayRaise()
  except Exception:
    result = getCurrentException()

proc entryReturned() {.cdecl, raises: [].} =
  ## An entry function has returned. Where this does, too, the library aborts with a line.
  let exception = escaped()
  if exception != nil:
    refuse("aco_resume", "\"" & exception.msg & "\" [" & $exception.name & "] has left the entry function",
      "a coroutine catches its exceptions itself", exception.getStackTrace())
  elif theirLastWord != nil:
    {.cast(raises: []), cast(gcsafe).}:
      theirLastWord()

{.push stackTrace: off, profiler: off, raises: [].}

proc aco_thread_init*(last_word: aco_cofuncp_t) =
  ## Sets this thread up. `last_word`, unless nil, is called when an entry function returns; then the
  ## program aborts. An exception that leaves an entry function aborts with its message.
  theirLastWord = last_word
  native.aco_thread_init(entryReturned)

proc aco_share_stack_new*(size: int): ptr aco_share_stack_t {.inline.} =
  ## A stack of `size` bytes, 0: 2 MiB, with a guard page. The caller's: `aco_share_stack_destroy`.
  native.aco_share_stack_new(csize_t(size))

proc aco_share_stack_new2*(size: int, guard_page_enabled: int): ptr aco_share_stack_t {.inline.} =
  ## A stack with a guard page, or (0) without one.
  native.aco_share_stack_new2(csize_t(size), cchar(ord(guard_page_enabled != 0)))

proc aco_share_stack_destroy*(stack: ptr aco_share_stack_t) {.inline.} =
  ## Frees a stack; coroutines on it may still be destroyed, not resumed.
  native.aco_share_stack_destroy(stack)

proc aco_create*(main_co: ptr aco_t, share_stack: ptr aco_share_stack_t, save_stack_sz: int,
    fp: aco_cofuncp_t, arg: pointer): ptr aco_t {.inline.} =
  ## A coroutine that `main_co` resumes, and that runs `fp` on `share_stack`. Without `main_co` a main
  ## coroutine, for the thread's own stack. `save_stack_sz`: bytes of its save area to begin with, 0: 64.
  ## The caller's: `aco_destroy`.
  native.aco_create(main_co, share_stack, csize_t(save_stack_sz), fp, arg)

proc aco_create*(main_co: ptr aco_t, share_stack: ptr aco_share_stack_t, save_stack_sz: int,
    fp: proc () {.nimcall.}, arg: pointer): ptr aco_t {.inline.} =
  ## The same with a plain `proc`: on these processors Nim calls as C does.
  native.aco_create(main_co, share_stack, csize_t(save_stack_sz), cast[aco_cofuncp_t](fp), arg)

proc aco_create*(main_co: ptr aco_t, share_stack: ptr aco_share_stack_t, save_stack_sz: int,
    fp: typeof(nil), arg: pointer): ptr aco_t {.inline.} =
  ## The same without an entry function: a main coroutine.
  native.aco_create(main_co, share_stack, csize_t(save_stack_sz), nil, arg)

proc aco_resume*(co: ptr aco_t) =
  ## Runs `co` until it yields or exits. To be called by its main coroutine.
  keepingFrames(native.aco_resume(co))

proc aco_yield*() =
  ## Back to the one that resumed; returns when the coroutine is resumed again.
  keepingFrames(native.aco_yield())

proc aco_exit*() {.noreturn, inline.} =
  ## Ends the running coroutine. Variables that are alive in its frames are not destroyed.
  native.aco_exit()

proc aco_destroy*(co: ptr aco_t) {.inline.} =
  ## Frees a coroutine in any state; its frames are forgotten.
  native.aco_destroy(co)

proc aco_get_arg*(): pointer {.inline.} =
  ## The argument of the running coroutine.
  native.aco_get_arg()

proc aco_get_co*(): ptr aco_t {.inline.} =
  ## The running coroutine; nil before the thread's first resume, the main coroutine after it.
  native.aco_get_co()

proc aco_is_main_co*(co: ptr aco_t): bool {.inline.} =
  ## Is it a main coroutine?
  native.mainOf(co) == nil

proc is_end*(co: ptr aco_t): AcoFlag {.inline.} =
  ## Has it ended?
  AcoFlag(ord(native.isEnded(co)))

proc share_stack*(co: ptr aco_t): ptr aco_share_stack_t {.inline.} =
  ## The stack that it runs on; nil for a main coroutine.
  native.stackOf(co)

proc main_co*(co: ptr aco_t): ptr aco_t {.inline.} =
  ## Who resumes it; nil for a main coroutine.
  native.mainOf(co)

proc arg*(co: ptr aco_t): pointer {.inline.} =
  ## Its argument.
  native.argument(co)

proc fp*(co: ptr aco_t): aco_cofuncp_t {.inline.} =
  ## Its entry function.
  native.entry(co)

proc aco_version_string*(): string =
  ## The version of the library that runs: "1.3.0".
  $native.aco_version_string()

{.pop.}
