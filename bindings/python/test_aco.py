"""What aco.py promises. `ACO_LIBRARY=build/libaco.so python3 bindings/python/test_aco.py`"""

import contextvars
import gc
import json
import sys
import threading
import traceback
import unittest
import weakref

import aco


class Values(unittest.TestCase):
    def test_resume_and_yield_give_each_other_values(self):
        def body(first, *, more):
            seen = [first, more]
            seen.append(aco.yield_("one"))
            seen.append(aco.yield_("two"))
            return seen

        co = aco.Coroutine(body, 1, more=2)
        self.assertEqual([co.resume(), co.resume("a"), co.done], ["one", "two", False])
        self.assertEqual(co.resume("b"), [1, 2, "a", "b"])
        self.assertTrue(co.done)
        self.assertRaises(RuntimeError, co.resume)
        self.assertEqual(list(co), [])

    def test_for_reads_what_is_yielded_at_any_depth(self):
        @aco.generator
        def walk(tree):
            def visit(node):
                if node is not None:
                    left, label, right = node
                    list(map(visit, [left]))  # through a C function, which no generator can
                    aco.yield_(label)
                    max([right], key=visit)

            visit(tree)

        tree = ((None, 1, None), 2, (None, 3, None))
        self.assertEqual([label for label in walk(tree)], [1, 2, 3])

    def test_coroutines_resume_each_other(self):
        def level(depth):
            if depth:
                for value in aco.Coroutine(level, depth - 1):
                    aco.yield_(value + 1)
            else:
                aco.yield_(0)
                aco.yield_(100)

        self.assertEqual(list(aco.Coroutine(level, 20)), [20, 120])

    def test_thousands_at_once_in_any_order(self):
        def body(number):
            total = 0
            for _ in range(4):
                total += sum([aco.yield_(number) for number in [number] * 3])
            return total

        many = [aco.Coroutine(body, number) for number in range(3000)]
        for co in many:
            co.resume()
        for turn in range(11):
            for co in many[turn % 2 :: 2] + many[1 - turn % 2 :: 2]:
                co.resume(2)
        self.assertEqual({co.resume(2) for co in many}, {24})

    def test_current(self):
        seen = []
        co = aco.Coroutine(lambda: seen.append(aco.current()))
        co.resume()
        self.assertEqual([seen[0] is co, aco.current()], [True, None])

    def test_context_variables_are_those_of_where_it_was_made(self):
        variable = contextvars.ContextVar("variable", default=0)
        variable.set(1)

        def body():
            aco.yield_(variable.get())
            variable.set(2)
            aco.yield_(variable.get())

        co = aco.Coroutine(body)
        variable.set(3)
        self.assertEqual([co.resume(), co.resume(), variable.get()], [1, 2, 3])

    def test_thread_locals_are_its_own(self):
        local = threading.local()
        local.value = 1
        co = aco.Coroutine(lambda: hasattr(local, "value"))
        self.assertFalse(co.resume())


class Exceptions(unittest.TestCase):
    def test_what_a_body_raises_comes_out_of_resume(self):
        def body():
            aco.yield_()
            {}["key"]

        co = aco.Coroutine(body)
        co.resume()
        try:
            co.resume()
        except KeyError as error:
            names = [frame.name for frame in traceback.extract_tb(error.__traceback__)]
        self.assertIn("body", names)
        self.assertTrue(co.done)

    def test_system_exit_and_keyboard_interrupt_come_out_too(self):
        for kind in (SystemExit, KeyboardInterrupt):
            def body():
                raise kind
            self.assertRaises(kind, aco.Coroutine(body).resume)

    def test_each_handles_its_own(self):
        def body(error):
            try:
                raise error
            except Exception:
                self.assertIs(sys.exc_info()[1], error)
                aco.yield_()
                self.assertIs(sys.exc_info()[1], error)
                try:
                    raise
                except Exception as again:
                    aco.yield_()
                    return again is error and sys.exc_info()[1] is error

        errors = [ValueError(number) for number in range(50)]
        many = [aco.Coroutine(body, error) for error in errors]
        try:
            raise OSError("outer")
        except OSError:
            for _ in range(2):
                for co in many:
                    co.resume()
                    self.assertIsInstance(sys.exc_info()[1], OSError)
            self.assertTrue(all(co.resume() for co in many))
        self.assertEqual(sys.exc_info(), (None, None, None))

    def test_yield_while_an_exception_is_on_its_way(self):
        def body():
            try:
                try:
                    raise ValueError("first")
                finally:
                    aco.yield_("in finally")
            except ValueError as error:
                return str(error)

        co = aco.Coroutine(body)
        self.assertEqual(co.resume(), "in finally")
        self.assertRaises(KeyError, lambda: {}["other"])
        self.assertEqual(co.resume(), "first")

    def test_throw(self):
        def body():
            try:
                aco.yield_()
            except LookupError:
                return aco.yield_("caught")

        co = aco.Coroutine(body)
        co.resume()
        self.assertEqual(co.throw(LookupError()), "caught")
        self.assertRaises(OSError, co.throw, OSError())
        self.assertRaises(OSError, co.throw, OSError())
        fresh = aco.Coroutine(self.fail)
        self.assertRaises(OSError, fresh.throw, OSError())
        self.assertTrue(fresh.done)


