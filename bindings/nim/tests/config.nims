# Programs of tests/ and examples/ use the package beside them, and, in a checkout of the project, the library of
# its `make`. A 1.6 compiler has to be told what later ones do by themselves.
import std/[os, strutils]

const package = currentSourcePath().parentDir.parentDir
const project = package.parentDir.parentDir

switch("path", package / "src")
if NimMajor < 2:
  switch("threads", "on")
  var isChosen = false
  for i in 1 .. paramCount():
    if paramStr(i).startsWith("--mm"): isChosen = true
  if not isChosen: switch("mm", "orc")
if fileExists(project / "include" / "aco.h") and not defined(acoIncludeDir):
  switch("define", "acoIncludeDir:" & project / "include")
  if not defined(acoLibDir): switch("define", "acoLibDir:" & project / "build")
