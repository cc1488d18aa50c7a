"""The API reference: every public name is there, with an example and what it is in RETURNN."""

from __future__ import annotations

import ast
import contextlib
import functools
import importlib
import importlib.util
import inspect
import io
import pathlib
import warnings
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

from recipe import nn

from .pages import ROOT, text_of
from .reference import INDEX, REFERENCE, Entry, entries, parts_of, written_index
from .test_forms import classes_of

ENTRIES = entries()
BY_NAME = {entry.name: entry for entry in ENTRIES}
RETURNN = pathlib.Path(next(iter(importlib.util.find_spec("returnn").submodule_search_locations)))  # type: ignore[union-attr,arg-type]

NOT_FOR_USERS = {
    "recipe.data.dataset_functions.at_random_speed",
    "recipe.data.dataset_functions.dataset_of_blocks",
    "recipe.data.dataset_functions.dataset_of_blocks_with_dropout",
    "recipe.data.dataset_functions.function_code",
    "recipe.data.dataset_functions.log_mel_features",
    "recipe.data.dataset_functions.other_pieces",
    "recipe.data.dataset_functions.pieces_with_dropout",
    "recipe.data.dataset_functions.sorted_first",
    "recipe.data.dataset_functions.space_as_label",
    "recipe.data.hdf.write_streams",
    "recipe.data.text.decode",
    "recipe.data.text.open_bytes",
    "recipe.models.fusion.check_same_labels",
    "recipe.models.fusion.zeros_like",
    "recipe.models.joint_ctc.last",
    "recipe.models.joint_ctc.log_add",
    # what modules import that recipe.from_net_dict writes: layers as early versions of RETURNN have them
    "recipe.models.cell_over_time.CellOverTime",
    "recipe.models.cell_over_time.LstmCellLike",
    "recipe.models.early_batch_norm.EarlyBatchNorm",
    "recipe.models.frames_in_place_of_one.FramesInPlaceOfOne",
    "recipe.models.frames_where.frames_where",
    "recipe.models.frames_where.held_frames",
    "recipe.models.gelu_by_tanh.gelu_by_tanh",
    "recipe.models.joined_self_attention.JoinedSelfAttention",
    "recipe.models.joined_self_attention.RelativePositions",
    "recipe.models.layer_norm_lstm.LayerNormLstm",
    "recipe.models.layer_norm_lstm.LayerNormLstmCell",
    "recipe.models.layer_norm_lstm.Normalization",
    "recipe.models.not_translated.not_translated",
    "recipe.models.other_axes.padded",
    "recipe.models.other_axes.swapped",
    "recipe.models.random_masks.frames",
    "recipe.models.random_masks.random_masks",
    "recipe.models.random_masks.uniform",
    "recipe.models.standard_lstm.StandardLstm",
    "recipe.models.standard_lstm.StandardLstmCell",
    "recipe.models.standard_lstm.zoned_out",
    "recipe.models.switch_out.switch_out",
    "recipe.models.transposed_linear.TransposedLinear",
    "recipe.models.weight_drop_lstm.WeightDropLstm",
    "recipe.models.weight_drop_lstm.WeightDropLstmCell",
    "recipe.models.windowed_convolution.WindowedConvolution",
    "recipe.models.windowed_convolution.windows_of_entries",
    "recipe.models.windowed_convolution.windows_of_frames",
    "recipe.models.within_window.within_window",
}
"""Functions that modules share or written configs have, and models of one's own have no need of."""

MEMBERS_NOT_FOR_USERS = {
    "Dim": {
        "become", "delayed_labels", "delayed_size", "factors", "is_anonymous", "is_batch", "is_beam", "known_size",
        "length_dims", "quotient", "same_size_as", "terms", "with_lengths_over",
    },
    "Tensor": {"resolve_axis", "seen_from"},
    "State": {"read_around", "declared", "declare"},
    "Network": {
        "all_ops", "beam_sizes", "canonical", "delayed", "giving", "is_kept", "is_used", "layers", "loops",
        "ops_in_order", "picture",
    },
    "StagedNetwork": {"layers"},
    "Parameter": {"fits"},
    "NetworkError": {"at"},
    "Initializer": {"returnn", "sample"},
    "Module": set(),
}  # fmt: skip
"""Members that other parts of the package use."""


def modules_of(package: str) -> Iterator[ModuleType]:
    """The modules of a package."""
    for path in sorted((ROOT / package.replace(".", "/")).glob("*.py")):
        if path.stem != "__init__":
            yield importlib.import_module(f"{package}.{path.stem}")


def public_names() -> set[str]:
    """All of the language, of the models and of the data."""
    names = {f"recipe.nn.{name}" for name in nn.__all__}
    for package in ("recipe.models", "recipe.data"):
        for module in modules_of(package):
            tree = ast.parse(inspect.getsource(module))
            defined = [node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))]
            names |= {f"{module.__name__}.{name}" for name in defined if not name.startswith("_")}
    return names


def test_every_public_name_has_one_entry() -> None:
    assert len(BY_NAME) == len(ENTRIES)
    assert public_names() - NOT_FOR_USERS == set(BY_NAME)
    assert public_names() >= NOT_FOR_USERS


