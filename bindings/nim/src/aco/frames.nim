## What Nim keeps for each thread and belongs to a stack: the frames of stack traces, the handlers of
## `--exceptions:setjmp`, the exception that is being handled. C does not know of it, so whoever
## leaves a stack keeps it there, and takes it back when it goes on.
##
## Not `getFrameState()` of Nim: with `--exceptions:setjmp` that has a handler of its own, for a
## reference that it copies, and gives that for the caller's. Here the words are moved as they are.

import system {.all.}

type Frames* = object
  ## The words of a stack that is left.
  frame, exception, handler, gcFrame: pointer

template word(place: untyped): ptr pointer = cast[ptr pointer](addr place)

{.push stackTrace: off, profiler: off, raises: [].}

proc leaveFrames*(): Frames {.inline.} =
  ## Takes the words; what comes next begins as a fresh stack: nothing called, nothing handled.
  when declared(framePtr):
    result.frame = word(framePtr)[]
    word(framePtr)[] = nil
  result.exception = word(currException)[]
  word(currException)[] = nil
  when declared(excHandler):
    result.handler = word(excHandler)[]
    word(excHandler)[] = nil
  when declared(gcFramePtr):
    result.gcFrame = word(gcFramePtr)[]
    word(gcFramePtr)[] = nil

proc enterFrames*(frames: Frames) {.inline.} =
  ## Puts them back. An exception that was being handled on the stack that was left by its end is
  ## lost with it.
  when declared(framePtr):
    word(framePtr)[] = frames.frame
  word(currException)[] = frames.exception
  when declared(excHandler):
    word(excHandler)[] = frames.handler
  when declared(gcFramePtr):
    word(gcFramePtr)[] = frames.gcFrame

{.pop.}

template keepingFrames*(leaving: untyped) =
  ## Does what leaves this stack, and comes back to it.
  let frames = leaveFrames()
  leaving
  enterFrames(frames)
