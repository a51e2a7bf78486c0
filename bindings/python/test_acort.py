"""What acort.py promises. `ACO_LIBRARY=build/libaco.so python3 bindings/python/test_acort.py`"""

import os
import signal
import subprocess
import sys
import threading
import unittest

import aco
import acort


class Tasks(unittest.TestCase):
    def test_run_gives_what_the_first_task_returns_or_raises(self):
        self.assertEqual(acort.run(lambda a, b: a + b, 1, 2), 3)
        self.assertRaises(KeyError, acort.run, lambda: {}["key"])
        self.assertRaises(SystemExit, acort.run, sys.exit)

    def test_sleepers_wake_in_order(self):
        order = []

        def sleeper(number):
            acort.sleep(number / 200)
            order.append(number)
            return number

        def main():
            begin = acort.now()
            tasks = [acort.go(sleeper, number) for number in (7, 3, 5, 0, 1)]
            sums = sum(task.join() for task in tasks)
            return sums, acort.now() - begin

        total, seconds = acort.run(main)
        self.assertEqual([total, order], [16, [0, 1, 3, 5, 7]])
        self.assertGreaterEqual(seconds, 7 / 200)

    def test_each_handles_its_own_exceptions(self):
        def task(number):
            try:
                raise ValueError(number)
            except ValueError:
                for _ in range(5):
                    acort.yield_()
                    assert sys.exc_info()[1].args == (number,)
                raise

        def main():
            tasks = [acort.go(task, number) for number in range(100)]
            seen = []
            for each in tasks:
                try:
                    each.join()
                except ValueError as error:
                    seen.append(error.args[0])
            return seen

        self.assertEqual(acort.run(main), list(range(100)))

    def test_tasks_outlive_the_first(self):
        log = []

        def late():
            acort.sleep(0.01)
            log.append("late")

        def main():
            acort.go(late)

        acort.run(main)
        self.assertEqual(log, ["late"])

    def test_cancel_and_timeouts(self):
        log, room = [], None

        def waits():
            try:
                acort.sleep(1000)
            finally:
                self.assertRaises(acort.Cancelled, room.send, 1)
                with acort.shielded():
                    acort.sleep(0.001)
                    room.send("from clean-up")
                self.assertRaises(acort.Cancelled, acort.yield_)
                log.append("unwound")

        def main():
            nonlocal room
            room = acort.Channel(2)
            task = acort.go(waits)
            self.assertRaises(TimeoutError, task.join, 0.01)
            task.cancel()
            self.assertRaises(acort.Cancelled, task.join)
            self.assertRaises(RuntimeError, task.join)
            self.assertEqual(room.recv(5), "from clean-up")
            self.assertRaises(TimeoutError, acort.Channel().recv, 0.01)
            self.assertRaises(TimeoutError, acort.Channel().send, 1, 0.01)

        acort.run(main)
        self.assertEqual(log, ["unwound"])

    def test_deep_recursion_in_many(self):
        class Looks:
            def __getattr__(self, name):
                return acort.yield_() or getattr(self, name + "x")

        def task():
            self.assertRaises(RecursionError, lambda: Looks().x)
            return 1

        def main():
            return sum([each.join() for each in [acort.go(task) for _ in range(10)]])

        self.assertEqual(acort.run(main), 10)

    def test_coroutines_in_tasks(self):
        def count(step):
            for number in range(0, 5 * step, step):
                aco.yield_(number)

        def total(values):
            seen = 0
            for value in values:
                acort.yield_()
                seen += value
            return seen

        def main():
            tasks = [acort.go(total, aco.Coroutine(count, step)) for step in (1, 2, 3)]
            self.assertRaises(RuntimeError, aco.Coroutine(acort.yield_).resume)
            return [task.join() for task in tasks]

        self.assertEqual(acort.run(main), [10, 20, 30])


