## Reference counting and the cycle collector over frames that are parked, on shared stacks above all: what they hold is
## not on any stack then, but in the library's save areas.

import std/strutils
import aco
import checking

var
  made = 0
  gone = 0

type
  Mark = object
    isOn: bool
  Node = ref object
    ## May be a part of cycles. Knows its number, and a text on the heap that must be the same to the end.
    next: Node
    number: int
    text: string
    mark: Mark

when NimMajor >= 2:
  proc `=destroy`(mark: Mark) = (if mark.isOn: inc gone)
else:
  proc `=destroy`(mark: var Mark) = (if mark.isOn: inc gone)
proc `=copy`(to: var Mark, mark: Mark) {.error.}

proc node(number: int, next: Node = nil): Node =
  inc made
  Node(next: next, number: number, text: repeat($number, 5), mark: Mark(isOn: true))

proc check(node: Node) {.noinline.} =
  doAssert node.text == repeat($node.number, 5)

proc ring(n: int): Node =
  ## A cycle of `n` nodes.
  let first = node(0)
  result = first
  for i in 1 ..< n: result = node(i, result)
  first.next = result

proc checkRing(ring: Node, n: int) =
  var at = ring
  for i in 0 ..< n:
    check(at)
    at = at.next
  doAssert at == ring

proc collect() =
  when defined(gcOrc): GC_fullCollect()
  settle()

# With `setjmp` and optimisation Nim loses destructors where an exception passes, without any coroutine.
const isExact = not (compileOption("exceptions", "setjmp") and compileOption("opt", "speed"))

template counted(name: string, isBalanced: bool, body: untyped) =
  test name:
    made = 0
    gone = 0
    proc inside() {.gensym.} = body
    inside()
    for i in 0 .. 3: collect()
    when isExact and (defined(gcOrc) or isBalanced): doAssert gone == made, $gone & " of " & $made

proc overwrite(stack: SharedStack) =
  ## Other frames where the parked ones were.
  let other = newCoroutine(stack, proc () =
    var bytes: array[2000, int]
    for i in 0 ..< 2000: bytes[i] = i
    suspend()
    doAssert bytes[1999] == 1999)
  other.resume()
  other.resume()

counted("a reference that only a parked frame holds", true):
  let stack = newSharedStack()
  var all: seq[Coroutine]
  for i in 0 ..< 50:
    (proc (i: int) =
      all.add newCoroutine(stack, proc () =
        let mine = node(i)
        suspend()
        check(mine)
        let second = node(i + 1, mine)
        suspend()
        check(second)
        check(second.next)))(i)
  for round in 0 .. 2:
    for co in all: co.resume()
    overwrite(stack)
    collect()
    doAssert gone == (if round == 2: 100 else: 0)

counted("a cycle that only a parked frame holds", false):
  let stack = newSharedStack()
  var all: seq[Coroutine]
  for i in 1 .. 20:
    (proc (i: int) =
      all.add newCoroutine(stack, proc () =
        let mine = ring(i)
        suspend()
        checkRing(mine, i)
        suspend()
        checkRing(mine, i)))(i)
  for round in 0 .. 1:
    for co in all: co.resume()
    overwrite(stack)
    collect()
    doAssert gone == 0
  for co in all: co.resume()

counted("a cycle from a parked frame to the heap and back", false):
  let stack = newSharedStack()
  var outside: Node
  let co = newCoroutine(stack, proc () =
    let mine = ring(4)
    outside = mine.next
    suspend()
    checkRing(mine, 4))
  co.resume()
  overwrite(stack)
  outside = nil # a candidate now, held by the frame
  collect()
  doAssert gone == 0
  co.resume()

counted("garbage that one makes is collected while another runs", false):
  let stack = newSharedStack()
  let makes = newCoroutine(stack, proc () =
    for i in 1 .. 30:
      discard ring(3)
      suspend())
  let collects = newCoroutine(stack, proc () =
    let mine = ring(5)
    while true:
      collect()
      checkRing(mine, 5)
      suspend())
  for i in 1 .. 30:
    makes.resume()
    collects.resume()
    when defined(gcOrc): doAssert gone >= made - 5 - 3, $gone & " of " & $made

counted("collections that begin by themselves, with hundreds of parked frames", false):
  let stack = newSharedStack()
  var all: seq[Coroutine]
  for i in 0 ..< 300:
    (proc (i: int) =
      all.add newCoroutine(stack, proc () =
        var mine = ring(1 + i mod 7)
        for round in 0 .. 9:
          suspend()
          checkRing(mine, 1 + (i + round) mod 7)
          mine = ring(1 + (i + round + 1) mod 7)))(i)
  for round in 0 .. 10:
    for co in all: co.resume()
  for co in all: doAssert co.finished

type
  Holder = ref object
    ## Garbage, as a part of a cycle, that has a coroutine.
    other: Holder
    co: Coroutine
    gen: Generator[Node]

var unwound = 0

proc park(shared: Node, co: var Coroutine) =
  let kept = shared
  co = newCoroutine(proc () =
    let mine = ring(3)
    let outer = kept
    try:
      suspend()
    finally:
      inc unwound
      for i in 0 .. 4: discard ring(2)
      checkRing(mine, 3)
      checkRing(outer, 6))
  co.resume()

counted("coroutines in cyclic garbage are unwound, and make garbage of their own", false):
  unwound = 0
  let kept = ring(6)
  proc garbage() =
    let a = Holder()
    a.other = Holder(other: a)
    park(kept, a.co)
    a.gen = generator(Node):
      for i in 0 .. 3: emit ring(2)
    discard a.gen.next()
  for round in 0 .. 9:
    for i in 0 ..< 100: garbage()
    when defined(gcOrc): GC_fullCollect()
  checkRing(kept, 6)
  for i in 0 .. 3: collect()
  when defined(gcOrc): doAssert unwound == 1000, $unwound

counted("fresh ones in cyclic garbage drop what they capture", false):
  let kept = ring(6)
  proc garbage() =
    let mine = ring(2)
    let outer = kept
    let a = Holder(co: newCoroutine(proc () =
      check(mine)
      check(outer)))
    a.other = Holder(other: a)
  for round in 0 .. 9:
    for i in 0 ..< 100: garbage()
    when defined(gcOrc): GC_fullCollect()
  checkRing(kept, 6)

counted("a coroutine that captures itself is not taken apart; cancelled it goes", false):
  var log: seq[string]
  var handles: seq[Coroutine]
  proc knot() =
    var co: Coroutine
    co = newCoroutine(proc () =
      let mine = ring(3)
      try:
        suspend()
        checkRing(mine, 3)
      finally:
        log.add(if co.finished: "over" else: "unwound"))
    co.resume()
    handles.add co
  knot()
  for i in 0 .. 2: collect()
  doAssert gone == 0 and log.len == 0
  handles[0].cancel()
  doAssert log == @["unwound"]

counted("one that ends lets itself go", false):
  proc knot() =
    let tracked = new Tracked
    tracked[] = tracked()
    var co: Coroutine
    co = newCoroutine(proc () =
      use(tracked[])
      doAssert not co.finished)
    co.resume()
  knot()
  collect()
  when defined(gcOrc): doAssert dropped == 1

done("tcollector")
