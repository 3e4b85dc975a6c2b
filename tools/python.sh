#!/usr/bin/env bash
# Installs Python tools into a separate environment: python.sh [NAME] installs the packages of tools/NAME.txt
# into .tools/NAME. Without a name it installs those of requirements.txt into .tools/python.
set -euo pipefail
cd "$(dirname "$0")/.."

# On Debian, python3 has ensurepip only if python3-venv is installed.
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
