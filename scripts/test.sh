#!/usr/bin/env bash
# Everything that must hold before a change lands. Sets up what it needs; writes only to target/.
set -euo pipefail
cd "$(dirname "$0")/.."

step() { printf '\n== %s\n' "$*"; }

step 'Formatting'
cargo fmt --all --check

step 'Lints'
cargo clippy --workspace --all-targets --quiet -- -D warnings

step 'Documentation'
RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps --quiet

step 'Tests'
cargo test --workspace --quiet

step 'Comparison with scikit-learn, cvxpy and skglm'
cargo build --release --quiet --package chamfer-cli --package chamfer --package chamfer-glm \
    --bins --example solve --example regress
python=target/oracle/bin/python
[ -x "$python" ] || python3 -m venv target/oracle
"$python" -m pip install --quiet --requirement tests/oracle/requirements.txt
"$python" -m pytest --quiet -p no:cacheprovider tests/oracle
