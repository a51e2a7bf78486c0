"""The state of a coroutine, and what becomes of it at the end: of the coroutine, of who needs it, of the
process. For aco.py."""

import atexit
import contextvars
import ctypes
import functools
import os
import sys
import threading
import traceback

from _aco import declare, end_forked, leave, taken

_pointer = ctypes.c_void_p
_entry_type = ctypes.CFUNCTYPE(None)
_stack_new = declare(_pointer, "aco_try_share_stack_new", ctypes.c_size_t)
_stack_destroy = declare(None, "aco_share_stack_destroy", _pointer)
_gen_new = declare(_pointer, "aco_gen_new", _pointer, _entry_type, _pointer)
_gen_next = declare(ctypes.c_int, "aco_gen_next", _pointer, _pointer)
_gen_free = declare(None, "aco_gen_free", _pointer)
_running = declare(_pointer, "aco_get_co_fn")
_yield = declare(None, "aco_yield_fn")


class CoroutineExit(BaseException):
    """Raised where a coroutine waits that is closed, or not needed any more."""


class State:
    """What a coroutine is. Its own frames refer to this, and not to the Coroutine, which therefore goes
    when nobody else needs it."""

    def __init__(self, function, arguments, keywords, stack_size):
        self.call = functools.partial(contextvars.copy_context().run, function, *arguments, **keywords)
        self.stack_size = stack_size
        self.thread = threading.current_thread()
        self.address = self.stack = self.value = self.error = self.handle = None
        self.is_running = self.is_done = self.is_forked = False

    def begin(self):
        try:
            if self.stack is None:
                self.stack = _stack_new(self.stack_size)
            if self.stack is None:
                raise MemoryError("no stack for a coroutine")
            self.address = _gen_new(self.stack, _entry, None)
        except ctypes.ArgumentError as error:
            raise RecursionError("at the limit, before the coroutine") from error
        _states[self.address] = self

    def end(self):
        self.is_done, self.call = True, None
        if self.address is not None and not self.is_forked:
            del _states[self.address]
            _gen_free(self.address)
        if self.stack is not None and not self.is_forked:
            _stack_destroy(self.stack)
        self.address = self.stack = None

    def check(self):
        if self.is_running:
            raise ValueError("aco.Coroutine: it runs already, or waits for a coroutine that it has resumed")
        if self.is_forked:
            raise RuntimeError("aco.Coroutine: it belongs to the parent process")
        if self.thread is not threading.current_thread():
            raise RuntimeError("aco.Coroutine: it belongs to the thread that made it, and runs there alone")
        if sys.is_finalizing():
            raise RuntimeError("aco.Coroutine: the interpreter ends, no coroutine runs any more")

    def enter(self, value, error):
        """Runs the coroutine to its next yield or its end; what it gives, or raises."""
        self.check()
        if self.address is None:
            self.begin()
        self.value, self.error = value, error
        is_alive = True
        self.is_running = True
        try:
            is_alive = leave(_gen_next, self.address, None)
        finally:
            self.is_running = False
            if self.is_done or not is_alive:
                self.end()
        return self.take()

    def take(self):
        """What the other side has left here."""
        return taken(self)

    def close(self):
        if self.is_done:
            return
        self.check()
        if self.address is None:
            self.end()
            return
        self.enter(None, CoroutineExit())
        if not self.is_done:
            raise RuntimeError("aco.Coroutine.close: the coroutine goes on after CoroutineExit")

    def leave(self, value):
        """Gives `value` to who has resumed this, the running coroutine; what the next resume brings."""
        if self.is_forked:
            raise RuntimeError("aco.yield_: a forked process stays in the coroutine that it began in")
        self.value = value
        leave(_yield)
        return self.take()

    def drop(self):
        """Nobody needs it any more; who says so may be the garbage collector, in any thread."""
        if self.is_done or self.is_forked or sys.is_finalizing():
            return
        if self.address is None:
            self.end()
        elif self.thread is threading.current_thread():
            self.close()
        else:
            _abandoned.append(self)

    def run(self):
        """The body, on the coroutine's own stack."""
        try:
            self.take()
            self.value = self.call()
        except CoroutineExit:
            self.value = None
        except BaseException as error:
            self.error = error
        self.is_done = True
        if self.is_forked:
            end_forked(self.error)


#: Those that have begun and not ended, by address.
_states = {}
#: Those that nobody needs any more, and another thread than their own has found so.
_abandoned = []


@_entry_type
def _entry():
    _states[_running()].run()


def running():
    """The state of the running coroutine, or None."""
    return _states.get(_running())


def close_abandoned():
    """Closes those of this thread."""
    for state in _abandoned[:]:
        if state.thread is threading.current_thread():
            _abandoned.remove(state)
            state.close()


@atexit.register
def _close_all():
    """Before CPython ends: afterwards no thread state but the main one may run."""
    for state in list(_states.values()):
        if state.thread is threading.current_thread() and not state.is_running:
            try:
                state.close()
            except BaseException:
                traceback.print_exc()


def _after_fork():
    """CPython has freed all thread states but the running one."""
    running = _running()
    for address, state in list(_states.items()):
        state.is_forked = True
        if address != running:
            del _states[address]
    _abandoned.clear()


os.register_at_fork(after_in_child=_after_fork)
