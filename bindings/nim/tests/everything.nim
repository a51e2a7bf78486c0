## The tests that are one process: for variants of compiler and flags.

{.warning[UnusedImport]: off.}
import tclassic, texceptions, tlifetimes, tgenerators, tcollector, tmany, tthreads, ttraces, trt
