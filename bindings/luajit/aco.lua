--- Coroutines of libaco for LuaJIT, over its FFI: bodies that are C functions, and bodies in Lua.
--
-- A Lua state keeps pointers into the C stack that it runs on, and finds its callers there in order. So Lua
-- code that runs on a coroutine's stack is code of another Lua state: nothing that this one has is seen
-- there, and nil, booleans, numbers and strings are what they give each other. An FFI callback of this
-- state must not be a body, nor be called by one: LuaJIT does not support that.

local ffi = require("ffi")

ffi.cdef [[
typedef struct aco_s aco_t;
typedef struct aco_share_stack_s aco_share_stack_t;
typedef void (*aco_cofuncp_t)(void);
aco_share_stack_t *aco_try_share_stack_new(size_t sz);
void aco_share_stack_destroy(aco_share_stack_t *sstk);
aco_t *aco_gen_new(aco_share_stack_t *share_stack, aco_cofuncp_t fp, void *arg);
int aco_gen_next(aco_t *gen, void **value);
void aco_gen_free(aco_t *gen);
const char *aco_version_string(void);

/* What two Lua states give each other. */
typedef struct { int kind, is_closing; double number; const char *text; size_t length; } aco_lua_box;

typedef struct lua_State lua_State;
lua_State *luaL_newstate(void);
void luaL_openlibs(lua_State *L);
void lua_close(lua_State *L);
int luaL_loadbuffer(lua_State *L, const char *buff, size_t sz, const char *name);
int lua_pcall(lua_State *L, int nargs, int nresults, int errfunc);
void lua_pushlstring(lua_State *L, const char *s, size_t len);
void lua_pushlightuserdata(lua_State *L, void *p);
double lua_tonumber(lua_State *L, int idx);
const char *lua_tolstring(lua_State *L, int idx, size_t *len);
void lua_settop(lua_State *L, int idx);
]]

local path = os.getenv("ACO_LIBRARY") or "aco"
local C = ffi.load(path)
local M = { version = function() return ffi.string(C.aco_version_string()) end }

-- Both states run this: how a value goes into a box, and out of it.
local boxing = [[
local ffi = require("ffi")
local kinds = { ["nil"] = 0, boolean = 1, number = 2, string = 3 }
local FAILED = 4

local function put(box, value)
    local kind = kinds[type(value)]
    if not kind then error("a " .. type(value) .. " stays in its Lua state", 3) end
    box.kind = kind
    if kind == 3 then
        box.text, box.length = value, #value
    elseif kind ~= 0 then
        box.number = kind == 2 and value or value and 1 or 0
    end
end

local function take(box)
    if box.kind == 0 then return nil end
    if box.kind == 1 then return box.number ~= 0 end
    if box.kind == 2 then return box.number end
    return ffi.string(box.text, box.length)
end
]]

-- The other state's part: gives the address of what runs the body. The text that a box points to is kept
-- by the state that has put it there, until the box is used again.
local inside = boxing .. [[
local box, code, path = ...
ffi.cdef("typedef struct { int kind, is_closing; double number; const char *text; size_t length; } aco_lua_box;"
    .. "void aco_yield_fn(void);")
local C = ffi.load(path)
box = ffi.cast("aco_lua_box *", box)
local body = assert(loadstring(code, "=body"))
local kept

local function yield(value)
    put(box, value)
    kept = value
    C.aco_yield_fn()
    if box.is_closing ~= 0 then error("the coroutine is closed", 0) end
    return take(box)
end

_G.aco_entry = ffi.cast("void (*)(void)", function()
    local is_well, result = pcall(body, yield, take(box))
    if is_well then is_well, result = pcall(function() put(box, result); return result end) end
    if not is_well then
        result = tostring(result)
        box.kind, box.text, box.length = FAILED, result, #result
    end
    kept = result
end)
return tonumber(ffi.cast("intptr_t", ffi.cast("void *", _G.aco_entry)))
]]

local put, take = assert(loadstring(boxing .. "return put, take", "=boxing"))()
local FAILED = 4

-- Userdata, unlike cdata, are finalized last made first, at the end of the process, too: a coroutine before
-- its stack.
local function finalize(object, close)
    object.guard = newproxy(true)
    getmetatable(object.guard).__gc = function() close(object) end
    return object
end

