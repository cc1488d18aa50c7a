"""The classes of several networks of one training: each once, with arguments for what differs between the stages."""

from __future__ import annotations

import graphlib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from .merged_code import (
    VERSION,
    Code,
    Number,
    head_of,
    lines_of,
    merged,
    numbers_of,
    read_class,
    tokens_of,
    with_constructor,
)

Classes = Mapping[str, str]
"""The texts of classes by their names."""


class StageClasses(NamedTuple):
    """
    The classes of all stages.

    :ivar texts: of the classes, those that others need first
    :ivar models: the expressions that make the model of each stage, by its first epoch
    """

    texts: list[str]
    models: dict[int, str]


def stage_classes(stages: Mapping[int, Classes], models: Mapping[int, str]) -> StageClasses:
    """
    Puts the classes of all stages together.

    :param stages: the classes of each stage, by its first epoch; those of the last one keep their names
    :param models: the name of the class that is the network, by stage
    """
    texts: dict[int, dict[str, str]] = {}
    for epoch, classes in sorted(stages.items()):
        if not texts or texts[max(texts)] != classes:
            texts[epoch] = dict(classes)
    found: list[str] = []
    made = {epoch: f"{models[epoch]}()" for epoch in texts}
    taken = {name for classes in texts.values() for name in classes}
    for name in _inner_first(texts):
        for number, epochs in enumerate(_alike(texts, name)):
            new_name = name
            if number > 0:
                new_name = next(one for one in _names(f"{name}FromEpoch{min(epochs)}") if one not in taken)
                taken.add(new_name)
            text, arguments = _one_class({epoch: texts[epoch][name] for epoch in epochs})
            found.append(re.sub(rf"^class {name}\b", f"class {new_name}", text))
            usual = arguments[max(arguments)]
            for epoch, given in arguments.items():
                other = {key: value for key, value in given.items() if value != usual[key]}
                made[epoch] = _called(made[epoch], name, new_name, other)
                texts[epoch] = {key: _called(one, name, new_name, given) for key, one in texts[epoch].items()}
    return StageClasses(found, made)


def _inner_first(stages: Mapping[int, Classes]) -> list[str]:
    """The names of all classes, each after those that it makes."""
    uses: dict[str, set[str]] = {}
    for classes in stages.values():
        for name, text in classes.items():
            mentioned = set(re.findall(r"(?<![\w.])(\w+)\(", text)) & set(classes)
            uses.setdefault(name, set()).update(mentioned - {name})
    return list(graphlib.TopologicalSorter(uses).static_order())


def _alike(texts: Mapping[int, dict[str, str]], name: str) -> Iterator[list[int]]:
    """The epochs whose classes of a name take the same arguments, the last stage's first."""
    epochs = [epoch for epoch in sorted(texts, reverse=True) if name in texts[epoch]]
    if any("def __init__(" in texts[epoch][name] for epoch in epochs):
        for epoch in epochs:
            texts[epoch][name] = with_constructor(texts[epoch][name])
    groups: dict[tuple, list[int]] = {}
    for epoch in epochs:
        groups.setdefault(head_of(texts[epoch][name]), []).append(epoch)
    yield from groups.values()


def _names(name: str) -> Iterator[str]:
    yield name
    yield from (f"{name}_{number}" for number in range(2, 1000))


class _Argument(NamedTuple):
    values: dict[int, str]
    numbers: list[tuple[Number, str]]


def _one_class(texts: Mapping[int, str]) -> tuple[str, dict[int, dict[str, str]]]:
    """
    One class for all versions.

    :return: its text, and the arguments that make each version of it
    """
    epochs = sorted(texts)
    if len(set(texts.values())) == 1:
        return texts[epochs[0]], {epoch: {} for epoch in epochs}
    code = merged([read_class(epoch, texts[epoch]) for epoch in reversed(epochs)])
    arguments = _arguments(code, epochs, list(texts.values()))
    names = {
        (id(number.code), number.position): name if method == "__init__" else f"self.{name}"
        for name, argument in arguments.items()
        for number, method in argument.numbers
    }
    is_guarded = any(set(leaf.texts) != set(epochs) for leaf, _ in code.leaves())
    if is_guarded:
        arguments.setdefault(VERSION, _Argument({epoch: str(epoch) for epoch in epochs}, []))
    if not any("__init__" in one.key for one in code.inner or []):
        return _one_class({epoch: with_constructor(texts[epoch]) for epoch in epochs})
    text = "\n".join(lines_of(code, epochs, names)) + "\n"
    kept = [name for name in arguments if re.search(rf"\bself\.{name}\b", text)]
    ordered = sorted(arguments, key=lambda name: name != VERSION)
    text = _with_parameters(text, {name: _default(arguments[name]) for name in ordered}, kept)
    return text, {epoch: {name: arguments[name].values[epoch] for name in ordered} for epoch in epochs}


