## Threads: each has its main coroutine, its stack, its coroutines.

import aco

type Job = object
  number, sum: int

proc work() =
  let job = cast[ptr Job](aco_get_arg())
  for i in 1 .. job.number:
    job.sum += i
    aco_yield()

proc entry() =
  work()
  aco_exit()

proc workerThread(job: ptr Job) {.thread.} =
  aco_thread_init(nil)
  let main_co = aco_create(nil, nil, 0, nil, nil)
  let sstk = aco_share_stack_new(0)
  let co = aco_create(main_co, sstk, 0, entry, job)

  while not co.is_end:
    aco_resume(co)

  aco_destroy(co)
  aco_share_stack_destroy(sstk)
  aco_destroy(main_co)

proc main() =
  var
    jobs: array[4, Job]
    threads: array[4, Thread[ptr Job]]
  for i in 0 ..< 4:
    jobs[i] = Job(number: 10 * (i + 1))
    createThread(threads[i], workerThread, addr(jobs[i]))
  joinThreads(threads)
  for job in jobs:
    echo "The sum up to ", job.number, " is ", job.sum

when isMainModule:
  main()

# Prints:
# The sum up to 10 is 55
# The sum up to 20 is 210
# The sum up to 30 is 465
# The sum up to 40 is 820
