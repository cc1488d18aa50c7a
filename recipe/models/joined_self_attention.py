"""Self attention with one matrix for queries, keys and values: RETURNN's ``self_attention``."""

from __future__ import annotations

from recipe import nn


class RelativePositions(nn.Module):
    """
    Vectors for how far keys are from queries (Shaw et al. 2018): RETURNN's ``relative_positional_encoding``, which is
    the ``key_shift`` of a ``self_attention``.

    :param dim: of the vectors: the keys of one head
    :param clipping: the greatest distance that has a vector of its own
    """

    def __init__(self, dim: int, *, clipping: int = 16):
        super().__init__()
        self.clipping = clipping
        self.encoding_matrix = nn.Parameter([nn.Dim(2 * clipping + 1, "distance"), nn.Dim(dim, "key")])

    def energies(self, query: nn.Tensor, dim: nn.Dim, distance: nn.Tensor) -> nn.Tensor:
        """
        Queries times the vectors of the distances.

        :param query: [..., dim]
        :param dim: of the keys
        :param distance: how much further the key is: int32, [queries, keys], or [keys] for one query
        :return: [..., keys]
        """
        distances, key = self.encoding_matrix.dims
        matrix = nn.replace_dim(nn.expand(self.encoding_matrix, []), axis=key, out_dim=dim)
        products = nn.dot(query, matrix, reduce=dim)
        position = nn.minimum(nn.maximum(distance, -self.clipping), self.clipping) + self.clipping
        return nn.gather(products, position, axis=distances)


class JoinedSelfAttention(nn.Module):
    """
    Attention of frames to each other (Vaswani et al. 2017), of all heads joined, without a last matrix. The parameter
    ``qkv/W`` [in_dim, heads * (2 * key + value)] has query, key and value of each head beside each other; RETURNN calls
    it ``QKV``.

    :param key_dim: of the keys of all heads
    :param value_dim: of the values of all heads, and of the result
    :param num_heads: how many heads
    :param left_only: whether frames see only those before and themselves; in a loop it is always so
    :param dropout: of the weights
    """

    def __init__(self, key_dim: int, value_dim: int, num_heads: int, *, left_only: bool = False, dropout: float = 0.0):
        super().__init__()
        self.qkv = nn.Linear(2 * key_dim + value_dim, with_bias=False)
        self.heads = nn.Dim(num_heads, "heads")
        self.key, self.value = nn.Dim(key_dim // num_heads, "key"), nn.Dim(value_dim // num_heads, "value")
        self.value_dim, self.left_only, self.dropout = value_dim, left_only, dropout

    def forward(self, x: nn.Tensor, positions: RelativePositions | None = None) -> nn.Tensor:
        """
        :param x: [batch, time, in_dim]; in a loop [batch, in_dim]
        :param positions: for relative positions
        :return: [batch, time, value_dim]; in a loop [batch, value_dim]
        """
        joined = 2 * self.key + self.value
        heads = nn.split_dims(self.qkv(x), [self.heads, joined])
        query, key, value = nn.split(heads, size_splits=[self.key, self.key, self.value], axis=joined)
        query = query * self.key.size**-0.5
        frame: nn.Tensor | None = None
        if any(dim.is_dynamic and not dim.is_batch for dim in x.dims):
            time = x.spatial_dim
            key = nn.replace_dim(key, axis=time)
            before = next(dim for dim in key.dims if dim not in query.dims and dim is not self.key)
            value = nn.replace_dim(value, axis=time, out_dim=before)
            frame = nn.range_over(time, like=x)
        else:
            key, value = nn.cum_concat(key), nn.cum_concat(value)
            before = next(dim for dim in key.dims if dim not in query.dims and dim is not self.key)
        energy = nn.dot(query, key, reduce=self.key)
        other = nn.range_over(before, like=key)
        if positions is not None:
            here = nn.length(before, like=key) - 1 if frame is None else frame
            distance = nn.combine("sub", other, here, allow_broadcast_all_sources=True)
            energy = energy + positions.energies(query, self.key, distance)
        if self.left_only and frame is not None:
            seen = nn.compare("greater_equal", frame, other, allow_broadcast_all_sources=True)
            energy = nn.where(seen, energy, float("-inf"))
        weights = nn.softmax_over_spatial(energy, before)
        weights = nn.dropout(weights, self.dropout) if self.dropout else weights
        result = nn.dot(weights, value, reduce=before)
        return nn.merge_dims(result, [self.heads, self.value], out_dim=self.value_dim)
