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
  netcat-openbsd socat curl wrk python3 \
  libboost-context-dev libboost-fiber-dev libst-dev libpth-dev golang-go
# rustfmt and clippy come with rustup's default toolchain.
cargo fmt --version && cargo clippy --version
