## The same as this program in C:
##
## .. code-block:: c
##   #include "aco.h"
##   #include <stdio.h>
##
##   static void co_fp(void) {
##       int *arg = aco_get_arg();
##       printf("Coroutine: %d\n", *arg);
##       aco_yield();
##       aco_exit();
##   }
##
##   int main(void) {
##       aco_thread_init(NULL);
##       aco_t *main_co = aco_create(NULL, NULL, 0, NULL, NULL);
##       aco_share_stack_t *sstk = aco_share_stack_new(0);
##       int value = 42;
##       aco_t *co = aco_create(main_co, sstk, 0, co_fp, &value);
##       aco_resume(co);
##       aco_resume(co);
##       aco_destroy(co);
##       aco_share_stack_destroy(sstk);
##       aco_destroy(main_co);
##       return 0;
##   }

import std/strformat
import aco

proc co_fp() =
  let arg = cast[ptr int](aco_get_arg())
  block: # the text that is printed is destroyed before the coroutine ends
    echo fmt"Coroutine: {arg[]}"
  aco_yield()
  aco_exit()

proc main() =
  aco_thread_init(nil)
  let main_co = aco_create(nil, nil, 0, nil, nil)
  let sstk = aco_share_stack_new(0)

  var value = 42
  let co = aco_create(main_co, sstk, 0, co_fp, addr(value))

  aco_resume(co)
  aco_resume(co)

  aco_destroy(co)
  aco_share_stack_destroy(sstk)
  aco_destroy(main_co)

when isMainModule:
  main()

# Prints:
# Coroutine: 42
