#!/usr/bin/env bash
# Checks that no release of a function links these crates, because they slow down its cold start:
#
#   aws-lc-rs, aws-lc-sys   gather entropy for half a second in a small function. We use ring
#   aws-config              credential chains. Lambda provides credentials in the environment
#   openssl, native-tls     a second TLS stack
set -euo pipefail
cd "$(dirname "$0")/.."

unwanted='^(aws-lc-rs|aws-lc-sys|aws-config|openssl|openssl-sys|native-tls) '
failed=0
for folder in functions/*/; do
    function=$(basename "$folder")
    tree=$(cargo tree --locked --quiet --package "$function" --edges normal \
        --target x86_64-unknown-linux-gnu --prefix none)
    if found=$(grep --extended-regexp "$unwanted" <<<"$tree" | sort --unique); then
        printf 'the release of %s links unwanted crates:\n%s\n' "$function" "$found" >&2
        failed=1
    fi
done
exit "$failed"
