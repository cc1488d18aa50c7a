"""What all levels of a net dict share while their code is written: dims, inputs, names, whose parameters are whose."""

from __future__ import annotations

from recipe.nn.plain.dim import Dim, batch_dim

from .dim_texts import DimTexts
from .extern_data import Input
from .net_dict import NetDict

Owner = tuple[str, ...]
"""RETURNN's names of all parameters of a layer, in order: layers with equal ones share them."""


class Notes:
    """
    What is noted.

    :param net: the net dict
    :param dims: how dims are called in other networks of the same module
    """

    def __init__(self, net: NetDict, dims: DimTexts | None = None):
        self.net = net
        self.dims = dims or DimTexts(net.dim_names)
        self.problems: list[str] = []
        """What is not translated."""
        self.name_map: dict[str, str] = {}
        """RETURNN's names of the parameters by those of the written modules."""
        self.owners: dict[Owner, str] = {}
        """The modules by the parameters that they have in RETURNN: attributes from the root, ``encoder/lstm``."""
        self.inputs: dict[str, str] = {}
        """The declarations of inputs, by the variables."""
        self.search: tuple[int, float] | None = None
        """Beam size and length normalization, if there is a choice."""
        self.used_models: dict[str, str] = {}
        """Classes and functions of ``recipe.models`` that the written module imports, with the files they are in."""
        self.checkpoints: list[str] = []
        """The layers whose parameters begin with those of a checkpoint, and its file."""
        self.functions: dict[str, list[str]] = {}
        """Functions of the written module: their lines."""
        self.differences: set[str] = set()
        """What RETURNN computes otherwise; the written module says so."""
        self._shorter: dict[tuple[Dim, int], Dim] = {}
        self._cropped: dict[Dim, tuple[Dim, int]] = {}
        """Axes, by the one that they come from, and how many frames they have fewer."""
        self._class_names: set[str] = set()

    def declare_input(self, name: str) -> tuple[str, Input]:
        """An input of the network: the variable of its declaration, and what is known of it, with a dtype."""
        data = self.net.inputs.get(name) or self._undeclared(name)
        usual_dtype = "int32" if data.labels is not None else "float32"
        data = data._replace(dtype=data.dtype or usual_dtype)
        labels = f", sparse_dim={self.dims.text(data.labels)}" if data.labels is not None else ""
        dtype = f', dtype="{data.dtype}"' if data.dtype != usual_dtype else ""
        variable = _constant_name(name)
        self.inputs[variable] = f'nn.ExternData("{name}", {self.dims.list_text(data.dims)}{labels}{dtype})'
        return variable, data

    def _undeclared(self, name: str) -> Input:
        self.problems.append(f"input {name!r} is not declared in the file (extern_data), so its dims are not known")
        return Input(
            name, (batch_dim, Dim(None, f"{name}_time"), Dim(1, f"{name}_features_of_unknown_size")), None, None
        )

    def shorter(self, dim: Dim, stride: int, name: str) -> Dim:
        """The axis over each n-th entry of another one, the same one each time; it only comes with a value."""
        size = -(-dim.size // stride) if dim.is_static else None
        return self._shorter.setdefault((dim, stride), Dim(size, name))

    def cropped(self, dim: Dim, fewer: int, name: str) -> Dim:
        """The axis with so many frames fewer than another one, the same one each time; it only comes with a value."""
        root, before = self._cropped.get(dim, (dim, 0))
        for known, origin in self._cropped.items():
            if origin == (root, before + fewer):
                return known
        new = Dim(None, name)
        self._cropped[new] = (root, before + fewer)
        return new

    def unique_class_name(self, name: str) -> str:
        """A name for a class."""
        words = [word for word in "".join(c if c.isalnum() else " " for c in name).split() if word]
        base = "".join(word[:1].upper() + word[1:] for word in words) or "Model"
        base = f"Layer{base}" if base[0].isdigit() else base
        found, number = base, 2
        while found in self._class_names:
            found, number = f"{base}{number}", number + 1
        self._class_names.add(found)
        return found

    def unique_function_name(self, name: str) -> str:
        """A name for a function."""
        candidates = [name, *(f"{name}_{number}" for number in range(2, len(self.functions) + 3))]
        return next(one for one in candidates if one not in self.functions)


def _constant_name(name: str) -> str:
    return "".join(c if c.isalnum() else "_" for c in name).upper() + ("" if name[:1].isalpha() else "_INPUT")
