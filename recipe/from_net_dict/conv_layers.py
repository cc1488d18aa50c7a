"""Layers over windows of frames: convolutions and pooling; and batch normalization."""

from __future__ import annotations

from typing import Any, NamedTuple

from recipe.nn.plain.dim import Dim, as_dim

from .elementwise_layers import activated
from .frame_layers import with_new_frames
from .layer import Layer, Unsupported
from .layer_options import initial_values
from .layer_translations import translates
from .level import Level
from .parameters import parameter_names
from .sources import out_dim, source, with_dropout
from .value import Value

PADDING = (
    "Pooling, windows and convolutions of RETURNN read what stands behind shorter sequences in a batch, and where they "
    "make sequences shorter, the longest one decides where their windows begin. Here every sequence is as if alone, "
    "and the first window begins with its first frame."
)


@translates("pool")
def _pool(level: Level, layer: Layer) -> Value:
    x, mode = source(level, layer), layer.take("mode")
    sizes = _numbers(layer.take("pool_size"))
    strides = _numbers(layer.take("strides"), len(sizes)) if layer.options.get("strides") is not None else sizes
    padding, _ = str(layer.take("padding", "valid")).lower(), layer.take("strides")
    mode = {"max": "max", "avg": "mean"}.get(str(mode).lower(), mode)
    if _numbers(layer.take("dilation_rate", 1), len(sizes)) != [1] * len(sizes) or strides != sizes:
        raise Unsupported(f"strides={strides} of windows of {sizes}, or dilated")
    axes = _spatial(layer, x, len(sizes))
    text, dims = x.text, x.dims
    for axis, size in zip(axes, sizes):
        if size == 1:
            continue
        if axis is not None and axis.is_static and padding == "valid" and axis.size % size:
            raise Unsupported(f"pool_size={size} of {axis.size} entries with padding={padding!r}")
        if (axis is None or axis.is_dynamic) and padding == "valid":
            raise Unsupported("windows of frames with padding='valid'")
        over = f", axis={level.notes.dims.text(axis)}" if axis is not None and axis.is_static else ""
        more = "" if mode == "max" else f', mode="{mode}"'
        text = f"nn.pool({text}, {size}{more}{over})"
        new = level.notes.shorter(axis, size, f"{layer.name}_axis") if axis is not None else None
        dims = tuple(new if dim is axis else dim for dim in dims) if dims is not None and new is not None else None
        if axis is None or axis.is_dynamic:
            level.notes.differences.add(PADDING)
    if text == x.text:
        return x if x.text.isidentifier() else level.assign(layer.name, text, dims)
    return _with_new_axes(level, x, level.assign(layer.name, text, dims))


@translates("conv", has_parameters=True)
def _conv(level: Level, layer: Layer) -> Value:
    """``Conv1d``, ``DepthwiseConv1d`` or ``Conv2d``; with what comes out as RETURNN pads it."""
    activation = layer.take("activation")
    x = with_dropout(layer, source(level, layer))
    sizes = _numbers(layer.take("filter_size"))
    strides = _numbers(layer.take("strides", 1), len(sizes))
    dilation = _numbers(layer.take("dilation_rate", 1), len(sizes))
    padding, groups = str(layer.take("padding")).lower(), layer.take("groups", 1)
    with_bias = layer.take("with_bias", level.notes.net.behavior_version >= 10)
    dim = out_dim(level, layer)
    axes = _spatial(layer, x, len(sizes))
    if x.features is None or x.dims is None:
        raise Unsupported("a convolution of features that are not known")
    layer.take("auto_use_channel_first")  # how it is computed
    depthwise = groups == x.features.size == dim.size and len(sizes) == 1
    is_plain = padding in ("same", "same_static") and set(dilation) == {1} and with_bias
    if groups == 1 and not (is_plain and all(one <= other for one, other in zip(strides, sizes))):
        windows = _Windows(sizes, strides, dilation, padding.removesuffix("_static"), with_bias)
        value = _windowed(level, layer, x, dim, axes, windows)
        shorter = [one for one in value.lengths if one not in x.dims]
        text = activated(level, value.text, activation)
        if len(shorter) == 1:
            return with_new_frames(level, layer, text, x, value.dims, shorter[0])
        return level.assign(layer.name, text, value.dims)
    if not is_plain or (groups != 1 and not depthwise):
        raise Unsupported(f"padding={padding!r} dilation_rate={dilation} groups={groups!r} with_bias={with_bias}")
    if depthwise and strides != [1]:
        raise Unsupported(f"strides={strides} of a filter of {sizes}")
    kind = "DepthwiseConv1d" if depthwise else f"Conv{len(sizes)}d"
    names = parameter_names(level, layer, "W", "bias")
    texts = level.notes.dims
    made = [texts.text(dim)] if depthwise else [texts.text(x.features), texts.text(dim)]
    made.append(str(sizes[0]) if len(set(sizes)) == 1 else f"({', '.join(map(str, sizes))})")
    if set(strides) != {1}:
        made.append(f"stride={strides[0] if len(set(strides)) == 1 else tuple(strides)}")
    initial = initial_values(layer, {"forward_weights_init": "W", "bias_init": "b"}, None, None)
    mapped = {"W": names["W"], "b": names["bias"]}
    module = level.member(layer, f"nn.{kind}({', '.join(made)})", tuple(names.values()), mapped, initial)
    dims = x.replaced(x.features, dim) or ()
    for axis, stride in zip(axes, strides):
        if stride != 1 and axis is not None:
            new = level.notes.shorter(axis, stride, f"{layer.name}_axis")
            dims = tuple(new if one is axis else one for one in dims)
    if any(axis is None or axis.is_dynamic for axis, size in zip(axes, sizes) if size > 1):
        level.notes.differences.add(PADDING)
    call = f"{module}({x.text})"
    return _with_new_axes(level, x, level.assign(layer.name, activated(level, call, activation), dims))


