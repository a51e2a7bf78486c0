"""Goes from start_of_steps() to end_of_steps() of switches.c instruction by instruction. At every position
the frames must lead to main(), and every frame of with_marks() must have its registers."""

import gdb

LIMIT = 60000
BASE = 0x4D41524B << 32
MARKED = {
    "i386:x86-64": ["rbx", "rbp", "r12", "r13", "r14", "r15"],
    "aarch64": ["x%d" % number for number in range(19, 30)] + ["v%d" % number for number in range(8, 16)],
}


def register(frame, name):
    value = frame.read_register(name)
    if name.startswith("v"):
        value = value["d"]["u"][0]
    return int(value) & (2**64 - 1)


def wrong_register(frame, names):
    """The first register of this frame of with_marks() that has not its value."""
    mark = register(frame, names[0])
    if mark & ~0xFF00 != BASE:
        return "%s is %#x" % (names[0], mark)
    for number, name in enumerate(names):
        offset = number if name[0] != "v" else number - names.index("v8")
        if register(frame, name) != mark + offset:
            return "%s is %#x, not %#x" % (name, register(frame, name), mark + offset)
    return None


def name_of(frame):
    return (frame.name() or "?").split("(")[0]


def frames():
    frame, found = gdb.newest_frame(), []
    while frame is not None and len(found) < 60:
        found.append(frame)
        frame = frame.older()
    return found


def fault(found, names):
    """What is wrong with these frames, or None."""
    chain = [name_of(frame) for frame in found]
    if chain[-1] != "main":
        return "no way to main"
    # A coroutine's function, its root (a signal's frame to gdb), and who resumed it; at a root's own
    # instructions, and where a coroutine has ended, there is no function of it.
    roots = sum(frame.type() == gdb.SIGTRAMP_FRAME for frame in found[1:])
    entries = sum(name in ("worker", "nested") for name in set(chain))
    if entries > roots:
        return "%d functions of coroutines, %d roots" % (entries, roots)
    for frame in found[1:]:
        if name_of(frame) == "with_marks":
            wrong = wrong_register(frame, names)
            if wrong:
                return wrong
    return None


def step_through():
    names = MARKED[gdb.newest_frame().architecture().name()]
    positions, wrong, seen = 0, [], {}
    while name_of(gdb.newest_frame()) != "end_of_steps" and positions < LIMIT:
        found = frames()
        place = name_of(found[0])
        seen[place] = seen.get(place, 0) + 1
        positions += 1
        why = fault(found, names)
        if why:
            where = gdb.execute("x/i $pc", to_string=True).strip()
            wrong.append("%s: %s, %s" % (where, why, [name_of(frame) for frame in found]))
        gdb.execute("stepi", to_string=True)
    print("\nREPORT")
    for place in sorted(seen, key=seen.get):
        print("%6d in %s" % (seen[place], place))
    for line in wrong[:30]:
        print(line)
    print("%d positions, %d wrong" % (positions, len(wrong)))


step_through()
