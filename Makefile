# make               build/libaco.so{,.1,.1.3.0} and build/libaco.a
# make test          a sample of the tests, in less than five minutes  (LANES="cc aarch64", LANES=all)
# make demo          the example with three coroutines, over this README  (FILE=some.txt)
# make test-nim      the tests of bindings/nim, with both of its compilers
# make bench         measures, and writes docs/performance.md, docs/dev/targets.md and charts  (ACO_PREFIX=, ACO_ROWS=)
# make bench-quick   measures the rows of the README, in three rounds
# make bench-rt      the same for acort: docs/performance-rt.{md,svg}  (ACO_ROWS=)
# make bench-net     servers with one worker and several: a section of docs/performance-rt.md  (ACO_ROWS=)
# make header        writes include/aco.h, aco_ext.h and acort.h from the Rust items
# make map           writes the maps in src/ from the tables of tests/layers
# make man           writes man/ and docs/api/ from the comments of the headers and docs/examples/; needs mandoc
# make site          the documents as a site, in build/site; needs what make setup installs
# make abi           at a release: writes what it promises to abi/, which later ones are compared with
# make install       PREFIX=/usr/local LIBDIR= INCLUDEDIR= MANDIR= DESTDIR=;  make uninstall
# make setup         installs what all lanes of the tests need (Debian, as root)
# make clean
# make RT=0          without acort, the runtime, in build/without-rt
# make KQUEUE=1      with kqueue for epoll, in build/kqueue, over the library that LDFLAGS names: for tests
# make DEBUG=1       libaco.so with debug information, in build/debug
# make deb           Debian packages and their sources, in build/deb
#
# Another target, in a folder of its own, build/$(TARGET):
#   make TARGET=aarch64-unknown-linux-gnu CC=aarch64-linux-gnu-gcc-12 RUSTC=/usr/bin/rustc
#
# The shared library is linked here, from Rust's static library, and not by rustc: rustc's own
# version script would hide every symbol that is not a Rust #[no_mangle] item (the TLS variable),
# and GNU ld refuses a second script beside it.

PREFIX     ?= /usr/local
LIBDIR     ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
MANDIR     ?= $(PREFIX)/share/man
DESTDIR    ?=
CARGO      ?= cargo
INSTALL    ?= install
TARGET     ?=
LANES      ?=
FILE       ?= README.md
RT         ?= 1
KQUEUE     ?= 0
DEBUG      ?= 0

VERSION := $(shell sed -n 's/^version *= *"\(.*\)"/\1/p' Cargo.toml | head -n 1)
MAJOR   := $(firstword $(subst ., ,$(VERSION)))
SONAME  := libaco.so.$(MAJOR)
SO      := libaco.so.$(VERSION)

# A build for another target shares no file with the others, cargo's included.
B      := build$(if $(TARGET),/$(TARGET))$(if $(filter 0,$(RT)),/without-rt)$(if $(filter 1,$(KQUEUE)),/kqueue)$(if $(filter 1,$(DEBUG)),/debug)
RSLIB  := $(B)/cargo/$(if $(TARGET),$(TARGET)/)release/libaco.a
SOURCES := Cargo.toml Cargo.lock build.rs $(shell find src -name '*.rs')
HEADERS := aco.h aco_inline.h aco_switch.h aco_ext.h aco_ext_inline.h aco_assert_override.h aco.hpp $(if $(filter-out 0,$(RT)),acort.h)

# The binutils of the compiler, so that naming the compiler is enough.
tool     = $(shell $(CC) -print-prog-name=$(1))
LD      := $(call tool,ld)
OBJCOPY := $(call tool,objcopy)
AR      := $(call tool,ar)

# The test suite, a package of its own, and the compilers that Debian has for another target.
SUITE := $(CARGO) run --quiet --locked --manifest-path tests/suite/Cargo.toml --target-dir target --
export CC_aarch64_unknown_linux_gnu  ?= aarch64-linux-gnu-gcc-12
export CXX_aarch64_unknown_linux_gnu ?= aarch64-linux-gnu-g++-12

.PHONY: all test test-long test-nim bench bench-quick bench-rt bench-net demo header map man site abi deb setup install uninstall clean
all: $(B)/libaco.so $(B)/libaco.a

ifneq ($(RUSTC),)
export RUSTC
endif

ifeq ($(DEBUG),1)
export CARGO_PROFILE_RELEASE_DEBUG = 2
else
STRIP := -Wl,-S
# What ld leaves of that: the names of object files, of statics, of labels and of what the C library has, and where code
# and data meet on aarch64. Functions keep theirs, but for those that format text.
THIN   = $(OBJCOPY) --strip-debug -w --strip-symbol='$$x*' --strip-symbol='$$d*' --strip-symbol='_ZN3aco*[A-Z]17h*' \
  --strip-symbol='*@GLIBC_*' --strip-symbol='aco_transferred_*' --strip-symbol='aco_switched_*' \
  --strip-symbol=aco_instrumented --strip-symbol='*core..fmt..*' --strip-symbol='*4core3fmt*' $@
