## Stackful coroutines: libaco for Nim.
##
## * `classic <aco/classic.html>`_: libaco's functions under their C names
## * `coroutines <aco/coroutines.html>`_: closures with a stack, which nobody has to free
## * `generators <aco/generators.html>`_: `for value in generator`
## * `aco_private <aco_private.html>`_, to be imported by itself: what copied stacks cost
## * `aco/rt <aco/rt.html>`_, to be imported by itself: tasks, time, channels, sockets

import aco/[classic, coroutines, generators]
export classic, coroutines, generators
