## Generators: a loop over a walk that nobody has turned inside out.

import aco

type Tree = ref object
  left, right: Tree
  key: string

proc insert(tree: Tree, key: string): Tree =
  if tree == nil: return Tree(key: key)
  if key < tree.key: tree.left = tree.left.insert(key)
  else: tree.right = tree.right.insert(key)
  tree

proc walk(tree: Tree, yielder: Yielder[string]) =
  if tree == nil: return
  walk(tree.left, yielder)
  yielder.emit(tree.key)
  walk(tree.right, yielder)

proc keys(tree: Tree): Generator[string] =
  newGenerator[string](proc (yielder: Yielder[string]) = walk(tree, yielder))

proc main() =
  let squares = generator(int):
    var i = 1
    while true:
      emit i * i
      inc i
  for square in squares:
    if square > 30: break
    echo square
  echo "and then ", squares.next().get

  var tree: Tree
  for key in ["pear", "apple", "quince", "fig", "plum"]: tree = tree.insert(key)
  for key in keys(tree): echo key

when isMainModule:
  main()

# Prints:
# 1
# 4
# 9
# 16
# 25
# and then 49
# apple
# fig
# pear
# plum
# quince
