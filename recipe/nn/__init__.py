"""
The network language: a recurrent model as plain Python, recorded into a RETURNN network.

``Dim``, ``Tensor``, ``Module``, ``Loop`` and ``State`` are what models are written in; ``Network`` is what comes out.
"""

from typing import TYPE_CHECKING as _TYPE_CHECKING

from .debugging.check import check
from .debugging.gradients import check_gradients
from .language.cond import Cond
from .language.loop import Loop
from .language.masked_computation import MaskedComputation
from .language.module import Module, ModuleList, Sequential
from .language.state import State
from .modules.attention import AdditiveAttention, CausalSelfAttention, DotAttention
from .modules.convolution import Conv1d, Conv2d, DepthwiseConv1d, TransposedConv1d
from .modules.embedding import Embedding
from .modules.gru import BidirectionalGru, Gru, GruCell
from .modules.linear import Linear
from .modules.lstm import BidirectionalLstm, Lstm, LstmCell
from .modules.multi_head_attention import MultiHeadAttention
from .modules.normalization import BatchNorm, GroupNorm, LayerNorm, RmsNorm
from .modules.projected_lstm import ProjectedLstm, ProjectedLstmCell
from .modules.window import Window
from .network import Network
from .numpy_run.run import NumpyRun, run_numpy
from .ops.activation import (
    arctan,
    atan,
    ceil,
    cos,
    elu,
    erf,
    exp,
    floor,
    gelu,
    log,
    log_sigmoid,
    logical_not,
    relu,
    round,
    rsqrt,
    sigmoid,
    sign,
    silu,
    sin,
    softplus,
    softsign,
    sqrt,
    square,
    swish,
    tan,
    tanh,
)
from .ops.array import concat, postfix_in_time, replace_dim, reverse, split, squeeze
from .ops.choice import choice
from .ops.constants import constant, ones, zeros
from .ops.ctc import ctc_loss
from .ops.cumulative import cum_log_sum_exp, cum_max, cum_sum
from .ops.dot import dot
from .ops.dropout import dropout
from .ops.edit_distance import edit_distance, expected_risk
from .ops.elementwise import cast, combine, compare, expand, logical_and, logical_or, maximum, minimum
from .ops.extreme_position import argmax, argmin
from .ops.gradient import scale_gradient, stop_gradient
from .ops.history import cum_concat
from .ops.in_time import concat_in_time, pad_in_time, prefix_in_time
from .ops.indexing import gather
from .ops.inputs import get_extern_data
from .ops.largest import top_k
from .ops.lengths import length, range_over
from .ops.log_sum_exp import logaddexp
from .ops.loss import cross_entropy, focal_loss, frame_error, mean_squared_error
from .ops.lstm import LstmState
from .ops.one_hot import one_hot
from .ops.piecewise import clip, leaky_relu
from .ops.pooling import pool
from .ops.positional_encoding import positional_encoding
from .ops.random import random_normal, random_uniform, train_flag, train_step
from .ops.reduce import reduce_logsumexp, reduce_max, reduce_mean, reduce_min, reduce_sum
from .ops.reshape import merge_dims, split_dims
from .ops.rotary_encoding import rotary_encoding
from .ops.running_average import running_average
from .ops.schedule import piecewise_constant, piecewise_linear
from .ops.slice_in_time import slice
from .ops.softmax import log_softmax, softmax, softmax_over_spatial
from .ops.structures import where
from .ops.transducer import transducer_loss
from .ops.windows import chunk, fold, unfold
from .plain.beam_search import BeamSearch
from .plain.dim import Dim, batch_dim
from .plain.errors import MissingAttributeError as _MissingAttributeError
from .plain.errors import NetworkError, NetworkWarning
from .plain.extern_data import ExternData
from .plain.familiar_arguments import install as _install_familiar_arguments
from .plain.familiar_names import missing_name as _missing_name
from .plain.initializer import Constant, Initializer, Normal, NumpyFile, Uniform
from .plain.public_names import PUBLIC_NAMES as _PUBLIC_NAMES
from .plain.python_source import PythonCode
from .program.earlier_versions import install as _install_earlier_names
from .program.parameter_agreement import check_parameters
from .record.graph import Tensor
from .record.parameter import Parameter
from .staged_network import StagedNetwork

