"""Everything that the documentation shows runs: the gallery, the examples of docstrings, the README."""

import doctest
import importlib
import os
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

import chamfer

ROOT = Path(__file__).parents[3]
GALLERY = sorted((ROOT / "examples" / "python").glob("*.py"))
MODULES = [m.name for m in pkgutil.walk_packages(chamfer.__path__, "chamfer.") if m.name != "chamfer._core"]


def run(arguments, folder):
    environment = {**os.environ, "MPLBACKEND": "Agg", "PYTHONWARNINGS": "error::RuntimeWarning"}
    command = [sys.executable, *map(str, arguments)]
    result = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=600)
    assert result.returncode == 0, result.stderr
    return result


@pytest.mark.parametrize("script", GALLERY, ids=lambda script: script.stem)
def test_the_gallery_draws_its_figures(script, tmp_path):
    result = run([script, tmp_path], tmp_path)
    assert result.stdout and "Warning" not in result.stderr, result.stderr
    figure = tmp_path / f"{script.stem}.png"
    assert figure.stat().st_size > 10_000


@pytest.mark.parametrize("module", MODULES)
def test_examples_of_docstrings(module):
    assert doctest.testmod(importlib.import_module(module)).failed == 0


def test_the_readme(tmp_path):
    examples = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), flags=re.DOTALL)
    assert examples
    for example in examples:
        assert run(["-c", example], tmp_path).stdout


def test_every_public_name_is_documented_and_stubbed():
    stub = (Path(chamfer.__file__).parent / "__init__.pyi").read_text()
    for name in chamfer.__all__:
        assert re.search(rf"\bas {name}\b", stub), name
        assert getattr(chamfer, name).__doc__, name
    assert (Path(chamfer.__file__).parent / "py.typed").exists()
    assert set(chamfer.__all__) <= set(dir(chamfer))
