"""Coroutines of libaco for CPython: functions that may be left in the middle, at any depth of their calls.

    @aco.generator
    def walk(tree):
        if tree:
            left, label, right = tree
            for each in (left, right):
                ...
            aco.yield_(label)

Each has a C stack and a thread state of its own. The README of bindings/ says what that means.
"""

import ctypes
import functools
import weakref

from _aco import declare
from _coroutine import CoroutineExit, State, close_abandoned, running

__all__ = ["Coroutine", "CoroutineExit", "current", "generator", "report_overflow", "yield_"]

#: Bytes of address space for the stack of a coroutine; memory is used as far as it is touched. What a
#: thread has, because CPython's limits of recursion are made for that.
STACK_SIZE = 8 << 20
#: The least size that is taken: CPython's own calls need some.
LEAST_STACK_SIZE = 128 << 10

_report_overflow = declare(ctypes.c_int, "aco_report_overflow")


class Coroutine:
    """A coroutine that will call `function(*arguments, **keywords)`. It belongs to the thread that made it,
    and is resumed there, by whoever wants to, also by other coroutines. `shared` stacks are refused."""

    __slots__ = ("_state", "__weakref__")

    def __init__(self, function, *arguments, stack_size=STACK_SIZE, shared=False, **keywords):
        if shared:
            raise ValueError("aco.Coroutine: no shared stacks: CPython points into the C stack, which moves")
        if stack_size < LEAST_STACK_SIZE:
            raise ValueError(f"aco.Coroutine: stack_size is below {LEAST_STACK_SIZE}")
        if not callable(function):
            raise TypeError(f"aco.Coroutine: a coroutine calls a function, which {function!r} is not")
        self._state = State(function, arguments, keywords, stack_size)
        self._state.handle = weakref.ref(self)

    @property
    def done(self):
        """Has it ended?"""
        return self._state.is_done

    def resume(self, value=None):
        """Runs it to its next yield_, which it leaves with `value` first. What that is given, or, when it
        ends, what its function returns; what it raises is raised here."""
        if self._state.is_done:
            raise RuntimeError("aco.Coroutine.resume: the coroutine has ended: resume it while `done` is False")
        close_abandoned()
        return self._state.enter(value, None)

    def throw(self, error):
        """resume(), but the yield_ that it waits in raises `error`; where it has not begun it never will."""
        if self._state.is_done:
            raise error
        return self._state.enter(None, error)

    def close(self):
        """Ends it: CoroutineExit is raised where it waits. RuntimeError if it yields again."""
        self._state.close()

    def __iter__(self):
        return self

    def __next__(self):
        if self._state.is_done:
            raise StopIteration
        value = self.resume()
        if self._state.is_done:
            raise StopIteration(value)
        return value

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __del__(self):
        state = getattr(self, "_state", None)
        if state is not None:
            state.drop()


def yield_(value=None):
    """Leaves the running coroutine; the resume() that runs it gives `value`. Gives what the next resume() is
    given."""
    state = running()
    if state is None:
        raise RuntimeError("aco.yield_: no coroutine runs here: a function that a Coroutine runs may call it")
    return state.leave(value)


def current():
    """The running Coroutine; None: none runs, or nobody has it any more."""
    state = running()
    return state and state.handle()


def generator(function):
    """Makes `function` give a Coroutine, to be read by `for`: what it yields, at any depth of calls."""
    return functools.wraps(function)(functools.partial(Coroutine, function))


def report_overflow():
    """A coroutine that runs off its stack has a line on stderr, for the whole process, before it dies."""
    if _report_overflow() != 0:
        raise OSError(ctypes.get_errno(), "aco_report_overflow")
