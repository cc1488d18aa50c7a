"""Python source as a person would write it: values and dims, within 120 columns, without a formatter."""

from __future__ import annotations

import keyword
import re
import textwrap
from typing import Any

import numpy

from .delayed import Delayed
from .dim import Dim, batch_dim, single_step_dim
from .errors import NetworkError
from .formula import Formula

WIDTH = 120
_FEW = 20
"""Of how many words or numbers there is one a line, where they do not fit into one; of more, lines are filled."""
INDENT = 4
_LONGEST_NAME = 60
_NOT_FOR_DIMS = {*keyword.kwlist, "extern_data", "network", "get_network", "Dim", "Vocabulary"}


class PythonCode:
    """
    An option of a config that is written as it is.

    :param code: a Python expression
    """

    definitions: tuple[str, ...] = ()
    """Imports and functions that it needs, which are written before it."""

    def __init__(self, code: str):
        self.code = code

    def __repr__(self) -> str:
        return f"PythonCode({self.code!r})"


class CodeWithDefinitions(PythonCode):
    """
    An option that calls functions which are written into the config, so that it runs by itself.

    :param code: a Python expression
    :param definitions: imports and functions that it uses, each a text of whole lines
    :param version: what is hashed in place of the definitions, to be changed with what they compute; default: they
        are hashed themselves, with their comments
    """

    def __init__(self, code: str, definitions: tuple[str, ...], *, version: int | None = None):
        super().__init__(code)
        self.definitions = tuple(textwrap.dedent(text).strip() for text in definitions)
        self.version = version

    def __repr__(self) -> str:
        return f"CodeWithDefinitions({self.code!r})"

    def _sis_hash(self) -> bytes:
        """What the engine hashes."""
        hashed = self.definitions if self.version is None else self.version
        return repr(("CodeWithDefinitions", self.code, hashed)).encode()


class DimNames:
    """
    A Python name for each dim that is mentioned, and the lines that define them.

    A dim that was computed from others (``2 * encoder``) is defined by the same expression.
    """

    def __init__(self) -> None:
        self.used: dict[Dim, str] = {batch_dim: "batch_dim"}
        """The dims in the order in which their definitions can stand."""

    def name(self, dim: Dim) -> str:
        """The name; a dim that is new here gets one."""
        if dim not in self.used:
            terms = dim.terms
            for term in terms:
                if isinstance(term, Dim):
                    self.name(term)
            wanted = "single_step_dim" if dim is single_step_dim else self._wanted(dim)
            taken = {*self.used.values(), *_NOT_FOR_DIMS}
            numbered = (f"{wanted}_{number}" for number in range(2, 100_000))
            self.used[dim] = wanted if wanted not in taken else next(name for name in numbered if name not in taken)
        return self.used[dim]

    def _wanted(self, dim: Dim) -> str:
        if dim.terms:
            base = "_plus_".join(self._term_name(term, count) for term, count in dim.terms.items())
        else:
            base = re.sub(r"\W+", "_", dim.name.replace("+", "_plus_").replace("*", "_times_")).strip("_").lower()
        if len(base) > _LONGEST_NAME:
            base = f"features_{dim.dimension}"
        return f"{base}_dim" if base and not base[0].isdigit() else f"dim_{base}"

    def _term_name(self, term: Dim | None, count: int) -> str:
        if term is None:
            return str(count).replace("-", "minus_")
        base = re.sub(r"_dim(?=(_\d+)?$)|^dim_", "", self.used[term])
        return base if count == 1 else f"{base}_times_{count}".replace("-", "minus_")

    def definitions(self, source: PythonSource) -> list[str]:
        """One line for each dim, and one for what its labels are."""
        lines = []
        for dim, name in self.used.items():
            if dim in (batch_dim, single_step_dim):
                continue
            lines.append(f"{name} = {self._expression(dim)}")
            if dim.has_labels:
                start = f"{name}.vocab = "
                options: dict[str, Any] = {"labels": list(dim.labels or ()), "vocab_file": None, "unknown_label": None}
                lines.append(start + source.call("Vocabulary.create_vocab", options, used=len(start)))
        return lines

    def _expression(self, dim: Dim) -> str:
        if not dim.terms:
            return f"Dim({dim.dimension}, name={quoted(dim.name)})"
        parts = []
        for term, count in dim.terms.items():
            if term is None:
                parts.append(str(count))
            else:
                parts.append(self.used[term] if count == 1 else f"{count} * {self.used[term]}")
        return " + ".join(parts).replace("+ -", "- ")


