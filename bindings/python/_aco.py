"""libaco, loaded with ctypes, and the one way to call what may go on elsewhere in this thread.

CPython keeps what belongs to a chain of calls (frames, depth of recursion, the exceptions that are being
handled, context variables) in a thread state, and the current one in the hands of who holds the lock of
the interpreter. A call through ctypes.CDLL puts its thread state aside on its own C stack, and takes it
back when it returns: so each coroutine that has a thread state of its own may be left in any such call.

Where a coroutine gets one: a callback of ctypes takes the thread state that a thread-specific value of
pthreads names, and makes a new one where that is NULL, which goes when the callback returns. So that value
is NULL while a thread is between two coroutines, and else names the thread state that runs: `leave` sees to
both. It does so in one pass of C code: no signal handler, no other Python code and, for it allocates no
container there, no garbage collection comes between.
"""

import ctypes
import ctypes.util
import os
import sys
import traceback
from itertools import chain, starmap

if sys.implementation.name != "cpython" or not (3, 11) <= sys.version_info[:2] <= (3, 13):
    # From 3.14 on CPython compares the stack pointer with the bounds of the thread's own stack.
    raise ImportError("aco is for CPython 3.11 to 3.13")
if not getattr(sys, "_is_gil_enabled", lambda: True)():
    raise ImportError("aco needs the lock of the interpreter")


def _load():
    name = os.environ.get("ACO_LIBRARY") or ctypes.util.find_library("aco") or "libaco.so.1"
    library = ctypes.CDLL(name, use_errno=True)
    library.aco_version.restype = ctypes.c_uint
    if library.aco_version() >> 16 != 1:
        raise ImportError(f"{name} is of another major version")
    return library


library = _load()


def declare(result, name, *arguments):
    """The function `name` of the library, typed."""
    function = getattr(library, name)
    function.restype, function.argtypes = result, arguments
    return function


# These hold the lock of the interpreter: nothing else runs meanwhile.
_thread_state = ctypes.pythonapi.PyThreadState_Get
_thread_state.restype = ctypes.c_void_p
_of_pthreads = ctypes.PyDLL(None)
_set_specific = _of_pthreads.pthread_setspecific
_get_specific = _of_pthreads.pthread_getspecific
_get_specific.restype, _get_specific.argtypes = ctypes.c_void_p, (ctypes.c_uint,)


def _find_key():
    """The key under which CPython keeps a thread's state: that whose value it itself gives back."""
    asked = ctypes.pythonapi.PyGILState_GetThisThreadState
    asked.restype = ctypes.c_void_p
    own = _thread_state()
    for key in range(os.sysconf("SC_THREAD_KEYS_MAX")):
        if _get_specific(key) == own:
            _set_specific(ctypes.c_uint(key), None)
            is_it = asked() is None
            _set_specific(ctypes.c_uint(key), ctypes.c_void_p(own))
            if is_it:
                return ctypes.c_uint(key)
    raise ImportError("CPython's thread state is not where it is looked for")


def _prepare():
    global _key, _nobody
    _key = _find_key()
    _nobody = ((_key, None),)


_prepare()
os.register_at_fork(after_in_child=_prepare)


def leave(function, *arguments):
    """Calls a function of the library in which other coroutines of this thread may run. That ctypes cannot
    convert its arguments, which are of the right types, has one reason."""
    own = ((_key, ctypes.c_void_p(_thread_state())),)
    results = []
    calls = chain(
        starmap(_set_specific, _nobody),
        starmap(function, (arguments,)),
        starmap(_set_specific, own),
    )
    try:
        results.extend(calls)
    except BaseException as error:
        _set_specific(*own[0])
        if isinstance(error, ctypes.ArgumentError):
            raise RecursionError("at the limit, before the call") from error
        raise
    return results[1]


def taken(side):
    """What was left in the `value` and the `error` of one side: the value, or the error is raised. Once."""
    value, error, side.value, side.error = side.value, side.error, None, None
    if error is None:
        return value
    try:
        raise error
    finally:
        del error


def end_forked(error):
    """What a coroutine ends with in a process that was forked inside it: the stack to go back to, and the
    thread state, are the parent's."""
    if error is not None:
        traceback.print_exception(error)
    print("aco: a forked process ends with the coroutine that it began in", file=sys.stderr)
    sys.stderr.flush()
    os._exit(1)
