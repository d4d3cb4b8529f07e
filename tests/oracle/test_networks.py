"""Networks of chamfer-burn in other programs: ONNX files by onnxruntime and tract, weights by numpy.

The tests of chamfer-burn write the files (crates/chamfer-burn/tests/all/written), with inputs and what
Burn makes of them; ONNX files are exported for another number of samples where that may vary.
"""

import json

import numpy as np
import onnxruntime
import pytest
import tract
from safetensors import safe_open
from safetensors.numpy import load_file

from conftest import REPOSITORY

WRITTEN = REPOSITORY / "target/tmp/written"
FILES = sorted(str(path.relative_to(WRITTEN).with_suffix("")) for path in WRITTEN.glob("*/*.onnx"))
NETWORKS = sorted(path.stem for path in WRITTEN.glob("networks/*.onnx"))


def by_onnxruntime(path, x):
    session = onnxruntime.InferenceSession(path)
    (found,) = session.run(None, {"input": x})
    return found


def by_tract(path, x):
    (found,) = tract.onnx().load(path).into_model().into_runnable().run([x])
    return found.to_numpy()


RUNTIMES = {"onnxruntime": by_onnxruntime, "tract": by_tract}
# What a runtime cannot do with a file, and why.
CANNOT = {
    ("tract", "shapes/reshaped_flip"): "its optimizer puts the flip before the change of shape, "
    "where there is no such axis",
}


def test_there_are_files():
    assert FILES and NETWORKS, f"no files in {WRITTEN}: write them with `cargo test -p chamfer-burn`"


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("name", FILES)
def test_outputs_are_those_of_burn(name, runtime):
    if (runtime, name) in CANNOT:
        pytest.skip(CANNOT[runtime, name])
    numbers = load_file(WRITTEN / f"{name}.numbers")
    found = RUNTIMES[runtime](WRITTEN / f"{name}.onnx", numbers["input"])
    assert found.shape == numbers["output"].shape
    np.testing.assert_allclose(found, numbers["output"], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", NETWORKS)
def test_weights_have_their_names_and_shapes(name):
    with safe_open(WRITTEN / f"networks/{name}.safetensors", "numpy") as file:
        metadata = file.metadata()
        shapes = {key: list(file.get_tensor(key).shape) for key in file.keys()}
        assert all(file.get_tensor(key).dtype == np.float32 for key in file.keys())
    assert metadata["name"] == name
    assert shapes == json.loads(metadata["shapes"])


def relu(x):
    return np.maximum(x, 0)


class Weights(dict):
    """Layers by their paths."""

    def linear(self, name, x):
        return x @ self[f"{name}.weight"] + self[f"{name}.bias"]

    def convolution(self, name, x, padding=0):
        kernel = self[f"{name}.weight"]
        x = np.pad(x, [(0, 0), (0, 0), (padding, padding), (padding, padding)])
        windows = np.lib.stride_tricks.sliding_window_view(x, kernel.shape[2:], axis=(2, 3))
        return np.einsum("ncijhw,ochw->noij", windows, kernel)

    def normalization(self, name, x):
        mean, variance, gamma, beta = (
            self[f"{name}.{part}"][:, None, None]
            for part in ("running_mean", "running_var", "gamma", "beta")
        )
        return (x - mean) / np.sqrt(variance + 1e-5) * gamma + beta


def mlp(weights, x):
    for layer in ("first", "second"):
        x = relu(weights.linear(layer, x))
    return weights.linear("third", x)


def residual(weights, x):
    def layer(number, x, padding=0):
        x = weights.convolution(f"conv{number}", x, padding)
        return weights.normalization(f"norm{number}", x)

    x = relu(layer(1, x))
    x = relu(layer(3, relu(x + layer(2, x, padding=1))))
    samples, channels, height, width = x.shape
    x = x.reshape(samples, channels, height // 2, 2, width // 2, 2).max(axis=(3, 5))
    return weights.linear("fc", x.reshape(samples, -1))


@pytest.mark.parametrize("network", [mlp, residual])
@pytest.mark.parametrize("size", ["", "_small"])
def test_weights_are_those_of_the_outputs(network, size):
    path = WRITTEN / f"networks/{network.__name__}{size}"
    weights = Weights(load_file(f"{path}.safetensors"))
    numbers = load_file(f"{path}.numbers")
    found = network(weights, numbers["input"])
    np.testing.assert_allclose(found, numbers["output"], rtol=1e-5, atol=1e-5)
