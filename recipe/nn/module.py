"""Module: owner of parameters and of other modules; calling it computes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from .parameter import Parameter


class Module:
    """
    Base of all models and layers, as in PyTorch: ``__init__`` makes parts, :meth:`forward` computes with them.

    What is assigned to an attribute belongs to the module, and the path of attributes is the parameter's name
    (``decoder/cell/W``). Calling one instance twice uses the same parameters twice. A module holds no state: state
    comes in as an argument and goes out as a result.
    """

    def __init__(self) -> None:
        pass

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the module computes."""
        raise TypeError(f"{type(self).__name__} does not define forward(...)")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Computes :meth:`forward` in the network that is being recorded."""
        from .recording import current_recording

        with current_recording().calling(self):
            return self.forward(*args, **kwargs)

    def named_modules(self) -> Iterator[tuple[str, Module]]:
        """All modules within, with their paths, this one first (path "")."""
        seen: set[Module] = set()
        yield from self._walk("", seen)

    def named_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """All parameters within, with their names."""
        from .naming import named_members

        seen: set[Parameter] = set()
        for path, module in self.named_modules():
            for name, member in named_members(module):
                if isinstance(member, Parameter) and member not in seen:
                    seen.add(member)
                    yield (f"{path}/{name}" if path else name), member

    def parameters(self) -> Iterator[Parameter]:
        """All parameters within."""
        return (parameter for _, parameter in self.named_parameters())

    def _walk(self, path: str, seen: set[Module]) -> Iterator[tuple[str, Module]]:
        from .naming import named_members

        if self in seen:
            return
        seen.add(self)
        yield path, self
        for name, member in named_members(self):
            if isinstance(member, Module):
                yield from member._walk(f"{path}/{name}" if path else name, seen)


class ModuleList(Module):
    """
    Modules in a row, named by their position (``layers/0``).

    :param modules: what it starts with
    """

    def __init__(self, modules: Iterable[Module] = ()):
        super().__init__()
        for module in modules:
            self.append(module)

    def append(self, module: Module) -> ModuleList:
        """Adds one at the end."""
        setattr(self, str(len(self)), module)
        return self

    def __len__(self) -> int:
        return len(vars(self))

    def __iter__(self) -> Iterator[Any]:
        return iter(list(vars(self).values()))

    def __getitem__(self, index: int) -> Any:
        return list(vars(self).values())[index]


class Sequential(ModuleList):
    """Modules in a row, each called with the result of the one before."""

    def forward(self, x: Any) -> Any:
        """``x`` through all modules."""
        for module in self:
            x = module(x)
        return x
