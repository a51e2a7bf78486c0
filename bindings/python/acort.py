"""Tasks of acort for CPython: run, go, sleep, join, cancel, channels, on one thread.

    def main():
        numbers = acort.Channel(1)
        acort.go(produce, numbers)
        for number in numbers: ...
    acort.run(main)

Each task has a C stack and a thread state of its own, as the coroutines of aco.py. Waits take seconds, and
raise OSError: TimeoutError when they last too long, BrokenPipeError for a closed channel, Cancelled. Each
error names the function and the rule.

No exception of a task is lost:
1. It stands in `Task.error` until result() raises it, for join() or run(), or _show_loss() shows it, with its
   traceback, by sys.excepthook. Cancelled alone may go unseen.
2. It is shown as soon as no reference to its Task is left, so that no task can join it, and at the latest when
   run() ends. A task that never began for want of memory has MemoryError for that.
3. _body() keeps no reference to its task: its frame is in the traceback, so that the exception would keep the
   Task until a garbage collection.
"""

import contextlib
import contextvars
import ctypes
import errno
import functools
import itertools
import os
import select
import sys
import traceback
import weakref

from _aco import declare, end_forked, leave, taken
from _coroutine import running

__all__ = ["Cancelled", "Channel", "Task", "go", "now", "run", "shielded", "sleep", "yield_"]

#: Bytes of address space for the stack of a task: see aco.STACK_SIZE.
STACK_SIZE = 8 << 20
_NEVER = -1
_LOOP = 2

_pointer, _number, _int, _time = ctypes.c_void_p, ctypes.c_uint64, ctypes.c_int, ctypes.c_int64
_body_type = ctypes.CFUNCTYPE(_pointer, _pointer)
_new = declare(_pointer, "acort_new", _pointer)
_opts_init = declare(_int, "acort_opts_init", _pointer, ctypes.c_size_t)
_free = declare(_int, "acort_free", _pointer)
_loop_fd = declare(_int, "acort_loop_fd", _pointer)
_loop_step = declare(_int, "acort_loop_step", _pointer, _time)
_loop_go = declare(_pointer, "acort_loop_go", _pointer, _body_type, _pointer)
_go = declare(_pointer, "acort_go", _body_type, _pointer)
_join = declare(_int, "acort_join", _pointer, _pointer, _time)
_detach = declare(_int, "acort_detach", _pointer)
_cancel = declare(_int, "acort_cancel", _pointer)
_cancel_mask = declare(_int, "acort_cancel_mask", _int)
_self = declare(_pointer, "acort_self")
_yield = declare(_int, "acort_yield")
_sleep = declare(_int, "acort_sleep", _time)
_after = declare(_time, "acort_after", _time)
_now = declare(_time, "acort_now")
_chan_new = declare(_pointer, "acort_chan_new", ctypes.c_size_t, ctypes.c_size_t, ctypes.c_uint)
_chan_unref = declare(None, "acort_chan_unref", _pointer)
_chan_send = declare(_int, "acort_chan_send", _pointer, _pointer, _time)
_chan_recv = declare(_int, "acort_chan_recv", _pointer, _pointer, _time)
_chan_close = declare(_int, "acort_chan_close", _pointer)


class _Options(ctypes.Structure):
    """acort_opts_t."""

    _fields_ = [
        ("size", ctypes.c_size_t),
        ("workers", ctypes.c_uint32),
        ("flags", ctypes.c_uint32),
        ("stack_size", ctypes.c_size_t),
        ("shared_stack_size", ctypes.c_size_t),
        ("blocking_threads", ctypes.c_uint32),
        ("reserved", ctypes.c_uint32),
        ("main_stack_size", ctypes.c_size_t),
        ("stack_gap", ctypes.c_size_t),
    ]


class Cancelled(BaseException):
    """Raised in a cancelled task by every call that may wait, but in shielded()."""


