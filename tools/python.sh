#!/usr/bin/env bash
# Installs Python tools into an environment of their own: python.sh [NAME], the packages of
# tools/NAME.txt into .tools/NAME; without a name those of requirements.txt into .tools/python.
set -euo pipefail
cd "$(dirname "$0")/.."

# Debian's python3 has no ensurepip without python3-venv.
if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
        echo "python3 with venv is missing: install the packages python3 and python3-venv" >&2
        exit 1
    fi
    apt-get update --quiet
    DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet --no-install-recommends python3 python3-venv
fi

name=${1:-python}
list=tools/$name.txt
[ "$name" != python ] || list=tools/requirements.txt
python3 -m venv --clear ".tools/$name"
".tools/$name/bin/pip" install --quiet --disable-pip-version-check --requirement "$list"
touch ".tools/$name/.stamp"