def test_every_entry_has_an_example() -> None:
    for entry in ENTRIES:
        name = entry.name.rpartition(".")[2]
        assert name in entry.code, f"{entry.page}: the example of {entry.name} does not have it"


def value_of(entry: Entry) -> Any:
    """What an entry is about."""
    module, _, name = entry.name.rpartition(".")
    return getattr(importlib.import_module(module), name)


def test_every_entry_says_what_it_is() -> None:
    for entry in ENTRIES:
        if entry.name != "recipe.nn.batch_dim":
            assert value_of(entry).__doc__, entry.name


def own_members(cls: type) -> set[str]:
    """Public methods and properties that a class of the language defines or takes from one that is no public name."""
    owners = [
        one for one in cls.__mro__ if one.__module__.startswith("recipe.") and (one is cls or not _is_public(one))
    ]
    names = {name for owner in owners for name, value in vars(owner).items() if _is_member(value)}
    return {name for name in names if not name.startswith("_")}


def _is_public(cls: type) -> bool:
    return cls.__name__ in nn.__all__ or cls.__name__ in ("Arithmetic", "Comparisons", "ComputedLater", "NoNumber")


def _is_member(value: Any) -> bool:
    return inspect.isfunction(value) or isinstance(value, property)


def test_members_of_the_language_are_listed_and_shown() -> None:
    for entry in ENTRIES:
        cls = value_of(entry)
        if not inspect.isclass(cls) or not entry.name.startswith("recipe.nn."):
            continue
        hidden = MEMBERS_NOT_FOR_USERS.get(cls.__name__, MEMBERS_NOT_FOR_USERS.get(cls.__mro__[1].__name__, set()))
        if issubclass(cls, nn.Module) and cls is not nn.Module:
            hidden = {"forward"}  # is what calling it does
        assert own_members(cls) - hidden <= set(entry.members), f"{entry.page}: {entry.name}"
        for member in entry.members:
            assert member in entry.code, f"{entry.page}: the example of {entry.name} does not show {member}"


@pytest.fixture(scope="module")
def layer_classes() -> set[str]:
    """The classes of RETURNN's layers, from its source, as importing it takes seconds."""
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in (RETURNN / "tf" / "layers").glob("*.py")]
    assigned = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Assign)]
    return {
        node.value.value
        for node in assigned
        if isinstance(node.value, ast.Constant)
        and any(isinstance(target, ast.Name) and target.id == "layer_class" for target in node.targets)
    }


@pytest.mark.parametrize("page", [page for page in REFERENCE if not page.endswith("data.md")])
def test_layers_are_those_of_the_examples(
    page: str,
    layer_classes: set[str],
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The layers that an entry names exist, and are in the net dict of a network of its example."""
    monkeypatch.chdir(tmp_path)
    made: list[nn.Network] = []
    init = nn.Network.__init__

    def noted(self: nn.Network, *args: Any, **kwargs: Any) -> None:
        init(self, *args, **kwargs)
        made.append(self)

    monkeypatch.setattr(nn.Network, "__init__", noted)
    names: dict[str, Any] = {"__name__": "__docs__"}
    for code, entry in parts_of(page):
        made.clear()
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore", nn.NetworkWarning)
            exec(compile(code, page, "exec"), names)
        if entry is None:
            continue
        assert entry.layers is not None, f"{page}: {entry.name} has no line on RETURNN and its frontend"
        assert set(entry.layers) <= layer_classes, f"{page}: {entry.name}: {set(entry.layers) - layer_classes}"
        if entry.layers:
            found = {name for one in made for device in ("cpu", "gpu") for name in classes_of(one.net_dict(device))}
            assert set(entry.layers) <= found, f"{page}: {entry.name} becomes {sorted(found)}"


@functools.cache
def names_in(path: pathlib.Path) -> set[str]:
    """
    What a module or package of RETURNN gives who imports it, from its source, as importing it takes seconds.

    :param path: without its ending
    """
    package = path / "__init__.py"
    file = package if package.exists() else path.with_suffix(".py")
    names: set[str] = set()
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom) and node.level == 1:
            for alias in node.names:
                if alias.name == "*":
                    names |= names_in(file.parent / str(node.module))
                else:
                    names.add(alias.asname or alias.name)
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if [target.id for target in targets if isinstance(target, ast.Name)] == ["__all__"]:
                assert node.value is not None
                return set(ast.literal_eval(node.value)) if file != package else names
            names |= {target.id for target in targets if isinstance(target, ast.Name)}
    return names


@pytest.mark.parametrize("name", sorted({name for entry in ENTRIES for name in entry.frontend or ()}))
def test_names_of_the_frontend_are_there(name: str) -> None:
    """``rf`` is ``returnn.frontend``."""
    module, _, attribute = name.rpartition(".")
    first, *rest = module.split(".")
    start = {"rf": RETURNN / "frontend", "returnn": RETURNN}[first]
    assert attribute in names_in(start.joinpath(*rest))


def test_index_has_all_names() -> None:
    assert text_of(INDEX) == written_index(), "write it anew: python -m tests.docs.reference"