_OUTSIDE = "no task runs here: a function that run() or go() runs may call it"
#: What each errno says of a call.
_RULES = {
    errno.EPERM: _OUTSIDE,
    errno.EBUSY: "a task runs here: it starts others by go(), and run() is for a thread without tasks",
    errno.EPIPE: "the channel is closed",
    errno.ETIMEDOUT: "the timeout has passed",
    errno.EDEADLK: "a task cannot join itself",
    errno.EINVAL: "another task joins it, or an argument is out of range",
    errno.ESRCH: "the task is over",
    errno.ENOMEM: "there is no memory, or no address space for a stack",
    errno.EMFILE: "no file descriptor is free",
}


def _fail(name):
    """Raises what the errno of the function `name` of this module says."""
    number = ctypes.get_errno()
    if number == errno.ECANCELED:
        raise Cancelled
    raise OSError(number, f"acort.{name}: {_RULES.get(number, os.strerror(number))}")


def _wait(name, function, *arguments):
    """Calls what may wait, in a task; a plain thread has no tasks to go on with."""
    if _self() is None:
        raise RuntimeError(f"acort.{name}: {_OUTSIDE}")
    if running() is not None:
        raise RuntimeError(f"acort.{name}: a coroutine in a task may not wait: its task may")
    if _is_forked:
        raise RuntimeError(f"acort.{name}: a forked process stays in the task that it began in")
    if leave(function, *arguments) != 0:
        _fail(name)


def _nanoseconds(seconds):
    """As many as 64 bits have room for: ctypes would drop the rest."""
    return max(-(2**63), min(int(seconds * 1e9), 2**63 - 1))


def _deadline(timeout):
    return _NEVER if timeout is None else _after(_nanoseconds(timeout))


_numbers = itertools.count(1)
#: Tasks that have not ended, by number: what a body finds in its argument.
_tasks = {}
#: The tasks of the run() that this context belongs to.
_run = contextvars.ContextVar("_run")
#: Was this process forked in a task?
_is_forked = False


@_body_type
def _body(number):
    task = _tasks.pop(number)
    try:
        task.value = task.call()
    except BaseException as error:
        task.error = error
    task.call = None
    if _is_forked:
        end_forked(task.error)
    # Invariant 3.
    task = None


def _after_fork():
    """CPython has freed all thread states but the running one."""
    global _is_forked
    _is_forked = _self() is not None


os.register_at_fork(after_in_child=_after_fork)


class Task:
    """A task: go() makes it, and the caller of join() has its result. What it raises is shown where no caller can
    join it any more."""

    address = value = error = call = None
    is_shown = False

    def __init__(self, name, start, function, arguments):
        if not callable(function):
            raise TypeError(f"acort.{name}: a task runs a function, which {function!r} is not")
        caller = sys._getframe(2)
        self.name = f"{getattr(function, '__qualname__', function)!s}()"
        self.place = f"{caller.f_code.co_filename}:{caller.f_lineno}"
        self.call = functools.partial(contextvars.copy_context().run, function, *arguments)
        self.number = next(_numbers)
        _tasks[self.number] = self
        self.address = start(_body, self.number)
        if self.address is None:
            del _tasks[self.number]
            _fail(name)
        _run.get().add(self)

    def join(self, timeout=None):
        """Waits for its end, at most `timeout` seconds; what its function returns, or raises. Once."""
        if self.address is None:
            raise RuntimeError("acort.Task.join: the task was joined, or its run() is over")
        try:
            _wait("Task.join", _join, self.address, None, _deadline(timeout))
        except OSError as error:
            if error.errno == errno.ENOMEM:  # it never began, and was freed
                self._forget()
            raise
        self.address = None
        return self.result()

    def result(self):
        """What the function of an ended task has returned, or raised."""
        return taken(self)

    def cancel(self):
        """Has Cancelled raised by each of its calls that may wait, from now on."""
        if self.address is not None and _cancel(self.address) != 0:
            _fail("Task.cancel")

    def _forget(self):
        """The library has freed the task. True if it had never begun."""
        self.address = self.call = None
        return _tasks.pop(self.number, None) is not None

    def _end_with_run(self):
        if self._forget():
            self.error = MemoryError(f"acort: no memory for the stack of {self.name}, started at {self.place}")

    def _show_loss(self):
        error = self.error
        if error is None or self.is_shown or isinstance(error, Cancelled):
            return
        self.is_shown = True
        try:
            if sys.stderr is not None:
                print(f"acort: no task joined {self.name}, started at {self.place}:", file=sys.stderr)
            sys.excepthook(type(error), error, error.__traceback__)
        except Exception:
            traceback.print_exc()

    def __del__(self):
        if sys.is_finalizing():
            return
        if self.address is not None:
            _detach(self.address)
        self._show_loss()


