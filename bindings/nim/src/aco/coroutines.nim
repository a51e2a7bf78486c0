## Coroutines that run a closure.
##
## .. code-block:: nim
##   let co = coroutine:
##     echo "one"
##     suspend()
##     echo "two"
##   while co.resume(): echo "meanwhile"
##
## Nothing is to be freed. A coroutine whose last handle goes away half done is unwound: `suspend` raises
## `CoroutineCancelled` in it, so that `finally`, `defer` and destructors run. An exception that leaves the body
## comes out of the `resume` that ran it. A coroutine belongs to the thread that made it.
##
## What a parked frame holds is alive. A handle that the coroutine itself holds, in a variable that its body
## captures, keeps it alive permanently, unless it ends, or is cancelled: the cycle collector does not look into stacks.

import core, native, stacks
export CoroutineCancelled, CoroutineDefect, SharedStack, newSharedStack, raw, defaultStackSize

type
  CoroutineObj = object
    core: Core
  Coroutine* = ref CoroutineObj
    ## A closure with a stack.

when NimMajor >= 2:
  proc `=destroy`(co: CoroutineObj) = release(co.core)
else:
  proc `=destroy`(co: var CoroutineObj) = release(co.core)

proc `=copy`(to: var CoroutineObj, co: CoroutineObj) {.error.}

proc newCoroutine*(body: proc (), stackSize = defaultStackSize): Coroutine =
  ## Will run `body` on a stack of its own, of `stackSize` bytes, with a guard page. Raises `OutOfMemDefect`.
  let core = newCore(body, nil, stackSize) # first: a reference that is being made is lost where this raises
  Coroutine(core: core)

proc newCoroutine*(stack: SharedStack, body: proc ()): Coroutine =
  ## Will run `body` on `stack`. Pointers to its local variables (`addr`, `var` parameters) are good only while it
  ## runs; references, strings, sequences and what closures capture are on the heap, and good everywhere.
  let core = newCore(body, stack, 0)
  Coroutine(core: core)

template coroutine*(body: untyped): Coroutine =
  ## A coroutine of these statements.
  newCoroutine(proc () = body)

template coroutine*(stack: SharedStack, body: untyped): Coroutine =
  ## A coroutine of these statements, on `stack`.
  newCoroutine(stack, proc () = body)

proc resume*(co: Coroutine): bool {.discardable.} =
  ## Runs it until it suspends itself: true; false where it has ended, now or before. From wherever the thread
  ## is, another coroutine included. Raises what leaves its body; `CoroutineDefect` where it runs or waits
  ## already, is another thread's, or where its stack is in use.
  resume(co.core)

proc finished*(co: Coroutine): bool =
  ## Has it ended?
  co.core.phase == over

proc cancel*(co: Coroutine) =
  ## Unwinds it now; raises what leaves its body then, other than `CoroutineCancelled`. One that has not begun will not;
  ## one that runs is unwound at its next `suspend`.
  cancel(co.core)

proc raw*(co: Coroutine): ptr aco_t =
  ## The coroutine for functions of C, until it has ended: nil then. Owned by `co`.
  co.core.handle

proc suspend*() =
  ## Back to the `resume` that runs this coroutine; returns at the next one. Raises `CoroutineCancelled` where the
  ## coroutine is to be unwound, and goes on raising it; `CoroutineDefect` outside of coroutines, and in generators.
  let core = currentCore()
  if core == nil: raise newException(CoroutineDefect, "suspend() outside of coroutines")
  if core.slot != nil: raise newException(CoroutineDefect, "suspend() in a generator, which emits values")
  leave(core)

proc isCancelled*(): bool =
  ## Is the running coroutine to be unwound?
  let core = currentCore()
  core != nil and core.isCancelled
