"""
One config in RETURNN, ready to run single steps: the graph and what is fetched are those of RETURNN's engine.

As a program it is a contender of :mod:`paired`: ``returnn_session.py CONFIG TASK PARAMETERS BATCHES [SAVE]``; with SAVE
it writes its parameters there at the end.
"""

from __future__ import annotations

import os
import pathlib
import sys
from collections.abc import Mapping
from typing import Any

os.environ.setdefault("DISABLE_CUDA", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy
import tensorflow as tf
from returnn.config import Config, global_config_ctx
from returnn.tf.network import ExternData, TFNetwork
from returnn.tf.updater import Updater
from returnn.tf.util.basic import setup_tf_thread_pools
from returnn.util.basic import BehaviorVersion

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from benchmarks.g2p_batches import LEARNING_RATE, read_batches  # noqa: E402
from benchmarks.paired import serve  # noqa: E402


class ReturnnSession:
    """
    A TensorFlow session with one config's network.

    :param text: of the config
    :param task: "train" or "search"
    :param parameters: start values by name; default: those of the config
    """

    def __init__(self, text: str, task: str, parameters: Mapping[str, numpy.ndarray] | None = None):
        settings: dict[str, Any] = {"config": Config({"task": task})}
        exec(compile(text, "<config>", "exec"), settings)
        del settings["__builtins__"], settings["config"]
        self.settings = settings
        self.config = Config(settings)
        # as RETURNN's main program does: else the first layer that looks for devices fixes the threads of all sessions
        setup_tf_thread_pools(tf_session_opts=settings.get("tf_session_opts"))
        BehaviorVersion.set(settings["behavior_version"])
        train = task == "train"
        self._graph = tf.Graph()
        with self._graph.as_default(), global_config_ctx(self.config):
            tf.compat.v1.set_random_seed(1)
            self._extern_data = ExternData()
            self._extern_data.init_from_config(self.config, auto_create_placeholders=True)
            self.network = TFNetwork(
                config=self.config,
                extern_data=self._extern_data,
                train_flag=train,
                eval_flag=train,
                search_flag=not train,
                name="root",
            )
            self.network.construct_from_dict(settings["network"])
            session_options = tf.compat.v1.ConfigProto(**settings.get("tf_session_opts", {}))
            self._session = tf.compat.v1.Session(config=session_options)
            self._variables = {v.name.split(":")[0]: v for v in self.network.get_trainable_params()}
            self.fetches = self._train_fetches() if train else self._search_fetches()
            self.network.initialize_params(session=self._session)
            if train:
                self._updater.init_optimizer_vars(session=self._session)
                self._updater.set_learning_rate(LEARNING_RATE, session=self._session)
            for name, value in (parameters or {}).items():
                initializer = self._variables[name].initializer
                self._session.run(initializer, feed_dict={initializer.inputs[1]: value})

    def _train_fetches(self) -> dict[str, Any]:
        self._updater = Updater(config=self.config, network=self.network, initial_learning_rate=LEARNING_RATE)
        self._updater.set_trainable_vars(self.network.get_trainable_params())
        fetches = self.network.get_fetches_dict(
            config=self.config, should_train=True, should_eval=True, with_summary=True, with_size=True
        )
        return {**fetches, "optim_op": self._updater.get_optim_op()}

    def _search_fetches(self) -> dict[str, Any]:
        layer = self.network.layers["output"]
        return {
            "labels": layer.output.copy_as_batch_major().placeholder,
            "lengths": layer.output.get_sequence_lengths(),
            "scores": layer.get_search_choices().beam_scores,
        }

    def feed_dict(self, feeds: Mapping[str, tuple[numpy.ndarray, numpy.ndarray]]) -> dict[Any, Any]:
        """
        :param feeds: for each input the array [batch, time] and the lengths
        """
        feed_dict: dict[Any, Any] = {}
        for key, data in self._extern_data.data.items():
            value, lengths = feeds[key]
            feed_dict[data.placeholder] = value
            feed_dict[data.get_time_dim_tag().dyn_size] = lengths
            batch = data.get_batch_dim()
            if isinstance(batch, tf.Tensor) and batch.op.type == "Placeholder":
                feed_dict[batch] = len(lengths)
        return feed_dict

    def run(self, feeds: Mapping[str, tuple[numpy.ndarray, numpy.ndarray]], **options: Any) -> dict[str, Any]:
        """
        One step.

        :param options: for ``Session.run``
        """
        return self._session.run(self.fetches, feed_dict=self.feed_dict(feeds), **options)

    def parameters(self) -> dict[str, numpy.ndarray]:
        """The present values by name."""
        return self._session.run(self._variables)


def main() -> None:
    """Runs steps on demand."""
    config, task, parameters, batches_path, *save = sys.argv[1:]
    with numpy.load(parameters) as file:
        session = ReturnnSession(pathlib.Path(config).read_text(encoding="utf-8"), task, dict(file))
    batches = read_batches(pathlib.Path(batches_path))

    def step(number: int) -> float:
        result = session.run(batches[number])
        if task == "train":
            return float(result["loss"] / batches[number]["classes"][1].sum())
        return float(result["scores"].max(axis=1).mean())

    serve(step)
    if save:
        numpy.savez(save[0], **session.parameters())


if __name__ == "__main__":
    main()
