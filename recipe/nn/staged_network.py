"""Networks that follow each other in one training, such as pretraining of a smaller one."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from .network import Network
from .plain.engine import check_engine
from .plain.errors import NetworkError
from .plain.extern_data import ExternData
from .record.parameter import Parameter
from .tf_layers.config import config_text
from .tf_layers.layers import Layer, LayerNetwork
from .torch_code.config import config_text as torch_config_text

COPY_PARAM_MODES = (None, "subset", "ifpossible", "reset")


class StagedNetwork:
    """
    Several networks of one training, by their first epoch: RETURNN's ``get_network(epoch)``.

    Where the network changes, parameters go on by their names; those that are new start with their initial values, and
    the optimizer starts anew. Models whose modules are shared between the stages share dims, too::

        nn.StagedNetwork({1: nn.Network(small), 5: nn.Network(full)})

    :param stages: the networks by the epoch that they start with; the first is 1
    :param copy_param_mode: what RETURNN does with a parameter whose dims change (a growing model): "subset" takes over
        the part that fits and leaves the rest at its initial values, "ifpossible" takes over nothing then, "reset"
        takes over no parameter at all; None to allow no such parameter
    :param options: options of the training that are others in a stage, by its first epoch, such as
        ``{1: {"batch_size": 20_000}}``; the training's own ones hold in all other stages
    :raises NetworkError: if the epochs are not positive and distinct from 1 on, inputs of one name differ, or
        parameters of one name differ without ``copy_param_mode``, or there are options of an epoch that begins no stage
    """

    def __init__(
        self,
        stages: Mapping[int, Network],
        *,
        copy_param_mode: str | None = None,
        options: Mapping[int, Mapping[str, Any]] | None = None,
    ):
        if not stages or min(stages) != 1 or not all(isinstance(epoch, int) for epoch in stages):
            raise NetworkError(f"the stages start with epochs from 1 on, not with {sorted(stages)}")
        if copy_param_mode not in COPY_PARAM_MODES:
            raise NetworkError(f"copy_param_mode is one of {COPY_PARAM_MODES}, not {copy_param_mode!r}")
        self.stages: dict[int, Network] = dict(sorted(stages.items()))
        if set(options or {}) - set(stages):
            raise NetworkError(
                f"there are options from epochs {sorted(options or {})} on, but stages of {sorted(stages)}"
            )
        self.copy_param_mode = copy_param_mode
        self.options = {epoch: dict(one) for epoch, one in sorted((options or {}).items()) if one}
        self.extern_data = self._common_inputs()
        if copy_param_mode is None:
            self._check_common_parameters()

    def network_at(self, epoch: int) -> Network:
        """The network that an epoch trains."""
        return self.stages[max(first for first in self.stages if first <= epoch)]

    @property
    def last(self) -> Network:
        """The network of the last stage, which is the one to search with."""
        return self.stages[max(self.stages)]

    @property
    def parameters(self) -> dict[str, Parameter]:
        """The parameters of the last stage, by name."""
        return self.last.parameters

    def layers(self, device: str = "gpu") -> dict[int, LayerNetwork]:
        """
        The RETURNN layers of each stage, by its first epoch.

        :raises NetworkError: if a parameter is called differently in two stages: RETURNN goes by the layer's name
        """
        layers = {epoch: network.layers(device, owns_parameters=False) for epoch, network in self.stages.items()}
        names: dict[str, str] = {}
        for network in layers.values():
            for layer in network.layers:
                if layer.options["class"] == "variable":
                    path = _parameter_path(layer)
                    if names.setdefault(path, layer.name) != layer.name:
                        raise NetworkError(
                            f"parameter {path!r} is the layer {names[path]!r} in one stage and {layer.name!r} in "
                            "another, as another one is called alike there; rename one of the modules"
                        )
        return layers

    def config_text(self, device: str = "gpu", *, engine: str = "tensorflow", **sections: Any) -> str:
        """The whole config as Python text; see :meth:`recipe.nn.network.Network.config_text`."""
        if check_engine(engine) == "torch":
            return torch_config_text(self.stages, self.extern_data, **sections)
        return config_text(
            self, device, copy_param_mode=self.copy_param_mode, options_of_stages=self.options, **sections
        )

    @property
    def digest(self) -> str:
        """SHA-256, in hex, of the stages' digests, of how parameters go on, and of options."""
        parts = [f"{epoch}:{network.digest}" for epoch, network in self.stages.items()]
        options = (self.options,) if self.options else ()  # without any it is what it was before there were some
        return hashlib.sha256(repr((parts, self.copy_param_mode, *options)).encode()).hexdigest()

    def _sis_hash(self) -> bytes:
        return f"(StagedNetwork, {self.digest})".encode()

    def __sis_state__(self) -> dict[str, Any]:
        return {"stages": self.stages, "copy_param_mode": self.copy_param_mode, "options": self.options}

    def __deepcopy__(self, memo: dict) -> StagedNetwork:
        return self

    def __repr__(self) -> str:
        return f"<StagedNetwork {self.stages}>"

    def _common_inputs(self) -> dict[str, ExternData]:
        inputs: dict[str, ExternData] = {}
        for epoch, network in self.stages.items():
            for name, data in network.extern_data.items():
                known = inputs.setdefault(name, data)
                if (known.dims, known.sparse_dim, known.dtype) != (data.dims, data.sparse_dim, data.dtype):
                    raise NetworkError(
                        f"input {name!r} is {known} at first, but {data} from epoch {epoch} on; it must have the same "
                        "Dim objects in all stages: declare it once, for all models"
                    )
        return dict(sorted(inputs.items()))

    def _check_common_parameters(self) -> None:
        known: dict[str, Parameter] = {}
        for epoch, network in self.stages.items():
            common = {name: parameter for name, parameter in network.parameters.items() if name in known}
            lines = [
                f"  {name} {list(known[name].dims)} {known[name].dtype} before, {list(now.dims)} {now.dtype} then"
                for name, now in common.items()
                if not known[name].fits(now)
            ]
            if lines:
                raise NetworkError(
                    f"from epoch {epoch} on these parameters are others than in the stages before:\n"
                    + "\n".join(lines)
                    + '\nRETURNN would start them anew; copy_param_mode="subset" lets them grow'
                )
            known.update(network.parameters)


def _parameter_path(layer: Layer) -> str:
    scope, name = layer.options["name_scope"], layer.options["param_name"]
    return f"{scope}/{name}" if scope else name
