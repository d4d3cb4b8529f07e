#!/usr/bin/env bash
# Installs the peers, and chamfer in release from this repository, in an environment of their own: target/benchmarks.
set -euo pipefail
cd "$(dirname "$0")/.."
export CARGO_INCREMENTAL=0

# R's glmnet, from Debian, where it can be had; without it, its rows are left out.
if ! command -v Rscript >/dev/null && command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq && apt-get install -qq --no-install-recommends r-cran-glmnet >/dev/null ||
        echo 'glmnet could not be installed: its rows are left out'
fi

python=target/benchmarks/bin/python
[ -x "$python" ] || python3 -m venv target/benchmarks
"$python" -m pip install --quiet --requirement benchmarks/requirements.txt
"$python" -m pip install --quiet .
"$python" -c 'import chamfer; print("chamfer", chamfer.__version__, "is installed: benchmarks/run.sh times it")'
