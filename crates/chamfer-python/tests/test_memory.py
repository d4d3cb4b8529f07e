"""The data are never copied: measured as the largest memory of a process while it fits."""

import os
import subprocess
import sys
import textwrap

import pytest

# X in gigabytes. The test that is run with every change has a small one.
SIZE = float(os.environ.get("CHAMFER_MEMORY_TEST_GB", "0.25"))

MEASURE = """
    import sys
    import numpy as np
    import chamfer
    from sklearn.linear_model import Lasso

    def peak():
        lines = open("/proc/self/status").read().splitlines()
        return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 2**20

    order, dtype, kind, size = sys.argv[1:4] + [float(sys.argv[4])]
    p = 500
    n = int(size * 2**30 / p / np.dtype(dtype).itemsize)
    rng = np.random.default_rng(0)
    X = np.empty((n, p), order=order, dtype=dtype)
    for first in range(0, n, 1000):
        X[first:first + 1000] = rng.standard_normal((len(X[first:first + 1000]), p), dtype=np.float32)
    y = X[:, 0].astype(float) - X[:, 1] + rng.standard_normal(n)
    if kind == "pandas":
        import pandas as pd
        X = pd.DataFrame(X, copy=False)
    chamfer.Lasso(0.1).fit(X[:10], y[:10]).predict(X[:10])
    open("/proc/self/clear_refs", "w").write("5")
    before = peak()
    if kind == "path":
        result = chamfer.path(X, y, alphas=3, eps=0.1)
    elif kind == "cv":
        chamfer.LassoCV(alphas=3, eps=0.1, cv=3).fit(X, y)
    else:
        model = chamfer.Lasso(0.1).fit(X, y)
        assert model.certificate_.converged and set(np.flatnonzero(model.coef_)) == {0, 1}
        model.predict(X)
    print((peak() - before) / size)
"""


@pytest.mark.skipif(not os.access("/proc/self/clear_refs", os.W_OK), reason="Linux counts it")
@pytest.mark.parametrize(
    ("order", "dtype", "kind"),
    [
        ("F", "float64", "fit"),
        ("C", "float64", "fit"),
        ("F", "float32", "fit"),
        ("C", "float32", "path"),
        ("F", "float64", "cv"),
        ("F", "float64", "pandas"),
    ],
)
def test_a_fit_takes_a_fraction_of_the_memory_of_the_data(order, dtype, kind):
    command = [sys.executable, "-c", textwrap.dedent(MEASURE), order, dtype, kind, str(SIZE)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert result.returncode == 0, result.stderr
    # Vectors of the length of the rows: a copy would be 1.
    assert float(result.stdout) < 0.15
