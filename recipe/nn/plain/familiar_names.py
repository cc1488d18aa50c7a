"""
Names from PyTorch, Keras, NumPy and RETURNN's frontend: what they are called here, with a line of code.

Each has alternatives, of which the first counts whose names there are. A test executes the code of each, with
``x``, ``a``, ``b`` [batch, time, in_dim], ``frame`` [batch, in_dim], ``logits`` [batch, time, labels], ``targets``
[batch, time], ``condition`` and ``score`` [batch, time], and dims ``time``, ``in_dim``, ``out_dim``, ``heads`` and
``key_dim``, which are the parts of ``in_dim``, ``labels``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from .errors import did_you_mean
from .public_names import PUBLIC_NAMES

Alternatives = tuple[str, ...]

_OVER_SEQUENCES = "y, state = nn.{}(in_dim, out_dim)(x)"
_STATE_OF_CELL = "y, loop.state.cell = cell(frame, loop.state.cell)"
_LOSS = "nn.cross_entropy(logits, targets).mark_as_loss()"
_SQUARES = "nn.mean_squared_error(a, b).mark_as_loss()"
_LOG_OF_SIGMOID = "(-nn.where(condition, nn.log_sigmoid(score), nn.log_sigmoid(-score))).mark_as_loss()"
_REPEATED = "with nn.Loop() as loop: y = loop.stack(nn.tanh(loop.unstack(x)))"
_MOVED = "dims go by their names, so nothing is moved: nn.reduce_sum(x, axis=time)"
_SHAPED = "parts = nn.split_dims(x, [heads, key_dim]); y = nn.merge_dims(parts, [heads, key_dim], out_dim=in_dim)"
_ACTIVATION = "y = nn.{}(x)"

NAMES: dict[str, Alternatives] = {
    # PyTorch's modules
    "LSTM": (_OVER_SEQUENCES.format("Lstm"),),
    "LSTMCell": (f"cell = nn.LstmCell(in_dim, out_dim)  # in a loop: {_STATE_OF_CELL}",),
    "GRU": (_OVER_SEQUENCES.format("Gru"), _OVER_SEQUENCES.format("Lstm")),
    "GRUCell": (f"cell = nn.GruCell(in_dim, out_dim)  # in a loop: {_STATE_OF_CELL}", "cell = nn.LstmCell(out_dim)"),
    "RNN": ("loop.state.h = nn.tanh(linear([loop.unstack(x), loop.state.h]))",),
    "Dropout": ("y = nn.dropout(x, 0.1)",),
    "CrossEntropyLoss": (_LOSS,),
    "NLLLoss": (f"{_LOSS}  # of logits, not of log_softmax",),
    "MSELoss": (_SQUARES,),
    "L1Loss": ("nn.reduce_mean(abs(a - b)).mark_as_loss()",),
    "BCELoss": (_LOG_OF_SIGMOID,),
    "BCEWithLogitsLoss": (_LOG_OF_SIGMOID,),
    "CTCLoss": ("nn.ctc_loss(logits_with_blank, targets).mark_as_loss()",),
    "KLDivLoss": ("nn.reduce_sum(nn.softmax(a) * (nn.log_softmax(a) - nn.log_softmax(b))).mark_as_loss()",),
    "ReLU": (_ACTIVATION.format("relu"),),
    "Tanh": (_ACTIVATION.format("tanh"),),
    "Sigmoid": (_ACTIVATION.format("sigmoid"),),
    "GELU": (_ACTIVATION.format("gelu"),),
    "SiLU": (_ACTIVATION.format("silu"), _ACTIVATION.format("swish")),
    "Swish": (_ACTIVATION.format("swish"),),
    "ELU": (_ACTIVATION.format("elu"), "y = nn.where(x > 0.0, x, nn.exp(x) - 1.0)"),
    "LeakyReLU": ("y = nn.leaky_relu(x)", "y = nn.maximum(x, 0.01 * x)"),
    "Softplus": (_ACTIVATION.format("softplus"),),
    "Softmax": ("y = nn.softmax(x)  # over features; nn.softmax_over_spatial(x) over frames",),
    "LogSoftmax": (_ACTIVATION.format("log_softmax"),),
    "BatchNorm1d": ("y = nn.BatchNorm(in_dim)(x)", "y = nn.LayerNorm(in_dim)(x)"),
    "BatchNorm2d": ("y = nn.BatchNorm(in_dim)(x)", "y = nn.LayerNorm(in_dim)(x)"),
    "RMSNorm": ("y = nn.RmsNorm(in_dim)(x)", "y = nn.LayerNorm(in_dim)(x)"),
    "MaxPool1d": ("y = nn.pool(x, 2)",),
    "AvgPool1d": ('y = nn.pool(x, 2, mode="mean")',),
    "ConvTranspose1d": (
        "y = nn.TransposedConv1d(in_dim, out_dim, 4, stride=2)(x)",
        "y = nn.Linear(in_dim, out_dim)(x)",
    ),
    "MultiheadAttention": (
        "y = nn.MultiHeadAttention(in_dim, 2)(x, causal=True)",
        "y = nn.CausalSelfAttention(in_dim, out_dim, out_dim)(x)",
    ),
    "ModuleDict": ("self.layers = nn.ModuleList([nn.Linear(in_dim, out_dim)])  # or an attribute each",),
    "ParameterList": ("self.weight = nn.Parameter([in_dim, out_dim])  # an attribute each",),
    "Identity": ("y = x",),
    "Flatten": ("y = nn.merge_dims(parts, [heads, key_dim], out_dim=in_dim)",),
    # PyTorch's functions
    "functional": ("y = nn.relu(x)  # functions are beside the modules: nn.relu, nn.softmax, nn.cross_entropy",),
    "F": ("y = nn.relu(x)  # functions are beside the modules: nn.relu, nn.softmax, nn.cross_entropy",),
    "init": ("self.weight = nn.Parameter([in_dim, out_dim], initial=nn.Normal(0.01))",),
    "cat": ("y = nn.concat(a, b)  # joins features",),
    "stack": ("y = loop.stack(frame)  # of a loop; for two tensors nn.concat(frame, frame), then nn.split_dims",),
    "hstack": ("y = nn.concat(a, b)",),
    "tensor": ("y = nn.constant(1.0, [nn.batch_dim, in_dim])  # a number in all places; data is fed to inputs",),
    "from_numpy": ("x = nn.get_extern_data(declared)  # data is fed, to nn.run_numpy or by RETURNN",),
    "convert_to_tensor": ("y = nn.constant(1.0, [nn.batch_dim, in_dim])",),
    "full": ("y = nn.constant(1.0, [nn.batch_dim, in_dim])",),
    "zeros_like": ("y = nn.zeros(x.dims)",),
    "ones_like": ("y = nn.ones(x.dims)",),
    "full_like": ("y = nn.constant(1.0, x.dims)",),
    "arange": ("numbers = nn.range_over(time, like=x)",),
    "range": ("numbers = nn.range_over(time, like=x)",),
    "range_over_dim": ("numbers = nn.range_over(time, like=x)",),
    "rand": ("y = nn.random_uniform([nn.batch_dim, time, in_dim])",),
    "rand_like": ("y = nn.random_uniform(x.dims)",),
    "randn": ("y = nn.random_normal([nn.batch_dim, time, in_dim])",),
    "randn_like": ("y = nn.random_normal(x.dims)",),
    "normal": ("y = nn.random_normal([nn.batch_dim, time, in_dim])",),
    "multinomial": ("label = nn.argmax(logits - nn.log(-nn.log(1.0 - nn.random_uniform(logits.dims))))",),
    "random": ("y = nn.random_uniform([nn.batch_dim, time, in_dim])",),
    "matmul": ("y = nn.dot(a, b, reduce=in_dim)  # over a dim that both have; others stay",),
    "mm": ("y = nn.dot(a, b, reduce=in_dim)",),
    "bmm": ("y = nn.dot(a, b, reduce=in_dim)",),
    "einsum": ("y = nn.dot(a, b, reduce=in_dim)",),
    "inner": ("y = nn.dot(a, b, reduce=in_dim)",),
    "sum": ("y = nn.reduce_sum(x, axis=time)",),
    "mean": ("y = nn.reduce_mean(x, axis=time)",),
    "max": ("y = nn.reduce_max(x, axis=time)  # of two tensors nn.maximum(a, b)",),
    "min": ("y = nn.reduce_min(x, axis=time)  # of two tensors nn.minimum(a, b)",),
    "amax": ("y = nn.reduce_max(x, axis=time)",),
    "reduce": ("y = nn.reduce_sum(x, axis=time)  # also reduce_mean, reduce_max, reduce_min",),
    "logsumexp": ("y = nn.reduce_logsumexp(x, axis=in_dim)", "y = nn.log(nn.reduce_sum(nn.exp(x), axis=in_dim))"),
    "any": ("y = nn.reduce_max(nn.cast(condition, 'int32'), axis=time) > 0",),
    "all": ("y = nn.reduce_min(nn.cast(condition, 'int32'), axis=time) > 0",),
    "abs": ("y = abs(x)",),
    "absolute": ("y = abs(x)",),
    "neg": ("y = -x",),
    "pow": ("y = x**2.0",),
    "add": ("y = a + b",),
    "sub": ("y = a - b",),
    "mul": ("y = a * b",),
    "div": ("y = a / b",),
    "clamp": ("y = nn.clip(x, -1.0, 1.0)", "y = nn.minimum(nn.maximum(x, -1.0), 1.0)"),
    "clip_by_value": ("y = nn.clip(x, -1.0, 1.0)", "y = nn.minimum(nn.maximum(x, -1.0), 1.0)"),
    "cumsum": ("y = nn.cum_sum(x, axis=time)",),
    "topk": ("values, positions = nn.top_k(logits, 3)", "y = nn.argmax(logits)"),
    "masked_fill": ("y = nn.where(condition, 0.0, x)",),
    "masked_select": ("y = nn.where(condition, x, 0.0)",),
    "boolean_mask": ("y = nn.where(condition, x, 0.0)",),
    "sequence_mask": ("y = nn.reduce_sum(x, axis=time)  # padding never counts, so no mask is wanted",),
    "pad": ("y = nn.pad_in_time(x, 1, 0)", "y = nn.postfix_in_time(x, 0.0)"),
    "take": ("y = nn.gather(x, 0, axis=time)",),
    "index_select": ("y = nn.gather(x, 0, axis=time)",),
    "flip": ("y = nn.reverse(x, axis=time)",),
    "reverse_sequence": ("y = nn.reverse(x, axis=time)",),
    "unsqueeze": ("y = nn.expand(frame, [heads])",),
    "expand_dims": ("y = nn.expand(frame, [heads])",),
    "expand_dim": ("y = nn.expand(frame, [heads])",),
    "repeat": ("y = nn.expand(frame, [heads])",),
    "tile": ("y = nn.expand(frame, [heads])",),
    "broadcast_to": ("y = nn.expand(frame, [heads])",),
    "reshape": (_SHAPED,),
    "view": (_SHAPED,),
    "flatten": (_SHAPED,),
    "permute": (f"y = x  # {_MOVED}",),
    "transpose": (f"y = x  # {_MOVED}",),
    "swapaxes": (f"y = x  # {_MOVED}",),
    "nll_loss": (f"{_LOSS}  # of logits, not of log_softmax",),
    "mse_loss": (_SQUARES,),
    "l1_loss": ("nn.reduce_mean(abs(a - b)).mark_as_loss()",),
    "embedding": ("y = nn.Embedding(labels, out_dim)(targets)",),
    "linear": ("y = nn.Linear(in_dim, out_dim)(x)",),
    "lstm": (_OVER_SEQUENCES.format("Lstm"),),
    "layer_norm": ("y = nn.LayerNorm(in_dim)(x)",),
    "max_pool1d": ("y = nn.pool(x, 2)",),
    "pool1d": ("y = nn.pool(x, 2)",),
    "no_grad": ("y = nn.stop_gradient(x)", "parameter.trainable = False  # of each of module.parameters()"),
    "detach": ("y = nn.stop_gradient(x)", "parameter.trainable = False  # of each of module.parameters()"),
    "manual_seed": ("parameters = network.random_parameters(seed=1)  # and RETURNN's option random_seed",),
    # Keras
    "Dense": ("y = nn.Linear(in_dim, out_dim)(x)",),
    "TimeDistributed": (
        "y = nn.Linear(in_dim, out_dim)(x)  # modules take further axes, time among them, as they are",
    ),
    "Bidirectional": ("y = nn.BidirectionalLstm(in_dim, out_dim)(x)",),
    "SimpleRNN": ("loop.state.h = nn.tanh(linear([loop.unstack(x), loop.state.h]))",),
    "Activation": (_ACTIVATION.format("tanh"),),
    "Concatenate": ("y = nn.concat(a, b)",),
    "Add": ("y = a + b",),
    "Multiply": ("y = a * b",),
    "Masking": ("y = nn.reduce_sum(x, axis=time)  # padding never counts, so no mask is wanted",),
    "Conv1D": ("y = nn.Conv1d(in_dim, out_dim, 3)(x)",),
    "Conv2D": ("y = nn.Conv2d(in_dim, out_dim, 3)(grid)", "y = nn.Conv1d(in_dim, out_dim, 3)(x)"),
    "MaxPooling1D": ("y = nn.pool(x, 2)",),
    "AveragePooling1D": ('y = nn.pool(x, 2, mode="mean")',),
    "BatchNormalization": ("y = nn.BatchNorm(in_dim)(x)", "y = nn.LayerNorm(in_dim)(x)"),
    "LayerNormalization": ("y = nn.LayerNorm(in_dim)(x)",),
    "Input": ('data = nn.ExternData("data", [nn.batch_dim, time, in_dim]); x = nn.get_extern_data(data)',),
    "Model": ("network = nn.Network(model)  # of a Module or a function",),
    "Layer": ("module = nn.Module()  # layers are subclasses, with forward",),
    "Lambda": (_ACTIVATION.format("tanh"),),
    "layers": ("y = nn.Linear(in_dim, out_dim)(x)  # modules are in nn itself",),
    "activations": (_ACTIVATION.format("relu"),),
    "losses": (_LOSS,),
    # RETURNN: its frontend, and returnn_common
    "scan": (_REPEATED,),
    "while_loop": (_REPEATED,),
    "for_loop": (_REPEATED,),
    "Rec": (_REPEATED,),
    "cond": ("cond = nn.Cond(nn.reduce_sum(frame) > 0.0)",),
    "shift_right": ("y = loop.state.before  # set it at the end of each step: loop.state.before = loop.unstack(x)",),
    "relative_positional_encoding": ("y = nn.positional_encoding(x)",),
    "sinusoidal_positional_encoding": ("y = nn.positional_encoding(x)",),
    "SelfAttention": (
        "y = nn.MultiHeadAttention(in_dim, 2)(x)",
        "y = nn.CausalSelfAttention(in_dim, out_dim, out_dim)(x)",
    ),
    "get_run_ctx": ("training = nn.train_flag()  # nn.train_step() for the step",),
    "SpatialDim": ('time = nn.Dim(None, "time")',),
    "FeatureDim": ('features = nn.Dim(40, "features")',),
    "TensorDim": ('time = nn.Dim(None, "time")',),
    "Data": ('data = nn.ExternData("data", [nn.batch_dim, time, in_dim])',),
    "Choice": ("label = nn.choice(loop.unstack(logits), target=loop.unstack(targets))",),
    "rec_unstack": ("frame = loop.unstack(x)",),
    "copy_to_device": ("y = x  # RETURNN places tensors itself",),
}
"""By name, the code that is written here."""

ATTRIBUTES: dict[str, Alternatives] = {
    "shape": ("x.dims, and dim.size for the size of one",),
    "size": ("x.dims, and dim.size for the size of one",),
    "get_shape": ("x.dims, and dim.size for the size of one",),
    "ndim": ("len(x.dims)",),
    "dim": ("len(x.dims)",),
    "numel": ("nn.reduce_sum(nn.ones(x.dims), x.dims[1:])",),
    "T": ("x, as dims go by their names, in any order",),
    "mT": ("x, as dims go by their names, in any order",),
    "t": ("x, as dims go by their names, in any order",),
    "permute": ("x, as dims go by their names, in any order",),
    "transpose": ("x, as dims go by their names, in any order",),
    "swapaxes": ("x, as dims go by their names, in any order",),
    "contiguous": ("x, as dims go by their names, in any order",),
    "view": ("nn.split_dims(x, [heads, key_dim]) or nn.merge_dims(parts, [heads, key_dim], out_dim=in_dim)",),
    "reshape": ("nn.split_dims(x, [heads, key_dim]) or nn.merge_dims(parts, [heads, key_dim], out_dim=in_dim)",),
    "flatten": ("nn.merge_dims(parts, [heads, key_dim], out_dim=in_dim)",),
    "unsqueeze": ("nn.expand(x, [dim]), or nothing: values are broadcast along dims that they have not",),
    "expand": ("nn.expand(x, [dim]), or nothing: values are broadcast along dims that they have not",),
    "repeat": ("nn.expand(x, [dim]), or nothing: values are broadcast along dims that they have not",),
    "squeeze": ("nn.squeeze(y, dim)",),
    "matmul": ("nn.dot(x, y, reduce=dim)",),
    "mm": ("nn.dot(x, y, reduce=dim)",),
    "bmm": ("nn.dot(x, y, reduce=dim)",),
    "prod": ("nn.exp(nn.reduce_sum(nn.log(x), axis=time)), of numbers above 0",),
    "std": ("nn.sqrt(nn.reduce_mean((x - nn.reduce_mean(x, axis=time)) ** 2.0, axis=time))",),
    "var": ("nn.reduce_mean((x - nn.reduce_mean(x, axis=time)) ** 2.0, axis=time)",),
    "any": ("nn.reduce_max(nn.cast(condition, 'int32'), axis=time) > 0",),
    "all": ("nn.reduce_min(nn.cast(condition, 'int32'), axis=time) > 0",),
    "abs": ("abs(x)",),
    "pow": ("x**2.0",),
    "clamp": ("nn.clip(x, -1.0, 1.0)", "nn.minimum(nn.maximum(x, -1.0), 1.0)"),
    "masked_fill": ("nn.where(condition, 0.0, x)",),
    "cumsum": ("nn.cum_sum(x, axis=time)",),
    "topk": ("nn.top_k(x, 3)", "nn.argmax(x)"),
    "flip": ("nn.reverse(x, axis=time)",),
    "float": ("nn.cast(x, 'float32')",),
    "long": ("nn.cast(x, 'int32')",),
    "int": ("nn.cast(x, 'int32')",),
    "bool": ("x != 0.0",),
    "to": ("nn.cast(x, 'int32') for a type; where a tensor is computed, RETURNN says",),
    "type": ("nn.cast(x, 'int32')",),
    "astype": ("nn.cast(x, 'int32')",),
    "cuda": ("x: where a tensor is computed, RETURNN says",),
    "cpu": ("x: where a tensor is computed, RETURNN says",),
    "device": ("x: where a tensor is computed, RETURNN says",),
    "clone": ("x, which never changes",),
    "copy": ("x, which never changes",),
    "detach": ("nn.stop_gradient(x)", "parameter.trainable = False for each of module.parameters()"),
    "requires_grad": ("parameter.trainable = False for each of module.parameters()",),
    "grad": ("nn.check_gradients(network, feeds)", "y.mark_as_loss(), and RETURNN computes gradients"),
    "backward": ("y.mark_as_loss(), and RETURNN trains on it",),
    "numpy": ("nn.run_numpy(network, feeds).outputs for the values of a network",),
    "item": ("nn.run_numpy(network, feeds).outputs for the values of a network",),
    "tolist": ("nn.run_numpy(network, feeds).outputs for the values of a network",),
    "eval": ("nn.run_numpy(network, feeds).outputs for the values of a network",),
    "raw_tensor": ("x: a tensor has no value while the network is being written",),
    "name": ("y.mark_as_output('name') for an output; else a tensor is called as its variable",),
    "lengths": ("x.seq_len",),
    "length": ("x.seq_len",),
    "time_dim": ("x.spatial_dim",),
    "get_size_tensor": ("x.seq_len",),
    "dim_tags": ("x.dims",),
    "remaining_dims": ("[dim for dim in x.dims if dim is not time]",),
    "assign": ("loop.state.before = frame, which gives a state its new value",),
    "append": ("loop.stack(frame), the list of a value in all steps",),
}
"""By attribute of a tensor, what is written in place of it."""


def here(alternatives: Alternatives) -> str | None:
    """The first of some alternatives whose names there are."""
    for code in alternatives:
        if all(name in PUBLIC_NAMES for name in re.findall(r"\bnn\.(\w+)", code)):
            return code
    return None


def instead_of(name: str, table: Mapping[str, Alternatives] = NAMES) -> str | None:
    """What is written in place of a name, if it is known; None if not."""
    return here(table[name]) if name in table else None


def missing_name(name: str) -> str:
    """What is said about a name that the language has not."""
    code = instead_of(name)
    if code is not None:
        return f"there is no nn.{name}: write {code}"
    alike = {known.lower(): known for known in PUBLIC_NAMES}
    if name.lower() in alike:
        return f"there is no nn.{name}: it is called nn.{alike[name.lower()]}"
    return f"there is no nn.{name}.{did_you_mean(name, PUBLIC_NAMES)}"
