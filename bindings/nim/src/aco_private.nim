## What libaco's structs tell: the costs of copied stacks, and who owns one.

import aco/native

{.push raises: [].}

proc getSaveStackMaxCopySize*(co: ptr aco_t): int =
  ## The largest copy of its frames so far, out of its stack or back, in bytes.
  int(largestCopy(saveStackOf(co)))

proc getSaveStackSaveCount*(co: ptr aco_t): int =
  ## How often its frames were copied out. A coroutine that is alone on its stack is never copied.
  int(saves(saveStackOf(co)))

proc getSaveStackRestoreCount*(co: ptr aco_t): int =
  ## How often its frames were copied back.
  int(restores(saveStackOf(co)))

proc isCoroutineEnded*(co: ptr aco_t): bool =
  ## Has it ended?
  isEnded(co)

proc getCoroutineArg*(co: ptr aco_t): pointer =
  ## Its argument.
  argument(co)

proc getThreadCoroutine*(): ptr aco_t =
  ## The running coroutine of this thread; nil before its first resume.
  aco_get_co()

proc getShareStackOwner*(stack: ptr aco_share_stack_t): ptr aco_t =
  ## The coroutine whose frames are on the stack now; nil: none.
  ownerOf(stack)

proc getShareStackSize*(stack: ptr aco_share_stack_t): int =
  ## Its usable bytes.
  int(stackSize(stack))

proc getShareStackPtr*(stack: ptr aco_share_stack_t): pointer =
  ## Its lowest usable byte.
  memoryOf(stack)

proc isShareStackGuardPageEnabled*(stack: ptr aco_share_stack_t): bool =
  ## Is there a guard page below it?
  isGuarded(stack)

{.pop.}
