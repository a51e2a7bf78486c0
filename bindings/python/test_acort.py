"""What acort.py promises. `ACO_LIBRARY=build/libaco.so python3 bindings/python/test_acort.py`"""

import gc
import io
import os
import signal
import subprocess
import sys
import threading
import traceback
import unittest

import aco
import acort


def in_a_process(text):
    return subprocess.run(
        [sys.executable, "-c", text],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": os.path.dirname(os.path.abspath(__file__))},
    )


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


class Losses(unittest.TestCase):
    """What is raised by tasks that no task joins."""

    def setUp(self):
        self.shown, self.hook = [], sys.excepthook
        sys.excepthook = lambda kind, error, trace: self.shown.append((kind, str(error), trace))
        self.stderr, sys.stderr = sys.stderr, io.StringIO()

    def tearDown(self):
        sys.excepthook, sys.stderr = self.hook, self.stderr

    def fails(self, text="lost", seconds=0):
        acort.sleep(seconds)
        raise ValueError(text)

    def texts(self):
        return [text for _, text, _ in self.shown]

    def test_it_is_shown_at_once_where_no_reference_is_left(self):
        def main():
            gc.disable()
            try:
                acort.go(self.fails)
                acort.sleep(0.01)
                return self.texts()
            finally:
                gc.enable()

        self.assertEqual(acort.run(main), ["lost"])
        kind, _, trace = self.shown[0]
        self.assertIs(kind, ValueError)
        self.assertIn("fails", [frame.name for frame in traceback.extract_tb(trace)])
        told = sys.stderr.getvalue()
        self.assertIn("no task joined Losses.fails()", told)
        self.assertIn("test_acort.py:", told)
        self.assertEqual(len(self.shown), 1)

    def test_it_is_shown_where_the_last_reference_goes_later(self):
        def main():
            task = acort.go(self.fails)
            acort.sleep(0.005)
            self.assertEqual(self.shown, [])
            task = None
            return self.texts()

        self.assertEqual(acort.run(main), ["lost"])
        self.assertEqual(len(self.shown), 1)

    def test_it_is_shown_at_the_end_of_the_run_at_the_latest(self):
        kept = []

        def holds_itself():
            me = kept[1:]
            acort.sleep(0.001)
            raise KeyError(len(me))

        def main():
            kept.append(acort.go(self.fails, "held", 0.002))
            kept.append(acort.go(holds_itself))
            acort.go(self.fails, "late", 0.003)
            return 5

        self.assertEqual(acort.run(main), 5)
        self.assertEqual(sorted(self.texts()), ["1", "held", "late"])
        kept.clear()
        gc.collect()
        self.assertEqual(len(self.shown), 3)

    def test_what_is_joined_is_not_shown(self):
        def main():
            task = acort.go(self.fails, "joined", 0.005)
            self.assertRaises(TimeoutError, task.join, 0.001)
            self.assertRaisesRegex(ValueError, "joined", task.join)

        acort.run(main)
        gc.collect()
        self.assertEqual((self.shown, sys.stderr.getvalue()), ([], ""))

    def test_a_join_that_was_too_early_is_none(self):
        def main():
            self.assertRaises(TimeoutError, acort.go(self.fails, "late", 0.005).join, 0.001)

        acort.run(main)
        self.assertEqual(self.texts(), ["late"])

    def test_cancelled_tasks_are_not_shown_but_their_errors_are(self):
        def cleans_up_wrongly():
            try:
                acort.sleep(1000)
            finally:
                raise OSError("from clean-up")

        def main():
            for task in (acort.go(acort.sleep, 1000), acort.go(cleans_up_wrongly)):
                acort.yield_()
                task.cancel()

        acort.run(main)
        self.assertEqual(self.texts(), ["from clean-up"])

    def test_every_kind_and_every_one(self):
        def main():
            for kind in (SystemExit, KeyboardInterrupt, GeneratorExit, RecursionError):
                acort.go(self.raises, kind)
            for number in range(100):
                acort.go(self.fails, str(number))
            raise KeyError("main")

        self.assertRaises(KeyError, acort.run, main)
        self.assertEqual(len(self.shown), 104)

    def raises(self, kind):
        raise kind("lost")

    def test_what_the_first_task_raises_after_an_interrupt(self):
        def main():
            try:
                acort.sleep(1000)
            finally:
                raise ValueError("from clean-up")

        def interrupt(*_):
            raise KeyboardInterrupt

        before = signal.signal(signal.SIGALRM, interrupt)
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.05)
            self.assertRaises(KeyboardInterrupt, acort.run, main)
        finally:
            signal.signal(signal.SIGALRM, before)
        self.assertEqual(self.texts(), ["from clean-up"])

    def test_a_task_without_memory_for_a_stack(self):
        self.assertRaisesRegex(MemoryError, r"main\(\), started at .*:\d", acort.run, self.main, stack_size=1 << 50)
        self.assertEqual((self.shown, acort._tasks), ([], {}))

    def main(self):
        self.fail("it runs")

    def test_a_hook_that_fails(self):
        def hook(*_):
            raise RuntimeError("in the hook")

        sys.excepthook = hook
        acort.run(lambda: acort.go(self.fails) and None)
        self.assertIn("in the hook", sys.stderr.getvalue())

    def test_a_process_shows_it_on_stderr(self):
        text = (
            "import acort\n"
            "def worker(): raise ValueError('lost')\n"
            "def main(): acort.go(worker)\n"
            "acort.run(main)\n"
        )
        done = in_a_process(text)
        self.assertRegex(done.stderr, "(?s)no task joined worker.*Traceback.*in worker\n.*ValueError: lost\n$")


