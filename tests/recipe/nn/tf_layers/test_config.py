"""The written config: plain Python that needs RETURNN and nothing of this repository, always the same text."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys

import pytest

from recipe import nn
from recipe.nn.plain.python_source import PythonSource

from ...models.small_model import small_feeds, small_model
from ..inputs import FRAMES, classes, frames
from ..returnn_training import checkpoint_values, training_text

pytestmark = pytest.mark.xdist_group("returnn-1")
ROOT = pathlib.Path(__file__).parents[4]
PRINT_CONFIGS = """
from recipe import nn
from tests.recipe.models.small_model import small_model
for search in (None, nn.BeamSearch(3)):
    network = nn.Network(small_model(), search=search)
    print(network.config_text("cpu"), network.config_text("gpu"), network.digest)
"""
FORBIDDEN = ("tensorflow", "returnn", "sisyphus", "h5py")
RECORD = f"""
import sys
from recipe import nn
from tests.recipe.models.small_model import small_model
network = nn.Network(small_model())
network.digest, network.config_text(), network.net_dict()
nn.Network(small_model(), search=nn.BeamSearch(2)).config_text("cpu")
print([name for name in {FORBIDDEN} if name in sys.modules])
"""


def run_python(code: str, *, hash_seed: str = "0", path: str | None = None, cwd: pathlib.Path = ROOT) -> str:
    """What a fresh Python prints."""
    environment = {"PYTHONHASHSEED": hash_seed, "PATH": "/usr/bin:/bin", "PYTHONWARNINGS": "ignore"}
    if path is not None:
        environment["PYTHONPATH"] = path
    done = subprocess.run([sys.executable, "-c", code], cwd=cwd, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_same_text_and_digest_in_every_process() -> None:
    texts = {run_python(PRINT_CONFIGS, hash_seed=seed, path=str(ROOT)) for seed in ("0", "1", "2")}
    assert len(texts) == 1
    assert "network = {" in texts.pop()


def test_recording_imports_no_tensorflow_returnn_or_sisyphus() -> None:
    assert run_python(RECORD, path=str(ROOT)).strip() == "[]"


@pytest.mark.parametrize("search", [None, nn.BeamSearch(3)])
def test_runs_as_plain_python_elsewhere(search: nn.BeamSearch | None, tmp_path: pathlib.Path) -> None:
    """In another directory, without this repository, with RETURNN alone."""
    text = nn.Network(small_model(), search=search).config_text("cpu", config={"task": "train", "num_epochs": 3})
    path = tmp_path / "returnn.config"
    path.write_text(text, encoding="utf-8")
    code = f"""
