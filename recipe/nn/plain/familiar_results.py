"""Attributes of PyTorch's and Keras' models, arrays and dims: what is written here. A test executes each."""

from __future__ import annotations

_RUN = "nn.run_numpy(network, feeds)"
_TRAIN = "network.config_text(), a config with which RETURNN trains"
_PARAMETERS = "nn.run_numpy(network, feeds, network.random_parameters())"

OF_NETWORKS: dict[str, str] = {
    "forward": _RUN,
    "predict": _RUN,
    "run": _RUN,
    "eval": _RUN,
    "evaluate": _RUN,
    "fit": _TRAIN,
    "train": _TRAIN,
    "compile": _TRAIN,
    "backward": "nn.check_gradients(network, feeds)",
    "zero_grad": "nn.check_gradients(network, feeds)",
    "named_parameters": "network.parameters.items()",
    "trainable_variables": "network.parameters",
    "trainable_weights": "network.parameters",
    "weights": "network.parameters",
    "variables": "network.parameters",
    "state_dict": "network.random_parameters()",
    "get_weights": "network.random_parameters()",
    "load_state_dict": _PARAMETERS,
    "load_weights": _PARAMETERS,
    "set_weights": _PARAMETERS,
    "count_params": "network.summary()",
    "modules": "network.summary()",
    "inputs": "network.extern_data",
    "input": "network.extern_data",
    "output": "network.outputs",
    "loss": "network.losses",
    "plot": "network.draw(path)",
    "graph": "network.picture()",
    "print": "print(network.as_python())",
    "hash": "network.digest",
    "get_net_dict": "network.net_dict()",
    "get_config": "network.config_text()",
    "config": "network.config_text()",
    "to": "network.config_text('gpu')",
    "cuda": "network.config_text('gpu')",
    "cpu": "network.config_text('cpu')",
}
"""By attribute of a network, what is written in place of it."""

_OUTPUT = "run.outputs['output'].value"
_TRACE = "nn.run_numpy(network, feeds, trace=True).trace"
_FOUND = "run.outputs['output'].sequences()"

OF_RUNS: dict[str, str] = {
    "loss": "run.total_loss, or run.losses by name",
    "item": "run.total_loss",
    "error": "run.losses",
    "errors": "run.losses",
    "output": _OUTPUT,
    "value": _OUTPUT,
    "values": _OUTPUT,
    "get": _OUTPUT,
    "numpy": _OUTPUT,
    "hypotheses": _FOUND,
    "best": _FOUND,
    "sequences": _FOUND,
    "scores": "run.beam_scores",
    "steps": _TRACE,
    "states": _TRACE,
    "backward": "nn.check_gradients(network, feeds)",
    "gradients": "nn.check_gradients(network, feeds)",
}
"""By attribute of a run in NumPy."""

_OF_ARRAYS = ("shape", "ndim", "size", "dtype", "T")
_METHODS_OF_ARRAYS = ("tolist", "item", "mean", "sum", "max", "min", "argmax", "argmin", "round", "astype", "copy")

OF_RESULTS: dict[str, str] = {
    **{name: f"result.value.{name}" for name in _OF_ARRAYS},
    **{name: f"result.value.{name}(...)" for name in _METHODS_OF_ARRAYS},
    **dict.fromkeys(("array", "data", "numpy", "tensor", "raw_tensor", "detach", "cpu"), "result.value"),
    **dict.fromkeys(("seq_len", "seq_lens", "length", "size_placeholder"), "result.lengths"),
}
"""By attribute of a value that came out of a run."""

_STEP = "loop.iter_idx"
_FRAME = "loop.unstack(x)"
_STATE = "loop.state.h = frame"

OF_LOOPS: dict[str, str] = {
    **dict.fromkeys(("i", "t", "step", "index", "idx", "iteration", "time_step", "rec_step_info"), _STEP),
    **dict.fromkeys(("states", "carry", "assign", "set", "memory"), _STATE),
    **dict.fromkeys(("input", "inputs", "x", "frame", "next"), _FRAME),
    **dict.fromkeys(("output", "outputs", "append", "collect", "write", "mark_as_output"), "loop.stack(frame)"),
    **dict.fromkeys(("break_", "stop", "break_if", "until", "exit"), "loop.end(condition)"),
    **dict.fromkeys(("unroll", "run", "body"), "with nn.Loop() as loop: y = loop.stack(loop.unstack(x))"),
}
"""By attribute of a loop."""

OF_STATES: dict[str, str] = {
    **dict.fromkeys(("set", "update", "write", "append"), "state.assign(frame)"),
    **dict.fromkeys(("value", "read", "h", "current", "prev", "previous"), "state.get()"),
    **{name: f"state.get().{name}" for name in ("feature_dim", "spatial_dim", "sparse_dim", "seq_len")},
    "shape": "state.dims",
}
"""By attribute of a state."""

OF_CONDS: dict[str, str] = {
    **dict.fromkeys(("else_branch", "otherwise", "false_fn", "else_"), "with cond.false_branch(): cond.false = -frame"),
    **dict.fromkeys(("true_branch", "then", "true_fn", "if_"), "with nn.Cond(condition) as cond: cond.true = frame"),
    **dict.fromkeys(("output", "value", "outputs"), "cond.result"),
}
"""By attribute of a Cond."""

OF_DIMS: dict[str, str] = {
    **dict.fromkeys(("value", "dim", "get_dim_value", "shape", "num_classes", "capacity"), "dim.size"),
    **dict.fromkeys(("dyn_size", "dyn_size_ext", "get_size_tensor", "lengths", "seq_len"), "nn.length(dim, like=x)"),
    "description": "dim.name",
    "vocab": "dim.labels",
}
"""By attribute of a dim."""
