"""The command line of ``./sis``: help, exit statuses, misspelled words, and what goes on to Sisyphus."""

from __future__ import annotations

import pathlib
import subprocess
import sys

import pytest

from jobs.commands import COMMANDS
from localsis import cli
from localsis.command_line import OWN_COMMANDS, parser_of, run

from .played_sisyphus import play_sisyphus, run_sisyphus

PROJECT = pathlib.Path(__file__).resolve().parents[2]
ALL = {**OWN_COMMANDS, **COMMANDS}


@pytest.mark.parametrize("command", ALL)
@pytest.mark.parametrize("option", ["-h", "--help"])
def test_each_command_has_help_of_its_own(command: str, option: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([command, option], ALL) == 0
    text = capsys.readouterr().out
    assert text.startswith(f"usage: ./sis {command} [-h]")
    actions = [action for action in parser_of(command, ALL)._actions if action.help]
    assert len(actions) > 1 and all(str(action.metavar or action.option_strings[-1]) in text for action in actions)


def test_help_lists_all_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"], ALL) == 0
    text = capsys.readouterr().out
    assert all(f"\n    {command} " in text or f"\n    {command}\n" in text for command in ALL)
    assert run([], ALL) == 2
    assert "usage: ./sis" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["shwo", "x"], "there is no command 'shwo'. Did you mean 'show'?"),
        (["show", "--frm", "x"], "unknown option --frm. Did you mean '--form'?"),
        (["show", "a", "b"], "one word too many: b"),
        (["show", "--fo", "a"], "unknown option --fo"),
        (["why", "a"], "the following arguments are required: JOB_B"),
        (["try"], "the following arguments are required: EXPERIMENT"),
        (["try", "--engine=numpi", "a"], "invalid choice: 'numpi'"),
        (["try", "--n-best=0", "a"], "'0' is no number from 1 on"),
        (["draw", "--depth=x", "a"], "invalid int value: 'x'"),
        (["manager", "-co", "configs/g2p.py"], "unknown option -co"),
    ],
)
def test_wrong_words(words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(words, ALL) == 2
    assert message in capsys.readouterr().err


def test_options_may_stand_anywhere() -> None:
    from localsis.command_line import parse

    options = parse(["try", "a", "b", "--n-best", "2", "c"], ALL)
    assert (options.experiment, options.inputs, options.n_best) == ("a", ["b", "c"], 2)


def test_commands_of_sisyphus_alone(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("SIS_ENGINE", "embedded")
    assert cli.main(["webserver"], ALL) == 2
    assert "Sisyphus may have it" in capsys.readouterr().err


@pytest.fixture
def setup(tmp_path: pathlib.Path) -> pathlib.Path:
    """A setup of Sisyphus with one config."""
    for name in ("localsis", "settings.py", "sis"):
        (tmp_path / name).symlink_to(PROJECT / name)
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "toy.py").write_text("def py():\n    pass\n\n\ndef wants(a):\n    pass\n")
    return tmp_path


def test_sisyphus_gets_its_own_options(setup: pathlib.Path) -> None:
    play_sisyphus(setup)
    status, text = run_sisyphus(setup, "manager", "-co", "--http", "8080", "configs/toy.py")
    assert status == 0, text
    assert (setup / "called").read_text() == "manager -r -co --http 8080 configs/toy.py\n"


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ("toy", "there is no config file toy. Did you mean configs/toy.py?"),
        ("configs/toy.pyy", "has no function pyy(). Did you mean configs/toy.py?"),
        ("configs/toy.wants", "wants a. Give plain values"),
    ],
)
def test_configs_are_looked_at_before_sisyphus_starts(config: str, message: str, setup: pathlib.Path) -> None:
    play_sisyphus(setup)
    status, text = run_sisyphus(setup, "manager", config)
    assert status == 1 and message in text and "Traceback" not in text and not (setup / "called").exists()


CONFIG_THAT_FAILS = """
def load_configs():
    exec(compile("def py():\\n    {line}\\npy()", "{file}", "exec"), {{}})
load_configs()
"""


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("import no_such_package", "the package no_such_package is not installed. Install it: "),
    ],
)
def test_configs_that_fail_under_sisyphus(line: str, message: str, setup: pathlib.Path) -> None:
    """Its own lines are left out, and nothing is said of a graph that is not whole."""
    manager = CONFIG_THAT_FAILS.format(line=line, file=setup / "configs" / "toy.py")
    play_sisyphus(setup, manager=manager, states="'error': [Job('failed')]")
    status, text = run_sisyphus(setup, "manager", "configs/toy.py")
    assert status == 1 and message in text and "configs/toy.py" in text, text
    assert "under_sisyphus" not in text and "failed" not in text


def test_help_needs_neither_the_language_nor_the_engine() -> None:
    """So it is quick, as is completion."""
    code = "import sys; from localsis.command_line import whole_parser; from jobs.commands import COMMANDS; "
    code += "whole_parser(COMMANDS).format_help(); "
    code += "print({'numpy', 'recipe', 'psutil', 'argcomplete'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True)
    assert done.stdout == "set()\n", done.stderr
