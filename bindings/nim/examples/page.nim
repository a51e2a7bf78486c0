# The programs of README.md, one after another.
import aco
import aco/classic

type Tree = ref object
  left, right: Tree
  key: string

let tree = Tree(left: Tree(key: "a"), key: "b", right: Tree(key: "c"))

proc count() =
  echo "one"
  aco_yield()
  echo "two"

import aco

let squares = generator(int):
  for i in 1 .. 5: emit i * i
for square in squares: echo square

let greet = coroutine:
  echo "hello"
  suspend()
  echo "goodbye"
while greet.resume():
  echo "meanwhile"

proc walk(tree: Tree, yielder: Yielder[string]) =
  if tree == nil: return
  walk(tree.left, yielder)
  yielder.emit(tree.key)
  walk(tree.right, yielder)

for key in newGenerator[string](proc (yielder: Yielder[string]) = walk(tree, yielder)): echo key

import aco/rt

run(proc () =
  let numbers = newChan[int]()
  go(proc () =
    for i in 1 .. 3: numbers.send(i)
    numbers.close())
  for number in numbers: echo number)

proc entry() =
  count()
  aco_exit()

aco_thread_init(nil)
let main_co = aco_create(nil, nil, 0, nil, nil)
let sstk = aco_share_stack_new(0)
let co = aco_create(main_co, sstk, 0, entry, nil)
while not co.is_end:
  aco_resume(co)
aco_destroy(co)
aco_share_stack_destroy(sstk)
aco_destroy(main_co)

# Prints:
# 1
# 4
# 9
# 16
# 25
# hello
# meanwhile
# goodbye
# a
# b
# c
# 1
# 2
# 3
# one
# two
