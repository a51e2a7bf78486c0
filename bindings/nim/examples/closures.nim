## Coroutines of closures: nothing is to be freed, exceptions come out of `resume`, and what is left half
## done is unwound.

import aco

proc main() =
  var log = 0
  let greet = coroutine:
    echo "hello"
    suspend()
    inc log
    echo "goodbye"
  while greet.resume():
    echo "meanwhile"

  let stack = newSharedStack()
  var all: seq[Coroutine]
  for name in ["one", "two"]:
    (proc (name: string) = # a closure has the variables of a call, not of a turn of a loop
      all.add coroutine(stack) do:
        defer: echo name, " is over"
        for i in 1 .. 2:
          echo name, " ", i
          suspend()
        if name == "two": raise newException(ValueError, "from two"))(name)
  for round in 1 .. 3:
    for co in all:
      try:
        co.resume()
      except ValueError as error:
        echo "caught: ", error.msg

  proc leaveHalfDone() =
    let half = coroutine:
      try:
        suspend()
        echo "never here"
      finally:
        echo "unwound"
    half.resume()
  leaveHalfDone()
  doAssert log == 1

when isMainModule:
  main()

# Prints:
# hello
# meanwhile
# goodbye
# one 1
# two 1
# one 2
# two 2
# one is over
# two is over
# caught: from two
# unwound
