"""
Networks whose digests are compared between processes; needs NumPy only::

    python -m tests.recipe.nn.canonical.digest_examples        # prints the digests as JSON
"""

from __future__ import annotations

import json
import sys

from recipe import nn
from recipe.models.attention_decoder import AttentionLstmDecoder
from recipe.models.encoder import BidirectionalLstmEncoder
from recipe.models.sequence_to_sequence import SequenceToSequence


def attention_model() -> SequenceToSequence:
    """Letters to phones."""
    letters, phones = nn.Dim(7, "letters"), nn.Dim(9, "phones", labels=["$", *"ABCDEFGH"])
    encoder = BidirectionalLstmEncoder(letters, nn.Dim(4, "vector"), nn.Dim(6, "encoder"), num_layers=2, dropout=0.2)
    decoder = AttentionLstmDecoder(
        encoder.out_dim,
        phones,
        end_label=0,
        embedding_dim=nn.Dim(3, "phone_vector"),
        lstm_dim=nn.Dim(5, "decoder"),
        key_dim=nn.Dim(4, "key"),
        readout_dim=nn.Dim(6, "readout"),
        dropout=0.1,
    )
    source = nn.ExternData("data", [nn.batch_dim, nn.Dim(None, "word")], sparse_dim=letters)
    target = nn.ExternData("classes", [nn.batch_dim, nn.Dim(None, "pronunciation")], sparse_dim=phones)
    return SequenceToSequence(source, target, encoder, decoder, label_smoothing=0.1)


def everything_else() -> dict[str, nn.Tensor]:
    """States of several kinds, sets as shapes, numbers of many sizes, branches, a loop in a loop."""
    time, features = nn.Dim(None, "time"), nn.Dim(3, "features")
    x = nn.get_extern_data(nn.ExternData("x", [nn.batch_dim, time, features]))
    state = nn.State({nn.batch_dim, features}, initial=0.1)
    constants = [1e-8, 1e16, 2.5e-3, 1 / 3, 123456.789, float("inf")]
    with nn.Loop() as loop:
        frame = loop.unstack(x)
        with nn.MaskedComputation(mask=nn.reduce_sum(frame) > 0):
            state.assign(nn.tanh(state.get() + frame))
        with nn.Cond(nn.reduce_max(frame) > 0.5) as cond:
            cond.true = frame * 2
        with cond.false_branch():
            cond.false = nn.dropout(frame, 0.3)
        with nn.Loop(max_seq_len=4) as inner:
            inner.state.count = inner.state.count + cond.result
            inner.end(inner.iter_idx >= 2)
            total = inner.last(inner.state.count)
        result = {"steps": loop.stack(total), "last": loop.last(state.get())}
    for number, constant in enumerate(constants):
        result[f"constant{number}"] = result["last"] * constant
    return result


def digests() -> dict[str, str]:
    """By name."""
    model = attention_model()
    networks = {
        "training": nn.Network(model),
        "search": nn.Network(model, search=nn.BeamSearch(4), max_seq_len=9),
        "everything else": nn.Network(everything_else),
    }
    return {name: network.digest for name, network in networks.items()}


if __name__ == "__main__":
    json.dump({"python": list(sys.version_info[:2]), "digests": digests()}, sys.stdout)