class Ends(unittest.TestCase):
    def test_close_unwinds(self):
        log = []

        def body():
            try:
                aco.yield_()
            finally:
                log.append("finally")

        with aco.Coroutine(body) as co:
            co.resume()
        self.assertEqual([log, co.done], [["finally"], True])
        co.close()
        fresh = aco.Coroutine(self.fail)
        fresh.close()
        self.assertTrue(fresh.done)

    def test_one_that_does_not_end(self):
        def body():
            while True:
                try:
                    aco.yield_()
                except aco.CoroutineExit:
                    if patience.pop():
                        return

        patience = [True, False]
        co = aco.Coroutine(body)
        co.resume()
        self.assertRaises(RuntimeError, co.close)
        co.close()

    def test_nobody_needs_it(self):
        log = []

        def body(thing):
            try:
                aco.yield_()
            finally:
                log.append(thing)

        for _ in range(100):
            aco.Coroutine(body, "dropped").resume()
        self.assertEqual(log, ["dropped"] * 100)

    def test_in_a_cycle_of_garbage(self):
        class Owner:
            pass

        log, owner = [], Owner()
        owner.co = aco.Coroutine(lambda: [aco.yield_()])
        owner.co.resume()
        owner.self = owner
        gone = weakref.ref(owner, log.append)
        del owner
        gc.collect()
        self.assertEqual([len(log), gone()], [1, None])

    def test_nothing_leaks(self):
        def round_of():
            many = [aco.Coroutine(lambda: [aco.yield_(i) for i in range(3)]) for _ in range(100)]
            for number, co in enumerate(many):
                for _ in range(number % 5):
                    if not co.done:
                        co.resume()

        def memory():
            gc.collect()
            with open("/proc/self/statm") as file:
                return int(file.read().split()[1])

        for _ in range(5):
            round_of()
        before, blocks = memory(), sys.getallocatedblocks()
        for _ in range(30):
            round_of()
        self.assertLess(memory() - before, 512)  # pages
        self.assertLess(sys.getallocatedblocks() - blocks, 500)


class Recursion(unittest.TestCase):
    def deepest(self, function):
        def body():
            aco.yield_()
            self.assertRaises(RecursionError, function)
            return "unharmed"

        co = aco.Coroutine(body)
        co.resume()
        self.assertEqual(co.resume(), "unharmed")

    def test_it_ends_in_an_exception(self):
        def python():
            python()

        def through_sorted():
            sorted([1, 2], key=lambda _: through_sorted())

        class Looks:
            def __getattr__(self, name):
                return getattr(self, name + "x")

        for function in (
            python,
            through_sorted,
            lambda: Looks().x,
            lambda: json.loads("[" * 100000),
        ):
            self.deepest(function)

    def test_at_the_limit_it_yields_or_raises(self):
        def body(levels=1):
            aco.yield_(levels)
            body(levels + 1)

        for _ in range(3):
            deepest, co = 0, aco.Coroutine(body)
            with self.assertRaises(RecursionError):
                while True:
                    deepest = co.resume()
            self.assertGreater(deepest, sys.getrecursionlimit() // 2)

        def resumes(co, levels=1):
            try:
                return resumes(co, levels + 1)
            except RecursionError:
                return co.resume()

        co = aco.Coroutine(lambda: [aco.yield_() for _ in range(5)])
        for _ in range(5):
            self.assertIsNone(resumes(co))
        self.assertFalse(co.done)

    def test_each_has_all_of_the_depth(self):
        def deep(levels, co):
            if levels:
                return deep(levels - 1, co)
            return co.resume() if co else "deepest"

        limit = sys.getrecursionlimit() * 3 // 4
        co = None
        for _ in range(5):
            co = aco.Coroutine(deep, limit, co)
        self.assertEqual(co.resume(), "deepest")


if __name__ == "__main__":
    unittest.main()
