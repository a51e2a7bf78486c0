## What C has, as it is there: no frame state of Nim is kept here. Use `aco <../aco.html>`_.

include linking

const registers = when defined(amd64): 9 elif defined(arm64): 16 else: 0 # `linking` refuses others

type
  aco_cofuncp_t* = proc () {.cdecl.}
    ## What a coroutine runs. It finds its argument by `aco_get_arg()` and ends by `aco_exit()`.

  aco_save_stack_t* {.acoStruct.} = object
    `ptr`: pointer
    sz, valid_sz, max_cpsz, ct_save, ct_restore: csize_t

  aco_t* {.acoStruct.} = object
    ## A coroutine; its fields are the library's.
    reg: array[registers, pointer]
    main_co: ptr aco_t
    arg: pointer
    is_end: int8
    reserved: array[7, uint8]
    fp: aco_cofuncp_t
    save_stack: aco_save_stack_t
    share_stack: ptr aco_share_stack_t

  aco_share_stack_t* {.acoStruct.} = object
    ## A stack that coroutines run on; its fields are the library's.
    `ptr`: pointer
    sz: csize_t
    align_highptr, align_retptr: pointer
    align_validsz, align_limit: csize_t
    owner: ptr aco_t
    guard_page_enabled: int8
    reserved: array[7, uint8]
    real_ptr: pointer
    real_sz: csize_t

{.push raises: [], gcsafe.}

proc aco_thread_init*(last_word: aco_cofuncp_t) {.importc, acoCall.}
proc aco_create*(main_co: ptr aco_t, share_stack: ptr aco_share_stack_t, save_stack_sz: csize_t,
  fp: aco_cofuncp_t, arg: pointer): ptr aco_t {.importc, acoCall.}
proc aco_resume*(co: ptr aco_t) {.importc, acoCall.}
proc aco_destroy*(co: ptr aco_t) {.importc, acoCall.}
proc aco_share_stack_new*(sz: csize_t): ptr aco_share_stack_t {.importc, acoCall.}
proc aco_share_stack_new2*(sz: csize_t, guard_page_enabled: cchar): ptr aco_share_stack_t {.importc, acoCall.}
proc aco_share_stack_destroy*(stack: ptr aco_share_stack_t) {.importc, acoCall.}
proc aco_version_string*(): cstring {.importc, acoCall.}

when defined(acoDynlib):
  # Macros are for C.
  proc aco_yield*() {.importc: "aco_yield_fn", acoCall.}
  proc aco_exit*() {.importc: "aco_exit_fn", acoCall, noreturn.}
  proc aco_get_arg*(): pointer {.importc: "aco_get_arg_fn", acoCall.}
  proc aco_get_co*(): ptr aco_t {.importc: "aco_get_co_fn", acoCall.}
  proc current*(): ptr aco_t {.importc: "aco_get_co_fn", acoCall.}
else:
  proc aco_yield*() {.importc, acoCall.}
  proc aco_exit*() {.importc, acoCall, noreturn.}
  proc aco_get_arg*(): pointer {.importc: "aco_get_arg_fn", acoCall.}
  proc aco_get_co*(): ptr aco_t {.importc: "aco_get_co_fn", acoCall.}
  proc current*(): ptr aco_t {.importc: "aco_current_", acoCall.}

# A generator is a coroutine that its reader resumes.
proc aco_gen_new*(share_stack: ptr aco_share_stack_t, fp: aco_cofuncp_t, arg: pointer): ptr aco_t
  {.importc, acoExtCall.}
proc aco_gen_next*(gen: ptr aco_t, value: ptr pointer): cint {.importc, acoExtCall.}
proc aco_gen_yield*(value: pointer) {.importc, acoExtCall.}
proc aco_gen_free*(gen: ptr aco_t) {.importc, acoExtCall.}
proc aco_try_share_stack_new2*(sz: csize_t, guard_page_enabled: cchar): ptr aco_share_stack_t
  {.importc, acoExtCall.}

proc isEnded*(co: ptr aco_t): bool {.inline.} = co.is_end != 0
proc argument*(co: ptr aco_t): pointer {.inline.} = co.arg
proc entry*(co: ptr aco_t): aco_cofuncp_t {.inline.} = co.fp
proc mainOf*(co: ptr aco_t): ptr aco_t {.inline.} = co.main_co
proc stackOf*(co: ptr aco_t): ptr aco_share_stack_t {.inline.} = co.share_stack
proc saveStackOf*(co: ptr aco_t): ptr aco_save_stack_t {.inline.} = addr co.save_stack
proc largestCopy*(area: ptr aco_save_stack_t): csize_t {.inline.} = area.max_cpsz
proc saves*(area: ptr aco_save_stack_t): csize_t {.inline.} = area.ct_save
proc restores*(area: ptr aco_save_stack_t): csize_t {.inline.} = area.ct_restore
proc ownerOf*(stack: ptr aco_share_stack_t): ptr aco_t {.inline.} = stack.owner
proc stackSize*(stack: ptr aco_share_stack_t): csize_t {.inline.} = stack.sz
proc memoryOf*(stack: ptr aco_share_stack_t): pointer {.inline.} = stack.`ptr`
proc isGuarded*(stack: ptr aco_share_stack_t): bool {.inline.} = stack.guard_page_enabled != 0

{.pop.}
