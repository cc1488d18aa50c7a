"""Network: the finished record of one call of a model."""

from __future__ import annotations

import copy
import math
import pathlib
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, NoReturn

from .canonical.form import CanonicalForm, Hashed, canonical_form, hashed
from .language.calling import call
from .language.close_loop import complete_losses
from .language.module import Module
from .language.naming import ModuleNames
from .ops.choice import Choice
from .ops.inputs import ParameterOp
from .pictures.drawing import draw
from .pictures.picture import Picture, picture_of
from .pictures.summary import summary_text
from .plain.beam_search import BeamSearch
from .plain.delayed import Delayed
from .plain.engine import check_engine
from .plain.errors import NetworkError
from .plain.extern_data import ExternData
from .plain.familiar_members import no_attribute
from .plain.familiar_results import OF_NETWORKS
from .program.checks import (
    add_result,
    check_model,
    check_names,
    check_result_names,
    check_searches,
    declared_inputs,
    takes_search,
    warn_of_unused_parameters,
)
from .program.gradients import warn_of_losses_without_gradient
from .program.lengths import settle_lengths
from .program.pickling import from_table, to_table
from .program.program import Program
from .python_text.text import python_text
from .record.recording import Recording, record
from .tf_layers.config import config_text
from .tf_layers.layers import LayerNetwork, plain
from .tf_layers.pipeline import Pipeline
from .torch_code.config import config_text as torch_config_text


