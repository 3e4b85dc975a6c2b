#!/usr/bin/env bash
# Checks that a Rust toolchain is installed, and installs a C compiler if there is none. The compiler links and builds
# SQLite.
set -euo pipefail

if ! command -v cargo >/dev/null; then
    echo "cargo is missing: install Rust from https://rustup.rs" >&2
    exit 1
fi
if command -v cc >/dev/null; then
    exit 0
fi
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    echo "a C compiler is missing: install the package gcc" >&2
    exit 1
fi
apt-get update --quiet
DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet --no-install-recommends gcc libc6-dev
