"""Labels as vectors with a one in one place."""

from __future__ import annotations

from ..plain.errors import NetworkError
from ..record.graph import Tensor
from ..record.unknown_start import wrong_type
from .as_tensor import as_tensor
from .elementwise import cast, compare
from .lengths import range_over
from .transpose import Transpose


def one_hot(labels: Tensor, *, dtype: str = "float32") -> Tensor:
    """
    For each label a vector over all labels, 1 at its own place and 0 elsewhere.

    :param labels: [...], labels of a dim
    :param dtype: of the vectors; "bool" for True and False
    :return: [..., dim]
    :raises NetworkError: if they are no labels
    """
    labels = as_tensor(labels)
    dim = labels.sparse_dim
    if dim is None:
        message = (
            f"one_hot wants labels, of which it is known how many there are, but {labels} is {labels.dtype}: "
            "nn.cast(x, 'int32', sparse_dim=dim) makes labels of integers"
        )
        raise wrong_type(labels, "labels", message)
    if dim in labels.dims:
        raise NetworkError(
            f"one_hot of {labels} would have the dim {dim} twice. Make them labels of another dim: "
            f"nn.cast(x, 'int32', sparse_dim=nn.Dim({dim.known_size}, 'labels'))"
        )
    places = range_over(dim)
    places = places if labels.dtype == places.dtype else cast(places, labels.dtype)
    is_label = compare("equal", labels, places, allow_broadcast_all_sources=True)
    dims = (*labels.dims, dim)
    if is_label.dims != dims:
        is_label = Transpose(is_label, dims).output
    return is_label if dtype == "bool" else cast(is_label, dtype)