# The names of functions without the hash that rustc adds, where they differ without it.
SHORTEN = $(OBJCOPY:%objcopy=%nm) $@ | sed -n -E 's/.* (_Z.*)(17h[0-9a-f]{16}E)(.*)/\1\2\3 \1E\3/p' | awk '!seen[$$2]++' > $(B)/short-names && \
  $(OBJCOPY) --redefine-syms=$(B)/short-names $@
endif

$(RSLIB): $(SOURCES)
	$(CARGO) rustc --quiet --locked --release --lib --crate-type staticlib --target-dir $(B)/cargo \
	  $(if $(TARGET),--target $(TARGET)) $(if $(filter 0,$(RT)),--no-default-features) \
	  $(if $(filter 1,$(KQUEUE)),-- --cfg aco_kqueue)

# -z nodelete: a coroutine may run while its library is being closed; the TLS block stays anyway.
$(B)/$(SO): $(RSLIB) $(B)/libaco.map
	$(CC) -o $@ -shared -Wl,-soname,$(SONAME) -Wl,--version-script=$(B)/libaco.map \
	  -Wl,--whole-archive $(RSLIB) -Wl,--no-whole-archive -Wl,--gc-sections -Wl,-O1 $(STRIP) \
	  -Wl,-z,defs -Wl,-z,relro,-z,now -Wl,-z,noexecstack -Wl,-z,nodelete -nostdlib -lc $(LDFLAGS)
	$(THIN)
	$(SHORTEN)

$(B)/libaco.so: $(B)/$(SO)
	ln -sf $(SO) $(B)/$(SONAME)
	ln -sf $(SONAME) $@

# The names of what is built.
$(B)/libaco.map: libaco.map $(RSLIB)
	sed '$(if $(filter 0,$(RT)),/acort_/d)' $< > $@

$(B)/libaco.sym: $(B)/libaco.map $(RSLIB)
	sed -n 's/^ *\([a-z_][A-Za-z0-9_]*\);.*/\1/p' $< > $@

# The functions that need the C library's getaddrinfo, in an object of their own: dist/names.rs.
OF_NAMES  := $(if $(filter-out 0,$(RT)),dial listen listen_ex getaddrinfo)
WITHIN    := $(foreach f,$(OF_NAMES),--redefine-sym acort_$f=aco_within_$f)
$(B)/names.o: dist/names.rs $(RSLIB) $(B)/libaco.sym
	$(if $(RUSTC),$(RUSTC),rustc) --edition 2024 --crate-type lib --crate-name names --emit obj -C panic=abort \
	  -C opt-level=2 $(if $(TARGET),--target $(TARGET)) $< -o $@
	$(OBJCOPY) --strip-unneeded --keep-global-symbols=$(B)/libaco.sym $@

# One object for all but those, only the public names global: no rust_* name leaks, and two Rust libraries can be
# linked into one program. --force-group-allocation: else the now local COMDAT group of
# DW.ref.rust_eh_personality would shadow that of another Rust library. --strip-unneeded: drops
# undefined names that only collected code used, and local ones that nothing refers to, but for the one
# that profilers show. .llvmbc: LLVM plugins of ar(1) choke on it.
$(B)/libaco.a: $(RSLIB) $(B)/libaco.sym $(if $(OF_NAMES),$(B)/names.o)
	$(LD) -r --gc-sections --force-group-allocation $$(sed 's/^/-u /' $(B)/libaco.sym) \
	  $(RSLIB) -o $(B)/libaco.o
	$(OBJCOPY) --strip-unneeded -K aco_root_resumer --keep-global-symbols=$(B)/libaco.sym \
	  -R .llvmbc -R .llvmcmd $(B)/libaco.o
	$(OBJCOPY) $(WITHIN) --weaken-symbol=getaddrinfo --weaken-symbol=freeaddrinfo $(B)/libaco.o
	rm -f $@
	$(AR) rcs $@ $(B)/libaco.o $(if $(OF_NAMES),$(B)/names.o)

test: all
	$(SUITE) $(LANES)

test-long: all
	$(SUITE) --long $(LANES)

test-nim: all
	$(SUITE) nim

bench: all
	$(CARGO) bench --quiet --locked --bench bench

bench-quick: all
	ACO_QUICK=1 $(CARGO) bench --quiet --locked --bench bench

bench-rt: all
	$(CARGO) bench --quiet --locked --bench bench-rt

bench-net: all
	$(CARGO) bench --quiet --locked --bench bench-net

demo: all
	$(CC) -O2 -Iinclude examples/words.c -o $(B)/words $(B)/libaco.a
	$(B)/words $(FILE)

header:
	ACO_BLESS=1 $(CARGO) test --quiet --locked --test header

map:
	ACO_BLESS=1 $(CARGO) test --quiet --locked --test layers

man: header
	ACO_BLESS=1 $(CARGO) test --quiet --locked --test manual -- --ignored

