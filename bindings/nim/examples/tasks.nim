## Tasks over the runtime: producers and a consumer, select with a deadline, a server and its client.

import std/nativesockets
import aco/rt

proc produce(numbers: Chan[int], first: int) =
  go(proc () =
    for i in 0 .. 2:
      numbers.send(first + i)
      sleep(1))

proc answer(connection: cint) =
  try:
    discard go(proc () =
      defer: rt.close(connection)
      rt.write(connection, "you said " & rt.read(connection, 100)))
  except OSError: # no memory for a task: the connection is still this one's
    rt.close(connection)
    raise

proc main() =
  let numbers = newChan[int]()
  produce(numbers, 10)
  produce(numbers, 20)
  var sum = 0
  for i in 1 .. 6: sum += numbers.recv()
  echo "sum ", sum

  var number: int
  let first = select([receiving(numbers, number)], after(5))
  echo if first.index < 0: "nothing more" else: "more"

  let listener = listen("tcp", "127.0.0.1:0")
  defer: rt.close(listener)
  let (_, port) = getLocalAddr(SocketHandle(listener), Domain.AF_INET)
  let client = go(proc (): string =
    let connection = dial("tcp", "127.0.0.1:" & $uint16(port), after(5000))
    defer: rt.close(connection)
    rt.write(connection, "hello")
    result = readFull(connection, 100))
  answer(accept(listener))
  echo client.join()

  let slow = go(proc () =
    try: sleep(1_000_000)
    finally: echo "cancelled")
  try:
    slow.join(after(5))
  except TimeoutError:
    slow.cancel()

when isMainModule:
  run(main)

# Prints:
# sum 96
# nothing more
# you said hello
# cancelled
