"""Module: owner of parameters and of other modules; calling it computes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

import numpy

from ..plain.dim import Dim
from ..plain.errors import MissingAttributeError, NetworkError, did_you_mean, is_method_of
from ..plain.familiar_members import MEMBERS
from ..plain.familiar_names import instead_of
from ..record.parameter import Parameter, checked_option
from ..record.recording import current_recording
from .calling import call, warn_of_state_that_starts_anew
from .state import State

M = TypeVar("M", bound="Module")


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
        recording = current_recording()
        with recording.calling(self):
            if recording.body.loop is not None:
                warn_of_state_that_starts_anew(self, args, kwargs, recording)
            return call(self.forward, args, kwargs)

    def __instead_of_tensor__(self) -> str:
        return f"a {type(self).__name__}. Call it: module(x)"

    def named_modules(self) -> Iterator[tuple[str, Module]]:
        """All modules within, with their paths, this one first (path "")."""
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
        seen: set[Parameter] = set()
        for path, module in self.named_modules():
            for name, member in named_members(module):
                if isinstance(member, Parameter) and member not in seen:
                    seen.add(member)
                    yield (f"{path}/{name}" if path else name), member

    def parameters(self) -> Iterator[Parameter]:
        """All parameters within."""
        return (parameter for _, parameter in self.named_parameters())

    def freeze(self: M) -> M:
        """
        Leaves all parameters within as they are in training, in networks that are recorded from now on; also parameters
        that are made later, when a module is called first.
        """
        return self.train_with(trainable=False)

    def unfreeze(self: M) -> M:
        """Has training change all parameters within, in networks that are recorded from now on."""
        return self.train_with(trainable=True)

    def train_with(
        self: M, *, trainable: bool | None = None, weight_decay: Any = None, learning_rate_factor: Any = None
    ) -> M:
        """
        Says how all parameters within are trained, in networks that are recorded from now on; also parameters that are
        made later, when a module is called first. For some of them, set the attributes of ``parameters()``.

        :param trainable: whether training changes them
        :param weight_decay: factor of their squared L2 norm in the total loss
        :param learning_rate_factor: by which their learning rate is greater than that of others
        """
        given = {"trainable": trainable, "weight_decay": weight_decay, "learning_rate_factor": learning_rate_factor}
        options = {name: checked_option(name, value) for name, value in given.items() if value is not None}
        _set_options(self, options)
        return self

    if not TYPE_CHECKING:  # type checkers know which attributes there are

        def __getattr__(self, name: str) -> Any:
            """Says what is written in place of an attribute that is not there."""
            if name.startswith("_"):
                raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")
            code = instead_of(name, MEMBERS)
            hint = f": write {code}" if code else f".{did_you_mean(name, vars(self))}"
            raise MissingAttributeError(f"{type(self).__name__} has no attribute {name!r}{hint}")

    def __setattr__(self, name: str, value: Any) -> None:
        """
        A part that is new gets the options that its module has.

        :raises NetworkError: if an option of training is set from outside, which would change nothing
        """
        if name in _OF_TRAINING and name not in vars(self) and not hasattr(type(self), name) and not is_method_of(self):
            raise NetworkError(
                f"{type(self).__name__} has no attribute {name!r}, so setting it changes nothing: write "
                f"{_OF_TRAINING[name].format(value=value)}"
            )
        if isinstance(vars(self).get(name), Parameter) and isinstance(value, (bool, int, float, numpy.ndarray)):
            raise NetworkError(
                f"{name!r} of {type(self).__name__} is a parameter, no array: its values are given when the network "
                f"runs, and start with module.{name}.initial = ..., a number or nn.NumpyFile(path)"
            )
        object.__setattr__(self, name, value)
        options = vars(self).get(_OPTIONS)
        if options:
            for _, member in _members(name, value):
                _set_options(member, options)


class ModuleList(Module):
    """
    Modules in a row, named by their position (``layers/0``).

    :param modules: what it starts with, as arguments or as one list
    """

    def __init__(self, *modules: Any):
        super().__init__()
        listed: Any = modules[0] if len(modules) == 1 and not callable(modules[0]) else modules
        if not isinstance(listed, Iterable):
            raise NetworkError(f"{type(self).__name__} is made of modules, not of {listed!r}")
        for module in listed:
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
            if not callable(module):
                raise NetworkError(f"Sequential calls its parts one after the other, but {module!r} cannot be called")
            x = module(x)
        return x


_FREEZING = "module.freeze() to keep parameters as they are, module.unfreeze() to train them"
_OF_TRAINING = {
    "trainable": _FREEZING,
    "requires_grad": _FREEZING,
    "training": "nn.run_numpy(network, feeds, train=True), and in a model nn.train_flag()",
    "weight_decay": "module.train_with(weight_decay={value!r})",
    "learning_rate_factor": "module.train_with(learning_rate_factor={value!r})",
}
"""Options of training that modules have not as attributes, and how they are given."""

_OPTIONS = "_options_of_parameters"
"""The attribute of a module for what was said of the training of its parameters."""


def _set_options(member: Module | Parameter | State, options: dict[str, Any]) -> None:
    """Gives options of training to a parameter, or to all parameters of a module, now and later."""
    parameters = [member] if isinstance(member, Parameter) else []
    if isinstance(member, Module):
        parameters += member.parameters()
        for _, module in member.named_modules():
            object.__setattr__(module, _OPTIONS, {**vars(module).get(_OPTIONS, {}), **options})
    for parameter in parameters:
        for name, value in options.items():
            setattr(parameter, name, value)


_MEMBERS = (Module, Parameter, State)
_WITHOUT_MEMBERS = (Dim, str, int, float, type(None))


def named_members(module: Module) -> Iterator[tuple[str, Module | Parameter | State]]:
    """Modules, parameters and states held by a module, also in lists, tuples and dicts, in order of assignment."""
    for name, value in vars(module).items():
        if isinstance(value, _MEMBERS):
            yield name, value
        elif not isinstance(value, _WITHOUT_MEMBERS):
            yield from _members(name, value)


def _members(name: str, value: object) -> Iterator[tuple[str, Module | Parameter | State]]:
    if isinstance(value, _MEMBERS):
        yield name, value  # type: ignore[misc]
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from _members(f"{name}/{index}", item)
    elif isinstance(value, (set, frozenset)):
        if any(isinstance(item, (Module, Parameter)) for item in value):
            raise NetworkError(
                f"attribute {name!r} is a set of modules or parameters, which has no order to name them by: use a list"
            )
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _members(f"{name}/{key}", item)
