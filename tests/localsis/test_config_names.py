"""Names of configs: what is said of misspelled ones, of helpers, of functions that want arguments, of failing ones."""

from __future__ import annotations

import pathlib
import sys

import pytest

from localsis import settings
from localsis.config_call import call_config
from localsis.config_errors import how_to_install
from localsis.config_names import ConfigError, check_name, config_files, config_names

CONFIG = """
from textwrap import dedent as imported


def py(engine="numpy"):
    print("py", engine)


def full():
    pass


def wants(a, b=1, *, c):
    print(a, b, c)


def _hidden():
    pass


def model(inputs):
    local = 1


def data() -> dict:
    return {}


if True:
    assigned = full


def fails():
    inner()


def inner():
    raise ValueError("this is wrong")
"""


@pytest.fixture
def base(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    """A setup with one config, whose package has a name of its own for each test."""
    package = tmp_path / f"c{abs(hash(str(tmp_path)))}"
    (package / "inner").mkdir(parents=True)
    (package / "toy.py").write_text(CONFIG)
    (package / "_private.py").write_text(CONFIG)
    (package / "inner" / "deep.py").write_text("def main():\n    pass\n")
    monkeypatch.setattr(settings, "BASE_DIR", str(tmp_path))
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    return package


def refusal(base: pathlib.Path, name: str) -> str:
    """What is said of a config in the package, whose name is shown as ``configs``."""
    with pytest.raises(ConfigError) as caught:
        call_config(name.replace("configs", base.name))
    return str(caught.value).replace(base.name, "configs")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("configs/toi.py", "there is no config file configs/toi.py. Did you mean configs/toy.py?"),
        ("configs/toi.full", "there is no config file configs/toi.py. Did you mean configs/toy.full?"),
        ("configs/toy", "there is no config file configs.py. Did you mean configs/toy.py?"),
        (
            "configs/toy.ful",
            "has no function ful(). Did you mean configs/toy.full? It has: py, full, fails",
        ),
        ("configs/inner/deep.py", "configs/inner/deep.py has no function py(). It has: main. "),
        ("configs/toy.local", "has no function local()"),
        ("configs/toy.wants", "wants(a, b=1, *, c) wants a and c. Give plain values, in quotes for the shell: "),
        ("configs/toy.wants", "'configs/toy.wants(a=..., c=...)'"),
        ("configs/toy.wants(1)", "wants c. "),
        ("configs/toy.full(1)", "full() does not take (1): too many positional arguments"),
        ("configs/toy.py(x=1)", "does not take (x=1): got an unexpected keyword argument 'x'"),
        ("configs/toy.py(open('x'))", "must be plain values"),
        ("con figs", "names no config"),
    ],
)
def test_refusals(name: str, message: str, base: pathlib.Path) -> None:
    assert message in refusal(base, name)


def test_helpers_are_no_choices(base: pathlib.Path) -> None:
    text = refusal(base, "configs/toy.nothing")
    assert "It has: py, full, fails, inner." in text


def test_names_from_elsewhere_are_functions_too(base: pathlib.Path) -> None:
    call_config(f"{base.name}/toy.assigned")
    check_name(f"{base.name}/toy.imported", str(base.parent))


def test_arguments(base: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    call_config(f"./{base.name}/toy.py(engine='torch')")
    call_config(f"{base.name}/toy.wants(1, c=[2])")
    assert capsys.readouterr().out == "py torch\n1 1 [2]\n"


def test_traceback_begins_in_the_users_file(base: pathlib.Path) -> None:
    lines = refusal(base, "configs/toy.fails").splitlines()
    assert lines[0] == "Traceback (most recent call last):" and lines[-1] == "ValueError: this is wrong"
    assert lines[1].startswith('  File "configs/toy.py"') and "localsis" not in "\n".join(lines)


def test_file_that_is_no_python(base: pathlib.Path) -> None:
    (base / "broken.py").write_text("def py(:\n")
    text = refusal(base, "configs/broken.py")
    assert "SyntaxError" in text and 'configs/broken.py", line 1' in text and "importlib" not in text


def test_missing_packages(base: pathlib.Path) -> None:
    (base / "needs.py").write_text("def py():\n    import no_such_package.inner\n")
    text = refusal(base, "configs/needs.py")
    assert "the package no_such_package is not installed. Install it: " in text and "Traceback" not in text
    assert text.startswith("configs/needs.py, line 2, import no_such_package.inner: ")
    assert text.endswith("-m pip install no-such-package")


def test_missing_modules_of_the_setup(base: pathlib.Path) -> None:
    (base / "needs.py").write_text(f"from {base.name}.toi import full\n\n\ndef py():\n    pass\n")
    assert "there is no module configs.toi. Did you mean 'toy'?" in refusal(base, "configs/needs.py")


def test_what_to_install() -> None:
    project = str(pathlib.Path(__file__).resolve().parents[2])
    assert how_to_install("h5py", project) == how_to_install("tree", project) == "make venv"
    assert how_to_install("tensorflow", project).endswith('-m pip install ".[tensorflow]"')
    assert how_to_install("torch", project).endswith('-m pip install ".[torch]"')


def test_files_and_names(base: pathlib.Path) -> None:
    files = list(config_files(str(base.parent), base.name))
    assert files == [f"{base.name}/toy.py", f"{base.name}/inner/deep.py"]
    names = config_names(str(base / "toy.py"), "configs/toy.py")
    assert names == [f"configs/toy.{name}" for name in ("py", "full", "fails", "inner")]
