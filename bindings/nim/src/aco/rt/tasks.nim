## Tasks: closures that run side by side in one thread, each on its stack.

import std/posix
import native, waiting
import ../collector, ../frames

type
  State = ptr StateObj
  StateObj = object
    ## What a task and its handle share; the last of them frees it.
    native: ptr acort_task_t
    body: proc ()
    error: ref Exception
    parties: int
    era: int          # the `run` that it belongs to
    isEnded, isJoined: bool
    slot: pointer     # its result
    dropSlot: Dispose
  TaskObj[T] = object
    state: State
  Task*[T] = ref TaskObj[T]
    ## A task that was started. Who drops the last handle lets it go on by itself.

var
  lastEra {.threadvar.}: int
  era {.threadvar.}: int # the `run` that goes on; 0: none
  unseen {.threadvar.}: ref Exception # the first one that no join can raise any more

proc leaveState(state: State) {.raises: [].} =
  dec state.parties
  if state.parties > 0: return
  if state.error != nil and unseen == nil and state.era == era and
      not state.isJoined and not (state.error of TaskCancelled):
    unseen = state.error
  if state.dropSlot != nil: state.dropSlot(state.slot)
  `=destroy`(state[])
  dealloc(state)

proc dispose(what: pointer) {.nimcall, raises: [].} =
  let state = cast[State](what)
  if not state.isJoined and state.era == era: discard acort_detach(state.native)
  leaveState(state)

proc release(state: State) {.raises: [].} =
  if state != nil: whenSafe(dispose, state)

when NimMajor >= 2:
  proc `=destroy`[T](task: TaskObj[T]) = release(task.state)
else:
  proc `=destroy`[T](task: var TaskObj[T]) = release(task.state)

proc `=copy`[T](to: var TaskObj[T], task: TaskObj[T]) {.error.}

{.push stackTrace: off, profiler: off.}

proc perform(state: State) {.noinline, raises: [].} =
  try:
    {.cast(gcsafe).}:
      state.body()
  except Exception:
    state.error = getCurrentException()
    if state.native == nil: discard acort_group_cancel(nil) # the main task
  state.body = nil
  state.isEnded = true
  leaveState(state)

proc begin(arg: pointer): pointer {.cdecl, raises: [].} =
  discard leaveFrames()
  perform(cast[State](arg))

{.pop.}

proc newState(body: proc ()): State =
  settle()
  result = create(StateObj)
  result.body = body
  result.parties = 2
  result.era = era

proc runState(state: State) =
  ## Runs it as a main task, and raises what has ended it.
  inc lastEra
  era = lastEra
  state.era = era
  state.isJoined = true
  let outcome = waiting(acort_run(begin, state, nil))
  era = 0
  let left = move unseen
  var error = move state.error
  if error == nil: error = left
  if error == nil and outcome.value < 0:
    if outcome.code == EDEADLK: error = newException(DeadlockError, "nothing could wake the tasks that were left")
    else:
      leaveState(state) # it has not begun
      fail(outcome.code, "run")
  if error != nil: raise error

proc run*(body: proc ()) =
  ## Runs `body` as the main task of a runtime, on this thread, until it and all tasks that were started have
  ## ended. Where an exception leaves `body` the others are cancelled. Raises what has left `body`, or else the
  ## first exception of a task that nobody can join any more; `DeadlockError`; `OSError` inside of `run`, and
  ## where the system refuses.
  if era != 0: raise newException(OSError, "run() inside of run()")
  let state = newState(body)
  try:
    runState(state)
  finally:
    leaveState(state)

proc run*[T](body: proc (): T): T =
  ## The same, and gives the result of `body`.
  var box = new T
  run(proc () = box[] = body())
  result = move box[]

proc start(body: proc (), sharedStack: bool, stackSize: int, name: string): State =
  if era == 0: raise newException(OSError, "go() outside of run()")
  var attr: acort_attr_t
  discard acort_attr_init(addr attr, csize_t(sizeof(attr)))
  attr.stack_size = csize_t(stackSize)
  if name.len > 0: attr.name = cstring(name)
  if sharedStack: attr.flags = acortShared
  result = newState(body)
  result.native = acort_go_ex(addr attr, begin, result)
  if result.native == nil:
    let code = errno
    result.isJoined = true
    leaveState(result)
    leaveState(result)
    fail(code, "go")

const defaultTaskStack* = 256 * 1024
  ## Bytes of a task's stack; only what is touched takes memory.

proc go*(body: proc (), sharedStack = false, stackSize = defaultTaskStack, name = ""): Task[void]
    {.discardable.} =
  ## Starts a task: it is ready, and runs when its turn comes. `sharedStack`: on the stack that such tasks
  ## share, where a parked one costs what it has on it, and pointers to its local variables are good while it
  ## runs. Raises `OSError` outside of `run`, and without memory.
  let state = start(body, sharedStack, stackSize, name)
  Task[void](state: state)

proc dropSlot[T](slot: ptr T) {.nimcall, raises: [], gcsafe.} =
  {.cast(raises: []), cast(gcsafe).}:
    `=destroy`(slot[])
  dealloc(slot)

proc go*[T](body: proc (): T, sharedStack = false, stackSize = defaultTaskStack, name = ""): Task[T]
    {.discardable.} =
  ## Starts a task that has a result.
  var slot: ptr T # made when the task is: it begins later
  let state = start(proc () = slot[] = body(), sharedStack, stackSize, name)
  slot = create(T)
  state.slot = slot
  state.dropSlot = cast[Dispose](dropSlot[T])
  Task[T](state: state)

proc waitFor(state: State, deadline: Deadline) =
  if state.era != era:
    if not state.isEnded: raise newException(TaskCancelled, "join: the task was given up")
  elif not state.isJoined:
    inc state.parties # others may drop the handle meanwhile
    let outcome = waiting(acort_join(state.native, nil, int64(deadline)))
    if outcome.value == 0: state.isJoined = true
    dec state.parties
    outcome.check("join")
  if state.error != nil: raise state.error

proc join*[T](task: Task[T], deadline = never): T =
  ## Waits for the end of a task and gives its result, or raises what has ended it; again, if it is asked again. Raises
  ## `TimeoutError`, and `TaskCancelled` where the caller is cancelled, or the task was.
  waitFor(task.state, deadline)
  when T isnot void: result = cast[ptr T](task.state.slot)[]

proc cancel*[T](task: Task[T]) =
  ## Cancels a task, for good: its wait raises `TaskCancelled`, and so does from now on every call that may wait.
  if task.state.era == era and not task.state.isJoined: discard acort_cancel(task.state.native)

proc isEnded*[T](task: Task[T]): bool =
  ## Has it ended?
  task.state.isEnded

proc native*[T](task: Task[T]): ptr acort_task_t =
  ## For functions of C.
  task.state.native

proc isTaskCancelled*(): bool =
  ## Is the running task cancelled?
  acort_cancelled() == 1

template shielded*(body: untyped) =
  ## Cancellation waits until these statements are done: for what must be cleaned up.
  let before = acort_cancel_mask(1)
  try:
    body
  finally:
    if before == 0: discard acort_cancel_mask(0)