class Channels(unittest.TestCase):
    def test_objects_go_through_in_order(self):
        for capacity in (0, 1, 7):
            def produce(channel):
                for number in range(100):
                    channel.send({"number": number})
                channel.close()

            def main():
                channel = acort.Channel(capacity)
                acort.go(produce, channel)
                got = [each["number"] for each in channel]
                self.assertRaises(BrokenPipeError, channel.send, 1)
                self.assertRaises(BrokenPipeError, channel.close)
                self.assertEqual(channel.values, {})
                return got

            self.assertEqual(acort.run(main), list(range(100)))

    def test_many_to_many(self):
        def produce(channel, left):
            for number in range(50):
                channel.send(number)
            left.pop()
            if not left:
                channel.close()

        def main():
            channel, left = acort.Channel(3), [None] * 20
            for _ in range(20):
                acort.go(produce, channel, left)
            takers = [acort.go(lambda: sum(channel)) for _ in range(10)]
            return sum(task.join() for task in takers)

        self.assertEqual(acort.run(main), 20 * 1225)


class Surroundings(unittest.TestCase):
    def test_misuse_is_refused(self):
        for call in (acort.yield_, lambda: acort.sleep(0), lambda: acort.Channel().recv()):
            self.assertRaises(RuntimeError, call)
        self.assertRaises(PermissionError, acort.go, int)
        self.assertRaises(TypeError, acort.run, lambda: acort.go(None))
        self.assertRaises(OSError, acort.run, lambda: acort.run(int))

    def test_a_run_in_each_thread(self):
        results = []

        def main():
            tasks = [acort.go(lambda: [acort.sleep(0.001) for _ in range(5)]) for _ in range(10)]
            return sum(len(task.join()) for task in tasks)

        threads = [threading.Thread(target=lambda: results.append(acort.run(main))) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(results, [50] * 4)

    def test_a_task_that_was_not_joined_is_harmless_later(self):
        kept = []

        def main():
            kept.append(acort.go(int))

        for _ in range(50):
            acort.run(main)
        for task in kept:
            task.cancel()
            self.assertRaises(RuntimeError, acort.run, task.join)
        kept.clear()

    def test_interrupt(self):
        log = []

        def main():
            try:
                acort.sleep(1000)
            finally:
                log.append("unwound")

        def interrupt(*_):
            raise KeyboardInterrupt

        before = signal.signal(signal.SIGALRM, interrupt)
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.05)
            self.assertRaises(KeyboardInterrupt, acort.run, main)
        finally:
            signal.signal(signal.SIGALRM, before)
        self.assertEqual(log, ["unwound"])

    def test_fork(self):
        text = (
            "import acort, os\n"
            "def main():\n"
            "    if os.fork() == 0:\n"
            "        try: acort.sleep(1)\n"
            "        except RuntimeError as error: print(error, flush=True)\n"
            "        return 7\n"
            "    return os.waitstatus_to_exitcode(os.wait()[1])\n"
            "print(acort.run(main))\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", text],
            capture_output=True,
            text=True,
            timeout=60,
            env={**os.environ, "PYTHONPATH": os.path.dirname(os.path.abspath(__file__))},
        )
        self.assertEqual(done.stdout, "a forked process stays in the task that it began in\n1\n")
        self.assertIn("ends with the coroutine", done.stderr)

    def overflows(self, before, first):
        """How a task ends that overflows its stack, with these lines run before, and first in the task."""
        text = (
            "import acort, faulthandler, sys\n"
            "sys.setrecursionlimit(1 << 30)\n"
            "class Looks:\n"
            "    def __getattr__(self, name): return getattr(self, 'x')\n"
            f"def main():\n    {first}\n    Looks().x\n"
            f"{before}\n"
            "acort.run(main, stack_size=1 << 20)\n"
        )
        return subprocess.run(
            [sys.executable, "-c", text],
            capture_output=True,
            text=True,
            timeout=60,
            env={**os.environ, "PYTHONPATH": os.path.dirname(os.path.abspath(__file__))},
        )

    def test_an_overflow_beside_faulthandler(self):
        line, dump = "overflowed its 1024 KiB stack", "Fatal Python error: Segmentation fault"
        enable = "faulthandler.enable()"
        for before, first, wanted in (
            ("", "", [line]),
            (enable, "", [line, dump]),
            ("", enable, [dump]),
            (enable, "faulthandler.disable()", []),
        ):
            done = self.overflows(before, first or "pass")
            if "RecursionError" in done.stderr:  # from 3.12 on CPython may count the depth in C by itself
                return
            self.assertEqual(done.returncode, -signal.SIGSEGV, done.stderr)
            places = [done.stderr.find(text) for text in wanted]
            self.assertEqual(places, sorted(places), done.stderr)
            self.assertNotIn(-1, places, done.stderr)


if __name__ == "__main__":
    unittest.main()
