//! Coroutines of libaco for Zig: generators that are read by `while`. The macros of aco.h are C's; what
//! stands here calls the functions beside them.
//!
//!     fn count(giver: *aco.Giver(u32), limit: u32) !void {
//!         for (0..limit) |number| try giver.give(@intCast(number));
//!     }
//!     var numbers: aco.Generator(u32, u32, count) = undefined;
//!     numbers.init(stack, 10);
//!     defer numbers.deinit();
//!     while (try numbers.next()) |number| ...

pub const c = @cImport({
    @cInclude("aco.h");
    @cInclude("aco_ext.h");
    @cInclude("acort.h");
});

/// A stack for one generator, or for several that are read in turns: the frames of the others are copied
/// away meanwhile, so that no other code may use a pointer to them.
pub const Stack = struct {
    handle: *c.aco_share_stack_t,

    /// A stack of `size` bytes with a guard page; 0: 2 MiB. A Debug build wants 64 KiB and more.
    pub fn init(size: usize) error{OutOfMemory}!Stack {
        return .{ .handle = c.aco_try_share_stack_new(size) orelse return error.OutOfMemory };
    }

    /// Frees it. Generators on it may only be deinitialized afterwards if they have ended.
    pub fn deinit(self: Stack) void {
        c.aco_share_stack_destroy(self.handle);
    }
};

/// What the body of a generator gives its values to.
pub fn Giver(comptime Value: type) type {
    return struct {
        value: ?Value = null,
        outcome: anyerror!void = {},
        is_cancelled: bool = false,

        /// Leaves the generator with a value; returns when the next one is asked for, or with an error when
        /// the generator is deinitialized: `try` lets `defer` clean up.
        pub fn give(self: *@This(), value: Value) error{Cancelled}!void {
            if (self.is_cancelled) return error.Cancelled;
            self.value = value;
            c.aco_yield_fn();
            if (self.is_cancelled) return error.Cancelled;
        }
    };
}

/// A generator that runs `body`. It does not move from `init` to `deinit`, and does not lie on a shared
/// stack. It belongs to the thread that made it.
pub fn Generator(
    comptime Value: type,
    comptime Context: type,
    comptime body: fn (*Giver(Value), Context) anyerror!void,
) type {
    return struct {
        const Self = @This();

        handle: *c.aco_gen_t,
        context: Context,
        giver: Giver(Value),
        has_begun: bool,

        /// A generator that has not begun. Without memory for its 160 bytes the library aborts.
        pub fn init(self: *Self, stack: Stack, context: Context) void {
            self.* = .{ .handle = undefined, .context = context, .giver = .{}, .has_begun = false };
            self.handle = c.aco_gen_new(stack.handle, entry, self).?;
        }

        /// Ends the body, if it waits in a give(), with error.Cancelled there, and frees the generator.
        pub fn deinit(self: *Self) void {
            self.giver.is_cancelled = true;
            if (self.has_begun) _ = c.aco_gen_next(self.handle, null);
            c.aco_gen_free(self.handle);
            self.* = undefined;
        }

        /// The next value; null at the end; the error with which the body has ended, once.
        pub fn next(self: *Self) anyerror!?Value {
            self.has_begun = true;
            if (c.aco_gen_next(self.handle, null) != 0) return self.giver.value;
            const outcome = self.giver.outcome;
            self.giver.outcome = {};
            try outcome;
            return null;
        }

        fn entry() callconv(.c) void {
            const self: *Self = @ptrCast(@alignCast(c.aco_get_arg_fn().?));
            self.giver.outcome = body(&self.giver, self.context);
        }
    };
}
