"""
One config in RETURNN on PyTorch, ready to run single steps, as RETURNN's engine runs them.

As a program it is a contender of :mod:`paired`: ``torch_session.py CONFIG TASK PARAMETERS BATCHES [SAVE]``; with SAVE
it writes its parameters there at the end. How many threads it has is said by ``OMP_NUM_THREADS``.
"""

from __future__ import annotations

import pathlib
import sys
from collections.abc import Mapping
from typing import Any

import numpy
import returnn.frontend as rf
import torch
from returnn.config import Config, global_config_ctx
from returnn.tensor import TensorDict
from returnn.torch.data.extern_data import raw_dict_to_extern_data
from returnn.torch.updater import Updater
from returnn.util.basic import BehaviorVersion

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from benchmarks.g2p_batches import LEARNING_RATE, read_batches  # noqa: E402
from benchmarks.paired import serve  # noqa: E402


class TorchSession:
    """
    A model of one config, and RETURNN's optimizer of it.

    :param text: of the config
    :param task: "train" or "search"
    :param parameters: start values by name; default: those of the config
    :param device: of PyTorch
    """

    def __init__(
        self, text: str, task: str, parameters: Mapping[str, numpy.ndarray] | None = None, *, device: str = "cpu"
    ):
        settings: dict[str, Any] = {"task": task}
        exec(compile(text, "<config>", "exec"), settings)
        self.settings, self.device = settings, device
        self._config = Config({key: value for key, value in settings.items() if key != "__builtins__"})
        BehaviorVersion.set(settings["behavior_version"])
        rf.select_backend_torch()
        torch.manual_seed(1)
        with global_config_ctx(self._config):
            self.model = settings["get_model"](epoch=1, step=0)
            self.model.to(device).train(task == "train")
            self._load(parameters or {})
            if task == "train":
                self._updater = Updater(
                    config=self._config, network=self.model, device=device, initial_learning_rate=LEARNING_RATE
                )
                self._updater.create_optimizer()
                self._updater.set_learning_rate(LEARNING_RATE)
        self._template = TensorDict()
        self._template.update(settings["extern_data"], auto_convert=True)
        self._steps = 0

    def _load(self, parameters: Mapping[str, numpy.ndarray]) -> None:
        with torch.no_grad():
            for name, value in parameters.items():
                self.model[name].copy_(torch.from_numpy(value))

    def data(self, feeds: Mapping[str, tuple[numpy.ndarray, ...]]) -> TensorDict:
        """
        The inputs of a step, as RETURNN gives them: lengths are on the CPU.

        :param feeds: for each input the array and, the lengths along its second axis, if it has such
        """
        raw: dict[str, torch.Tensor] = {}
        for name, (value, *lengths) in feeds.items():
            raw[name] = torch.from_numpy(value)
            if lengths:
                raw[f"{name}:seq_len"] = torch.from_numpy(lengths[0])
        return raw_dict_to_extern_data(raw, extern_data_template=self._template, device=self.device)

    def train(self, feeds: Mapping[str, tuple[numpy.ndarray, ...]]) -> float:
        """A step of training; gives the sum of all losses."""
        self._updater.set_current_train_step(global_train_step=self._steps, epoch=1)
        self._updater.zero_grad()
        rf.init_train_step_run_ctx(train_flag=True, step=self._steps, epoch=1)
        self.settings["train_step"](model=self.model, extern_data=self.data(feeds))
        total = rf.get_run_ctx().total_loss().raw_tensor
        total.backward()
        self._updater.step()
        self._steps += 1
        return float(total.detach())

    @torch.no_grad()
    def outputs(self, feeds: Mapping[str, tuple[numpy.ndarray, ...]]) -> dict[str, torch.Tensor]:
        """The outputs of a step of search."""
        rf.init_forward_step_run_ctx(step=0, epoch=1)
        self.settings["forward_step"](model=self.model, extern_data=self.data(feeds))
        return {name: output.raw_tensor for name, output in rf.get_run_ctx().outputs.data.items()}

    def parameters(self) -> dict[str, numpy.ndarray]:
        """The present values by name."""
        return {name.replace(".", "/"): value.detach().cpu().numpy() for name, value in self.model.named_parameters()}


def main() -> None:
    """Runs steps on demand."""
    config, task, parameters, batches_path, *save = sys.argv[1:]
    with numpy.load(parameters) as file:
        session = TorchSession(pathlib.Path(config).read_text(encoding="utf-8"), task, dict(file))
    batches = read_batches(pathlib.Path(batches_path))

    def step(number: int) -> float:
        batch = batches[number]
        if task == "train":
            return session.train(batch) / float(batch["classes"][1].sum())
        return float(session.outputs(batch)["beam_scores"].max(dim=1).values.mean())

    serve(step)
    if save:
        numpy.savez(save[0], **session.parameters())


if __name__ == "__main__":
    main()
