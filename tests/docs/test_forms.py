"""Each form gives what the plain loop beside it gives, and becomes the RETURNN layers that are named."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy
import pytest

from recipe import nn
from recipe.nn.tf_layers.config_function import ConfigFunction

from .pages import PAGES, Block, blocks, text_of

LENGTHS, OTHER_LENGTHS = [4, 2, 1, 3], [2, 3, 1, 1]
RANDOM = numpy.random.RandomState(3)
FEEDS: dict[str, Any] = {
    "x": (RANDOM.normal(size=(4, 4, 3)).astype("float32"), numpy.array(LENGTHS)),
    "y": (RANDOM.randint(0, 4, size=(4, 4)).astype("int32"), numpy.array(LENGTHS)),
    "v": RANDOM.normal(size=(4, 3)).astype("float32"),
    "z": (RANDOM.normal(size=(4, 3, 3)).astype("float32"), numpy.array(OTHER_LENGTHS)),
}


class Form(NamedTuple):
    """
    A form.

    :ivar before: the blocks of the page up to its model, which run first
    :ivar plain: the loop in NumPy
    :ivar layers: RETURNN layers that are named, and functions
    :ivar absent: layers of which it is said that there are none
    """

    title: str
    before: list[Block]
    plain: Block
    layers: set[str]
    absent: set[str]


def forms() -> Iterator[Form]:
    """All forms of all pages."""
    for page in PAGES:
        text, before = text_of(page), list[Block]()
        lines = text.splitlines()
        for block in blocks(page):
            if block.title != "NumPy":
                before.append(block)
                continue
            above = "\n".join(lines[: block.line])
            title = re.findall(r"^## (.*)$", above, re.MULTILINE)[-1]
            below = "\n".join(lines[block.line :]).partition("RETURNN: ")[2].partition("\n\n")[0]
            absent = set(re.findall(r"(?:no|in place of) `(\w+)`", below))
            named = {name for name in re.findall(r"`(\w+)`", below) if name in LAYERS} - absent
            yield Form(f"{page.rpartition('/')[2]}: {title}", list(before), block, named, absent)


LAYERS = {
    "activation", "as_is", "choice", "concat", "cum_concat", "dot", "eval", "gather", "linear", "rec",
    "rec_last_output", "rec_unstack", "reduce", "softmax_over_spatial", "switch", "variable",
    "best_places", "followed_back", "frame", "last_frame", "last_of_inner_loop", "selected", "shifted",
}  # fmt: skip
"""Classes of RETURNN layers, and functions of `eval`, that the pages may name; other words in backticks are options."""


def names_of(code: list[Block]) -> dict[str, Any]:
    """The names that blocks define."""
    names: dict[str, Any] = {"__name__": "__docs__"}
    for block in code:
        exec(compile(block.code, block.place, "exec"), names)
    return names


def classes_of(layers: Any) -> Iterator[str]:
    """The classes of all layers of a net dict, in units too, and of losses; and the functions that `eval` calls."""
    for options in layers.values() if isinstance(layers, dict) else ():
        if isinstance(options, dict):
            if isinstance(options.get("eval"), ConfigFunction):
                yield options["eval"].name
            if isinstance(options.get("class"), str):
                yield options["class"]
            if isinstance(options.get("loss"), str):
                yield options["loss"]
            yield from classes_of(options)


def sequence(name: str, index: int) -> numpy.ndarray:
    """An input of one sequence, as long as that is."""
    feed = FEEDS[name]
    return feed[0][index][: feed[1][index]] if isinstance(feed, tuple) else feed[index]


@pytest.mark.parametrize("form", forms(), ids=lambda form: form.title)
@pytest.mark.filterwarnings("ignore:.*never assigned")
def test_form(form: Form) -> None:
    names = names_of(form.before)
    network = nn.Network(names["model"], search=names.get("search"))
    parameters = {
        name: numpy.random.RandomState(len(name)).normal(size=parameter.shape).astype("float32")
        for name, parameter in network.parameters.items()
    }
    feeds = {name: FEEDS[name] for name in network.extern_data}
    run = nn.run_numpy(network, feeds, parameters)
    plain = names_of([*form.before, form.plain])["plain"]
    wanted = [name for name in inspect.signature(plain).parameters if name != "p"]
    more = {"p": parameters} if "p" in inspect.signature(plain).parameters else {}
    results = [plain(**{name: sequence(name, index) for name in wanted}, **more) for index in range(len(LENGTHS))]
    if network.losses:
        (loss,) = run.losses.values()
        assert loss == pytest.approx(numpy.concatenate(results).mean(), rel=1e-4)
    elif names.get("search") and names["search"].beam_size > 1:
        found = [list(word) for word in run.outputs["output"].sequences()]
        assert found == [word for beam in results for word in beam]
    else:
        _compare(run, results)
    found_layers = set(classes_of(network.net_dict("cpu")))
    assert form.layers or form.absent
    assert form.layers <= found_layers, f"{form.title}: of {form.layers} there are {found_layers}"
    assert not form.absent & found_layers, f"{form.title}: of {form.absent} there are {found_layers}"


def _compare(run: nn.NumpyRun, results: list[Any]) -> None:
    rows = [result if isinstance(result, dict) else {"output": result} for result in results]
    assert set(run.outputs) == set(rows[0])
    for name, output in run.outputs.items():
        for found, row in zip(output.sequences(), rows, strict=True):
            expected = numpy.array(row[name])
            if not found.size:
                assert not expected.size
            else:
                numpy.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_all_pages_of_forms_begin_alike() -> None:
    starts = {next(blocks(page)).code for page in PAGES if page.startswith("docs/forms/")}
    assert len(starts) == 1


def test_forms_of_the_table_that_have_a_section() -> None:
    assert len(list(forms())) >= 30
