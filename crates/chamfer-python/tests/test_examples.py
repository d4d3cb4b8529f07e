"""Everything that the documentation shows runs: the gallery, the examples of docstrings, the README."""

import ast
import doctest
import importlib
import inspect
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


def signatures_of_stub(path):
    """Names of the parameters of functions and methods, by their qualified names."""

    def names(function):
        a = function.args
        own = [argument.arg for argument in [*a.posonlyargs, *a.args, *a.kwonlyargs]]
        return own + [a.kwarg.arg] if a.kwarg else own

    found = {}
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef):
            found[node.name] = names(node)
        if isinstance(node, ast.ClassDef):
            methods = [method for method in node.body if isinstance(method, ast.FunctionDef)]
            found |= {f"{node.name}.{method.name}": names(method) for method in methods if not method.decorator_list}
    return found


@pytest.mark.parametrize(
    "module", ["_estimators", "_minimize", "_path", "families", "parametrizations", "penalties"]
)
def test_stubs_have_the_signatures_of_the_code(module):
    folder = Path(chamfer.__file__).parent
    stub = folder / module / "__init__.pyi" if (folder / module).is_dir() else folder / f"{module}.pyi"
    code = importlib.import_module(f"chamfer.{module}")
    signatures = signatures_of_stub(stub)
    assert signatures
    for name, parameters in signatures.items():
        owner, _, method = name.rpartition(".")
        function = getattr(code, name) if not owner else inspect.getattr_static(getattr(code, owner), method)
        # `available_if` wraps methods.
        function = getattr(function, "fn", function)
        assert list(inspect.signature(function).parameters) == parameters, name
