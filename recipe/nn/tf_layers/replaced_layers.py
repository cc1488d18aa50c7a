"""What a written config has RETURNN do when it starts, so that it computes batches in which no sequence has a frame."""

from __future__ import annotations

from collections.abc import Mapping

from .config_function import ConfigFunction

STARTUP = "startup_callback"
"""The function of a config that RETURNN calls before it reads data and makes the network."""

BATCHES_OF_NOTHING = ConfigFunction(
    '''
    def batches_of_nothing():
        """RETURNN refuses or drops a batch in which nothing has a frame: so such a batch has one, of no input."""
        from returnn.engine.batch import Batch
        from returnn.util.basic import NumbersDict

        with_sequence = Batch.try_sequence_as_slice

        def with_sequence_or_frame(batch, length):
            frames, count = with_sequence(batch, length)
            if frames.max_value() == 0:
                frames = NumbersDict.max([frames, NumbersDict(numbers_dict={"": 1}, broadcast_value=0)])
            return [frames, count]

        Batch.try_sequence_as_slice = with_sequence_or_frame
    '''
)

_TEXT = '''
def startup_callback(**_kwargs):
    """RETURNN calls this when it starts, so that it computes batches in which no sequence has a frame."""
    batches_of_nothing()
'''
_REPLACED = """
    from returnn.tf.layers import basic

    for layer_class in [{classes}]:
        basic.get_layer_class(layer_class.layer_class)  # fills the table
        basic._LayerClassDict[layer_class.layer_class] = layer_class
"""


def startup_callback(replaced: Mapping[str, ConfigFunction]) -> ConfigFunction:
    """
    The function that RETURNN calls when it starts.

    RETURNN (1.20261022, ``shapes_for_batches`` in datasets/basic.py) has an assertion that some sequence of a batch has
    a frame in some input, and leaves out the last batch if none has. So such a batch has one frame, of an input that is
    none.
    Test: tf_layers/test_empty_sequences.py::test_training_where_a_batch_has_nothing

    :param replaced: makers of classes that take the place of RETURNN's layers, by the name of the layer class
    """
    makers = tuple(replaced[name] for name in sorted(replaced))
    classes = ", ".join(f"{maker.name}()" for maker in makers)
    text = _TEXT.rstrip() + (_REPLACED.format(classes=classes) if makers else "")
    return ConfigFunction(text, needs=(*makers, BATCHES_OF_NOTHING))
