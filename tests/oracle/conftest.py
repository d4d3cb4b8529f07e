"""The binary under test, and ways to run it."""

import json
import os
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def binary():
    """Path of a built `chamfer`; set CHAMFER to test another one."""
    path = Path(os.environ.get("CHAMFER", REPOSITORY / "target/release/chamfer"))
    assert path.exists(), f"{path} does not exist: build it with `cargo build --release`"
    return path


@pytest.fixture
def chamfer(binary):
    """Runs `chamfer ARGUMENTS...`, which must succeed, and returns its standard output."""

    def run(*arguments):
        command = [str(binary), *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.fixture
def fit_path(chamfer, tmp_path):
    """Fits a path and returns its model."""

    def run(*arguments):
        chamfer("path", *arguments, "--out", tmp_path / "fit")
        return json.loads((tmp_path / "fit/model.json").read_text())

    return run
