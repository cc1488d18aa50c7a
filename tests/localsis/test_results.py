"""Results as text: values, short texts and places, in groups."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest

from localsis import settings
from localsis.paths import Path, Variable
from localsis.results import Result, group_of, read_report, read_result, results_text, short_text, value_text


class Maker:
    """In place of a job."""

    def __init__(self, directory: pathlib.Path):
        self.directory = directory
        (directory / "output").mkdir()

    def _sis_directory(self) -> str:
        return str(self.directory)


@pytest.fixture
def maker(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Maker:
    """Whose outputs can be written."""
    monkeypatch.setattr(settings, "BASE_DIR", str(tmp_path))
    return Maker(tmp_path)


@pytest.mark.parametrize(
    ("value", "text"),
    [(36.2149, "36.21"), (0.000123456, "0.0001235"), (3, "3"), (1e9, "1e+09"), ("plain", "plain"), ("", "''")],
)
def test_values(maker: Any, value: Any, text: str) -> None:
    variable = Variable("value", maker)
    assert read_result("a/value", variable) == Result("a/value", None, (), False)
    variable.set(value)
    assert read_result("a/value", variable) == Result("a/value", text, (), True)


def test_structures_take_lines_and_large_ones_are_cut(maker: Any) -> None:
    variable = Variable("value", maker)
    variable.set({f"checkpoint {number}": {"dev": 0.5, "test": [1.0] * 12} for number in range(3)})
    found = read_result("value", variable)
    assert found.value is None and found.lines[0].startswith("{'checkpoint 0': ") and len(found.lines) <= 12
    assert len(value_text(list(range(10_000))).splitlines()) == 12


def test_value_that_cannot_be_read(maker: Any) -> None:
    variable = Variable("value", maker, pickle=True)
    pathlib.Path(variable.get_path()).write_bytes(b"torn")
    assert "cannot be read" in str(read_result("value", variable).value)


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        (b"", ()),
        (b"one\n", ("one",)),
        (b"a\tb\nc\n\n", ("a       b", "c")),
        (b"line\n" * 13, ()),
        (b"x" * 111, ()),
        (b"\x89PNG\r\n\x1a\n", ()),
        (b"\x1b[31mred", ()),
        ("Straße\n".encode(), ("Straße",)),
    ],
)
def test_short_texts(tmp_path: pathlib.Path, content: bytes, lines: tuple[str, ...]) -> None:
    (tmp_path / "file").write_bytes(content)
    assert short_text(str(tmp_path / "file")) == lines and short_text(str(tmp_path)) == ()


def test_files_and_reports(maker: Any, tmp_path: pathlib.Path) -> None:
    path = Path("table.txt", maker)
    assert read_result("t", path) == Result("t", None, (), False)
    pathlib.Path(path.get_path()).write_text("a 1\nb 2\n")
    assert read_result("t", path) == Result("t", None, ("a 1", "b 2"), True)
    pathlib.Path(path.get_path()).write_text("36.2\n")
    assert read_result("t", path) == Result("t", "36.2", (), True), "one line is like a value"
    assert not read_report("r", str(tmp_path / "none")).is_there
    assert read_report("r", path.get_path()).value == "36.2"


def test_groups_are_experiments() -> None:
    known = {"g2p/demo", "g2p/demo/rescoring", "g2p"}
    names = ["g2p/demo/dev/wer", "g2p/demo/rescoring/wer", "g2p/other", "speech/a/b", "summary"]
    assert [group_of(name, known) for name in names] == ["g2p/demo", "g2p/demo/rescoring", "g2p", "speech", ""]


def test_text() -> None:
    results = [
        Result("voice/data", None, (), True),
        Result("summary", None, ("dev  1.00", "test 2.00"), True),
        Result("g2p/demo/test/wer", None, (), False),
        Result("g2p/demo/page.html", None, (), True),
        Result("g2p/demo/dev/wer", "136.21", (), True),
        Result("g2p/demo/dev/per", "8.10", (), True),
        Result("g2p/demo/name", "a text", (), True),
    ]
    assert results_text(results, ["g2p/demo"], "output").splitlines() == [
        "output",
        "  summary",
        "    dev  1.00",
        "    test 2.00",
        "",
        "g2p/demo",
        "  dev/per     8.10",
        "  dev/wer   136.21",
        "  name      a text",
        "  output/g2p/demo/page.html",
        "  test/wer  not there",
        "",
        "voice",
        "  output/voice/data",
    ]
    assert results_text([]) == ""


def test_thousands_of_outputs_are_counted() -> None:
    results = [Result(f"x{number % 50}/n{number}", f"{number}", (), True) for number in range(3000)]
    lines = results_text(results).splitlines()
    assert sum(line.startswith("  ") for line in lines) == 60
    assert lines[-1] == "and 2940 more outputs in output/"
    text = results_text([Result(f"t{number}.txt", None, ("a", "b"), True) for number in range(40)])
    assert text.count("    a\n") == 6 and text.count("output/t") == 34
