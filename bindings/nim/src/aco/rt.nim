## Tasks that wait for time, sockets, channels and each other without blocking their thread.
##
## .. code-block:: nim
##   import aco/rt
##   run(proc () =
##     let numbers = newChan[int]()
##     go(proc () =
##       for i in 1 .. 3: numbers.send(i)
##       numbers.close())
##     for number in numbers: echo number)
##
## A runtime is a thread's own, and all of its tasks run there: they may share references. Threads may each have one.

import rt/[waiting, tasks, channels, selecting, io]
export TaskCancelled, TimeoutError, ChannelClosed, DeadlockError, Deadline, never, atOnce, after, `==`, sleep, pass
export tasks except native
export channels, selecting, io