SPHINX := build/tools/site/bin
site:
	@test -x $(SPHINX)/sphinx-build || { echo 'make site needs Sphinx, which make setup installs' >&2; exit 1; }
	rm -rf build/site build/site-sources
	$(SPHINX)/python docs/site/stage.py build/site-sources
	$(SPHINX)/sphinx-build --quiet --nitpicky --fail-on-warning --conf-dir docs/site \
	  --doctree-dir build/site-sources/.doctrees build/site-sources build/site

abi:
	ACO_BLESS=1 $(SUITE) abidiff

deb:
	debian/tarballs build/deb
	cd build/deb/libaco-$(VERSION) && dpkg-buildpackage -us -uc

setup:
	sh tests/setup.sh

D := $(DESTDIR)
# What sed takes as it is: & and | have a meaning there.
literal  = $(subst |,\|,$(subst &,\&,$(1)))
# gdb of the same prefix loads a script from there when it loads the library of that path.
AUTOLOAD = $(PREFIX)/share/gdb/auto-load$(LIBDIR)
SUBSTITUTE = sed -e 's|@PREFIX@|$(call literal,$(PREFIX))|' \
  -e 's|@LIBDIR@|$(call literal,$(LIBDIR))|;s|@INCLUDEDIR@|$(call literal,$(INCLUDEDIR))|' \
  -e 's|@VERSION@|$(VERSION)|;s|@MAJOR@|$(MAJOR)|;s|@SO@|$(SO)|;s|@SONAME@|$(SONAME)|'

# The manual pages, and the names that are on them without being called like them; of what is built.
PAGES := $(filter-out $(if $(filter 0,$(RT)),man/acort%),$(wildcard man/*.3 man/*.7))
LINKS := $(if $(filter 0,$(RT)),grep -vi '^acort' man/links,cat man/links)

install: all
	$(INSTALL) -d '$(D)$(LIBDIR)/pkgconfig' '$(D)$(LIBDIR)/cmake/aco' '$(D)$(INCLUDEDIR)/libaco'
	$(INSTALL) -m 644 $(HEADERS:%=include/%) '$(D)$(INCLUDEDIR)'
	$(INSTALL) -m 644 include/libaco/*.h include/libaco/*.hpp '$(D)$(INCLUDEDIR)/libaco'
	$(INSTALL) -m 644 $(B)/$(SO) $(B)/libaco.a '$(D)$(LIBDIR)'
	ln -sf $(SO) '$(D)$(LIBDIR)/$(SONAME)'
	ln -sf $(SONAME) '$(D)$(LIBDIR)/libaco.so'
	$(SUBSTITUTE) dist/libaco.pc.in > '$(D)$(LIBDIR)/pkgconfig/libaco.pc'
	$(SUBSTITUTE) dist/aco-config.cmake.in > '$(D)$(LIBDIR)/cmake/aco/aco-config.cmake'
	$(SUBSTITUTE) dist/aco-config-version.cmake.in \
	  > '$(D)$(LIBDIR)/cmake/aco/aco-config-version.cmake'
	$(INSTALL) -d '$(D)$(PREFIX)/share/libaco' '$(D)$(AUTOLOAD)'
	$(INSTALL) -m 644 tools/gdb/aco.py '$(D)$(PREFIX)/share/libaco'
	$(SUBSTITUTE) dist/libaco-gdb.py.in > '$(D)$(AUTOLOAD)/$(SO)-gdb.py'
	$(INSTALL) -d '$(D)$(MANDIR)/man3' '$(D)$(MANDIR)/man7'
	$(INSTALL) -m 644 $(filter %.3,$(PAGES)) '$(D)$(MANDIR)/man3'
	$(INSTALL) -m 644 $(filter %.7,$(PAGES)) '$(D)$(MANDIR)/man7'
	$(LINKS) | while read name page; do \
	  echo ".so man3/$$page.3" > '$(D)$(MANDIR)/man3'/$$name.3; done

uninstall:
	rm -f $(addprefix '$(D)$(LIBDIR)'/,$(SO) $(SONAME) libaco.so libaco.a pkgconfig/libaco.pc)
	rm -f $(addprefix '$(D)$(INCLUDEDIR)'/,$(HEADERS)) '$(D)$(INCLUDEDIR)'/libaco/aco*.h \
	  '$(D)$(INCLUDEDIR)'/libaco/aco*.hpp
	rm -rf '$(D)$(LIBDIR)/cmake/aco' '$(D)$(PREFIX)/share/libaco'
	rm -f '$(D)$(AUTOLOAD)/$(SO)-gdb.py'
	rm -f $(patsubst man/%,'$(D)$(MANDIR)/man3'/%,$(filter %.3,$(PAGES)))
	rm -f $(patsubst man/%,'$(D)$(MANDIR)/man7'/%,$(filter %.7,$(PAGES)))
	$(LINKS) | while read name page; do rm -f '$(D)$(MANDIR)/man3'/$$name.3; done
	rmdir '$(D)$(INCLUDEDIR)/libaco' 2> /dev/null || true

clean:
	rm -rf build target
