#!/usr/bin/env bash
# Fuzzes each target for a number of seconds: tools/fuzz.sh <seconds> [target...]
#
# The flags are those that cargo-fuzz passes without a sanitizer. All of them are stable, so neither cargo-fuzz nor a
# nightly compiler is needed (`cargo fuzz run --sanitizer none <target>` does the same).
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v c++ >/dev/null; then
    echo "a C++ compiler is missing, which builds libFuzzer: install the package g++" >&2
    exit 1
fi
seconds=${1:-30}
shift || true
host=$(rustc --version --verbose | sed -n 's/^host: //p')
target_dir=${CARGO_TARGET_DIR:-fuzz/target}/fuzz
export RUSTFLAGS="--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares"
build=(cargo build --locked --release --manifest-path fuzz/Cargo.toml --target "$host" --target-dir "$target_dir")
if [ $# -eq 0 ]; then
    targets=()
    for file in fuzz/fuzz_targets/*.rs; do targets+=("$(basename "$file" .rs)"); done
    "${build[@]}" --bins
else
    targets=("$@")
    for target in "${targets[@]}"; do "${build[@]}" --bin "$target"; done
fi

# Builds with the features of the whole workspace, so that the artifacts of `make test` are reused.
env --unset=RUSTFLAGS cargo build --locked --quiet --workspace --example seeds
"${CARGO_TARGET_DIR:-target}/debug/examples/seeds" fuzz/corpus >/dev/null
failed=()
for target in "${targets[@]}"; do
    printf '\n== %s, %s s\n' "$target" "$seconds"
    mkdir -p "fuzz/artifacts/$target"
    log=$(mktemp)
    if "$target_dir/$host/release/$target" "fuzz/corpus/$target" -artifact_prefix="fuzz/artifacts/$target/" \
        -max_total_time="$seconds" -rss_limit_mb=2048 -timeout=20 -max_len=16384 -print_final_stats=1 \
        >"$log" 2>&1; then
        grep --extended-regexp 'DONE|number_of_executed_units|peak_rss_mb' "$log"
    else
        tail -n 40 "$log"
        failed+=("$target")
    fi
    rm -f "$log"
done
if [ ${#failed[@]} -gt 0 ]; then
    printf '\nfailed: %s; inputs in fuzz/artifacts/\n' "${failed[*]}" >&2
    exit 1
fi
