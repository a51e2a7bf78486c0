//! What aco.zig promises, and the C names as they are:
//! `zig test bindings/zig/test_aco.zig -Iinclude build/libaco.a -lc`

const std = @import("std");
const aco = @import("aco.zig");
const c = aco.c;
const expect = std.testing.expect;
const expectEqual = std.testing.expectEqual;

fn count(giver: *aco.Giver(u32), limit: u32) !void {
    for (0..limit) |number| try giver.give(@intCast(number));
}

const Counter = aco.Generator(u32, u32, count);

test "values come in order" {
    const stack = try aco.Stack.init(0);
    defer stack.deinit();
    var numbers: Counter = undefined;
    numbers.init(stack, 1000);
    defer numbers.deinit();
    var expected: u32 = 0;
    while (try numbers.next()) |number| : (expected += 1) try expectEqual(expected, number);
    try expectEqual(1000, expected);
    try expectEqual(null, try numbers.next());
}

test "many on one stack, read in turns" {
    const stack = try aco.Stack.init(1 << 20);
    defer stack.deinit();
    var many: [500]Counter = undefined;
    for (&many, 0..) |*each, limit| each.init(stack, @intCast(limit % 7));
    defer for (&many) |*each| each.deinit();
    var total: u64 = 0;
    for (0..8) |_| {
        for (&many) |*each| total += try each.next() orelse 0;
    }
    try expectEqual(2486, total);
}

const Tree = struct { left: ?*const Tree = null, label: i64, right: ?*const Tree = null };

fn walk(giver: *aco.Giver(i64), tree: ?*const Tree) anyerror!void {
    const node = tree orelse return;
    try walk(giver, node.left);
    try giver.give(node.label);
    try walk(giver, node.right);
}

test "at any depth of calls" {
    const one = Tree{ .label = 1 };
    const three = Tree{ .label = 3 };
    const two = Tree{ .left = &one, .label = 2, .right = &three };
    const stack = try aco.Stack.init(0);
    defer stack.deinit();
    var labels: aco.Generator(i64, ?*const Tree, walk) = undefined;
    labels.init(stack, &two);
    defer labels.deinit();
    var expected: i64 = 1;
    while (try labels.next()) |label| : (expected += 1) try expectEqual(expected, label);
    try expectEqual(4, expected);
}

/// Its list is freed by `defer`; the allocator, which walks the frames of who allocates, sees leaks.
fn gather(giver: *aco.Giver(usize), allocator: std.mem.Allocator) !void {
    const buffer = try allocator.alloc(u8, 4096);
    defer allocator.free(buffer);
    for (0..3) |number| {
        const more = try allocator.create([100]u8);
        defer allocator.destroy(more);
        try giver.give(number + buffer.len);
    }
    return error.Exhausted;
}

const Gatherer = aco.Generator(usize, std.mem.Allocator, gather);

test "errors come out of next, and defer runs" {
    const stack = try aco.Stack.init(0);
    defer stack.deinit();
    var gatherer: Gatherer = undefined;
    gatherer.init(stack, std.testing.allocator);
    defer gatherer.deinit();
    for (0..3) |number| try expectEqual(4096 + number, (try gatherer.next()).?);
    try std.testing.expectError(error.Exhausted, gatherer.next());
    try expectEqual(null, try gatherer.next());
}

test "what is left half done is cleaned up" {
    for (0..4) |taken| {
        const stack = try aco.Stack.init(0);
        defer stack.deinit();
        var gatherer: Gatherer = undefined;
        gatherer.init(stack, std.testing.allocator);
        for (0..taken) |_| _ = try gatherer.next();
        gatherer.deinit();
    }
}

fn nest(giver: *aco.Giver(u32), depth: u32) anyerror!void {
    if (depth == 0) return giver.give(1);
    const stack = try aco.Stack.init(1 << 18);
    defer stack.deinit();
    var inner: aco.Generator(u32, u32, nest) = undefined;
    inner.init(stack, depth - 1);
    defer inner.deinit();
    while (try inner.next()) |value| try giver.give(value + 1);
}

test "generators read generators" {
    const stack = try aco.Stack.init(1 << 18);
    defer stack.deinit();
    var outer: aco.Generator(u32, u32, nest) = undefined;
    outer.init(stack, 10);
    defer outer.deinit();
    try expectEqual(11, (try outer.next()).?);
    try expectEqual(null, try outer.next());
}

test "no memory is an error" {
    try std.testing.expectError(error.OutOfMemory, aco.Stack.init(1 << 60));
}

test "in threads" {
    const Worker = struct {
        fn run(total: *u64) !void {
            const stack = try aco.Stack.init(0);
            defer stack.deinit();
            var numbers: Counter = undefined;
            numbers.init(stack, 100);
            defer numbers.deinit();
            while (try numbers.next()) |number| total.* += number;
        }
    };
    var totals = [_]u64{0} ** 4;
    var threads: [4]std.Thread = undefined;
    for (&threads, &totals) |*thread, *total| thread.* = try std.Thread.spawn(.{}, Worker.run, .{total});
    for (threads) |thread| thread.join();
    for (totals) |total| try expectEqual(4950, total);
}

fn produce(argument: ?*anyopaque) callconv(.c) ?*anyopaque {
    const channel: *c.acort_chan_t = @ptrCast(argument.?);
    var number: u64 = 1;
    while (number <= 100) : (number += 1) {
        if (c.acort_chan_send(channel, &number, c.ACORT_NEVER) != 0) return channel;
    }
    _ = c.acort_chan_close(channel);
    return null;
}

fn consume(argument: ?*anyopaque) callconv(.c) ?*anyopaque {
    const total: *u64 = @ptrCast(@alignCast(argument.?));
    const channel = c.acort_chan_new(8, 3, 0).?;
    defer c.acort_chan_unref(channel);
    const task = c.acort_go(produce, channel).?;
    var number: u64 = 0;
    while (c.acort_chan_recv(channel, &number, c.ACORT_NEVER) == 0) total.* += number;
    if (c.acort_sleep(1_000_000) != 0) return total;
    var failed: ?*anyopaque = null;
    return if (c.acort_join(task, &failed, c.ACORT_NEVER) == 0) failed else total;
}

test "tasks of acort" {
    var total: u64 = 0;
    var failed: ?*anyopaque = &total;
    try expectEqual(0, c.acort_run(consume, &total, &failed));
    try expectEqual(null, failed);
    try expectEqual(5050, total);
}

test "structs are those of the library" {
    const is_end: usize = switch (@import("builtin").cpu.arch) {
        .x86_64 => 88,
        .aarch64 => 144,
        else => @compileError("another architecture"),
    };
    try expectEqual(is_end, @offsetOf(c.aco_t, "is_end"));
    try expect(c.aco_version() == c.ACO_VERSION_NUMBER);
    try std.testing.expectEqualStrings("1.", std.mem.span(c.aco_version_string())[0..2]);
}
