## Generators: coroutines that give values of a type.
##
## .. code-block:: nim
##   let squares = generator(int):
##     for i in 1 .. 5: emit i * i
##   for square in squares: echo square
##
## Any proc that the body calls may emit, at any depth: it is given the `yielder`. A generator that nobody reads any
## more is unwound, as a coroutine is.

import std/options
import core, native, stacks
export options, CoroutineCancelled, CoroutineDefect, SharedStack, newSharedStack, defaultStackSize

type
  GeneratorObj[T] = object
    core: Core
  Generator*[T] = ref GeneratorObj[T]
    ## Gives values of type `T`.
  Yielder*[T] = object
    ## What the body of a generator emits with. It does not own anything, and is good while the body runs.
    core: Core

when NimMajor >= 2:
  proc `=destroy`[T](gen: GeneratorObj[T]) = release(gen.core)
else:
  proc `=destroy`[T](gen: var GeneratorObj[T]) = release(gen.core)

proc `=copy`[T](to: var GeneratorObj[T], gen: GeneratorObj[T]) {.error.}

# Nim 1.6 takes two instances of a generic procedure for one where their parameters have the same types.
proc dropSlot[T](slot: ptr T) {.nimcall, raises: [], gcsafe.} =
  {.cast(raises: []), cast(gcsafe).}:
    `=destroy`(slot[])
  dealloc(slot)

proc start[T](body: proc (yielder: Yielder[T]), stack: SharedStack, stackSize: int): Generator[T] =
  if body == nil: raise newException(CoroutineDefect, "a generator without a body")
  proc run() =
    {.cast(gcsafe).}:
      body(Yielder[T](core: currentCore()))
  let core = newCore(run, stack, stackSize)
  core.setSlot(create(T), cast[Dispose](dropSlot[T]))
  Generator[T](core: core)

proc newGenerator*[T](body: proc (yielder: Yielder[T]), stackSize = defaultStackSize): Generator[T] =
  ## Will run `body` on a stack of its own when it is first asked. Raises `OutOfMemDefect`.
  start(body, nil, stackSize)

proc newGenerator*[T](stack: SharedStack, body: proc (yielder: Yielder[T])): Generator[T] =
  ## Will run `body` on `stack`. Generators that are read in turns may share one; one that reads another may not
  ## share it with that.
  start(body, stack, 0)

template generator*(T: typedesc, body: untyped): untyped =
  ## A generator of these statements, which `emit` values of type `T`.
  newGenerator[T](proc (yielder {.inject.}: Yielder[T]) =
    template emit(value: untyped) {.inject, used.} = emit(yielder, value)
    body)

template generator*(stack: SharedStack, T: typedesc, body: untyped): untyped =
  ## The same on `stack`.
  newGenerator[T](stack, proc (yielder {.inject.}: Yielder[T]) =
    template emit(value: untyped) {.inject, used.} = emit(yielder, value)
    body)

proc emit*[T](yielder: Yielder[T], value: sink T) =
  ## Gives the reader a value; returns when the next one is asked for. Raises `CoroutineCancelled` where there
  ## will be no next one, `CoroutineDefect` where the generator is not what runs.
  if currentCore() != yielder.core:
    raise newException(CoroutineDefect, "emit() outside of its generator")
  cast[ptr T](yielder.core.slot)[] = value
  leave(yielder.core)

proc next*[T](gen: Generator[T], value: var T): bool =
  ## Runs it to its next value: true; false where it has ended. Raises as `resume` of a coroutine.
  let core = gen.core
  result = resume(core)
  if result: value = move cast[ptr T](core.slot)[]

proc next*[T](gen: Generator[T]): Option[T] =
  ## Its next value; none where it has ended.
  var value: T
  if next(gen, value): some(move value) else: none(T)

iterator items*[T](gen: Generator[T]): T =
  ## Its values from where it stands; a loop that is left can be gone on with by another one.
  var value: T
  while next(gen, value):
    yield move value

proc finished*[T](gen: Generator[T]): bool =
  ## Has it ended? After its last value it has not, until it was asked for one more.
  gen.core.phase == over

proc cancel*[T](gen: Generator[T]) =
  ## Unwinds it now, as `cancel` of a coroutine.
  cancel(gen.core)

proc raw*[T](gen: Generator[T]): ptr aco_t =
  ## The coroutine for functions of C, until it has ended: nil then.
  gen.core.handle
