"""Arguments of functions and classes of PyTorch, Keras and RETURNN's frontend that have other names here."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable
from typing import Any

from .errors import NetworkError, did_you_mean
from .public_names import PUBLIC_NAMES

ARGUMENTS: dict[str, str] = {
    "gather.indices": "nn.gather(x, 0, axis=time)",
    "gather.index": "nn.gather(x, 0, axis=time)",
    "gather.dim": "nn.gather(x, 0, axis=time)",
    "split.out_dims": "nn.split(x, size_splits=[2, 4])",
    "split.dim": "nn.split(x, 2, axis=in_dim)",
    "concat.dim": "nn.concat(a, b), which joins features; concat_in_time joins sequences",
    "concat.axis": "nn.concat(a, b, axes=[in_dim, in_dim])",
    "dot.axis": "nn.dot(a, b, reduce=in_dim)",
    "dot.dim": "nn.dot(a, b, reduce=in_dim)",
    "dropout.p": "nn.dropout(x, 0.1)",
    "dropout.drop_prob": "nn.dropout(x, 0.1)",
    "dropout.training": "nn.dropout(x, 0.1), which drops in training alone",
    "dropout.axis": "nn.dropout(x, 0.1), each entry for itself",
    "softmax.dim": "nn.softmax(x, axis=in_dim)",
    "log_softmax.dim": "nn.log_softmax(x)",
    "cross_entropy.reduction": "nn.cross_entropy(logits, targets).mark_as_loss(), the sum over all frames",
    "cross_entropy.ignore_index": "nn.where(condition, nn.cross_entropy(logits, targets), 0.0)",
    "cross_entropy.estimated": "nn.cross_entropy(logits, targets)",
    "cross_entropy.target": "nn.cross_entropy(logits, targets)",
    "Linear.bias": "nn.Linear(in_dim, out_dim, with_bias=False)",
    "Linear.in_features": "nn.Linear(in_dim, out_dim)",
    "Linear.use_bias": "nn.Linear(in_dim, out_dim, with_bias=False)",
    "Linear.in_dim": "nn.Linear(in_dim, out_dim)",
    "Linear.out_dim": "nn.Linear(in_dim, out_dim)",
    "Linear.out_features": "nn.Linear(in_dim, out_dim)",
    "Linear.units": "nn.Linear(in_dim, out_dim)",
    "Linear.activation": "nn.tanh(nn.Linear(in_dim, out_dim)(x))",
    "Lstm.num_layers": "nn.ModuleList([nn.Lstm(in_dim, out_dim), nn.Lstm(out_dim, out_dim)]), one after the other",
    "Lstm.bidirectional": "nn.BidirectionalLstm(in_dim, out_dim)",
    "Lstm.input_size": "nn.Lstm(in_dim, out_dim)",
    "Lstm.hidden_size": "nn.Lstm(in_dim, out_dim)",
    "Lstm.units": "nn.Lstm(in_dim, out_dim)",
    "Lstm.batch_first": "nn.Lstm(in_dim, out_dim); dims go by their names",
    "Lstm.return_sequences": "y, state = nn.Lstm(in_dim, out_dim)(x): y are all steps, state.h the last one",
    "Lstm.dropout": "nn.dropout(x, 0.1)",
    "LstmCell.input_size": "nn.LstmCell(in_dim, out_dim)",
    "LstmCell.hidden_size": "nn.LstmCell(in_dim, out_dim)",
    "Gru.num_layers": "nn.ModuleList([nn.Gru(in_dim, out_dim), nn.Gru(out_dim, out_dim)]), one after the other",
    "Gru.bidirectional": "nn.BidirectionalGru(in_dim, out_dim)",
    "Gru.dropout": "nn.dropout(x, 0.1)",
    "Embedding.padding_idx": "nn.Embedding(labels, out_dim)  # padding never counts",
    "Embedding.input_dim": "nn.Embedding(labels, out_dim)",
    "Embedding.num_embeddings": "nn.Embedding(labels, out_dim)",
    "Embedding.embedding_dim": "nn.Embedding(labels, out_dim)",
    "Conv1d.kernel_size": "nn.Conv1d(in_dim, out_dim, 3)",
    "Conv1d.filter_size": "nn.Conv1d(in_dim, out_dim, 3)",
    "Conv1d.padding": "nn.Conv1d(in_dim, out_dim, 3), with zeros around each sequence",
    "LayerNorm.eps": "nn.LayerNorm(in_dim, epsilon=1e-5)",
    "LayerNorm.normalized_shape": "nn.LayerNorm(in_dim)",
    "reduce_sum.dim": "nn.reduce_sum(x, axis=time)",
    "reduce_mean.dim": "nn.reduce_mean(x, axis=time)",
    "reduce_max.dim": "nn.reduce_max(x, axis=time)",
    "reduce_min.dim": "nn.reduce_min(x, axis=time)",
    "reduce_sum.keepdim": "nn.reduce_sum(x, axis=time), which is broadcast along the axis where it is wanted",
    "reduce_mean.keepdim": "nn.reduce_mean(x, axis=time), which is broadcast along the axis where it is wanted",
    "reduce_sum.keepdims": "nn.reduce_sum(x, axis=time), which is broadcast along the axis where it is wanted",
    "reduce_mean.keepdims": "nn.reduce_mean(x, axis=time), which is broadcast along the axis where it is wanted",
    "argmax.dim": "nn.argmax(x, axis=in_dim)",
    "one_hot.depth": "nn.one_hot(targets)  # the dim of the labels says how many there are",
    "one_hot.num_classes": "nn.one_hot(targets)  # the dim of the labels says how many there are",
    "slice.stop": "nn.slice(x, 0, end=2)",
    "slice.axes": "nn.slice(x, 0, 2, axis=in_dim)",
    "clip.min": "nn.clip(x, 0.0, 1.0)",
    "clip.max": "nn.clip(x, 0.0, 1.0)",
    "replace_dim.in_dim": "nn.replace_dim(x, axis=time, out_dim=nn.Dim(None, 'other'))",
    "choice.beam_size": "search=nn.BeamSearch(4)",
    "Dim.size": "nn.Dim(512, 'hidden')",
    "Dim.description": "nn.Dim(512, 'hidden')",
    "Dim.kind": "nn.Dim(None, 'time'), of which each sequence has its own length",
    "State.init": "nn.State([nn.batch_dim, in_dim], initial=0.0)",
    "Loop.max_len": "nn.Loop(max_seq_len=100)",
    "Loop.num_steps": "nn.Loop(max_seq_len=100)",
    "Loop.stack.axis": "loop.stack(frame)",
    "Loop.unstack.dim": "loop.unstack(x, axis=time)",
    "MaskedComputation.condition": "nn.MaskedComputation(nn.reduce_sum(frame) > 0.0)",
    "Tensor.mark_as_loss.weight": "score.mark_as_loss('ce', scale=0.5)",
    "Tensor.mark_as_loss.loss_scale": "score.mark_as_loss('ce', scale=0.5)",
    "range_over.dtype": "nn.cast(nn.range_over(time, like=x), 'float32')",
    "zeros.shape": "nn.zeros([nn.batch_dim, in_dim])",
    "ones.shape": "nn.ones([nn.batch_dim, in_dim])",
    "Parameter.requires_grad": "nn.Parameter([in_dim, out_dim], trainable=False)",
    "Parameter.shape": "nn.Parameter([in_dim, out_dim])",
    "Parameter.data": "nn.Parameter([in_dim, out_dim], initial=nn.Normal(0.01))",
}
"""By function or class and argument, what is written in place of it."""


METHODS_OF = {
    "Tensor": "x",
    "Loop": "loop",
    "State": "state",
    "Cond": "cond",
    "Network": "network",
}
"""Classes whose methods tell of arguments that do not fit, too, and what messages call their objects."""


class ArgumentError(NetworkError, TypeError):
    """A call that does not fit: what the function takes, and what is written in place of what was given."""


def install(public: dict[str, Any]) -> None:
    """
    Has functions and classes tell of arguments that do not fit, and of those that have other names here.

    :param public: what the language offers, by name
    """
    for name in PUBLIC_NAMES:
        value = public[name]
        if inspect.isfunction(value):
            public[name] = told = _telling(name, value, skip=0)
            if getattr(sys.modules[value.__module__], name, None) is value:
                setattr(sys.modules[value.__module__], name, told)  # as pickles look for it there
        elif inspect.isclass(value) and "__init__" in vars(value) and not issubclass(value, (tuple, BaseException)):
            vars_of: Any = value
            vars_of.__init__ = _telling(name, value.__init__, skip=1)
            for method, of_class in list(vars(value).items()) if name in METHODS_OF else ():
                if not method.startswith("_") and inspect.isfunction(of_class):
                    setattr(value, method, _telling(f"{name}.{method}", of_class, skip=1))


def _code_of(name: str) -> str:
    """How a program calls it: ``nn.NAME``; a method of what it has in a variable."""
    kind, _, method = name.partition(".")
    return f"{METHODS_OF[kind]}.{method}" if method else f"nn.{name}"


def _telling(name: str, function: Callable[..., Any], skip: int) -> Callable[..., Any]:
    """
    The function, whose errors about arguments name the user's line.

    :param skip: how many of its parameters nobody gives
    """

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except TypeError as error:
            if error.__traceback__ is None or error.__traceback__.tb_next is not None:
                raise  # from within
            what = str(error).partition("() ")[2] or str(error)
        signature = inspect.signature(function)
        parameters = [one.replace(annotation=one.empty) for one in signature.parameters.values()][skip:]
        shown = signature.replace(parameters=parameters, return_annotation=signature.empty)
        instead = next((f": write {ARGUMENTS[f'{name}.{key}']}" for key in kwargs if f"{name}.{key}" in ARGUMENTS), "")
        if not instead and "unexpected keyword" in what:
            unknown = next((key for key in kwargs if key not in signature.parameters), "")
            instead = f".{did_you_mean(unknown, (one.name for one in parameters))}".removesuffix(".")
        raise ArgumentError(f"{_code_of(name)}{shown} {what}{instead}")

    return call
