#!/usr/bin/env bash
# Everything that must hold before a change lands. Sets up what it needs; writes only to target/.
set -euo pipefail
cd "$(dirname "$0")/.."

# Nothing is built twice here, so what speeds up a second build would only fill the disk.
export CARGO_INCREMENTAL=0

step() { printf '\n== %s\n' "$*"; }

# What other packages compute, to compare with.
install_references() {
    # R's glmnet, from Debian, where it can be had; without it, its tests are skipped.
    if ! command -v Rscript >/dev/null && command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
        export DEBIAN_FRONTEND=noninteractive
        apt-get update -qq && apt-get install -qq --no-install-recommends r-cran-glmnet >/dev/null ||
            echo 'glmnet could not be installed: its tests are skipped'
    fi
    python=target/oracle/bin/python
    [ -x "$python" ] || python3 -m venv target/oracle
    "$python" -m pip install --quiet --requirement tests/oracle/requirements.txt
}

step 'Formatting'
cargo fmt --all --check

# It downloads while the compiler works.
mkdir -p target
install_references &
references=$!

step 'Lints'
cargo clippy --workspace --all-targets --features chamfer-burn/dashboard --quiet -- -D warnings

step 'Documentation'
RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps --features chamfer-burn/dashboard --quiet

step 'Tests'
cargo test --workspace --quiet

step 'Comparison with scikit-learn, cvxpy, skglm, statsmodels, scikit-survival, glmnet, onnxruntime and tract'
cargo build --release --quiet --package chamfer-cli --package chamfer --package chamfer-glm \
    --bins --example solve --example regress
wait "$references"
target/oracle/bin/python -m pytest --quiet -p no:cacheprovider tests/oracle

step 'The Python package, in a fresh environment'
rm -rf target/python
python3 -m venv target/python
python=target/python/bin/python
"$python" -m pip install --quiet .
"$python" -m pip install --quiet --requirement crates/chamfer-python/tests/requirements.txt
"$python" -m pytest --quiet
