"""How the written module calls dims: by variables that it declares, ints, and sums of these."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Mapping

from recipe.nn.plain.dim import Dim


class DimTexts:
    """
    Texts for dims.

    :param names: how the file calls its dims
    """

    def __init__(self, names: Mapping[Dim, str]):
        self._names = dict(names)
        self.declared: dict[Dim, str] = {}
        """The dims that were used, by their variables."""
        self._aliases: dict[Dim, str] = {}
        self.seen_from: Callable[[Dim], str | None] = lambda dim: None
        """How a dim that only comes with a value is called where the code is written now."""
        self._sums: dict[Dim, Dim] = {}
        self._sizes: dict[int, Dim] = {}
        self._labels: dict[Dim, str] = {}

    def of_another_network(self) -> DimTexts:
        """The same for another network of the same module: what is declared counts for both."""
        other = copy.copy(self)
        other._aliases, other.seen_from = {}, lambda dim: None
        return other

    def is_sum(self, dim: Dim, total: Dim) -> None:
        """Notes that a dim is what joining others gives, which the file has declared by itself."""
        if not dim.terms and not dim.is_anonymous and dim.known_size == total.known_size:
            self._sums.setdefault(dim, total)

    def label(self, dim: Dim, name: str, labels: str) -> Dim:
        """
        Notes what gives the names of labels; a size without a name gets one, wherever it stands.

        :param dim: of the labels
        :param name: for one without a name
        :param labels: the variable
        """
        if dim.is_anonymous:
            dim = self._sizes.setdefault(dim.size, Dim(dim.size, name))
        self._labels[dim] = labels
        return dim

    def has_alias(self, dim: Dim) -> bool:
        """Whether a dim that only comes with a value has come with one."""
        return dim in self._aliases

    def alias(self, dim: Dim, text: str) -> None:
        """Notes how a dim is called that only comes with a value."""
        self._aliases.setdefault(dim, text)

    def text(self, dim: Dim) -> str:
        """An expression for a dim; one without a name, or made in the net dict itself, is declared."""
        if dim.is_batch:
            return "nn.batch_dim"
        if dim in self._aliases:
            return self.seen_from(dim) or self._aliases[dim]
        dim = self._sizes.get(dim.size, dim) if dim.is_anonymous else dim
        if dim.is_anonymous:
            return str(dim.size)
        whole, divisor = dim.quotient
        if whole is not None:
            return f"{self._factor(whole)} // {divisor}"
        if dim.terms:
            parts = [self._term(base, count) for base, count in dim.terms.items()]
            return " + ".join(parts).replace("+ -", "- ")
        if dim not in self.declared:
            name = re.sub(r"\W", "_", self._names.get(dim, dim.name)).strip("_") or "some"
            name = name if name.endswith("dim") or name[:1].isdigit() else f"{name}_dim"
            name = f"dim_{name}" if name[:1].isdigit() else name
            taken = set(self.declared.values())
            numbered = (f"{name}_{number}" for number in range(2, len(taken) + 3))
            self.declared[dim] = name if name not in taken else next(one for one in numbered if one not in taken)
        return self.declared[dim]

    def list_text(self, dims: tuple[Dim, ...]) -> str:
        """A list of dims."""
        return f"[{', '.join(self.text(dim) for dim in dims)}]"

    def declarations(self) -> list[str]:
        """A line for each that was used."""
        for dim in list(self.declared):
            if dim in self._sums:
                self.text(self._sums[dim])  # whose parts are declared by that
        plain, sums = [], []
        for dim, name in sorted(self.declared.items(), key=lambda item: (item[0].is_static, item[1])):
            if dim in self._sums:
                sums.append(f"{name} = {self.text(self._sums[dim])}")
            else:
                labels = f", labels={self._labels[dim]}" if dim in self._labels else ""
                plain.append(f'{name} = nn.Dim({dim.known_size}, "{dim.name}"{labels})')
        return plain + sums

    def _term(self, base: Dim | None, count: int) -> str:
        if base is None:
            return str(count)
        return {1: self.text(base), -1: f"-{self.text(base)}"}.get(count, f"{count} * {self._factor(base)}")

    def _factor(self, dim: Dim) -> str:
        text = self.text(dim)
        return f"({text})" if " " in text else text
