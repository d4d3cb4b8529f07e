#!/usr/bin/env bash
# Times chamfer beside its peers; --help lists what can be chosen. benchmarks/setup.sh comes first.
set -euo pipefail
cd "$(dirname "$0")/.."
exec target/benchmarks/bin/python -m benchmarks.run "$@"