def go(function, *arguments):
    """Starts a task that runs `function(*arguments)`; to be called in a task."""
    return Task("go", _go, function, arguments)


def run(function, *arguments, stack_size=STACK_SIZE):
    """Runs `function(*arguments)` as the first task, on this thread, until it and all tasks that were
    started have ended; what it returns, or raises. Ctrl-C cancels it. That no task can ever go on is not
    noticed: run() waits then."""
    options = _Options()
    _opts_init(ctypes.byref(options), ctypes.sizeof(options))
    options.flags, options.stack_size = _LOOP, stack_size
    runtime = _new(ctypes.byref(options))
    if runtime is None:
        _fail("run")
    tasks, task, interrupt = weakref.WeakSet(), None, None
    outer = _run.set(tasks)
    try:
        task = Task("run", functools.partial(_loop_go, runtime), function, arguments)
        interrupt = _drive(runtime, task)
    finally:
        _run.reset(outer)
        left = list(tasks)
        for each in left:
            each._end_with_run()
        _free(runtime)
        for each in left:
            if each is not task or interrupt is not None:
                each._show_loss()
        each = left = None
    if interrupt is not None:
        raise interrupt
    return task.result()


def _drive(runtime, task):
    """Makes steps until no task lives; gives the last exception that a signal's handler has raised here."""
    interrupt, ready = None, select.poll()
    ready.register(_loop_fd(runtime), select.POLLIN)
    while True:
        try:
            if leave(_loop_step, runtime, 0) != 1:
                return interrupt
            ready.poll()
        except BaseException as error:
            interrupt = error
            _cancel(task.address)


def now():
    """Seconds of the monotonic clock."""
    return _now() / 1e9


def sleep(seconds):
    """Lets the other tasks run for so long."""
    _wait("sleep", _sleep, _nanoseconds(seconds))


def yield_():
    """Lets the other tasks run that are ready."""
    _wait("yield_", _yield)


@contextlib.contextmanager
def shielded():
    """Cancellation waits until this block is left: for clean-up that may wait."""
    before = _cancel_mask(1)
    if before < 0:
        _fail("shielded")
    try:
        yield
    finally:
        _cancel_mask(before)


class Channel:
    """A channel for objects, of which it keeps up to `capacity`; 0: each is handed from one to the other."""

    def __init__(self, capacity=0):
        self.address = None
        #: Those on their way, by number.
        self.values = {}
        self.address = _chan_new(8, capacity, 0)
        if self.address is None:
            _fail("Channel")

    def send(self, value, timeout=None):
        """Sends `value`; BrokenPipeError if the channel is closed."""
        number = _number(next(_numbers))
        self.values[number.value] = value
        try:
            _wait("Channel.send", _chan_send, self.address, ctypes.addressof(number), _deadline(timeout))
        except (OSError, Cancelled):
            del self.values[number.value]
            raise

    def recv(self, timeout=None):
        """The next value; BrokenPipeError if the channel is closed, and empty."""
        number = _number()
        _wait("Channel.recv", _chan_recv, self.address, ctypes.addressof(number), _deadline(timeout))
        return self.values.pop(number.value)

    def close(self):
        """Lets nothing be sent any more. Once: then BrokenPipeError."""
        if _chan_close(self.address) != 0:
            _fail("Channel.close")

    def __iter__(self):
        while True:
            try:
                yield self.recv()
            except BrokenPipeError:
                return

    def __del__(self):
        if self.address is not None and not sys.is_finalizing():
            _chan_unref(self.address)
