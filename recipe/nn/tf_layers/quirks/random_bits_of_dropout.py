"""
RETURNN (1.20261022, ``dropout`` in tf/util/basic.py) draws a random float for each entry of a dropout: 32 random bits,
on a CPU a fifth of the time of a Transformer's training.

So on a CPU, outside of loops, a layer draws 8 bits for each entry. How many of their 256 values mean 0 is rounded at
random for each row of features, which keeps the share of zeros exact. They follow from the layer's name, the step of
training and RETURNN's ``random_seed``, so that a training goes on after an interruption as it would have. A share
beyond 255 of 256 stays RETURNN's.
"""

from __future__ import annotations

from typing import Any

from ...plain.delayed import Delayed
from ...record.graph import Op
from ..config_function import ConfigFunction
from ..layers import Layer
from .quirk import Quirk

DROPPED = ConfigFunction(
    '''
    def dropped(source, self, rate, **_kwargs):
        """
        In training, entries are 0 at random, the others scaled up. Each draws one of 256 values.

        The random numbers follow from the layer's name and the step of training: no state is kept for them.
        """
        import zlib

        import tensorflow as tf

        x = source(0)
        which = zlib.crc32(self.get_absolute_name().encode()) ^ self.network.get_config().int("random_seed", 42)

        def in_training():
            shape, size = tf.shape(x), tf.size(x)
            seed = tf.stack([which & 0x3FFFFFFF, tf.cast(self.network.global_train_step, tf.int32)])
            words = tf.random.stateless_uniform([(size + 3) // 4], seed, None, None, "uint32")
            drawn = tf.reshape(tf.reshape(tf.bitcast(words, tf.uint8), [-1])[:size], shape)
            # how many of the values mean 0 is rounded at random for each row: so their share is the rate
            of_row = tf.random.stateless_uniform(tf.concat([shape[:-1], [1]], axis=0), seed + [1, 0])
            zeros = tf.cast(256 * rate + of_row, tf.uint8)
            return x * (tf.cast(drawn >= zeros, x.dtype) * (1 / (1 - rate)))

        return self.network.cond_on_train(in_training, lambda: x)
    '''
)
GREATEST_RATE = 255 / 256


def _layer(build: Any, op: Op, layer: Layer) -> None:
    rate = layer.options.get("dropout")
    if rate is None or build.device != "cpu" or layer.network is not build.root or not _is_drawn(rate):
        return
    for name in ("dropout", "dropout_noise_shape"):
        del layer.options[name]
    drawing = {"class": "eval", "from": layer.options["from"], "eval": DROPPED, "eval_locals": {"rate": rate}}
    if layer.options["class"] == "dropout":
        layer.options = drawing
    else:
        layer.options["from"] = build.add(op, "eval", drawing, name="dropped")


def _is_drawn(rate: float | Delayed) -> bool:
    if isinstance(rate, Delayed):
        return rate.is_available() and rate.get() <= GREATEST_RATE  # type: ignore[no-any-return]
    return rate <= GREATEST_RATE


QUIRK = Quirk("random_bits_of_dropout", layer=_layer)
