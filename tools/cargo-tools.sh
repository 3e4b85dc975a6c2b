#!/usr/bin/env bash
# Installs cargo-deny and cargo-machete into .tools/cargo, unless they are already installed.
set -euo pipefail
cd "$(dirname "$0")/.."

export CARGO_TARGET_DIR="$PWD/.tools/cargo/target"
command -v cargo-deny >/dev/null || cargo install --quiet --locked --root .tools/cargo cargo-deny@0.20.2
command -v cargo-machete >/dev/null || cargo install --quiet --locked --root .tools/cargo cargo-machete@0.9.2
mkdir -p .tools/cargo
touch .tools/cargo/.stamp
