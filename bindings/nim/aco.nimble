version     = "1.3.0"
author      = "the libaco authors"
description = "Stackful coroutines, generators and tasks over libaco"
license     = "Apache-2.0"
srcDir      = "src"

requires "nim >= 1.6.10"

task docs, "writes htmldocs/":
  # The compiler that reads this file, not whichever `nim` the PATH has.
  for module in ["aco", "aco_private", "aco/rt"]:
    selfExec "doc --project --mm:orc --hints:off --outdir:htmldocs src/" & module & ".nim"
