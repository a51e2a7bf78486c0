## The part of coroutines and generators that has no type: a body, a stack, and what becomes of them.
##
## A core lies in memory that neither moves nor is looked at by the cycle collector: frames on a stack
## are counted references that it cannot see either, so it must take all that a coroutine has as held from
## outside, and never takes it apart.
##
##   fresh ──resume──> running ──yield──> suspended ──resume──> running …
##     │                  └───end────> over <──unwound───┘
##
## A handle that goes away frees its core: at once where it is fresh or over; unwound first where it is
## suspended; where it runs, when it has come back to who resumed it (an orphan); where its stack is in use, when
## that is free again (doomed).

import collector, frames, native, refusal, stacks
export Dispose

{.push warning[InheritFromException]: off.}
type
  CoroutineCancelled* = object of Exception
    ## Unwinds a coroutine: what `suspend` and `emit` raise in one that is cancelled, or whose handle is gone.
    ## Neither a `CatchableError` nor a `Defect`; who catches it, by `except:`, lets it go on.
  CoroutineDefect* = object of Defect
    ## A coroutine that cannot be resumed from here, or left: a mistake of the program.
{.pop.}

type
  Phase* = enum fresh, suspended, running, over
  Core* = ptr CoreObj
  CoreObj = object
    handle*: ptr aco_t
    body: proc ()
    error: ref Exception
    stack: SharedStack
    own: ptr aco_share_stack_t
    thread: pointer
    phase*: Phase
    isCancelled*, isOrphan: bool
    refused: int                             # yields since it was cancelled
    next: Core                               # of those that are doomed
    slot*: pointer                           # where values are handed over
    dropSlot: Dispose

const
  defaultStackSize* = 256 * 1024
    ## Bytes of a stack of a coroutine's own; only what is touched takes memory.
  patience = 1000

var mark {.threadvar.}: byte

proc here(): pointer {.inline.} = addr mark

proc freeNative(core: Core) {.raises: [].} =
  if core.handle != nil:
    aco_gen_free(core.handle)
    core.handle = nil
  if core.own != nil:
    aco_share_stack_destroy(core.own)
    core.own = nil

proc free(core: Core) {.raises: [].} =
  freeNative(core)
  if core.dropSlot != nil: core.dropSlot(core.slot)
  `=destroy`(core[])
  dealloc(core)

{.push stackTrace: off, profiler: off.}

proc perform(core: Core) {.noinline, raises: [].} =
  try:
    {.cast(gcsafe).}:
      core.body()
  except CoroutineCancelled:
    discard
  except Exception:
    core.error = getCurrentException()
  core.body = nil

proc begin() {.cdecl, raises: [].} =
  perform(cast[Core](aco_get_arg()))

proc currentCore*(): Core {.inline.} =
  ## The core that runs; nil: no coroutine of this layer does.
  let co = current()
  if co != nil and entry(co) == begin: cast[Core](argument(co)) else: nil

proc switchTo(core: Core): bool {.raises: [].} =
  ## Runs it until it comes back: true if it has yielded.
  var comesBack: cint
  core.phase = running
  keepingFrames:
    comesBack = aco_gen_next(core.handle, nil)
  comesBack != 0

proc neverEnds() {.noreturn, raises: [].} =
  refuse("cancel", "a cancelled coroutine goes on yielding", "CoroutineCancelled is let through")

proc leave*(core: Core) =
  ## Yields out of `core`, which runs. Raises `CoroutineCancelled` where it is to be unwound.
  if not core.isCancelled:
    keepingFrames(aco_gen_yield(nil))
  if core.isCancelled:
    inc core.refused
    if core.refused > patience: neverEnds()
    raise newException(CoroutineCancelled, "the coroutine is cancelled")

{.pop.}

proc newCore*(body: proc (), stack: SharedStack, stackSize: int): Core =
  ## On `stack`, or, without one, on its own. To be given to `release`.
  settle()
  if body == nil: raise newException(CoroutineDefect, "a coroutine without a body")
  let own = if stack == nil: nativeStack(stackSize, true) else: nil
  result = create(CoreObj)
  result.body = body
  result.stack = stack
  result.own = own
  result.thread = here()
  result.handle = aco_gen_new(if stack == nil: own else: stack.raw, begin, result)

proc setSlot*(core: Core, slot: pointer, dropSlot: Dispose) =
  ## Gives it a place for values, which it frees by `dropSlot`.
  core.slot = slot
  core.dropSlot = dropSlot

proc unwind(core: Core) {.raises: [].} =
  ## Ends a suspended coroutine.
  core.isCancelled = true
  if core.stack != nil: core.stack.enter()
  for i in 0 .. patience:
    if not switchTo(core):
      if core.stack != nil: core.stack.leave()
      freeNative(core)
      core.phase = over
      return
  neverEnds()

proc dismiss(stack: SharedStack) {.raises: [].} =
  ## Unwinds those that had to wait for their stack.
  while not stack.isBusy and stack.firstDoomed != nil:
    let core = cast[Core](stack.firstDoomed)
    stack.setDoomed(core.next)
    unwind(core)
    free(core)

proc dispose(what: pointer) {.nimcall, raises: [].} =
  let core = cast[Core](what)
  if core.thread != here():
    freeNative(core) # nothing else of it may be touched here
    return
  case core.phase
  of running:
    core.isOrphan = true
  of fresh, over:
    free(core)
  of suspended:
    if core.stack != nil and core.stack.isBusy:
      core.next = cast[Core](core.stack.firstDoomed)
      core.stack.setDoomed(core)
    else:
      unwind(core)
      free(core)

proc release*(core: Core) {.raises: [].} =
  ## Its handle is gone.
  if core != nil: whenSafe(dispose, core)

proc checkResume(core: Core) =
  if core.phase == running:
    raise newException(CoroutineDefect, "a coroutine that runs, or waits for another one, is resumed")
  if core.thread != here():
    raise newException(CoroutineDefect, "a coroutine is resumed in another thread than its own")
  if core.stack != nil and core.stack.isBusy:
    raise newException(CoroutineDefect, "a coroutine is resumed while another one is on its stack")

proc resume*(core: Core): bool =
  ## Runs it to its next yield: true; false where it has ended, now or before, or is gone. Raises what has
  ## ended it.
  settle()
  if core.phase == over: return false
  checkResume(core)
  if core.stack != nil: core.stack.enter()
  result = switchTo(core)
  if not result: freeNative(core)
  if core.stack != nil:
    core.stack.leave()
    dismiss(core.stack)
  core.phase = if result: suspended else: over
  let error = move core.error
  if core.isOrphan:
    release(core)
    result = false
  if error != nil: raise error

proc cancel*(core: Core) =
  ## Unwinds it, and raises what comes out of that. One that runs is unwound at its next yield.
  case core.phase
  of over: discard
  of fresh:
    freeNative(core)
    core.body = nil
    core.phase = over
  of running: core.isCancelled = true
  of suspended:
    core.isCancelled = true
    for i in 0 .. patience:
      if not resume(core): return
    neverEnds()
