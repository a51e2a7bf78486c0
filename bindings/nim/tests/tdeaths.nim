## What ends the program: a line, and SIGABRT. Each case is a process of its own.

import std/[os, osproc, strutils]
import aco
import checking

proc classic(fp: proc () {.nimcall.}) =
  aco_thread_init(nil)
  let main = aco_create(nil, nil, 0, nil, nil)
  aco_resume(aco_create(main, aco_share_stack_new(0), 0, fp, nil))

proc lastWord() {.cdecl.} =
  echo "the last word"
  quit(3)

proc die(name: string) =
  case name
  of "returns": classic(proc () = discard)
  of "raises": classic(proc () = raise newException(ValueError, "from the entry"))
  of "last word":
    aco_thread_init(lastWord)
    let main = aco_create(nil, nil, 0, nil, nil)
    aco_resume(aco_create(main, aco_share_stack_new(0), 0, cast[aco_cofuncp_t](proc () = discard), nil))
  of "raises, last word":
    aco_thread_init(lastWord)
    let main = aco_create(nil, nil, 0, nil, nil)
    aco_resume(aco_create(main, aco_share_stack_new(0), 0,
      proc () {.nimcall.} = raise newException(ValueError, "from the entry"), nil))
  of "resumes the ended":
    aco_thread_init(nil)
    let main = aco_create(nil, nil, 0, nil, nil)
    let co = aco_create(main, aco_share_stack_new(0), 0, proc () {.nimcall.} = aco_exit(), nil)
    aco_resume(co)
    aco_resume(co)
  of "yields outside": aco_yield()
  of "never lets go":
    let co = newCoroutine(proc () =
      while true:
        try: suspend()
        except: discard)
    co.resume()
    co.cancel()
  of "yields for ever":
    let co = newCoroutine(proc () =
      while true: aco_yield())
    co.resume()
    co.cancel()
  else: doAssert false, name

proc run(name: string): tuple[output: string, exitCode: int] =
  execCmdEx("timeout 20 " & quoteShell(getAppFilename()) & " " & quoteShell(name))

if paramCount() == 1:
  die(paramStr(1))
  quit(0)

template dies(name: string, texts: varargs[string]) =
  test name:
    let (output, code) = run(name)
    doAssert code == 134 or code == 1, name & " ends with " & $code & "\n" & output
    for text in texts: doAssert text in output, output

dies("returns", "aco: fatal: aco_funcp_protector(0x", "an entry function ends with aco_exit()")
dies("raises", "from the entry")
dies("raises, last word", "from the entry")
dies("resumes the ended", "aco: fatal: aco_resume(0x", "ended")
dies("yields outside", "aco: fatal: aco_yield")
dies("never lets go", "aco: fatal: cancel(0x", "a cancelled coroutine goes on yielding",
  "CoroutineCancelled is let through")
dies("yields for ever", "aco: fatal: cancel(0x", "a cancelled coroutine goes on yielding")

test "last word":
  let (output, code) = run("last word")
  doAssert output == "the last word\n" and code == 3, output

when not defined(cpp) and compileOption("exceptions", "goto"):
  test "an exception that leaves an entry function has a line of the library's kind":
    let (output, _) = run("raises")
    doAssert "aco: fatal: aco_resume(0x" in output and
      "\"from the entry\" [ValueError] has left the entry function" in output and
      "(a coroutine catches its exceptions itself)" in output, output

done("tdeaths")