class _Windows(NamedTuple):
    """
    The windows of a convolution.

    :ivar sizes: of each axis
    :ivar strides: of each axis
    :ivar dilation: of each axis
    :ivar padding: "same" or "valid"
    :ivar with_bias: whether the convolution has a bias
    """

    sizes: list[int]
    strides: list[int]
    dilation: list[int]
    padding: str
    with_bias: bool

    def options(self) -> list[str]:
        """Arguments of ``WindowedConvolution``."""
        texts = [repr(self.sizes)]
        texts += [f"strides={self.strides}"] if set(self.strides) != {1} else []
        texts += [f"dilation={self.dilation}"] if set(self.dilation) != {1} else []
        texts += [f'padding="{self.padding}"'] if self.padding != "valid" else []
        return texts + ([] if self.with_bias else ["with_bias=False"])

    def shorter(self, level: Level, number: int, axis: Dim, name: str) -> Dim:
        """The axis over the windows of an axis."""
        if axis.is_static:
            return as_dim(self.number(number, axis.size))
        if self.strides[number] != 1:
            return Dim(None, f"{name}_frames")
        fewer = (self.sizes[number] - 1) * self.dilation[number]
        return level.notes.cropped(axis, fewer, f"{name}_frames") if fewer else axis

    def number(self, axis: int, entries: int) -> int:
        """How many windows there are of so many entries of an axis."""
        span = (self.sizes[axis] - 1) * self.dilation[axis] + 1
        return entries if self.padding == "same" else (entries - span) // self.strides[axis] + 1


def _windowed(level: Level, layer: Layer, x: Value, dim: Dim, axes: list[Dim | None], windows: _Windows) -> Value:
    """The call of a ``WindowedConvolution``."""
    if windows.padding not in ("same", "valid") or (windows.padding == "same" and set(windows.strides) != {1}):
        raise Unsupported(f"padding={windows.padding!r} with strides={windows.strides}, dilated or without bias")
    names = parameter_names(level, layer, "W", *(["bias"] if windows.with_bias else []))
    texts = level.notes.dims
    made = [texts.text(x.features), texts.text(dim), *windows.options()]  # type: ignore[arg-type]
    initializers = {"forward_weights_init": "W"} | ({"bias_init": "b"} if windows.with_bias else {})
    initial = initial_values(layer, initializers, None, None)
    level.notes.used_models["WindowedConvolution"] = "windowed_convolution"
    mapped = {{"bias": "b"}.get(own, own): name for own, name in names.items()}
    module = level.member(layer, f"WindowedConvolution({', '.join(made)})", tuple(names.values()), mapped, initial)
    dims = x.replaced(x.features, dim) or ()
    for number, axis in enumerate(axes):
        if axis is None or (axis.is_dynamic and windows.padding == "same"):
            continue
        if axis.is_static and windows.number(number, axis.size) < 1:
            raise Unsupported(f"windows of {windows.sizes[number]} of {axis.size} entries")
        new = windows.shorter(level, number, axis, layer.name)
        dims = tuple(new if one is axis else one for one in dims)
    if windows.padding == "same" and any(axis is None or axis.is_dynamic for axis in axes):
        level.notes.differences.add(PADDING)
    over = ['"T"' if axis is None or x.lengths == [axis] else texts.text(axis) for axis in axes]
    given = f", axes=[{', '.join(over)}]" if len(axes) > 1 else ""
    return Value(f"{module}({x.text}{given})", dims)