import runpy, sys
sys.path = [entry for entry in sys.path if "recipe" not in entry]
settings = runpy.run_path({str(path)!r})
assert "recipe" not in sys.modules and "tensorflow" not in sys.modules
print(settings["task"], settings["num_epochs"], settings["behavior_version"], sorted(settings["extern_data"]))
print(sorted(name for name, layer in settings["network"].items() if layer["class"] == "rec"))
"""
    lines = run_python(code, cwd=tmp_path).splitlines()
    inputs = ["data"] if search else ["classes", "data"]
    assert lines[0] == f"train 3 38 {inputs}"
    assert any("decoder" in name for name in lines[1].split(","))


def test_trains_with_plain_returnn(tmp_path: pathlib.Path) -> None:
    """``python -m returnn FILE``, in another directory, where only RETURNN and TensorFlow can be imported."""
    network = nn.Network(small_model())
    path = tmp_path / "returnn.config"
    path.write_text(training_text(network, tmp_path, small_feeds(), num_epochs=1), encoding="utf-8")
    imports = {line.split()[1].split(".")[0] for line in path.read_text().splitlines() if line.startswith("from ")}
    assert imports <= {"returnn", "collections"}
    environment = {**os.environ, "PYTHONPATH": ""}
    command = [sys.executable, "-m", "returnn", str(path)]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    values = checkpoint_values(tmp_path / "net.001")
    assert {name: value.shape for name, value in values.items()} == {
        name: parameter.shape for name, parameter in network.parameters.items()
    }
    assert "dev_score" in (tmp_path / "learning_rates").read_text()


def test_sections_in_order() -> None:
    text = nn.Network(small_model(), search=nn.BeamSearch(2)).config_text(config={"task": "search"})
    starts = ["from returnn", "backend =", "task =", "# dims\n", "# data\nextern_data", "# network\nnetwork"]
    positions = [text.index(start) for start in starts]
    assert positions == sorted(positions)
    assert text.endswith("}\n") and "\n\n\n\n" not in text


def test_dims_are_defined_by_the_expressions_that_make_them() -> None:
    one, two = nn.Dim(3, name="one"), nn.Dim(4, name="two")

    def model() -> nn.Tensor:
        x = nn.Linear(one)(frames())
        return nn.Linear(4 * two)(nn.concat(nn.concat(x, nn.Linear(2 * two)(x)), nn.Linear(5)(x)))

    lines = nn.Network(model).config_text().splitlines()
    assert "two_times_4_dim = 4 * two_dim" in lines
    assert "one_plus_two_times_2_dim = one_dim + 2 * two_dim" in lines
    assert "one_plus_two_times_2_plus_5_dim = one_dim + 2 * two_dim + 5" in lines


def test_each_root_layer_stands_behind_those_it_reads() -> None:
    network = nn.Network(small_model())
    order = [layer.name for layer in network.layers("cpu").layers]
    for name in ("decoder_cell_kernel", "decoder_attention_key", "encoder"):
        assert order.index(name) < order.index("decoder_loop")


def test_first_lines() -> None:
    lines = nn.Network(lambda: nn.tanh(frames())).config_text().splitlines()
    assert lines[0] == "#!returnn"
    assert "behavior_version = 38" in lines and 'backend = "tensorflow-net-dict"' in lines


def test_options_and_preamble() -> None:
    network = nn.Network(lambda: nn.tanh(frames()))
    text = network.config_text(
        config={"batch_size": 100, "learning_rates": [0.1] * 60, "train": nn.PythonCode("make_data()")},
        preamble="def make_data():\n    return {'class': 'HDFDataset'}",
    )
    namespace: dict = {}
    exec(compile(text, "<config>", "exec"), namespace)
    assert namespace["batch_size"] == 100
    assert namespace["learning_rates"] == [0.1] * 60
    assert namespace["train"] == {"class": "HDFDataset"}
    assert all(len(line) <= 130 for line in text.splitlines())


@pytest.mark.parametrize(
    "value",
    [
        1,
        1.5,
        True,
        None,
        "it's",
        'say "a"',
        "back\\slash\n",
        [1, [2, 3]],
        (1,),
        (1, 2),
        {"a": {"b": (1, [])}},
        {1, 2},
        -0.5,
    ],
)
def test_values_are_read_back(value: object) -> None:
    assert eval(PythonSource().value(value)) == value


def test_value_without_literal_form() -> None:
    with pytest.raises(nn.NetworkError, match="a config cannot hold .*object"):
        PythonSource().value({"a": object()})


def test_layers_have_readable_names_and_no_absolute_path() -> None:
    network = nn.Network(small_model())
    text = network.config_text()
    assert str(ROOT) not in text
    for name in ("encoder_layers_0_fw", "decoder_cell_W_re", "cross_entropy", "frame_error"):
        assert f'"{name}"' in text


def test_two_dims_of_one_name_are_kept_apart() -> None:
    def model() -> nn.Tensor:
        one, two = nn.Dim(3, name="hidden"), nn.Dim(3, name="hidden")
        return nn.Linear(one, two)(nn.Linear(FRAMES.dims[-1], one)(frames()))

    text = nn.Network(model).config_text()
    assert 'hidden_dim = Dim(3, name="hidden")' in text.replace("'", '"')
    assert 'hidden_dim_2 = Dim(3, name="hidden")' in text.replace("'", '"')


def test_inputs_that_are_not_read_are_not_declared() -> None:
    def model() -> nn.Tensor:
        classes()
        return nn.tanh(frames())

    assert set(nn.Network(model).extern_data) == {"data"}
