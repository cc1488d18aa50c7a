"""Options that call functions which stand in the config: how they are written, and what of them is hashed."""

from __future__ import annotations

from typing import Any

import pytest
from sisyphus import tk

from jobs.python_values import with_python_values
from jobs.training import TrainingJob
from recipe import nn
from recipe.nn.plain.python_source import CodeWithDefinitions

from ..data_view.test_view import letters

DOUBLE = """
    def double(value):
        return value * 2
"""


def training(option: Any) -> TrainingJob:
    """A training with an option of its own."""
    data = {"class": "HDFDataset", "files": [tk.Path("words.hdf")], "seq_ordering": option}
    return TrainingJob(letters(), data, data)


def test_text_is_hashed_unless_there_is_a_version() -> None:
    code = CodeWithDefinitions("double", (DOUBLE,))
    assert training(code).job_id() == training(CodeWithDefinitions("double", (DOUBLE,))).job_id()
    other = DOUBLE.replace("2", "3")
    ids = {training(one).job_id() for one in (code, CodeWithDefinitions("double", (other,)), nn.PythonCode("double"))}
    assert len(ids) == 3
    versions = [CodeWithDefinitions("double", (text,), version=1) for text in (DOUBLE, other)]
    assert training(versions[0]).job_id() == training(versions[1]).job_id()
    assert training(CodeWithDefinitions("double", (DOUBLE,), version=2)).job_id() != training(versions[0]).job_id()


@pytest.mark.parametrize("engine", ["tensorflow", "torch"])
def test_each_definition_stands_once_before_the_options(engine: str) -> None:
    codes = [CodeWithDefinitions(f"math.floor(double({number}.5))", ("import math", DOUBLE)) for number in (1, 2)]
    config = {"num_epochs": codes[0], "max_seqs": codes[1]}
    text = letters().config_text("cpu", engine=engine, config=config)
    assert "\nimport math\n" in text and text.count("\ndef double(value):\n    return value * 2\n") == 1
    before, _, options = text.partition("def double(value):")
    assert "import math" in before and "num_epochs = math.floor(double(1.5))\n" in options
    values: dict[str, Any] = {}
    exec(text, values)
    assert (values["num_epochs"], values["max_seqs"]) == (3, 5)
    assert with_python_values({"a": [codes[1]]}) == {"a": [5]}
