"""Files, modules, classes and functions that the text of the documentation names are there."""

from __future__ import annotations

import importlib
import importlib.util
import re
from collections.abc import Iterator
from types import ModuleType

import pytest

from recipe import nn

from .commands import TO_BE_WRITTEN
from .pages import PAGES, ROOT, inline_code, text_of
from .test_job_reference import NAMES

JOBS = {name.rpartition(".")[2] for name in NAMES}
PATH = re.compile(
    r"(recipe|jobs|configs|docs|tests|benchmarks|localsis|returnn_recurrent)/[\w/.-]*\w|[\w/-]+\.(py|toml|yml)"
)
NOT_OURS = re.compile(r"settings\.py|model\.py|recipe/returnn_recurrent|.*Job\.[A-Z]+")
UNDER = ["", "tests/recipe/nn/", "tests/", "recipe/nn/"]


def own_code(page: str) -> Iterator[tuple[str, int]]:
    """Inline code, without the column that says what things are called elsewhere."""
    lines = text_of(page).splitlines()
    for text, number in inline_code(page):
        elsewhere = lines[number - 1].split(" | ")[0] if page.endswith("coming_from.md") else ""
        if f"`{text}`" not in elsewhere or not elsewhere.startswith("|"):
            yield text, number


@pytest.mark.parametrize("page", PAGES)
def test_files(page: str) -> None:
    for text, line in own_code(page):
        name = text.partition("::")[0].partition("*")[0].rstrip("/")
        if not PATH.fullmatch(name) or NOT_OURS.fullmatch(name) or name in TO_BE_WRITTEN:
            continue
        if name.startswith("configs/") and not name.endswith(".py") and not (ROOT / name).is_dir():
            name = name.rpartition(".")[0] + ".py"
        if name not in TO_BE_WRITTEN:
            places = [(ROOT / page).parent, *(ROOT / place for place in UNDER)]
            assert any((place / name).exists() for place in places), f"{page}:{line}: there is no {name}"


@pytest.mark.parametrize("page", PAGES)
def test_names_of_the_language(page: str) -> None:
    for text, line in own_code(page):
        for name in re.findall(r"(?<![.\w])nn\.([A-Za-z]\w*)", text):
            assert hasattr(nn, name), f"{page}:{line}: nn has no {name}"


@pytest.mark.parametrize("page", PAGES)
def test_names_of_jobs(page: str) -> None:
    for text, line in own_code(page):
        for name in re.findall(r"\b[A-Z]\w+Job\b", text):
            assert name in JOBS, f"{page}:{line}: there is no {name}"
        for module, name in re.findall(r"\b((?:jobs|recipe\.models|recipe\.data)\.[a-z_]+)\.(\w+)", text):
            assert _has(importlib.import_module(module), name), f"{page}:{line}: {module} has no {name}"


def _has(module: ModuleType, name: str) -> bool:
    """Whether a module has an attribute, or a package a module, which may not be imported yet."""
    is_package = hasattr(module, "__path__")
    return hasattr(module, name) or (is_package and importlib.util.find_spec(f"{module.__name__}.{name}") is not None)


NOT_OF_MODELS = {"NetworkError", "NetworkWarning", "NumpyRun", "Tensor", "LstmState", "PythonCode", "check_parameters"}
"""What users of the language meet and do not call, or use in the graph of jobs."""
OTHER_NAMES = {"atan", "Constant", "Initializer"}
"""What has another name that is named, or stands for a number."""


def test_all_of_the_language_is_named() -> None:
    """Whoever does not know what there is finds it in a table."""
    pages = [
        page for page in PAGES if page.startswith(("docs/language", "docs/forms/", "docs/models", "docs/debugging"))
    ]
    named = set(re.findall(r"\w+", " ".join(code for page in pages for code, _ in inline_code(page))))
    public = {name for name in vars(nn) if not name.startswith("_") and callable(getattr(nn, name))}
    assert public - named - NOT_OF_MODELS - OTHER_NAMES == set()
