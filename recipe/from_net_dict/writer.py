"""The text of the module that a net dict becomes."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping

from .level import Level
from .loop_level import LoopLevel
from .loop_lines import body, head
from .python_text import value_text
from .repeated_blocks import Block
from .stage_classes import stage_classes
from .stage_options import options_of_stages
from .translation import Translation

_WIDTH = 120
_PACKAGE, _, _HERE = __name__.removesuffix(".writer").partition(".")
"""In another setup this is ``returnn_recurrent.from_net_dict``, and what it writes imports from there."""


def package() -> str:
    """The name that modules of this project are imported by."""
    return _PACKAGE


def module_text(translation: Translation, source_name: str) -> str:
    """
    The module: dims, inputs, classes, the names of parameters in old checkpoints, and the networks.

    :param source_name: of the file that it comes from
    """
    networks = translation.first_epochs or {1: translation}
    classes, models = stage_classes(
        {epoch: _classes(one) for epoch, one in networks.items()},
        {epoch: one.root.class_name for epoch, one in networks.items()},
    )
    head = [
        *_docstring(translation, source_name),
        "",
        "from __future__ import annotations",
        "",
        f"from {_PACKAGE} import nn",
        *_imports(translation),
        "",
    ]
    declarations = [*translation.notes.dims.declarations(), ""]
    declarations += [f"{name} = {text}" for name, text in sorted(translation.notes.inputs.items())]
    functions = [
        part for lines in _functions(networks.values()) for line in [*lines, "", ""] for part in _wrapped(line, 0)
    ]
    lines = [
        *head,
        *declarations,
        "",
        "",
        *functions,
        *(line for text in classes for line in [*_rewrapped(text), "", ""]),
        *_name_map(translation),
        "",
        "",
        *_networks(translation, models),
    ]
    return "\n".join(lines).rstrip("\n") + "\n"


def _classes(translation: Translation) -> dict[str, str]:
    """The texts of the classes of one network, by their names."""
    found: dict[str, str] = {}
    for level in translation.root.with_inner():
        for block in translation.blocks.get(level, []):
            found[block.class_name] = "\n".join(_block_lines(block)) + "\n"
        found[level.class_name] = "\n".join(_class_lines(translation, level)) + "\n"
    return found


def _rewrapped(text: str) -> Iterator[str]:
    """Lines that arguments have made too long in several."""
    for line in text.splitlines():
        yield from _wrapped(line, 0) if len(line) > _WIDTH else [line]


def _functions(translations: Iterable[Translation]) -> Iterator[list[str]]:
    """Functions of the networks, each once."""
    written: list[list[str]] = []
    for translation in translations:
        for lines in translation.notes.functions.values():
            if lines not in written:
                written.append(lines)
                yield lines


def _docstring(translation: Translation, source_name: str) -> Iterator[str]:
    """What the module is, and what RETURNN computes otherwise."""
    first = f'"""Written from {source_name} by {_PACKAGE}.{_HERE}, as a starting point.'
    differences = sorted(translation.notes.differences)
    if not differences:
        yield f'{first}"""'
        return
    yield first
    for difference in differences:
        yield ""
        yield from textwrap.wrap(difference, _WIDTH)
    yield '"""'


def _imports(translation: Translation) -> Iterator[str]:
    files: dict[str, list[str]] = {}
    for name, file in translation.notes.used_models.items():
        files.setdefault(file, []).append(name)
    for file, names in sorted(files.items()):
        yield f"from {_PACKAGE}.models.{file} import {', '.join(sorted(names))}"


def _class_lines(translation: Translation, level: Level) -> Iterator[str]:
    results = translation.results_of(level)
    yield f"class {level.class_name}(nn.Module):"
    yield f'    """{_what(level)}"""'
    yield ""
    own = [f"self.{name} = {text}" for name, text in level.members.items()]
    given = [f"self.{name} = {name}" for name in level.given_members]
    if own or given:
        parameters = "".join(f", {name}: nn.Module" for name in level.given_members)
        yield f"    def __init__(self{parameters}) -> None:"
        yield "        super().__init__()"
        for line in [*given, *own, *level.initial_values]:
            yield from (f"        {part}" for part in _wrapped(line, 8))
        yield ""
    arguments = [f"{name}: nn.Tensor" for name in level.arguments]
    arguments += ["loop: nn.Loop"] if level.uses_loop else []
    arguments += ["search: nn.BeamSearch | None = None"] if level.uses_search else []
    gives = {0: "None", 1: "nn.Tensor"}.get(len(results), "tuple[nn.Tensor, ...]")
    if level.parent is None and _has_names(translation):
        gives = "dict[str, nn.Tensor]"
    yield from _wrapped(f"    def forward({', '.join(['self', *arguments])}) -> {gives}:", 8)
    yield from (f"        {line}" for line in _forward(translation, level, results))


def _block_lines(block: Block) -> Iterator[str]:
    yield f"class {block.class_name}(nn.Module):"
    yield f'    """{block.what}"""'
    yield ""
    yield "    def __init__(self) -> None:"
    yield "        super().__init__()"
    for line in [*(f"self.{name} = {text}" for name, text in block.members.items()), *block.initial_values]:
        yield from (f"        {part}" for part in _wrapped(line, 8))
    yield ""
    arguments = ", ".join(["self", *(f"{name}: nn.Tensor" for name in block.arguments)])
    gives = "nn.Tensor" if len(block.results) == 1 else "tuple[nn.Tensor, ...]"
    yield from _wrapped(f"    def forward({arguments}) -> {gives}:", 8)
    for line in [*(line.text() for line in block.lines), f"return {', '.join(block.results)}"]:
        yield from (f"        {part}" for part in _wrapped(line, 4))


