## The end of a program that cannot go on: one line, as the library's own, and SIGABRT.

import native

proc abort() {.importc, header: "<stdlib.h>", noreturn.}

proc refuse*(function, what, rule: string, trace = "") {.noreturn, raises: [].} =
  ## `trace` is shown above the line.
  const digits = "0123456789abcdef"
  var address = ""
  var rest = cast[uint](current())
  while rest > 0 or address.len == 0:
    address.insert($digits[rest mod 16])
    rest = rest div 16
  try:
    stderr.write trace & "aco: fatal: " & function & "(0x" & address & "): " & what & " (" & rule & ")\n"
    stderr.flushFile()
  except IOError:
    discard
  abort()
