## Tasks, time, channels, select, sockets.

import std/[monotimes, nativesockets, options, posix, strutils, times]
import aco
import aco/rt
import checking

test "the main task: results and exceptions":
  doAssert run(proc (): string = "result") == "result"
  var isRun = false
  run(proc () = isRun = true)
  doAssert isRun
  raises(ValueError, "from main"):
    run(proc () = raise newException(ValueError, "from main"))
  raises(OSError, "outside of run"): go(proc () = discard)
  run(proc () =
    raises(OSError, "inside of run"): run(proc () = discard))

test "tasks: results, exceptions, joined again":
  run(proc () =
    let a = go(proc (): seq[int] =
      sleep(2)
      @[1, 2, 3])
    let b = go(proc () =
      pass()
      raise newException(KeyError, "from b"))
    doAssert not a.isEnded
    for i in 0 .. 1:
      doAssert a.join() == @[1, 2, 3]
      raises(KeyError, "from b"): b.join()
    doAssert a.isEnded and b.isEnded)

test "what nobody can join any more comes out of run":
  raises(ValueError, "nobody looks"):
    run(proc () =
      go(proc () = raise newException(ValueError, "nobody looks"))
      pass())
  raises(ValueError, "later"):
    run(proc () =
      go(proc () =
        sleep(3)
        raise newException(ValueError, "later")))

test "handles that outlive their runtime":
  var kept, failed: Task[int]
  run(proc () =
    kept = go(proc (): int = 5)
    failed = go(proc (): int = raise newException(ValueError, "told later")))
  doAssert kept.isEnded and kept.join() == 5
  raises(ValueError, "told later"): discard failed.join()
  kept.cancel()
  kept = nil
  run(proc () = failed = nil)

test "time":
  let begin = getMonoTime()
  run(proc () =
    var all: seq[Task[void]]
    for i in 0 ..< 100: all.add go(proc () = sleep(initDuration(milliseconds = 20)))
    for task in all: task.join())
  let taken = (getMonoTime() - begin).inMilliseconds
  doAssert taken >= 20 and taken < 1900, $taken
  run(proc () =
    let slow = go(proc () = sleep(60))
    raises(TimeoutError, "deadline"): slow.join(after(5))
    raises(TimeoutError, "deadline"): slow.join(atOnce)
    slow.join(after(5000)))

test "cancellation":
  run(proc () =
    var log: seq[string]
    let task = go(proc () =
      defer: log.add "defer"
      try: # two, because C++ of Nim forgets a `finally` beside an `except` that does not match
        try:
          sleep(1_000_000)
        finally:
          doAssert isTaskCancelled()
          shielded: sleep(2)
          log.add "finally"
      except CatchableError:
        log.add "not caught"
      log.add "never")
    pass()
    task.cancel()
    raises(TaskCancelled, "cancelled"): task.join()
    doAssert log == @["finally", "defer"]
    let early = go(proc () = pass())
    early.cancel()
    raises(TaskCancelled, ""): early.join())
  run(proc () =
    let dropped = go(proc () = sleep(1_000_000))
    pass()
    dropped.cancel()) # a cancelled task is no error of anybody's

test "exceptions that are handled while others run":
  run(proc () =
    var all: seq[Task[int]]
    for i in 0 ..< 50:
      (proc (i: int) =
        all.add go((proc (): int =
          for round in 0 .. 9:
            try:
              raise newException(ValueError, $i)
            except ValueError as error:
              pass()
              doAssert getCurrentException() == error and error.msg == $i
              inc result), sharedStack = i mod 2 == 0))(i)
    for task in all: doAssert task.join() == 10)

test "channels":
  run(proc () =
    for capacity in [0, 1, 5]:
      let texts = newChan[string](capacity)
      let sums = newChan[int](1)
      for shared in [false, true]:
        go(proc () =
          var sum = 0
          for text in texts: sum += parseInt(text)
          sums.send(sum), sharedStack = shared)
      for i in 1 .. 1000: texts.send($i)
      texts.close()
      texts.close()
      raises(ChannelClosed, "send"): texts.send("x")
      raises(ChannelClosed, "recv"): discard texts.recv()
      var text: string
      doAssert not texts.recv(text)
      doAssert sums.recv() + sums.recv() == 500500)

type Box = ref object
  tracked: Tracked

test "channels: deadlines, what is there, what is left in them":
  run(proc () =
    let boxes = newChan[Box](2)
    doAssert boxes.tryRecv().isNone
    raises(TimeoutError, "recv"): discard boxes.recv(after(3))
    boxes.send(Box(tracked: tracked()))
    boxes.send(Box(tracked: tracked()))
    raises(TimeoutError, "send"): boxes.send(Box(tracked: tracked()), after(3))
    doAssert dropped == 1 and boxes.len == 2
    let box = boxes.recv()
    use(box.tracked))
  settle()
  doAssert dropped == 3, $dropped

test "a channel goes while it is waited for":
  run(proc () =
    var chan = newChan[int]()
    let task = go(proc () = raises(TimeoutError, "recv"): discard chan.recv(after(20)))
    pass()
    chan = nil
    task.join())