def _arguments(code: Code, epochs: Sequence[int], texts: Sequence[str]) -> dict[str, _Argument]:
    """The numbers that differ, those of the same values as one argument."""
    together: list[_Argument] = []
    for number, method in numbers_of(code):
        if all(value == str(epoch) for epoch, value in number.values.items()):
            number = number._replace(values={epoch: str(epoch) for epoch in epochs})
        argument = next((one for one in together if _agree(one.values, number.values)), None)
        if argument is None:
            argument = _Argument({}, [])
            together.append(argument)
        argument.values.update(number.values)
        argument.numbers.append((number, method))
    found: dict[str, _Argument] = {}
    for argument in together:
        last = argument.values[max(argument.values)]  # also for stages without these lines
        values = {epoch: argument.values.get(epoch, last) for epoch in epochs}
        is_version = all(value == str(epoch) for epoch, value in values.items())
        name = VERSION if is_version else _argument_name(argument.numbers)
        names = (one for one in _names(name) if is_version or one not in found and one != VERSION)
        name = next(one for one in names if not any(_has_name(text, one) for text in texts))
        found[name] = _Argument(values, argument.numbers)
    return found


def _agree(values: Mapping[int, str], others: Mapping[int, str]) -> bool:
    """Whether numbers of two lines are the same in each stage that has both."""
    common = values.keys() & others.keys()
    return len({values[epoch] for epoch in common}) > 1 and all(values[epoch] == others[epoch] for epoch in common)


def _has_name(text: str, name: str) -> bool:
    """Whether a class has a variable, an argument or a module of a name."""
    return bool(re.search(rf"self\.{name}\b|(?m:^\s*{name}\b)|\b{name}: nn\b|, {name} = ", text))


def _argument_name(numbers: Sequence[tuple[Number, str]]) -> str:
    """What an argument is called: after the option that it is, or the module that it is the size of."""
    number, method = numbers[0]
    tokens = [token.text for token in tokens_of(number.code.texts[max(number.code.texts)])]
    tokens = [token for token in tokens if not token.startswith("#")]
    before = tokens[: number.position]
    if before[-1:] == ["="] and before[-2].isidentifier():
        return before[-2]
    owner = ["self", "."], ["loop", ".", "state", "."]
    target = next((tokens[len(one)] for one in owner if tokens[: len(one)] == one), tokens[0])
    target = target if target.isidentifier() else "value"
    if before[-2:] == ["range", "("]:
        return f"num_{target}"
    if _callee(before) == "dropout":
        return "dropout"
    if not tokens[number.position].isdigit():
        return f"{target}_rate"
    if method == "__init__":
        return "dim" if len(numbers) > 1 else f"{target}_dim"
    return f"{target}_size"


def _callee(before: Sequence[str]) -> str:
    """The function whose arguments the tokens end in."""
    depth = 0
    for position in range(len(before) - 1, 0, -1):
        depth += (before[position] in (")", "]")) - (before[position] in ("(", "["))
        if depth < 0:
            return before[position - 1]
    return ""


def _default(argument: _Argument) -> str:
    """The type of an argument, and what it is in the last stage."""
    kind = "int" if all(value.isdigit() for value in argument.values.values()) else "float"
    return f"{kind} = {argument.values[max(argument.values)]}"


def _with_parameters(text: str, defaults: Mapping[str, str], kept: Sequence[str]) -> str:
    """A class whose constructor takes more arguments, and keeps those that forward needs."""
    parameters = ", ".join(f"{name}: {default}" for name, default in defaults.items())
    lines = "".join(f"        self.{name} = {name}\n" for name in kept)
    text = re.sub(r"def __init__\(self(.*?)\) ->", rf"def __init__(self\1, *, {parameters}) ->", text, count=1)
    return text.replace("        super().__init__()\n", f"        super().__init__()\n{lines}", 1)


def _called(text: str, name: str, new_name: str, arguments: Mapping[str, str]) -> str:
    """A text in which a class is called by another name, with more arguments."""
    given = [f"{key}={value}" for key, value in arguments.items()]

    def call(match: re.Match[str]) -> str:
        return f"{new_name}({', '.join([match[1]] * bool(match[1]) + given)})"

    return re.sub(rf"(?<![\w.\"']){name}\(([^()]*)\)", call, text)