class Network(Program):
    """
    The finished, immutable record of one call of a model.

    :param model: a Module, whose attributes name the parameters, or a function; it is called once. What it returns
        becomes the output ``output`` (of a nested structure, each tensor under its path)
    :param extern_data: declarations of inputs for ``nn.get_extern_data(name)``
    :param search: how to search: for each ``nn.choice`` that has neither a target nor a search of its own; also passed
        on to the model, where that has a parameter of this name
    :param kwargs: passed on to the model
    """

    def __init__(
        self,
        model: Module | Callable[..., Any],
        *,
        extern_data: Iterable[ExternData] | Mapping[str, ExternData] = (),
        search: BeamSearch | None = None,
        **kwargs: Any,
    ):
        check_model(model)
        recording = Recording(
            ModuleNames(model if isinstance(model, Module) else None), declared_inputs(extern_data), search
        )
        is_told_search = takes_search(model)
        if search is not None and is_told_search:
            kwargs["search"] = search
        with record(recording):
            if isinstance(model, Module):
                result = model(**kwargs)
            else:
                result = call(model, (), kwargs)
            add_result(recording, result)
            recording.check_blocks()
            check_result_names(recording)
            complete_losses(recording)
            settle_lengths(recording)
            warn_of_losses_without_gradient(recording)
        super().__init__(recording.root_body, recording.losses, recording.outputs)
        check_names(op for op in self.root_body.ops if isinstance(op, ParameterOp) and op in self.needed)
        choices = [op for op in self.all_ops() if isinstance(op, Choice)]
        check_searches(self)
        if search is not None and not choices and not is_told_search:
            raise NetworkError(
                "search=... is given, but the model has no parameter `search` and no nn.choice to search by"
            )
        if self.losses:
            used = {op.owned for op in self.root_body.ops if isinstance(op, ParameterOp) and op in self.needed}
            warn_of_unused_parameters(model, used)
        self.root_body.finish()
        self._drawn: tuple[dict[str, Any], str] | None = None
        self._hashed: Hashed | None = None
        self._canonical: CanonicalForm | None = None

    # what it can be asked for

    def layers(self, device: str = "gpu", *, owns_parameters: bool = True) -> LayerNetwork:
        """
        Its RETURNN layers, before names and dims become text.

        :param owns_parameters: whether layers own parameters where they can; else each parameter is a layer of its own
        """
        return Pipeline(self, device, owns_parameters=owns_parameters).run()

    def net_dict(self, device: str = "gpu") -> dict[str, Any]:
        """The RETURNN net dict, with this package's Dims in place of RETURNN's."""
        layers = self.layers(device)
        return plain(layers, layers)

    def config_text(self, device: str = "gpu", *, engine: str = "tensorflow", **sections: Any) -> str:
        """
        The whole config as Python text.

        :param engine: "tensorflow", see :func:`recipe.nn.tf_layers.config.config_text`, or "torch", see
            :func:`recipe.nn.torch_code.config.config_text`
        :raises NetworkError: for another engine
        """
        if check_engine(engine) == "torch":
            return torch_config_text({1: self}, self.extern_data, **sections)
        return config_text(self, device, **sections)

    def summary(self) -> str:
        """A table of its modules: what they give, how many parameters they have, in which loops they are called."""
        drawn = self._drawn_before()
        return drawn[1] if drawn is not None else summary_text(self)

    def picture(self) -> Picture:
        """What a picture of it shows, as plain data."""
        drawn = self._drawn_before()
        return Picture.from_plain(drawn[0]) if drawn is not None else picture_of(self)

    def draw(self, path: str, *, depth: int | None = None) -> pathlib.Path:
        """Draws it to a file (.svg, .png, .pdf, .dot, .txt); see :func:`recipe.nn.pictures.drawing.draw`."""
        return draw(self.picture(), self.summary(), path, depth=depth)

    def as_python(self, *, lines: bool = False) -> str:
        """The program as Python text, to read: loops as ``for``, states as variables; see :mod:`.python_text.text`."""
        return python_text(self, lines=lines)

    def canonical_form(self) -> dict[str, Any]:
        """What is hashed: plain data that is equal for equal computations; see ``docs/canonical_form.md``."""
        return copy.deepcopy(self.canonical().form)

    def canonical(self) -> CanonicalForm:
        """The canonical form, with its digest, and names for readers; made at each call, except after a pickle."""
        return self._canonical or canonical_form(self)

    def _what_is_hashed(self) -> CanonicalForm | Hashed:
        """The digest, and the values that jobs give; made once, without the form, which is large."""
        if self._canonical is not None:
            return self._canonical
        if self._hashed is None:
            vars(self)["_hashed"] = hashed(self)
        assert self._hashed is not None
        return self._hashed

    @property
    def delayed(self) -> tuple[Delayed, ...]:
        """The values that it takes from jobs: sizes, numbers, paths."""
        return self._what_is_hashed().delayed

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical form, in hex."""
        return self._what_is_hashed().digest

    def _sis_hash(self) -> bytes:
        return f"(Network, {self.digest})".encode()

    def __sis_state__(self) -> dict[str, Any]:
        """What Sisyphus looks at for inputs of the job: the values that jobs give, and not all ops."""
        return {"digest": self.digest, "delayed": [delayed.source for delayed in self.delayed]}

    if not TYPE_CHECKING:  # type checkers know which attributes there are

        def __getattr__(self, name: str) -> Any:
            raise no_attribute(self, name, OF_NETWORKS)

        def __call__(self, *args: Any, **kwargs: Any) -> NoReturn:
            raise NetworkError("a Network is not called: nn.run_numpy(network, feeds) computes it in NumPy")

    def __setattr__(self, name: str, value: Any) -> None:
        if "_canonical" in vars(self):
            raise NetworkError(
                f"a Network is finished: its {name!r} cannot be set. Record another one: nn.Network(...)"
            )
        super().__setattr__(name, value)

    def __delattr__(self, name: str) -> None:
        raise NetworkError(f"a Network is finished: its {name!r} cannot be deleted")

    def __copy__(self) -> Network:
        return self

    def __deepcopy__(self, memo: dict) -> Network:
        return self

    def __getstate__(self) -> dict[str, Any]:
        canonical = self.canonical()
        kept_apart = ("_canonical", "_hashed", "_drawn")
        return {
            "canonical_form": canonical.form,
            "names": canonical.names,
            "picture": self.picture().plain(),
            "summary": self.summary(),
            "canonical": canonical,
            "table": to_table({name: value for name, value in vars(self).items() if name not in kept_apart}),
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        drawn = (state["picture"], state["summary"]) if "picture" in state else None
        vars(self).update(
            {**from_table(state["table"]), "_canonical": state["canonical"], "_hashed": None, "_drawn": drawn}
        )

    def __repr__(self) -> str:
        parts = [f"Network {self.digest[:12]}", f"inputs {', '.join(self.extern_data) or 'none'}"]
        if self.losses:
            parts.append(f"losses {', '.join(loss.name for loss in self.losses)}")
        if self.outputs:
            parts.append(f"outputs {', '.join(name for name, _ in self.outputs)}")
        if self.beam_sizes:
            parts.append(f"search with beam {', '.join(map(str, self.beam_sizes.values()))}")
        dims = [parameter.dims for parameter in self.parameters.values()]
        if all(dim.known_size is not None for shape in dims for dim in shape):
            parts.append(f"{len(dims)} parameters of {sum(math.prod(dim.size for dim in s) for s in dims):,} numbers")
        else:
            parts.append(f"{len(dims)} parameters, of sizes that jobs give")
        return f"<{', '.join(parts)}>"

    # construction

    def _drawn_before(self) -> tuple[dict[str, Any], str] | None:
        """The picture and the table that a pickle has; its modules it has not."""
        drawn: tuple[dict[str, Any], str] | None = vars(self).get("_drawn")
        if drawn is None and not hasattr(self.root_body, "recording"):
            raise NetworkError(
                "this network was read from a pickle of an earlier version, which has no picture: ask for it where the "
                "network is recorded"
            )
        return drawn
