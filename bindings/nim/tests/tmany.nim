## Ten thousand coroutines.

import aco
import checking

const many = 10_000

proc rounds(make: proc (body: proc ()): Coroutine) =
  var all: seq[Coroutine]
  var sum = 0
  for i in 0 ..< many:
    (proc (i: int) =
      all.add make(proc () =
        var mine = $i
        suspend()
        mine.add "x"
        try:
          suspend()
          raise newException(ValueError, mine)
        except ValueError as error:
          suspend()
          sum += error.msg.len))(i)
  for round in 0 .. 2:
    for co in all: doAssert co.resume()
  for co in all: doAssert not co.resume()
  doAssert sum == 10 * 2 + 90 * 3 + 900 * 4 + 9000 * 5

test "on stacks of their own":
  rounds(proc (body: proc ()): Coroutine = newCoroutine(body, 64 * 1024))

test "on one stack":
  let stack = newSharedStack()
  rounds(proc (body: proc ()): Coroutine =
    newCoroutine(stack, body))

test "half done, on one stack and on their own":
  let stack = newSharedStack()
  proc half() =
    var all: seq[Coroutine]
    for i in 0 ..< many:
      let body = proc () =
        let one = tracked()
        suspend()
        use(one)
      all.add(if i mod 2 == 0: newCoroutine(stack, body) else: newCoroutine(body, 64 * 1024))
      all[^1].resume()
    doAssert dropped == 0
  half()
  doAssert dropped == many, $dropped

done("tmany")
