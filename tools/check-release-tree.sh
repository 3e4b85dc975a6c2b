#!/usr/bin/env bash
# What a function links decides its cold start. These must not be in any function's release:
#
#   aws-lc-rs, aws-lc-sys   gather entropy for half a second in a small function; we use ring
#   aws-config              credential chains; Lambda gives credentials in the environment
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
        printf 'the release of %s links what it must not:\n%s\n' "$function" "$found" >&2
        failed=1
    fi
done
exit "$failed"