test "references stay alive on parked stacks of tasks":
  type Node = ref object
    next: Node
    tracked: Tracked
  run(proc () =
    for i in 0 ..< 100:
      go((proc () =
        let mine = Node(tracked: tracked())
        mine.next = mine
        for round in 0 .. 5:
          pass()
          when defined(gcOrc):
            if i == 0: GC_fullCollect()
          doAssert mine.next == mine
        use(mine.tracked)
        mine.next = nil), sharedStack = true))
  doAssert dropped == 100, $dropped

test "select":
  run(proc () =
    let numbers = newChan[int](1)
    let texts = newChan[string]()
    var number: int
    var text = "old"
    var outgoing = "out"
    doAssert select([receiving(numbers, number), receiving(texts, text)], after(3)).index == -1
    doAssert text == ""
    numbers.send(4)
    doAssert select([receiving(numbers, number), receiving(texts, text)]) == Selected(index: 0)
    doAssert number == 4
    let taker = go(proc (): string = texts.recv())
    doAssert select([receiving(numbers, number), sending(texts, outgoing)]).index == 1
    doAssert outgoing == "" and taker.join() == "out"
    outgoing = "kept"
    doAssert select([sending(texts, outgoing)], atOnce).index == -1 and outgoing == "kept"
    numbers.close()
    doAssert select([receiving(texts, text), receiving(numbers, number)]) == Selected(index: 1, closed: true)
    let task = go(proc () = sleep(3))
    doAssert select([receiving(texts, text), ending(task)]).index == 1
    doAssert select([], after(3)).index == -1)

test "select on a shared stack, with values that own memory":
  run(proc () =
    let a = newChan[string]()
    let b = newChan[seq[string]]()
    let task = go((proc (): string =
      for i in 0 .. 99:
        var text: string
        var list: seq[string]
        let first = select([receiving(a, text), receiving(b, list)])
        if first.index == 0: result.add text
        else: result.add list.join("")), sharedStack = true)
    for i in 0 .. 99:
      if i mod 2 == 0: a.send("x") else: b.send(@["y", "z"])
    let got = task.join()
    doAssert got == repeat("xyz", 50), got)

proc port(fd: cint): string =
  let (_, port) = getLocalAddr(SocketHandle(fd), Domain.AF_INET)
  $uint16(port)

proc serve(connection: cint) =
  go((proc () =
    while true:
      let got = rt.read(connection, 100)
      if got == "": break
      rt.write(connection, got)
    rt.close(connection)), sharedStack = true)

test "sockets":
  run(proc () =
    let listener = listen("tcp", "127.0.0.1:0")
    let address = "127.0.0.1:" & port(listener)
    go(proc () =
      try:
        while true:
          serve(accept(listener))
      except TaskCancelled: discard)
    var clients: seq[Task[void]]
    for i in 0 ..< 20:
      (proc (i: int) =
        clients.add go(proc () =
          let connection = dial("tcp", address, after(5000))
          for round in 0 ..< 10:
            let text = repeat(char(ord('a') + i), 1 + 37 * round)
            rt.write(connection, text)
            doAssert readFull(connection, text.len) == text
          raises(TimeoutError, "read"): discard rt.read(connection, 1, after(2))
          rt.close(connection)))(i)
    for client in clients: client.join()
    rt.close(listener)
    raises(OSError, "dial"): discard dial("tcp", address)
    raises(OSError, "close"): rt.close(-1))

test "pipes, select on them, the end":
  run(proc () =
    var ends: array[2, cint]
    doAssert posix.pipe(ends) == 0
    doAssert select([readable(ends[0])], after(2)).index == -1
    doAssert select([readable(ends[0]), writable(ends[1])]).index == 1
    go(proc () =
      rt.write(ends[1], "hello")
      rt.close(ends[1]))
    doAssert select([readable(ends[0])]).index == 0
    doAssert readFull(ends[0], 100) == "hello"
    doAssert rt.read(ends[0], 10) == "" and readFull(ends[0], 3) == "" and readFull(ends[0], 0) == ""
    rt.close(ends[0]))

test "generators and coroutines in tasks":
  run(proc () =
    var sum = 0
    var all: seq[Task[void]]
    for i in 0 ..< 10:
      all.add go((proc () =
        let squares = generator(int):
          for i in 1 .. 10: emit i * i
        for x in squares:
          sum += x
          pass()), sharedStack = i mod 2 == 0)
    let co = coroutine:
      suspend()
    while co.resume(): pass()
    for task in all: task.join()
    doAssert sum == 3850, $sum)

# An emulator has a thread of its own, which the runtime takes for one that might wake somebody.
when not defined(underEmulation):
  test "nothing can wake them":
    raises(DeadlockError, "nothing could wake"):
      run(proc () =
        let chan = newChan[int]()
        go(proc () = discard chan.recv()))
    doAssert run(proc (): int = 1) == 1

proc inThread(sum: ptr int) {.thread.} =
  proc main() =
    let numbers = newChan[int]()
    go(proc () =
      for i in 1 .. 100: numbers.send(i)
      numbers.close())
    for number in numbers: sum[] += number
  run(main)

test "a runtime in each thread":
  var threads: array[4, Thread[ptr int]]
  var sums: array[4, int]
  for i in 0 .. 3: createThread(threads[i], inThread, addr sums[i])
  joinThreads(threads)
  for sum in sums: doAssert sum == 5050

done("trt")