def _forward(translation: Translation, level: Level, results: list[str]) -> Iterator[str]:
    if isinstance(level, LoopLevel):
        for text in head(level):
            yield from _wrapped(text, 4)
        yield "with loop:"
        lines = body(level)
        lines = [*lines, f"return {', '.join(results)}"] if results else lines
        yield from (f"    {line}" for text in lines for line in _wrapped(text, 4))
        return
    for line in level.lines:
        for part in line.text().split("\n"):
            yield from _wrapped(part, 4)
    if level.parent is None and _has_names(translation):
        pairs = ", ".join(f'"{name}": {text}' for name, text in translation.results.items())
        yield f"return {{{pairs}}}"
    elif results:
        yield f"return {', '.join(results)}"


def _has_names(translation: Translation) -> bool:
    """Whether the outputs of the network need names; one of RETURNN's usual name does not."""
    return bool(set(translation.results) - {"output", "decision"}) or len(translation.results) > 1


def _what(level: Level) -> str:
    if level.parent is None:
        return "The network."
    return f"The {'loop' if isinstance(level, LoopLevel) else 'subnetwork'} {level.name!r}."


def _name_map(translation: Translation) -> Iterator[str]:
    yield "NAME_MAP = {"
    yield from (f'    "{name}": "{old}",' for name, old in translation.notes.name_map.items())
    yield "}"
    yield '"""RETURNN\'s names of the parameters in old checkpoints: OldCheckpointJob(checkpoint, NAME_MAP)."""'


def _networks(translation: Translation, models: Mapping[int, str]) -> Iterator[str]:
    search = translation.notes.search
    model = models[max(models)]
    if translation.notes.net.stages.problem:
        yield f"# TODO pretraining: {translation.notes.net.stages.problem}".replace("\n", " ")
    if not translation.is_search_alone:
        yield "def training_network() -> nn.Network:"
        yield '    """For training: losses, with the right labels."""'
        yield f"    return nn.Network({model})"
    if translation.first_epochs:
        yield from ["", "", *_stages(translation, models)]
    if search is not None:
        if not translation.is_search_alone:
            yield ""
            yield ""
        beam_size, exponent = search
        more = "" if exponent == 1.0 else f", length_normalization={exponent}"
        yield "def search_network() -> nn.Network:"
        yield '    """For search."""'
        yield f"    return nn.Network({model}, search=nn.BeamSearch({beam_size}{more}))"


def _stages(translation: Translation, models: Mapping[int, str]) -> Iterator[str]:
    """What gives the networks by epochs."""
    stages = translation.notes.net.stages
    options = options_of_stages(stages, models)
    for epoch, one in stages.options.items():
        if "learning_rate" in one:
            yield f"# The learning rate from epoch {epoch} on: {one['learning_rate']!r:.60}".replace("\n", " ")
    yield "def training_stages() -> nn.StagedNetwork:"
    yield '    """For training: the networks that it goes through, by their first epochs."""'
    yield "    return nn.StagedNetwork("
    yield "        {"
    for epoch in options:
        model = models[max(one for one in models if one <= epoch)]
        network = "training_network()" if model == models[max(models)] else f"nn.Network({model})"
        line = f"            {epoch}: {network},"
        yield from [line] if len(line) <= _WIDTH else _wrapped_model(epoch, model)
    yield "        },"
    yield f'        copy_param_mode="{stages.copy_param_mode}",'
    others = {epoch: one for epoch, one in options.items() if one}
    if others:
        yield f"        options={value_text(others)},"
    yield "    )"


def _wrapped_model(epoch: int, model: str) -> Iterator[str]:
    yield f"            {epoch}: nn.Network("
    yield from _wrapped(f"                {model}", 0)
    yield "            ),"


def _wrapped(line: str, indent: int) -> list[str]:
    """A long line in several, as Python takes it."""
    room = _WIDTH - 16
    stripped = line.lstrip()
    start = line[: len(line) - len(stripped)]
    if len(line) <= room:
        return [line]
    if stripped.startswith("#"):
        return [f"{start}# {part}" for part in textwrap.wrap(stripped[2:], room - len(start) - 2)]
    opening = _outermost_bracket(line)
    if opening is None:
        return [line]
    first, last = opening
    parts = _parts(line[first + 1 : last])
    inside = ", ".join(parts)
    if len(inside) <= room - indent - len(start):
        return [line[: first + 1], f"{start}    {inside}", f"{start}{line[last:]}"]
    if len(parts) == 1:
        return [line]
    return [line[: first + 1], *(f"{start}    {part}," for part in parts), f"{start}{line[last:]}"]


def _parts(text: str) -> list[str]:
    """What stands between the commas that are in no bracket."""
    parts, depth = [""], 0
    for character in text:
        depth += (character in "([{") - (character in ")]}")
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts]


def _outermost_bracket(line: str) -> tuple[int, int] | None:
    """The positions of the last bracket pair that is in no other."""
    depth, start, found = 0, 0, None
    for position, character in enumerate(line):
        if character in "([{":
            start = position if depth == 0 else start
            depth += 1
        elif character in ")]}":
            depth -= 1
            if depth == 0 and position - start > 20:
                found = (start, position)
    return found