--- A stack of so many bytes (without a number: 2 MiB of address space), for one coroutine or for many, whose
-- frames are copied away in turns. It lives as long as they do. LuaJIT does not bound recursion through
-- string.gsub, which takes 9 KiB a call, here as little as on the process stack.
function M.stack(size)
    local handle = C.aco_try_share_stack_new(size or 0)
    if handle == nil then error("no memory for a stack", 2) end
    return finalize({ handle = handle }, function(stack) C.aco_share_stack_destroy(stack.handle) end)
end

--- A generator whose body is a C function (`void (*)(void)`) that takes `argument`, a pointer, by
-- aco_get_arg_fn() and gives pointers to aco_gen_yield(). To be read by `for`; what its frames own when
-- it is not read to its end stays as it is.
function M.native(body, argument, stack)
    stack = stack or M.stack()
    -- A function of C, and no callback: that would run this Lua state on another stack.
    if type(body) == "function" then error("a body in Lua needs a Lua state of its own: aco.create", 2) end
    local gen = finalize(
        { handle = C.aco_gen_new(stack.handle, body, argument), stack = stack },
        function(gen) C.aco_gen_free(gen.handle) end
    )
    local value = ffi.new("void *[1]")
    return function()
        if C.aco_gen_next(gen.handle, value) ~= 0 then return value[0] end
    end
end

local Coroutine = {}
Coroutine.__index = Coroutine

local function dump(body)
    if type(body) == "string" then return body end
    if debug.getupvalue(body, 1) then error("the body has an upvalue, which stays in its Lua state", 3) end
    return string.dump(body)
end

local function message(state)
    return ffi.string(ffi.C.lua_tolstring(state, -1, nil))
end

--- A coroutine that will run `body(yield, first)` in a Lua state of its own: a function without upvalues,
-- or source text of such a chunk. `yield(value)` leaves it, at any depth of calls.
function M.create(body, stack)
    local code = dump(body)
    stack = stack or M.stack()
    local state = ffi.C.luaL_newstate()
    if state == nil then error("no memory for a Lua state", 2) end
    local box = ffi.new("aco_lua_box")
    ffi.C.luaL_openlibs(state)
    local failed = ffi.C.luaL_loadbuffer(state, inside, #inside, "=aco")
    if failed == 0 then
        ffi.C.lua_pushlightuserdata(state, box)
        ffi.C.lua_pushlstring(state, code, #code)
        ffi.C.lua_pushlstring(state, path, #path)
        failed = ffi.C.lua_pcall(state, 3, 1, 0)
    end
    if failed ~= 0 then
        local why = message(state)
        ffi.C.lua_close(state)
        error(why, 2)
    end
    local entry = ffi.cast("aco_cofuncp_t", ffi.cast("intptr_t", ffi.C.lua_tonumber(state, -1)))
    ffi.C.lua_settop(state, 0)
    local self = setmetatable({ box = box, state = state, stack = stack }, Coroutine)
    self.gen = C.aco_gen_new(stack.handle, entry, nil)
    return finalize(self, function()
        local is_well, why = pcall(self.close, self)
        if not is_well then io.stderr:write("aco: ", why, ", and its memory stays\n") end
    end)
end

--- Runs it to its next yield, which returns `value` in it. What that is given, or, at the end, what the
-- body returns; an error of the body is raised here, as text.
function Coroutine:resume(value)
    if not self.gen then error("the coroutine has ended", 2) end
    if self.is_running then error("the coroutine is running", 2) end
    put(self.box, value)
    return self:enter()
end

function Coroutine:enter()
    self.is_running, self.has_begun = true, true
    local is_alive = C.aco_gen_next(self.gen, nil) ~= 0
    self.is_running = false
    local box = self.box
    local has_failed = not is_alive and box.kind == FAILED
    local value = has_failed and ffi.string(box.text, box.length) or take(box)
    if not is_alive then self:free() end
    if has_failed then error(value, 3) end
    return value
end

function Coroutine:free()
    C.aco_gen_free(self.gen)
    ffi.C.lua_close(self.state)
    self.gen, self.state, self.stack = nil, nil, nil
end

--- Has it ended?
function Coroutine:done()
    return not self.gen
end

--- Ends it: the yield that it waits in raises an error. One that goes on after that stays, for good.
function Coroutine:close()
    if not self.gen then return end
    if not self.has_begun then return self:free() end
    self.box.is_closing = 1
    pcall(self.enter, self)
    if self.gen then error("the coroutine goes on after it was closed", 2) end
end

--- For `for`: the values until the first nil, or the end.
function Coroutine:values()
    return function()
        if self.gen then
            local value = self:resume()
            if self.gen then return value end
        end
    end
end

return M
