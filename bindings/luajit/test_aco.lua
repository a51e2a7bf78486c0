-- What aco.lua promises: ACO_LIBRARY=build/libaco.so luajit test_aco.lua ./bodies.so, here.

local bodies_path = assert(arg[1], "the path of what bodies.c is compiled to")
package.path = (arg[0]:match("^(.*/)") or "./") .. "?.lua;" .. package.path
local ffi = require("ffi")
local aco = require("aco")

local function same(got, expected)
    if got ~= expected then error(("%s is not %s"):format(tostring(got), tostring(expected)), 2) end
end

local function fails(text, call, ...)
    local is_well, why = pcall(call, ...)
    same(is_well, false)
    if not tostring(why):find(text, 1, true) then error(("%q has no %q"):format(why, text), 2) end
end

io.stdout:setvbuf("line")
local tests = {}

function tests.bodies_in_c()
    ffi.cdef("void each_number(void);")
    local bodies = ffi.load(bodies_path)
    local numbers = ffi.new("int[?]", 1001)
    for i = 0, 999 do numbers[i] = i + 1 end
    local stack, total, readers = aco.stack(65536), 0, {}
    for i = 1, 100 do readers[i] = aco.native(bodies.each_number, numbers, stack) end
    for _ = 1, 1001 do
        for i = 1, 100 do
            local address = readers[i]()
            if address then total = total + ffi.cast("int *", address)[0] end
        end
    end
    same(total, 100 * 500500)
    for value in aco.native(bodies.each_number, numbers + 998) do total = total - ffi.cast("int *", value)[0] end
    same(total, 100 * 500500 - 1999)
    fails("aco.create", aco.native, function() end)
end

function tests.values_both_ways()
    local co = aco.create(function(yield, first)
        local got = { first }
        for _, value in ipairs({ 1.5, "text\0with zero", true, false }) do got[#got + 1] = tostring(yield(value)) end
        return table.concat(got, ",")
    end)
    same(co:resume("begin"), 1.5)
    same(co:resume(2), "text\0with zero")
    same(co:resume(nil), true)
    same(co:resume(false), false)
    same(co:done(), false)
    same(co:resume(("long "):rep(1000)), "begin,2,nil,false," .. ("long "):rep(1000))
    same(co:done(), true)
    fails("has ended", co.resume, co)
end

function tests.yields_at_any_depth()
    local co = aco.create(function(yield)
        ("abc"):gsub(".", function(letter) -- through a C function, which no Lua coroutine can
            table.sort({ 2, 1 }, function(a, b) yield(letter); return a < b end)
        end)
        local inner = coroutine.wrap(function() yield("in a Lua coroutine"); coroutine.yield("passed on") end)
        yield(inner())
    end)
    local seen = {}
    for value in co:values() do
        if value ~= seen[#seen] then seen[#seen + 1] = value end
    end
    same(table.concat(seen, ","), "a,b,c,in a Lua coroutine,passed on")
end

function tests.errors_come_out()
    local co = aco.create("local yield = ... yield(1) error('broken')")
    same(co:resume(), 1)
    fails("broken", co.resume, co)
    same(co:done(), true)
    fails("stays in its Lua state", aco.create("return {}").resume, aco.create("return {}"))
    fails("stays in its Lua state", function() aco.create("(...)(print)"):resume() end)
    fails("stays in its Lua state", function() aco.create("return 1"):resume({}) end)
    fails("body", aco.create, "syntax error here")
    local upvalue = 1
    fails("upvalue", aco.create, function() return upvalue end)
    local handled = aco.create("local y = ... for i = 1, 3 do y(select(2, pcall(error, 'e' .. i, 0))) end return 'end'")
    for i = 1, 3 do same(handled:resume(), "e" .. i) end
    same(handled:resume(), "end")
end

function tests.each_has_globals_of_its_own()
    shared = "outside"
    same(aco.create("shared = (shared or 'nothing') .. '!' return shared"):resume(), "nothing!")
    same(shared, "outside")
end

function tests.compiled_code_switches()
    local co = aco.create(function(yield, total)
        for i = 1, 1e9 do total = total + yield(total) + i % 3 end
    end)
    local expected, got = 0, co:resume(0)
    for i = 1, 200000 do
        same(got, expected)
        expected = expected + i + i % 3
        got = co:resume(i)
    end
    co:close()
    same(co:done(), true)
end

local function sum(stack)
    local many, total = {}, 0
    for i = 1, 60 do
        many[i] = aco.create("local yield, n = ... for i = 1, n do yield(i) end return 0", stack)
        many[i]:resume(i)
    end
    for _ = 1, 60 do
        for _, co in ipairs(many) do
            if not co:done() then total = total + co:resume() end
        end
    end
    return total
end

function tests.many_at_once() same(sum(), 37760) end

function tests.many_on_one_stack() same(sum(aco.stack(1048576)), 37760) end

function tests.what_is_dropped_goes()
    local before
    for round = 1, 30 do
        for _ = 1, 10 do aco.create("(...)(1)"):resume() end
        collectgarbage()
        collectgarbage()
        local pages = tonumber(io.open("/proc/self/statm"):read("*a"):match("^%d+ (%d+)"))
        if round == 10 then before = pages end
        if round == 30 and pages > before + 512 then error("it grows by " .. pages - before .. " pages") end
    end
end

function tests.closing()
    local co = aco.create("local yield = ... while true do pcall(yield, 1) end")
    co:resume()
    fails("goes on", co.close, co)
    aco.create("error('never')"):close()
    fails("no memory", aco.stack, 2 ^ 60)
end

function tests.recursion_ends_in_an_error()
    for _, code in ipairs({
        "local function f() return 1 + f() end f()",
        "loadstring(('('):rep(10000) .. '1')() ",
        "local t = setmetatable({}, {}) getmetatable(t).__index = function(t, k) return t[k] end return t.x",
    }) do
        same(pcall(function() aco.create(code):resume() end), false)
    end
    local deep = "local y, n = ... local function f() n = n - 1 return n > 0 and ('x'):gsub('x', f) or y(n) end f() return 'up'"
    local co = aco.create(deep)
    same(co:resume(150), 0)
    same(co:resume("bottom"), "up")
end

function tests.coroutines_resume_coroutines()
    local code = [[
        local yield, path = ...
        package.path = path
        local aco = require("aco")
        local inner = aco.create("local yield = ... for i = 1, 5 do yield(i) end")
        for value in inner:values() do yield(value * 10) end
    ]]
    local co, total, value = aco.create(code), 0, nil
    value = co:resume(package.path)
    while value do
        total, value = total + value, co:resume()
    end
    same(total, 150)
end

local names = {}
for name in pairs(tests) do names[#names + 1] = name end
table.sort(names)
for _, name in ipairs(names) do
    tests[name]()
    print("ok " .. name)
end
left = aco.create("(...)('waits when the process ends')")
left:resume()