class PythonSource:
    """
    Writes values as Python source.

    :param names: of the dims that occur
    """

    def __init__(self, names: DimNames | None = None):
        self.names = names or DimNames()
        self.definitions: dict[str, None] = {}
        """What the code that occurs needs, in the order in which it can stand."""

    def value(self, value: Any, indent: int = 0, used: int = 0) -> str:
        """
        A value, on one line where it fits, else one item a line.

        :param indent: spaces before the line that it stands on
        :param used: characters on that line before it
        :raises NetworkError: for what has no literal form
        """
        if isinstance(value, Delayed):
            value = value.get()
        line = self._one_line(value)
        if indent + used + len(line) < WIDTH or not isinstance(value, (dict, list, tuple)) or not value:
            return line
        inner = indent + INDENT
        if isinstance(value, dict):
            items = [self._item(f"{self._one_line(key)}: ", item, inner) for key, item in value.items()]
            return block("{", items, "}", indent)
        if len(value) > _FEW and all(isinstance(item, (str, int, float)) for item in value):
            items = _filled([self._one_line(item) for item in value], " " * inner)
        else:
            items = [self._item("", item, inner) for item in value]
        return block("[", items, "]", indent) if isinstance(value, list) else block("(", items, ")", indent)

    def call(self, function: str, arguments: dict[str, Any], indent: int = 0, used: int = 0) -> str:
        """A call with keyword arguments."""
        line = f"{function}({', '.join(f'{key}={self._one_line(item)}' for key, item in arguments.items())})"
        if indent + used + len(line) <= WIDTH:
            return line
        items = [self._item(f"{key}=", item, indent + INDENT) for key, item in arguments.items()]
        return block(f"{function}(", items, ")", indent)

    def _item(self, start: str, value: Any, indent: int) -> str:
        return f"{' ' * indent}{start}{self.value(value, indent, len(start))},"

    def _one_line(self, value: Any) -> str:
        if isinstance(value, str):
            return quoted(value)
        if isinstance(value, Dim):
            return self.names.name(value)
        if isinstance(value, dict):
            return "{" + ", ".join([f"{self._one_line(k)}: {self._one_line(v)}" for k, v in value.items()]) + "}"
        if isinstance(value, (list, tuple)):
            items = ", ".join([self._one_line(item) for item in value])
            if isinstance(value, list):
                return f"[{items}]"
            return f"({items},)" if len(value) == 1 else f"({items})"
        if isinstance(value, (set, frozenset)):
            return "{" + ", ".join(sorted(self._one_line(item) for item in value)) + "}" if value else "set()"
        if isinstance(value, PythonCode):
            self.definitions.update(dict.fromkeys(value.definitions))
            return value.code
        if isinstance(value, Delayed):
            return self._one_line(value.get())
        if isinstance(value, Formula):
            return quoted(value.text())
        return _number(value)


def definitions_section(source: PythonSource) -> list[str]:
    """The lines of a config with all definitions, imports first; none without definitions."""
    imports = [text for text in source.definitions if text.startswith(("import ", "from "))]
    functions = [text for text in source.definitions if text not in imports]
    if not functions:
        return sorted(imports)
    return [*sorted(imports), *([""] if imports else []), "", "\n\n\n".join(functions), ""]


def quoted(text: str) -> str:
    """A string literal with double quotes, as formatters write it."""
    literal = repr(text)
    if literal.startswith("'") and '"' not in text:
        return '"' + literal[1:-1].replace("\\'", "'") + '"'
    return literal


def _number(value: Any) -> str:
    if isinstance(value, numpy.generic):
        value = value.item()
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return f'float("{value}")'
    if isinstance(value, float):
        return repr(value).replace("e+", "e")  # as formatters have it
    if value is None or isinstance(value, (bool, int)):
        return repr(value)
    raise NetworkError(f"a config cannot hold {value!r} ({type(value).__name__}); use plain values or PythonCode(...)")


def block(opening: str, lines: list[str], closing: str, indent: int) -> str:
    """Lines between brackets."""
    return "\n".join([opening, *lines, " " * indent + closing])


def _filled(items: list[str], pad: str) -> list[str]:
    lines, line = [], pad
    for item in items:
        if len(line) + len(item) + 1 > WIDTH and line != pad:
            lines.append(line.rstrip())
            line = pad
        line += f"{item}, "
    return [*lines, line.rstrip()]