@translates("transposed_conv", has_parameters=True)
def _transposed_conv(level: Level, layer: Layer) -> Value:
    """``FramesInPlaceOfOne``: a filter as long as the stride, so that windows do not overlap."""
    activation = layer.take("activation")
    x = with_dropout(layer, source(level, layer))
    sizes = _numbers(layer.take("filter_size"))
    strides = _numbers(layer.take("strides", sizes), len(sizes))
    padding, remove = layer.take("padding", "same"), layer.take("remove_padding", 0)
    if len(sizes) != 1 or sizes != strides or remove or padding not in ("same", "valid"):
        raise Unsupported(f"filter_size={sizes} strides={strides} padding={padding!r} remove_padding={remove!r}")
    if not layer.take("with_bias", True):
        raise Unsupported("a convolution without bias")
    dim = out_dim(level, layer)
    names = parameter_names(level, layer, "W_native_transposed_conv", "bias")
    if x.features is None:
        raise Unsupported("a convolution of features that are not known")
    texts = level.notes.dims
    constructor = f"FramesInPlaceOfOne({texts.text(x.features)}, {texts.text(dim)}, {sizes[0]})"
    level.notes.used_models["FramesInPlaceOfOne"] = "frames_in_place_of_one"
    mapped = {"W": names["W_native_transposed_conv"], "b": names["bias"]}
    module = level.member(layer, constructor, tuple(names.values()), mapped)
    over = x.lengths[0] if len(x.lengths) == 1 else None
    dims = x.replaced(x.features, dim)
    if dims is not None and over is not None:
        dims = tuple(Dim(None, f"{layer.name}_time") if one is over else one for one in dims)
    return _with_new_axes(level, x, level.assign(layer.name, activated(level, f"{module}({x.text})", activation), dims))


@translates("batch_norm", has_parameters=True)
def _batch_norm(level: Level, layer: Layer) -> Value:
    """``nn.BatchNorm``, or with the defaults of behavior versions before 12 ``EarlyBatchNorm``."""
    x = source(level, layer)
    is_new = level.notes.net.behavior_version >= 12
    momentum, epsilon = layer.take("momentum", 0.1 if is_new else 0.99), layer.take("epsilon", 1e-3)
    only_in_training = layer.take("update_sample_only_in_training", is_new)
    delayed = layer.take("delay_sample_update", is_new)
    version, axes = layer.take("param_version", 2 if is_new else 0), layer.take("axes")
    for option in ("masked_time", "fused_bn", "fused"):
        layer.take(option)  # how it is computed; padding never counts here
    if axes not in (None, ["f"], ("f",), "f") or only_in_training != delayed:
        raise Unsupported(f"axes={axes!r} update_sample_only_in_training={only_in_training}")
    if x.features is None:
        raise Unsupported("a norm of features that are not known")
    prefix = {0: f"{layer.name}_{layer.name}_output_", 1: "", 2: "v2_"}[version]
    keys = {"scale": "gamma", "bias": "beta", "running_mean": "mean", "running_variance": "variance"}
    keys = keys if delayed else {key: key for key in keys.values()}
    names = parameter_names(level, layer, *(f"batch_norm/{prefix}{key}" for key in keys.values()))
    module = "nn.BatchNorm" if delayed else "EarlyBatchNorm"
    if not delayed:
        level.notes.used_models[module] = "early_batch_norm"
    options = [f"momentum={momentum!r}"] if momentum != (0.1 if delayed else 0.99) else []
    options += [f"epsilon={epsilon!r}"] if epsilon != 1e-3 else []
    options += [f"axes={len(x.dims or ()) - 1}"] if not delayed and len(x.dims or ()) != 3 else []
    constructor = f"{module}({', '.join([level.notes.dims.text(x.features), *options])})"
    mapped = {own: names[f"batch_norm/{prefix}{key}"] for own, key in keys.items()}
    return level.assign(
        layer.name, f"{level.member(layer, constructor, tuple(names.values()), mapped)}({x.text})", x.dims
    )


def _with_new_axes(level: Level, before: Value, value: Value) -> Value:
    """A value whose new axes come with it alone."""
    for position, dim in enumerate(value.dims or ()):
        if not dim.is_anonymous and dim is not value.features and dim not in (before.dims or ()):
            place = "spatial_dim" if value.lengths == [dim] else f"dims[{position}]"
            level.notes.dims.alias(dim, f"{value.text}.{place}")
    return value


def _spatial(layer: Layer, x: Value, number: int) -> list[Dim | None]:
    """The axes that windows are over."""
    given = layer.take("in_spatial_dims")
    if x.dims is None:
        if number == 1:
            return [None]
        raise Unsupported("windows over axes that are not known")
    axes = [dim for dim in x.dims if not dim.is_batch and dim is not x.features]
    if len(axes) != number:
        raise Unsupported(f"windows over {number} axes of {x.text}, which has {len(axes)}")
    if given is not None and len(given) != number:
        raise Unsupported(f"in_spatial_dims={given!r}")
    return list(axes)


def _numbers(given: Any, number: int = 1) -> list[int]:
    """A number for each axis."""
    numbers = [given] * number if isinstance(given, int) else list(given)
    if not all(isinstance(one, int) and one > 0 for one in numbers):
        raise Unsupported(f"sizes {given!r}")
    return numbers
