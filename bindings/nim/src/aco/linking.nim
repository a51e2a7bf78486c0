# How the library is found; included by the modules that declare what C has, because Nim's `pragma`
# pragma is for one module.
#
#   (default)       aco.h, acort.h and -laco
#   -d:acoStatic    the same headers, and libaco.a
#   -d:acoDynlib    neither: dlopen(3) when the program starts; -d:acoLibrary=<name> names another file
#
#   -d:acoIncludeDir=<folder>, -d:acoLibDir=<folder>: where the compiler does not look by itself

when not (defined(gcArc) or defined(gcOrc) or defined(gcAtomicArc)):
  {.error: "aco needs --mm:orc or --mm:arc: the other memory managers look for references on the one stack " &
    "that they know of a thread, and miss those on the stacks of coroutines".}

when not (defined(linux) and (defined(amd64) or defined(arm64))):
  {.error: "aco is for Linux on x86-64 and aarch64".}

const
  acoIncludeDir {.strdefine.} = ""
  acoLibDir {.strdefine.} = ""

when defined(acoDynlib):
  const
    acoLibrary {.strdefine.} = "libaco.so(.1|)"
    acoFile = acoLibrary & "" # Nim 1.6 gives `dynlib` the default of a define
  {.pragma: acoCall, cdecl, dynlib: acoFile.}
  {.pragma: acoExtCall, cdecl, dynlib: acoFile.}
  {.pragma: acortCall, cdecl, dynlib: acoFile.}
  {.pragma: acoStruct, bycopy.}
  {.pragma: acortStruct, bycopy.}
else:
  {.pragma: acoCall, cdecl, header: "aco.h".}
  {.pragma: acoExtCall, cdecl, header: "aco_ext.h".}
  {.pragma: acortCall, cdecl, header: "acort.h".}
  {.pragma: acoStruct, importc, header: "aco.h", bycopy.}
  {.pragma: acortStruct, importc, header: "acort.h", bycopy.}
  when acoIncludeDir != "":
    {.passC: "-I" & acoIncludeDir.}
  when defined(acoStatic):
    when acoLibDir != "":
      {.passL: acoLibDir & "/libaco.a".}
    else:
      {.passL: "-l:libaco.a".}
    {.passL: "-lpthread".}
  else:
    when acoLibDir != "":
      {.passL: "-L" & acoLibDir & " -Wl,-rpath," & acoLibDir.}
    {.passL: "-laco".}
