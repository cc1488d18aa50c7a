"""Module: owner of parameters and of other modules; calling it computes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..plain.errors import NetworkError
from ..record.parameter import Parameter


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
        raise NetworkError(f"{type(self).__name__} does not define forward(...), which is what calling a module runs")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Computes :meth:`forward` in the network that is being recorded."""
        from ..record.recording import current_recording
        from .calling import call, warn_of_state_that_starts_anew

        recording = current_recording()
        with recording.calling(self):
            if recording.body.loop is not None:
                warn_of_state_that_starts_anew(self, args, kwargs, recording)
            return call(self.forward, args, kwargs)

    def named_modules(self) -> Iterator[tuple[str, Module]]:
        """All modules within, with their paths, this one first (path "")."""
        from .naming import named_members

        seen: set[Module] = set()
        todo: list[tuple[str, Module]] = [("", self)]
        while todo:
            path, module = todo.pop()
            if module in seen:
                continue
            seen.add(module)
            yield path, module
            members = [(name, member) for name, member in named_members(module) if isinstance(member, Module)]
            todo += [(f"{path}/{name}" if path else name, member) for name, member in reversed(members)]

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


class ModuleList(Module):
    """
    Modules in a row, named by their position (``layers/0``).

    :param modules: what it starts with, as arguments or as one list
    """

    def __init__(self, *modules: Any):
        super().__init__()
        for module in modules[0] if len(modules) == 1 and not callable(modules[0]) else modules:
            self.append(module)

    def append(self, module: Module) -> ModuleList:
        """Adds one at the end."""
        setattr(self, str(len(self)), module)
        return self

    def __len__(self) -> int:
        return len(self._listed())

    def __iter__(self) -> Iterator[Any]:
        return iter(self._listed())

    def __getitem__(self, index: int) -> Any:
        return self._listed()[index]

    def _listed(self) -> list[Any]:
        return [module for name, module in vars(self).items() if name.isdigit()]


class Sequential(ModuleList):
    """Modules in a row, each called with the result of the one before."""

    def forward(self, x: Any) -> Any:
        """``x`` through all modules."""
        for module in self:
            x = module(x)
        return x
