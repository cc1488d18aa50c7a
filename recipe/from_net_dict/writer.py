"""The text of the module that a net dict becomes."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from .level import Level
from .loop_layers import Subnetwork
from .loop_level import LoopLevel
from .loop_lines import body, head
from .repeated_blocks import Block, with_blocks
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
    classes = [line for level in translation.root.with_inner() for line in [*_class_lines(translation, level), "", ""]]
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
        part
        for lines in translation.notes.functions.values()
        for line in [*lines, "", ""]
        for part in _wrapped(line, 0)
    ]
    lines = [
        *head,
        *declarations,
        "",
        "",
        *functions,
        *classes,
        *_name_map(translation),
        "",
        "",
        *_networks(translation),
    ]
    return "\n".join(lines).rstrip("\n") + "\n"


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
    results = list(translation.results.values()) if level.parent is None else _results(level)
    if not isinstance(level, LoopLevel):
        blocks, results = with_blocks(level, results)
        for block in blocks:
            yield from _block_lines(block)
        if level.parent is None:
            translation.results = dict(zip(translation.results, results))
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
    yield ""
    yield ""


def _forward(translation: Translation, level: Level, results: list[str]) -> Iterator[str]:
    if isinstance(level, LoopLevel):
        yield from head(level)
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


def _results(level: Level) -> list[str]:
    return level.results if isinstance(level, (LoopLevel, Subnetwork)) else []


def _what(level: Level) -> str:
    if level.parent is None:
        return "The network."
    return f"The {'loop' if isinstance(level, LoopLevel) else 'subnetwork'} {level.name!r}."


def _name_map(translation: Translation) -> Iterator[str]:
    yield "NAME_MAP = {"
    yield from (f'    "{name}": "{old}",' for name, old in translation.notes.name_map.items())
    yield "}"
    yield '"""RETURNN\'s names of the parameters in old checkpoints: OldCheckpointJob(checkpoint, NAME_MAP)."""'


def _networks(translation: Translation) -> Iterator[str]:
    search = translation.notes.search
    is_search_alone = search is not None and not translation.root.uses_search
    if not is_search_alone:
        yield "def training_network() -> nn.Network:"
        yield '    """For training: losses, with the right labels."""'
        yield f"    return nn.Network({translation.root.class_name}())"
    if search is not None:
        if not is_search_alone:
            yield ""
            yield ""
        beam_size, exponent = search
        more = "" if exponent == 1.0 else f", length_normalization={exponent}"
        yield "def search_network() -> nn.Network:"
        yield '    """For search."""'
        yield (f"    return nn.Network({translation.root.class_name}(), search=nn.BeamSearch({beam_size}{more}))")


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
