"""Names of modules and parameters: the path of attributes that leads to them."""

from __future__ import annotations

import re

from ..plain.errors import NetworkError, SourceLine, user_source_line, warn
from ..record.parameter import Parameter
from .module import Module, named_members
from .state import State


class ModuleNames:
    """
    The paths of the modules and parameters used in one network.

    Names are the attributes by which a module is reached from the model (``decoder/cell``), never a variable or file
    of the user's. A module that is no attribute of another is named after its class.

    :param root: the model, whose own path is ""
    """

    def __init__(self, root: Module | None):
        self._paths: dict[Module, str] = {}
        self._parameters: dict[Parameter, str] = {}
        self._states: dict[State, str] = {}
        self._taken: set[str] = set()
        self._made_in: dict[tuple[Module, type, SourceLine], tuple[int, str]] = {}
        """Modules that are no attributes, by where they were called first."""
        if root is not None:
            self._name(root, "")

    def add(self, module: Module, caller: Module | None, call_number: int = 0) -> None:
        """
        Names a module at its call, with all that it has.

        :param caller: the module whose forward calls it
        :param call_number: counts the calls of modules, to tell two calls of the caller apart
        """
        if module in self._paths:
            return
        if caller is not None:
            self._name(caller, self._paths[caller])
            if module in self._paths:
                return
        path = self._unique(_join(self._paths[caller] if caller else "", class_name(module)))
        self._name(module, path)
        if caller is not None:
            self._warn_if_made_in_each_call(module, caller, call_number)

    def _warn_if_made_in_each_call(self, module: Module, caller: Module, call_number: int) -> None:
        path, line = self._paths[module], user_source_line()
        number, first = self._made_in.setdefault((caller, type(module), line), (call_number, path))
        if number != call_number and any(True for _ in module.parameters()):
            warn(
                f"{type(caller).__name__}.forward makes a new {type(module).__name__} in each call, with parameters of "
                f"its own: {first} and {path}. To use the same ones, make it once, in __init__: "
                f"self.{class_name(module)} = nn.{type(module).__name__}(...)",
                line,
            )

    def path(self, module: Module) -> str:
        """The path of a module that was called."""
        return self._paths[module]

    def path_if_known(self, module: Module) -> str | None:
        """The path of a module, None if its forward is called without the module."""
        return self._paths.get(module)

    def parameter(self, parameter: Parameter, source: SourceLine | None = None) -> str:
        """
        The name of a parameter.

        :param source: where it was used
        :raises NetworkError: if it is no attribute of a module of the model
        """
        if parameter not in self._parameters:
            for module, path in list(self._paths.items()):
                self._name(module, path)
        if parameter not in self._parameters:
            raise NetworkError(
                f"{parameter!r} has no name: make it, or the module that owns it, an attribute of a Module of the "
                "model (and call modules, not their forward)",
                source,
            )
        return self._parameters[parameter]

    def has_parameter(self, parameter: Parameter) -> bool:
        """Whether :meth:`parameter` has a name for it."""
        try:
            return bool(self.parameter(parameter))
        except NetworkError:
            return False

    def state(self, state: State) -> str | None:
        """The attribute name of a State that is held by a module, else None."""
        return self._states.get(state)

    def _name(self, module: Module, path: str) -> None:
        self._paths.setdefault(module, path)
        self._taken.add(path)
        for name, member in named_members(module):
            member_path = _join(path, name)
            if isinstance(member, Module):
                if member not in self._paths:
                    self._name(member, member_path)
            elif isinstance(member, Parameter):
                self._parameters.setdefault(member, member_path)
            else:
                self._states.setdefault(member, name)

    def _unique(self, path: str) -> str:
        candidate, number = path, 2
        while candidate in self._taken:
            candidate, number = f"{path}_{number}", number + 1
        return candidate


def class_name(module: Module) -> str:
    """``LstmCell`` as ``lstm_cell``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", type(module).__name__).lower()


def _join(path: str, name: str) -> str:
    return f"{path}/{name}" if path else name
