"""Reads what the example `digits` wrote, and compares the ONNX file with the weights in numpy.

    cargo run --release -p chamfer-burn --example digits
    python -m pip install numpy onnxruntime safetensors
    python crates/chamfer-burn/tests/read_back.py
"""

import numpy as np
import onnxruntime
from safetensors.numpy import load_file

folder = "target/digits"
weights = load_file(f"{folder}/digits.safetensors")


def convolution(x, kernel):
    windows = np.lib.stride_tricks.sliding_window_view(x, kernel.shape[2:], axis=(2, 3))
    return np.einsum("ncijhw,ochw->noij", windows, kernel)


def normalization(x, name):
    def channels(part):
        return weights[f"{name}.{part}"][:, None, None]

    scaled = (x - channels("running_mean")) / np.sqrt(channels("running_var") + 1e-5)
    return scaled * channels("gamma") + channels("beta")


def linear(x, name):
    return x @ weights[f"{name}.weight"] + weights[f"{name}.bias"]


def relu(x):
    return np.maximum(x, 0)


images = np.random.default_rng(0).random((7, 1, 8, 8), dtype=np.float32)
x = relu(normalization(convolution(images, weights["conv1.weight"]), "norm1"))
x = relu(normalization(convolution(x, weights["conv2.weight"]), "norm2"))
expected = linear(relu(linear(x.reshape(len(x), -1), "fc1")), "fc2")

session = onnxruntime.InferenceSession(f"{folder}/digits.onnx")
(found,) = session.run(None, {"input": images})
np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)
print(f"{found.shape[0]} images: the outputs differ by {np.abs(found - expected).max():.1e} at most")
