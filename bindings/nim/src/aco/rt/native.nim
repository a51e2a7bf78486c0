## What acort.h has, as far as the runtime of this binding calls it.

include ../linking

const acortNever* = -1'i64

type
  acort_task_t* {.acortStruct, incompleteStruct.} = object
  acort_chan_t* {.acortStruct, incompleteStruct.} = object
  acort_group_t* {.acortStruct, incompleteStruct.} = object
  acort_body_t* = proc (arg: pointer): pointer {.cdecl.}
  acort_attr_t* {.acortStruct.} = object
    size*: csize_t
    name*: cstring
    group*: ptr acort_group_t
    stack_size*: csize_t
    flags*: uint32
    worker*: int32
  acort_case_t* {.acortStruct.} = object
    op*: int32
    fd*: cint
    `object`*: pointer
    data*: pointer
    error*: cint
    reserved: cint

const
  acortShared* = 1'u32
  acortSend* = 1'i32
  acortRecv* = 2'i32
  acortFdRead* = 3'i32
  acortFdWrite* = 4'i32
  acortTask* = 5'i32

{.push raises: [], gcsafe.}

proc acort_run*(fn: acort_body_t, arg: pointer, ret: ptr pointer): cint {.importc, acortCall.}
proc acort_attr_init*(attr: ptr acort_attr_t, size: csize_t): cint {.importc, acortCall.}
proc acort_go_ex*(attr: ptr acort_attr_t, fn: acort_body_t, arg: pointer): ptr acort_task_t {.importc, acortCall.}
proc acort_join*(task: ptr acort_task_t, ret: ptr pointer, deadline: int64): cint {.importc, acortCall.}
proc acort_detach*(task: ptr acort_task_t): cint {.importc, acortCall.}
proc acort_yield*(): cint {.importc, acortCall.}
proc acort_self*(): ptr acort_task_t {.importc, acortCall.}
proc acort_now*(): int64 {.importc, acortCall.}
proc acort_after*(ns: int64): int64 {.importc, acortCall.}
proc acort_sleep*(ns: int64): cint {.importc, acortCall.}
proc acort_sleep_until*(deadline: int64): cint {.importc, acortCall.}
proc acort_cancel*(task: ptr acort_task_t): cint {.importc, acortCall.}
proc acort_cancelled*(): cint {.importc, acortCall.}
proc acort_cancel_mask*(on: cint): cint {.importc, acortCall.}
proc acort_group_cancel*(group: ptr acort_group_t): cint {.importc, acortCall.}
proc acort_chan_new*(elem, cap: csize_t, flags: cuint): ptr acort_chan_t {.importc, acortCall.}
proc acort_chan_ref*(chan: ptr acort_chan_t): ptr acort_chan_t {.importc, acortCall.}
proc acort_chan_unref*(chan: ptr acort_chan_t) {.importc, acortCall.}
proc acort_chan_send*(chan: ptr acort_chan_t, data: pointer, deadline: int64): cint {.importc, acortCall.}
proc acort_chan_recv*(chan: ptr acort_chan_t, data: pointer, deadline: int64): cint {.importc, acortCall.}
proc acort_chan_close*(chan: ptr acort_chan_t): cint {.importc, acortCall.}
proc acort_chan_len*(chan: ptr acort_chan_t): int {.importc, acortCall.}
proc acort_select*(cases: ptr acort_case_t, n: cint, deadline: int64): cint {.importc, acortCall.}
proc acort_read*(fd: cint, buf: pointer, n: csize_t, deadline: int64): int {.importc, acortCall.}
proc acort_write*(fd: cint, buf: pointer, n: csize_t, deadline: int64): int {.importc, acortCall.}
proc acort_read_full*(fd: cint, buf: pointer, n: csize_t, deadline: int64): int {.importc, acortCall.}
proc acort_write_all*(fd: cint, buf: pointer, n: csize_t, deadline: int64): int {.importc, acortCall.}
proc acort_accept*(fd: cint, address, length: pointer, deadline: int64): cint {.importc, acortCall.}
proc acort_dial*(net, address: cstring, deadline: int64): cint {.importc, acortCall.}
proc acort_listen*(net, address: cstring, backlog: cint): cint {.importc, acortCall.}
proc acort_close*(fd: cint): cint {.importc, acortCall.}

{.pop.}
