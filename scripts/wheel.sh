#!/usr/bin/env bash
# Builds a wheel of the Python package in target/wheels, and tries it in a fresh environment.
set -euo pipefail
cd "$(dirname "$0")/.."

rm -rf target/wheels target/wheel
python3 -m venv target/wheel
python=target/wheel/bin/python
"$python" -m pip install --quiet --upgrade pip
"$python" -m pip wheel --quiet --no-deps --wheel-dir target/wheels .
"$python" -m pip install --quiet target/wheels/chamfer-*.whl
(cd target/wheel && bin/python -c '
import chamfer
model = chamfer.Lasso(0.1).fit([[0.0], [1.0], [2.0]], [0.0, 1.0, 2.0])
assert model.certificate_.converged
print("chamfer", chamfer.__version__, "works")
')
ls -l target/wheels
