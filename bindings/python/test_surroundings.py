"""aco.py beside threads, signals, callbacks, the garbage collector, fork and the end of the process.
`ACO_LIBRARY=build/libaco.so python3 bindings/python/test_surroundings.py`"""

import ctypes
import gc
import os
import signal
import subprocess
import sys
import threading
import unittest

import aco


def in_process(text):
    head = "import aco, gc, os, sys, threading\n"
    return subprocess.run(
        [sys.executable, "-c", head + text],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": os.path.dirname(os.path.abspath(__file__))},
    )


class Surroundings(unittest.TestCase):
    def test_misuse_is_refused(self):
        self.assertRaises(ValueError, aco.Coroutine, print, shared=True)
        self.assertRaises(ValueError, aco.Coroutine, print, stack_size=4096)
        self.assertRaises(TypeError, aco.Coroutine, 1)
        self.assertRaises(RuntimeError, aco.yield_)
        self.assertRaises(MemoryError, aco.Coroutine(print, stack_size=1 << 60).resume)
        co = aco.Coroutine(lambda: co.resume())
        self.assertRaises(ValueError, co.resume)
        co = aco.Coroutine(lambda: co.close())
        self.assertRaises(ValueError, co.resume)

    def test_callbacks_find_the_coroutine_that_runs(self):
        kind = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
        for loaded in (ctypes.CDLL(None), ctypes.PyDLL(None)):
            def body(number):
                @kind
                def compare(a, b):
                    aco.yield_(number)
                    return ctypes.c_int.from_address(a).value - ctypes.c_int.from_address(b).value

                numbers = (ctypes.c_int * 4)(3, 1, 4, 2)
                loaded.qsort(numbers, ctypes.c_size_t(4), ctypes.c_size_t(4), compare)
                return list(numbers)

            many = [aco.Coroutine(body, number) for number in range(8)]
            results = [[] for _ in many]
            while not all(co.done for co in many):
                for number, co in enumerate(many):
                    if not co.done:
                        results[number].append(co.resume())
            for number, result in enumerate(results):
                self.assertEqual(set(result[:-1]), {number})
                self.assertEqual(result[-1], [1, 2, 3, 4])

    def test_garbage_is_collected_at_every_turn(self):
        """Finalizers that call back from C, and coroutines among the garbage, with each allocation."""
        called = []
        kind = ctypes.CFUNCTYPE(None)
        back = kind(lambda: called.append(1))
        holding = ctypes.PyDLL(None).pthread_once

        class Final:
            def __init__(self):
                self.co = aco.Coroutine(aco.yield_)
                self.co.resume()
                self.cycle = self

            def __del__(self):
                holding(ctypes.byref(ctypes.c_int(0)), back)

        def body():
            for _ in range(50):
                Final()
                aco.yield_()

        before = gc.get_threshold()
        gc.set_threshold(1, 1, 1)
        try:
            many = [aco.Coroutine(body) for _ in range(4)]
            while not all(co.done for co in many):
                for co in many:
                    if not co.done:
                        co.resume()
        finally:
            gc.set_threshold(*before)
        gc.collect()
        self.assertEqual(len(called), 200)

    def test_threads(self):
        failures = []

        def work():
            try:
                for _ in range(20):
                    sums = list(zip(*[aco.Coroutine(count, 50) for _ in range(10)]))
                    assert len(sums) == 50 and set(sums[7]) == {7}
            except BaseException as error:
                failures.append(error)

        def count(limit):
            for number in range(limit):
                aco.yield_(number)

        threads = [threading.Thread(target=work) for _ in range(4)]
        interval = sys.getswitchinterval()
        sys.setswitchinterval(1e-6)
        try:
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        finally:
            sys.setswitchinterval(interval)
        self.assertEqual(failures, [])

    def test_another_thread_may_not_resume_it_and_drops_it(self):
        log = []

        def body():
            try:
                aco.yield_()
            finally:
                log.append(threading.current_thread())

        box = [aco.Coroutine(body)]
        box[0].resume()

        def other():
            for call in (box[0].resume, box[0].close):
                try:
                    call()
                except RuntimeError:
                    log.append("refused")
            box.clear()

        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        self.assertEqual(log, ["refused", "refused"])
        aco.Coroutine(int).resume()
        self.assertEqual(log[2:], [threading.current_thread()])

    def test_signals(self):
        def body():
            for number in range(100000):
                if number == 10:
                    signal.raise_signal(signal.SIGUSR1)
                aco.yield_(number)

        def handler(*_):
            seen.append(sum(aco.Coroutine(lambda: [aco.yield_(number) for number in range(5)]), 0))

        seen = []
        before = signal.signal(signal.SIGUSR1, handler)
        beat = signal.signal(signal.SIGALRM, handler)
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
            total = 0
            for number in aco.Coroutine(body):
                total += number
        except TypeError as error:
            self.fail(error)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGUSR1, before)
            signal.signal(signal.SIGALRM, beat)
        self.assertEqual(total, 4999950000)
        self.assertGreater(len(seen), 2)
        self.assertEqual(set(seen), {10})

    def test_all_frames_can_be_looked_at(self):
        many = [aco.Coroutine(aco.yield_) for _ in range(20)]
        for co in many:
            co.resume()
        self.assertTrue(sys._current_frames())
        done = in_process(
            "import faulthandler\n"
            "co = aco.Coroutine(aco.yield_); co.resume()\n"
            "faulthandler.dump_traceback(all_threads=True)\n"
        )
        self.assertEqual(done.returncode, 0)
        self.assertIn("yield_", done.stderr)

    def test_the_process_ends_while_coroutines_wait(self):
        done = in_process(
            "def body():\n"
            "    try: aco.yield_()\n"
            "    finally: print('unwound')\n"
            "many = [aco.Coroutine(body) for _ in range(3)]\n"
            "for co in many: co.resume()\n"
            "def held():\n"
            "    while True:\n"
            "        try: aco.yield_()\n"
            "        except aco.CoroutineExit: pass\n"
            "stubborn = aco.Coroutine(held); stubborn.resume()\n"
            "thread = threading.Thread(target=lambda: (many.append(aco.Coroutine(body)), many[-1].resume()))\n"
            "thread.start(); thread.join()\n"
        )
        self.assertEqual([done.returncode, done.stdout], [0, "unwound\n" * 3])
        self.assertIn("goes on after CoroutineExit", done.stderr)

    def test_fork(self):
        done = in_process(
            "co = aco.Coroutine(aco.yield_); co.resume()\n"
            "def fails(call):\n"
            "    try: call()\n"
            "    except RuntimeError as error: print(error, flush=True)\n"
            "if os.fork() == 0:\n"
            "    fails(co.resume)\n"
            "    print(aco.Coroutine(lambda: 'new').resume(), flush=True)\n"
            "    del co; gc.collect(); sys.exit()\n"
            "os.wait()\n"
            "def body():\n"
            "    if os.fork() == 0:\n"
            "        fails(aco.yield_)\n"
            "        print(list(aco.Coroutine(lambda: aco.yield_(5))), flush=True)\n"
            "        return\n"
            "    return os.waitstatus_to_exitcode(os.wait()[1])\n"
            "print(aco.Coroutine(body).resume(), co.resume())\n"
        )
        expected = [
            "aco.Coroutine: it belongs to the parent process",
            "new",
            "aco.yield_: a forked process stays in the coroutine that it began in",
            "[5]",
            "1 None",
        ]
        self.assertEqual([done.returncode, done.stdout.splitlines()], [0, expected])
        self.assertIn("ends with the coroutine", done.stderr)

    def test_it_runs_off_its_stack(self):
        done = in_process(
            "aco.report_overflow()\n"
            "sys.setrecursionlimit(1 << 30)\n"
            "class Looks:\n"
            "    def __getattr__(self, name): return getattr(self, 'x')\n"
            "aco.Coroutine(lambda: Looks().x, stack_size=1 << 20).resume()\n"
        )
        if done.returncode == -signal.SIGSEGV:
            self.assertIn("overflowed its 1024 KiB stack", done.stderr)
        else:  # from 3.12 on CPython may count the depth in C by itself
            self.assertIn("RecursionError", done.stderr)


if __name__ == "__main__":
    unittest.main()