class Surroundings(unittest.TestCase):
    def test_errors_name_the_function_and_the_rule(self):
        def raised(function, *arguments):
            try:
                function(*arguments)
            except Exception as error:
                return str(error)

        outside = "no task runs here: a function that run\\(\\) or go\\(\\) runs may call it"
        channel = acort.Channel()
        for name, function, *arguments in (
            ("go", acort.go, int),
            ("sleep", acort.sleep, 1),
            ("yield_", acort.yield_),
            ("shielded", acort.shielded().__enter__),
            ("Channel.send", channel.send, 1),
            ("Channel.recv", channel.recv),
        ):
            self.assertRegex(raised(function, *arguments), f"acort.{name}: {outside}")

        def main():
            closed = acort.Channel()
            closed.close()
            for name, function in (("send", lambda: closed.send(1)), ("recv", closed.recv), ("close", closed.close)):
                self.assertRegex(raised(function), f"acort.Channel.{name}: the channel is closed")
            self.assertRegex(raised(acort.Channel().recv, 0.001), "acort.Channel.recv: the timeout has passed")
            self.assertRegex(raised(acort.run, int), "acort.run: a task runs here")
            self.assertRegex(raised(acort.go, 7), "acort.go: a task runs a function, which 7 is not")
            task = acort.go(int)
            task.join()
            self.assertRegex(raised(task.join), "acort.Task.join: the task was joined")
            itself = []
            itself.append(acort.go(lambda: raised(itself[0].join)))
            self.assertRegex(itself[0].join(), "acort.Task.join: a task cannot join itself")

        acort.run(main)
        self.assertRegex(raised(acort.run, None), "acort.run: a task runs a function, which None is not")

    def test_long_times_are_long(self):
        def main():
            task = acort.go(acort.sleep, 1e30)
            self.assertRaises(TimeoutError, task.join, 0.005)
            task.cancel()
            self.assertRaises(acort.Cancelled, task.join, 1e30)

        acort.run(main)

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
        done = in_a_process(text)
        self.assertEqual(done.stdout, "acort.sleep: a forked process stays in the task that it began in\n1\n")
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
