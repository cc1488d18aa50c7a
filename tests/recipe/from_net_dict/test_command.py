"""``python -m recipe.from_net_dict FILE``, and what it says of what it cannot translate."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys

import pytest

from recipe import nn
from recipe.from_net_dict import NetDictError, from_net_dict
from recipe.from_net_dict.__main__ import main

from .written_module import imported

ROOT = pathlib.Path(__file__).parents[3]
LINEAR = {"class": "linear", "activation": "tanh", "from": "data", "n_out": 4}
EXTERN = {"data": {"dim": 3}, "classes": {"dim": 5, "sparse": True}}


def test_command(tmp_path: pathlib.Path) -> None:
    """Status 0, the module on stdout; it needs no RETURNN to be imported."""
    file = ROOT / "benchmarks" / "handwritten" / "attention.config"
    code = f"import runpy, sys; sys.argv = ['x', {str(file)!r}, '--set', 'task=search']\n"
    code += "try: runpy.run_module('recipe.from_net_dict', run_name='__main__')\n"
    code += "finally: print([n for n in ('returnn', 'tensorflow', 'sisyphus') if n in sys.modules], file=sys.stderr)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert (result.returncode, result.stderr) == (0, "[]\n")
    assert "nn.BeamSearch(12)" in result.stdout and "nn.choice(logits)" in result.stdout
    (tmp_path / "again.py").write_text(result.stdout)
    checked = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--select", "F,E9", str(tmp_path / "again.py")], check=False
    )
    assert checked.returncode == 0


def test_old_name_of_the_command() -> None:
    """``python -m recipe.nn.from_net_dict`` does the same."""
    file = "benchmarks/handwritten/attention.config"
    new, old = (
        subprocess.run([sys.executable, "-m", name, file], capture_output=True, text=True, cwd=ROOT, check=False)
        for name in ("recipe.from_net_dict", "recipe.nn.from_net_dict")
    )
    assert (old.returncode, old.stdout, old.stderr) == (new.returncode, new.stdout, new.stderr)
    assert new.stdout.startswith('"""Written from attention.config by recipe.from_net_dict')


def test_what_is_not_translated_is_named(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In the text, on stderr, and in the exit status; the rest is translated."""
    network = {
        "a": LINEAR,
        "turned": {"class": "turn", "from": "a"},
        "twice": {"class": "eval", "from": "a", "eval": "source(0) * tf.linalg.det(source(0))"},
        "l1": {**LINEAR, "from": "twice", "L1": 0.01, "is_output_layer": True},
        "output": {"class": "combine", "kind": "add", "from": ["turned", "twice"]},
    }
    file = tmp_path / "some.config"
    file.write_text(f"extern_data = {EXTERN!r}\nnetwork = {network!r}\n")
    assert main([str(file)]) == 1
    printed = capsys.readouterr()
    problems = printed.err.splitlines()
    assert problems == [
        "TODO layer 'twice' (eval): tf.linalg.det in its formula",
        "TODO layer 'l1' (linear): option L1=0.01 is left out",
        "TODO layer 'turned' (turn): there is no translation for this class",
    ]
    for problem in problems:
        assert f"# {problem}" in printed.out
    assert "turned = None" in printed.out and "nn.tanh(self.a(data))" in printed.out
    assert 'twice = not_translated("twice", [a], [nn.batch_dim, data_time_dim, 4])' in printed.out


def test_what_depends_on_what_is_not_translated(tmp_path: pathlib.Path) -> None:
    """It is there, with zeros of the right dims where the layer was, and so are the layers before."""
    network = {
        "a": LINEAR,
        "twice": {"class": "eval", "from": ["a", "data"], "eval": "tf.linalg.det(source(0))", "n_out": 4},
        "output": {**LINEAR, "from": "twice"},
    }
    written = from_net_dict(f"extern_data = {EXTERN!r}\nnetwork = {network!r}\n")
    with pytest.warns(nn.NetworkWarning, match="layer 'twice' is not translated"):
        built = imported(written, tmp_path).training_network()
    assert set(built.parameters) == {"a/W", "a/b", "output/W", "output/b"}


def test_what_is_read(tmp_path: pathlib.Path) -> None:
    """JSON, a config, an old config, the dict alone, a dict in a dict: all give one network."""
    network = {"output": LINEAR}
    forms = [
        json.dumps({"network": network, "extern_data": EXTERN}),
        f"extern_data = {EXTERN!r}\nnetwork = {network!r}",
        f"num_inputs = 3\nnum_outputs = {{'classes': (5, 1)}}\nnetwork = {network!r}",
        f"config = {{'network': {network!r}, 'extern_data': {EXTERN!r}}}",
        f"{{'extern_data': {EXTERN!r}, 'network': {network!r}}}",
        json.dumps({"network": network, "extern_data": EXTERN}).replace(', "extern', ',\n// a comment\n"extern'),
        f"num_inputs = 03\nprint 'a config in Python 2'\nif num_inputs <> 3: raise Exception, 'odd'\n"
        f"num_outputs = {{'classes': {{'dim': 5, 'sparse': True}}}}\nnetwork = {network!r}",
        f"extern_data = {EXTERN!r}\ndef get_network(epoch, **kwargs):\n"
        f"    return {{'output': {{**{LINEAR!r}, 'n_out': 4 if epoch > 9 else 2}}}}",
    ]
    digests = {imported(from_net_dict(form), tmp_path).training_network().digest for form in forms}
    assert len(digests) == 1
    named = from_net_dict(f"extern_data = {EXTERN!r}\nmine = {network!r}", network="mine")
    assert named.problems == []
    bare = from_net_dict(repr(network))
    assert bare.problems == ["input 'data' is not declared in the file (extern_data), so its dims are not known"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file is empty"),
        ("x = (", "neither JSON nor Python"),
        ("nets = {'a': {'class': 'copy'}}", "there is no 'network' in the file. There is nets: --network NAME"),
        ("import my\nnetwork = my.make(3)", "Line 2: my is not defined in this file, and imports are not followed"),
        (
            "hidden_size 500,500\nhidden_type forward\nnum_epochs 5",
            "no net dict in the file, but hidden_size, hidden_type",
        ),
        ("backend = 'torch'", "its backend is PyTorch"),
        (
            "network = {'a': {'class': 'subnetwork'}}\nnetwork['a']['subnetwork'] = network",
            "the net dict recurses: layer 'a' contains the dict",
        ),
        ("network = 3", "'network' is no net dict"),
        ("extern_data = {'data': {'dim_tags': [1, 2]}}\nnetwork = {'a': {'class': 'copy'}}", "dims of input 'data'"),
    ],
)
def test_what_cannot_be_read(text: str, message: str, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(NetDictError, match=message.replace("(", r"\(").replace(")", r"\)")):
        from_net_dict(text)
    (tmp_path / "x").write_text(text)
    assert main([str(tmp_path / "x")]) == 2
    assert message in capsys.readouterr().err


def test_hash_seed_does_not_matter() -> None:
    command = [
        sys.executable,
        "-m",
        "recipe.from_net_dict",
        "tests/recipe/from_net_dict/earlier_configs/transformer_training.gpu.config",
    ]
    texts = {
        subprocess.run(command, capture_output=True, cwd=ROOT, env={"PYTHONHASHSEED": seed}, check=True).stdout
        for seed in "12"
    }
    assert len(texts) == 1
