"""libaco in gdb: `source tools/gdb/aco.py`, then

    aco list        every coroutine, its state, entry function and share stack
    aco bt CO       the frames of a suspended coroutine, CO being its address or an expression
    aco bt all      the frames of all of them

Live and on core files, own and shared stacks. Coroutines whose memory came from malloc (under
AddressSanitizer and Valgrind, or where memory was short) are not listed; `aco bt CO` knows them.
"""

import struct

import gdb
from gdb.unwinder import Unwinder


class Machine:
    """Where things stand in an aco_t (src/abi.rs): offsets in bytes, register slots by name."""

    def __init__(self, name, size, main_co, registers, pc, sp):
        self.name, self.size, self.main_co = name, size, main_co
        self.registers, self.pc, self.sp = registers, pc, sp
        self.word, self.fp = main_co + 16, main_co + 24
        self.save_ptr, self.valid_sz = main_co + 32, main_co + 48
        self.share_stack = main_co + 80


MACHINES = {
    "i386:x86-64": Machine(
        "x86-64", 160, 72,
        ["r12", "r13", "r14", "r15", "rip", "rsp", "rbx", "rbp"], "rip", "rsp",
    ),
    "aarch64": Machine(
        "aarch64", 216, 128,
        [None, None] + ["x%d" % n for n in range(19, 30)] + ["pc", "sp"], "pc", "sp",
    ),
}

# src/slab: a region map of two levels, a slab at the start of each region.
REGION_BITS, LEAF_BITS, ROOT_SIZE = 21, 15, 4096
ALONE, SHARING = 0, 1


def machine():
    name = gdb.selected_inferior().architecture().name()
    if name not in MACHINES:
        raise gdb.GdbError("aco: %s is not an architecture of libaco" % name)
    return MACHINES[name]


def memory(address, size):
    return bytes(gdb.selected_inferior().read_memory(address, size))


def words(address, count):
    return struct.unpack("<%dQ" % count, memory(address, 8 * count))


def word(address):
    return words(address, 1)[0]


def symbol(address):
    text = gdb.execute("info symbol %#x" % address, to_string=True).strip()
    if text.startswith("No symbol"):
        return "%#x" % address
    return text.split(" in section")[0]


class Coroutine:
    def __init__(self, address):
        m = machine()
        self.address, self.machine = address, m
        raw = memory(address, m.size)
        at = lambda offset: struct.unpack_from("<Q", raw, offset)[0]
        self.registers = {
            name: at(8 * slot) for slot, name in enumerate(m.registers) if name is not None
        }
        self.main_co, self.word, self.fp = at(m.main_co), at(m.word), at(m.fp)
        self.save_ptr, self.valid_sz = at(m.save_ptr), at(m.valid_sz)
        self.share_stack = at(m.share_stack)
        self.low = self.top = self.owner = 0
        if self.share_stack:
            stack = words(self.share_stack, 7)
            self.low, self.top, self.owner = stack[0], stack[3], stack[6]

    def is_alive(self):
        """Does the state word (src/state.rs) name this address?"""
        if self.word >> 56 == 0xac:
            return self.word >> 44 & 0xfff == self.address >> 4 & 0xfff
        return self.word >> 12 << 4 == self.address # exclusive, whatever its flags

    def state(self):
        if self.main_co == 0:
            return "main"
        if self.word & 0xff:
            return "ended"
        if self.low == 0:
            return "its stack is destroyed"
        for current in currents():
            while current:
                if current == self.address:
                    return "running"
                current = word(current + self.machine.main_co)
        if self.registers[self.machine.sp] == self.top:
            return "not started"
        return "suspended" if self.owner == self.address else "suspended, copied out"


def currents():
    """aco_gtls_co of every thread that has run a coroutine."""
    selected, found = gdb.selected_thread(), []
    for thread in gdb.selected_inferior().threads():
        thread.switch()
        try:
            value = gdb.parse_and_eval("*(unsigned long *)&aco_gtls_co")
            found.append(int(value))
        except gdb.error:
            pass
    if selected is not None:
        selected.switch()
    return found


def coroutines():
    m = machine()
    try:
        root = int(gdb.parse_and_eval("(unsigned long)&aco_regions"))
    except gdb.error:
        raise gdb.GdbError("aco: the program has no libaco, or one that is stripped of its symbols")
    for high, leaf in enumerate(words(root, ROOT_SIZE)):
        if leaf == 0:
            continue
        for low, units in enumerate(memory(leaf, 1 << LEAF_BITS)):
            if units:
                region = (high << LEAF_BITS | low) << REGION_BITS
                yield from coroutines_of(m, region)


def coroutines_of(m, slab):
    bump, start, kind = word(slab + 8), word(slab + 24), memory(slab + 44, 1)[0]
    if kind == ALONE:
        stride = (m.size + 32 + 63) & ~63
    elif kind == SHARING:
        stride = (m.size + 15) & ~15
    else:
        return
    for address in range(start, bump, stride):
        co = Coroutine(address)
        if co.is_alive():
            yield co


class FrameId:
    def __init__(self, sp, pc):
        self.sp, self.pc = sp, pc


