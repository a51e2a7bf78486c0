## Stacks that several coroutines share: while one of them runs, the frames of the others are copied aside,
## so a suspended coroutine costs what it has on the stack, and no more.

import native

type
  SharedStackObj = object
    native: ptr aco_share_stack_t
    users: int      # coroutines that run on it, or wait in a resume
    doomed: pointer # cores that are to be unwound when there are none
  SharedStack* = ref SharedStackObj
    ## A stack. It lives as long as anybody has it, the coroutines on it included, and belongs to a thread.

proc release(stack: SharedStackObj) =
  if stack.native != nil: aco_share_stack_destroy(stack.native)

when NimMajor >= 2:
  proc `=destroy`(stack: SharedStackObj) = release(stack)
else:
  proc `=destroy`(stack: var SharedStackObj) = release(stack)

proc `=copy`(to: var SharedStackObj, stack: SharedStackObj) {.error.}

proc nativeStack*(size: int, guarded: bool): ptr aco_share_stack_t =
  ## `size` bytes, 0: 2 MiB. The caller's. Raises `OutOfMemDefect`.
  result = aco_try_share_stack_new2(csize_t(size), cchar(ord(guarded)))
  if result == nil:
    raise newException(OutOfMemDefect, "no memory for a stack of " & $size & " bytes")

proc newSharedStack*(size = 0, guarded = true): SharedStack =
  ## A stack of `size` bytes, 0: 2 MiB. With a guard page running off it is a fault; without one, it is not seen.
  ## Raises `OutOfMemDefect`.
  let native = nativeStack(size, guarded)
  SharedStack(native: native)

proc raw*(stack: SharedStack): ptr aco_share_stack_t =
  ## The stack for functions of C; still owned by `stack`.
  stack.native

proc isBusy*(stack: SharedStack): bool =
  ## Does a coroutine run on it now, or wait there for one that it has resumed? Nobody else can run on it then.
  stack.users > 0

proc enter*(stack: SharedStack) {.inline.} = inc stack.users
proc leave*(stack: SharedStack) {.inline.} = dec stack.users
proc firstDoomed*(stack: SharedStack): pointer {.inline.} = stack.doomed
proc setDoomed*(stack: SharedStack, first: pointer) {.inline.} = stack.doomed = first
