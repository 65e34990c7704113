#!/bin/sh
# Makes .venv with the pinned dependencies and this package in it. Does nothing when that is already so.
set -eu
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}
stamp=.venv/.ready
wanted=$(cat pyproject.toml constraints.txt scripts/setup.sh | cksum)" $(pwd)"

[ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && .venv/bin/python -c '' 2>/dev/null && exit 0

if ! command -v "$python" >/dev/null 2>&1; then
    echo "preality needs Python 3.11 or later, and '$python' is not here. On Debian: apt-get install python3 python3-venv" >&2
    exit 1
fi
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "preality needs Python 3.11 or later; '$python' is $("$python" -V 2>&1). On Debian 12 or later: apt-get install python3 python3-venv" >&2
    echo "If a fit Python has another name: make PYTHON=python3.12 verify" >&2
    exit 1
fi
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    echo "This Python cannot make virtual environments. On Debian: apt-get install python3-venv" >&2
    exit 1
fi
echo "Setting up .venv (once; torch is large, so this takes a few minutes) ..." >&2
rm -rf .venv
"$python" -m venv .venv
.venv/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test,examples,flows,dask,slurm,docs]'
echo "$wanted" >"$stamp"