__all__ = [
    "AdditiveAttention",
    "BatchNorm",
    "BeamSearch",
    "BidirectionalGru",
    "BidirectionalLstm",
    "CausalSelfAttention",
    "Cond",
    "Constant",
    "Conv1d",
    "Conv2d",
    "DepthwiseConv1d",
    "Dim",
    "DotAttention",
    "Embedding",
    "ExternData",
    "GroupNorm",
    "Gru",
    "GruCell",
    "Initializer",
    "LayerNorm",
    "Linear",
    "Loop",
    "Lstm",
    "LstmCell",
    "LstmState",
    "MaskedComputation",
    "Module",
    "ModuleList",
    "MultiHeadAttention",
    "Network",
    "NetworkError",
    "NetworkWarning",
    "Normal",
    "NumpyFile",
    "NumpyRun",
    "Parameter",
    "ProjectedLstm",
    "ProjectedLstmCell",
    "PythonCode",
    "RmsNorm",
    "Sequential",
    "StagedNetwork",
    "State",
    "Tensor",
    "TransposedConv1d",
    "Uniform",
    "Window",
    "arctan",
    "argmax",
    "argmin",
    "atan",
    "batch_dim",
    "cast",
    "ceil",
    "check",
    "check_gradients",
    "check_parameters",
    "choice",
    "chunk",
    "clip",
    "combine",
    "compare",
    "concat",
    "concat_in_time",
    "constant",
    "cos",
    "cross_entropy",
    "ctc_loss",
    "cum_concat",
    "cum_log_sum_exp",
    "cum_max",
    "cum_sum",
    "dot",
    "dropout",
    "edit_distance",
    "elu",
    "erf",
    "exp",
    "expand",
    "expected_risk",
    "floor",
    "focal_loss",
    "fold",
    "frame_error",
    "gather",
    "gelu",
    "get_extern_data",
    "leaky_relu",
    "length",
    "log",
    "log_sigmoid",
    "log_softmax",
    "logaddexp",
    "logical_and",
    "logical_not",
    "logical_or",
    "maximum",
    "mean_squared_error",
    "merge_dims",
    "minimum",
    "one_hot",
    "ones",
    "pad_in_time",
    "piecewise_constant",
    "piecewise_linear",
    "pool",
    "positional_encoding",
    "postfix_in_time",
    "prefix_in_time",
    "random_normal",
    "random_uniform",
    "range_over",
    "reduce_logsumexp",
    "reduce_max",
    "reduce_mean",
    "reduce_min",
    "reduce_sum",
    "relu",
    "replace_dim",
    "reverse",
    "rotary_encoding",
    "round",
    "rsqrt",
    "run_numpy",
    "running_average",
    "scale_gradient",
    "sigmoid",
    "sign",
    "silu",
    "sin",
    "slice",
    "softmax",
    "softmax_over_spatial",
    "softplus",
    "softsign",
    "split",
    "split_dims",
    "sqrt",
    "square",
    "squeeze",
    "stop_gradient",
    "swish",
    "tan",
    "tanh",
    "top_k",
    "train_flag",
    "train_step",
    "transducer_loss",
    "unfold",
    "where",
    "zeros",
]

_PUBLIC_NAMES.update(__all__)
_install_earlier_names()
_install_familiar_arguments(globals())

if not _TYPE_CHECKING:  # for which names that there are not are mistakes

    def __getattr__(name: str) -> None:
        """
        :raises AttributeError: what the language calls a name of PyTorch, Keras or RETURNN's frontend
        """
        if name.startswith("_"):
            raise AttributeError(name)
        raise _MissingAttributeError(_missing_name(name))