class SuspendedUnwinder(Unwinder):
    """Makes gdb take the registers of a suspended coroutine for those of the newest frame's caller."""

    def __init__(self):
        super().__init__("aco")
        self.co, self.registers = None, None

    def __call__(self, pending):
        if self.registers is None:
            return None
        registers, self.registers = self.registers, None
        m = self.co.machine
        kind = gdb.lookup_type("unsigned long")
        # Below the stack pointer: gdb does not expect two frames in one place.
        sp = gdb.Value(registers[m.sp] - 128).cast(kind)
        info = pending.create_unwind_info(FrameId(sp, pending.read_register(m.pc)))
        for name, value in registers.items():
            info.add_saved_register(name, gdb.Value(value).cast(kind))
        return info


UNWINDER = SuspendedUnwinder()
gdb.unwinder.register_unwinder(None, UNWINDER, True)


class Borrowed:
    """The frames of a copied-out coroutine, on its share stack for as long as they are looked at. On a
    core file, which cannot be written, they are looked at where they are: addresses of the stack that a
    frame keeps, such as its caller's frame pointer, are made addresses of the image."""

    def __init__(self, co):
        self.co, self.before, self.is_moved = co, None, False
        self.place, self.top = co.top - co.valid_sz, co.top

    def __enter__(self):
        co = self.co
        if co.state() == "suspended, copied out" and co.valid_sz != 0:
            image = memory(co.save_ptr, co.valid_sz)
            try:
                before = memory(self.place, co.valid_sz)
                gdb.selected_inferior().write_memory(self.place, image)
                self.before = (self.place, before)
            except gdb.error:
                self.is_moved = True
        return self

    def __exit__(self, *_):
        if self.before is not None:
            gdb.selected_inferior().write_memory(*self.before)

    def registers_of(self, values):
        if not self.is_moved:
            return values
        moved = lambda value: value - self.place + self.co.save_ptr
        inside = lambda value: self.place <= value < self.top
        return {name: moved(value) if inside(value) else value for name, value in values.items()}

    def holds(self, sp):
        """Does a frame with this stack pointer belong to the coroutine?"""
        if self.is_moved:
            return self.co.save_ptr <= sp < self.co.save_ptr + self.co.valid_sz
        return self.place <= sp < self.top if self.before else self.co.low <= sp < self.top


def frames(borrowed):
    """The frames of the coroutine, each unwound from the registers of the one before: the root and
    what is above it do not wait for this coroutine."""
    m, values = machine(), borrowed.co.registers
    names = [name for name in m.registers if name is not None]
    UNWINDER.co = borrowed.co
    while borrowed.holds(borrowed.registers_of(values)[m.sp]):
        UNWINDER.registers = borrowed.registers_of(values)
        gdb.invalidate_cached_frames()
        frame = gdb.newest_frame().older()
        while frame.type() == gdb.INLINE_FRAME:
            yield frame
            frame = frame.older()
        yield frame
        reason, frame = frame.unwind_stop_reason(), frame.older()
        if frame is None:
            print("  (%s)" % gdb.frame_stop_reason_string(reason))
            return
        values = {name: int(frame.read_register(name)) & 2**64 - 1 for name in names}


def print_frames(co):
    print("coroutine %#x, entry %s, %s" % (co.address, symbol(co.fp), co.state()))
    if not co.state().startswith("suspended"):
        return
    with Borrowed(co) as borrowed:
        try:
            for number, frame in enumerate(frames(borrowed)):
                place = frame.find_sal()
                line = " at %s:%d" % (place.symtab.filename, place.line) if place.symtab else ""
                print("  #%-2d %#x in %s ()%s" % (number, frame.pc(), frame.name() or "??", line))
        finally:
            UNWINDER.registers = None
            gdb.invalidate_cached_frames()


class Aco(gdb.Command):
    """libaco's coroutines: aco list, aco bt CO, aco bt all."""

    def __init__(self):
        super().__init__("aco", gdb.COMMAND_STACK, prefix=True)


class AcoList(gdb.Command):
    """Every coroutine: address, state, entry function, share stack."""

    def __init__(self):
        super().__init__("aco list", gdb.COMMAND_STACK)

    def invoke(self, argument, from_tty):
        count = 0
        for co in coroutines():
            count += 1
            entry = symbol(co.fp) if co.fp else "-"
            print("%#x  %-22s %s  stack %#x" % (co.address, co.state(), entry, co.share_stack))
        print("%d coroutines" % count)


class AcoBt(gdb.Command):
    """The frames of a suspended coroutine (an address or an expression), or of all."""

    def __init__(self):
        super().__init__("aco bt", gdb.COMMAND_STACK)

    def invoke(self, argument, from_tty):
        if argument.strip() == "all":
            for co in coroutines():
                if co.main_co:
                    print_frames(co)
        elif argument.strip():
            address = int(gdb.parse_and_eval("(unsigned long)(%s)" % argument))
            try:
                print_frames(Coroutine(address))
            except gdb.MemoryError:
                raise gdb.GdbError("there is no coroutine at %#x" % address)
        else:
            raise gdb.GdbError("aco bt CO, or aco bt all")


Aco()
AcoList()
AcoBt()
