## When a handle's memory may be taken apart.
##
## A handle can go away in the middle of a cycle collection, as a part of the garbage. Unwinding a coroutine then runs
## code, which drops references, and makes new candidates for the collector. Nim 2 expects that of destructors.
## Nim 1.6 with `--mm:orc` forgets such candidates, and their marks stay: memory is freed twice. So there it waits
## until the next time that a coroutine is made or resumed, if a collection might be going on.

type Dispose* = proc (what: pointer) {.nimcall, raises: [], gcsafe.}

when defined(gcOrc) and NimMajor < 2:
  import system {.all.}

  type
    Sentinel = ref object of RootObj
      ## A candidate that is always alive. A collection takes all candidates' marks away before it frees anything, so
      ## none goes on while it has its mark.
      self: Sentinel
    Deferred = ptr object
      dispose: Dispose
      what: pointer
      next: Deferred

  var
    sentinel {.threadvar.}: Sentinel
    deferred {.threadvar.}: Deferred

  proc hasMark(): bool =
    # The word before an object is its number among the candidates.
    cast[ptr int](cast[int](sentinel) - sizeof(int))[] != 0

  proc isCollecting(): bool =
    ## True where it cannot be told, too.
    GC_prepareOrc() > 0 and (sentinel == nil or not hasMark())

  proc mark() {.raises: [].} =
    if sentinel == nil: sentinel = Sentinel()
    if not hasMark():
      {.cast(raises: []).}:
        GC_ref(sentinel)
        discard nimDecRefIsLastCyclicDyn(cast[pointer](sentinel))

  proc settle*() {.raises: [].} =
    ## Does what was put off. To be called where no collection goes on.
    mark()
    while deferred != nil:
      let first = deferred
      deferred = first.next
      first.dispose(first.what)
      dealloc(first)

  proc whenSafe*(dispose: Dispose, what: pointer) {.raises: [].} =
    ## Calls it, now or later.
    if not isCollecting():
      dispose(what)
      return
    let last = cast[Deferred](alloc0(sizeof(deferred[])))
    last.dispose = dispose
    last.what = what
    last.next = deferred
    deferred = last
else:
  template settle*() = discard
  template whenSafe*(dispose: Dispose, what: pointer) = dispose(what)
