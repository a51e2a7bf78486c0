## Generators.

import aco
import checking

proc count(n: int): Generator[int] =
  generator(int):
    for i in 1 .. n: emit i

test "a loop over a generator":
  var got: seq[int]
  for x in count(5): got.add x
  doAssert got == @[1, 2, 3, 4, 5]
  for x in count(0): doAssert false

test "asked one by one":
  let gen = count(2)
  doAssert gen.next() == some(1) and not gen.finished
  var x: int
  doAssert gen.next(x) and x == 2 and not gen.finished
  doAssert gen.next() == none(int) and gen.finished and gen.next() == none(int)

test "a loop that is left is gone on with":
  let gen = count(6)
  for x in gen:
    if x == 3: break
  var rest: seq[int]
  for x in gen: rest.add x
  doAssert rest == @[4, 5, 6]

test "strings, sequences, references, and types that only move":
  type Only = object
    tracked: Tracked
    x: int
  let texts = generator(string):
    var text = ""
    for c in 'a' .. 'e':
      text.add c
      emit text
  var all = ""
  for text in texts: all.add text & " "
  doAssert all == "a ab abc abcd abcde "
  let lists = generator(seq[ref int]):
    for i in 0 .. 2:
      let x = new int
      x[] = i
      emit @[x, x]
  var sum = 0
  for list in lists: sum += list[0][] + list[1][]
  doAssert sum == 6
  proc only() =
    let onlys = newGenerator[Only](proc (yielder: Yielder[Only]) =
      for i in 0 .. 3: yielder.emit(Only(tracked: tracked(), x: i)))
    var one: Only
    var seen = 0
    while onlys.next(one): seen += one.x
    doAssert seen == 6
  only()
  doAssert dropped == 4, $dropped

type Tree = ref object
  left, right: Tree
  value: int

proc insert(tree: Tree, value: int): Tree =
  if tree == nil: return Tree(value: value)
  if value < tree.value: tree.left = insert(tree.left, value)
  else: tree.right = insert(tree.right, value)
  tree

proc walk(tree: Tree, yielder: Yielder[int]) =
  if tree == nil: return
  walk(tree.left, yielder)
  yielder.emit(tree.value)
  walk(tree.right, yielder)

test "emitted at any depth":
  var tree: Tree
  for x in [5, 2, 8, 1, 9, 3]: tree = insert(tree, x)
  let values = newGenerator[int](proc (yielder: Yielder[int]) = walk(tree, yielder))
  var got: seq[int]
  for x in values: got.add x
  doAssert got == @[1, 2, 3, 5, 8, 9]

test "generators of generators, two in turns, on one stack":
  proc sieve(source: Generator[int], prime: int): Generator[int] =
    newGenerator[int](proc (yielder: Yielder[int]) =
      for x in source:
        if x mod prime != 0: yielder.emit(x))
  var source = generator(int):
    var i = 2
    while true:
      emit i
      inc i
  var primes: seq[int]
  for i in 0 ..< 25:
    let prime = source.next().get
    primes.add prime
    source = sieve(source, prime)
  doAssert primes[^1] == 97
  let stack = newSharedStack()
  proc times(n: int): Generator[int] =
    generator(stack, int):
      for i in 1 .. 100: emit i * n
  let (a, b) = (times(3), times(5))
  for i in 1 .. 100:
    doAssert a.next() == some(3 * i) and b.next() == some(5 * i)

test "exceptions come out of the loop":
  let gen = generator(int):
    emit 1
    raise newException(ValueError, "no more")
  var got = 0
  raises(ValueError, "no more"):
    for x in gen: got += x
  doAssert got == 1 and gen.finished

test "unwound when nobody reads it any more":
  var log: seq[string]
  proc half(stop: int) =
    for x in generator(int, (
      let one = tracked();
      try:
        for i in 0 .. 100: emit i
      finally:
        log.add "unwound"
        use(one))):
      if x == stop: break
  half(3)
  doAssert log == @["unwound"] and dropped == 1, $log & $dropped
  let gen = generator(int):
    try:
      for i in 0 .. 100: emit i
    finally: log.add "cancelled"
  discard gen.next()
  gen.cancel()
  doAssert log[^1] == "cancelled" and gen.next() == none(int)

test "a value that nobody takes is destroyed":
  type Box = ref object
    tracked: Tracked
  proc half() =
    let gen = generator(Box):
      for i in 0 .. 3: emit Box(tracked: tracked())
    discard gen.next()
    discard gen.next()
  half()
  doAssert dropped == 2
  var gen: Generator[Box]
  gen = generator(Box):
    gen = nil
    emit Box(tracked: tracked())
  doAssert gen.next().isNone and dropped == 3

test "misuse":
  let gen = generator(int):
    raises(CoroutineDefect, "in a generator"): suspend()
    let other = newCoroutine(proc () =
      raises(CoroutineDefect, "outside of its generator"): yielder.emit(1))
    other.resume()
    emit 2
  doAssert gen.next() == some(2)
  raises(CoroutineDefect, "without a body"): discard newGenerator[int](nil)

done("tgenerators")
