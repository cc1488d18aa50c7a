"""
The network language: a recurrent model as plain Python, recorded into a RETURNN network.

``Dim``, ``Tensor``, ``Module``, ``Loop`` and ``State`` are what models are written in; ``Network`` is what comes out.
"""

from .debugging.check import check
from .debugging.gradients import check_gradients
from .language.cond import Cond
from .language.loop import Loop
from .language.masked_computation import MaskedComputation
from .language.module import Module, ModuleList, Sequential
from .language.state import State
from .modules.attention import AdditiveAttention, CausalSelfAttention, DotAttention
from .modules.convolution import Conv1d, DepthwiseConv1d
from .modules.embedding import Embedding
from .modules.linear import Linear
from .modules.lstm import BidirectionalLstm, Lstm, LstmCell
from .modules.normalization import LayerNorm
from .modules.window import Window
from .network import Network
from .numpy_run.run import NumpyRun, run_numpy
from .ops.activation import exp, gelu, log, log_sigmoid, logical_not, relu, sigmoid, softplus, sqrt, swish, tanh
from .ops.array import concat, postfix_in_time, replace_dim, reverse, slice, split, squeeze
from .ops.choice import choice
from .ops.constants import constant, ones, zeros
from .ops.ctc import ctc_loss
from .ops.cumulative import cum_log_sum_exp, cum_max, cum_sum
from .ops.dot import dot
from .ops.dropout import dropout
from .ops.edit_distance import edit_distance, expected_risk
from .ops.elementwise import cast, combine, compare, expand, logical_and, logical_or, maximum, minimum, where
from .ops.history import cum_concat
from .ops.indexing import gather
from .ops.inputs import get_extern_data
from .ops.lengths import length, range_over
from .ops.loss import argmax, cross_entropy, focal_loss, frame_error, mean_squared_error
from .ops.lstm import LstmState
from .ops.pooling import pool
from .ops.positional_encoding import positional_encoding
from .ops.random import random_uniform, train_flag, train_step
from .ops.reduce import reduce_max, reduce_mean, reduce_min, reduce_sum
from .ops.reshape import merge_dims, split_dims
from .ops.schedule import piecewise_constant, piecewise_linear
from .ops.softmax import log_softmax, softmax, softmax_over_spatial
from .ops.transducer import transducer_loss
from .plain.beam_search import BeamSearch
from .plain.dim import Dim, batch_dim
from .plain.errors import NetworkError, NetworkWarning
from .plain.extern_data import ExternData
from .plain.initializer import Constant, Initializer, Normal, NumpyFile, Uniform
from .plain.public_names import PUBLIC_NAMES as _PUBLIC_NAMES
from .program.earlier_versions import install as _install_earlier_names
from .program.parameter_agreement import check_parameters
from .record.graph import Tensor
from .record.parameter import Parameter
from .staged_network import StagedNetwork
from .tf_layers.python_source import PythonCode

__all__ = [
    "AdditiveAttention",
    "BeamSearch",
    "BidirectionalLstm",
    "CausalSelfAttention",
    "Cond",
    "Constant",
    "Conv1d",
    "DepthwiseConv1d",
    "Dim",
    "DotAttention",
    "Embedding",
    "ExternData",
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
    "Network",
    "NetworkError",
    "NetworkWarning",
    "Normal",
    "NumpyFile",
    "NumpyRun",
    "Parameter",
    "PythonCode",
    "Sequential",
    "StagedNetwork",
    "State",
    "Tensor",
    "Uniform",
    "Window",
    "argmax",
    "batch_dim",
    "cast",
    "check",
    "check_gradients",
    "check_parameters",
    "choice",
    "combine",
    "compare",
    "concat",
    "constant",
    "cross_entropy",
    "ctc_loss",
    "cum_concat",
    "cum_log_sum_exp",
    "cum_max",
    "cum_sum",
    "dot",
    "dropout",
    "edit_distance",
    "exp",
    "expand",
    "expected_risk",
    "focal_loss",
    "frame_error",
    "gather",
    "gelu",
    "get_extern_data",
    "length",
    "log",
    "log_sigmoid",
    "log_softmax",
    "logical_and",
    "logical_not",
    "logical_or",
    "maximum",
    "mean_squared_error",
    "merge_dims",
    "minimum",
    "ones",
    "piecewise_constant",
    "piecewise_linear",
    "pool",
    "positional_encoding",
    "postfix_in_time",
    "random_uniform",
    "range_over",
    "reduce_max",
    "reduce_mean",
    "reduce_min",
    "reduce_sum",
    "relu",
    "replace_dim",
    "reverse",
    "run_numpy",
    "sigmoid",
    "slice",
    "softmax",
    "softmax_over_spatial",
    "softplus",
    "split",
    "split_dims",
    "sqrt",
    "squeeze",
    "swish",
    "tanh",
    "train_flag",
    "train_step",
    "transducer_loss",
    "where",
    "zeros",
]

_PUBLIC_NAMES.update(__all__)
_install_earlier_names()
