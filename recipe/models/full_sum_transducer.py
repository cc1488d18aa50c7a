"""
A transducer trained on the sum over all alignments (Graves 2012), so that it needs none to be given.

Its prediction network sees labels alone, and a joint network adds what it says to what the encoder says of a frame.
:mod:`recipe.models.transducer` is the one whose decoder sees the alignment, too, and is trained on given ones.
"""

from __future__ import annotations

from recipe import nn

from .ctc import with_blank
from .speech_encoder import SpeechEncoder
from .topology import RNNT, Topology


class FullSumTransducer(nn.Module):
    """
    Encoder, prediction network and joint network::

        P(label or blank | frame, labels before) = softmax(W tanh(A x[t] + B LSTM(labels before)))

    Reads the input ``data``; in training also ``classes``, the labels without any end label. In training the joint
    network has values [batch, frames, labels + 1, dim of the labels], which is what takes the memory.

    A search goes over alignments, all hypotheses with as many steps (alignment-length synchronous, Saon et al. 2020);
    :class:`jobs.collapse_alignment.CollapseAlignmentJob` adds up those that stand for the same labels.

    :param source: declaration of the input ``data``: [batch, time, features]
    :param target: declaration of the targets ``classes``: labels [batch, positions]
    :param encoder: from features to vectors
    :param embedding_dim: of the label vectors
    :param prediction_dim: of the LSTM over labels
    :param joint_dim: of the joint network
    :param topology: :data:`recipe.models.topology.RNNT` or :data:`recipe.models.topology.RNA`
    :param dropout: on the label vectors and on the joint network
    :param ctc_scale: factor of a CTC loss of the encoder beside; 0: none
    :param max_labels_per_frame: what limits the steps of a search, where labels take no frame
    :raises NetworkError: for a topology in which equal labels in a row are one
    """

    def __init__(
        self,
        source: nn.ExternData,
        target: nn.ExternData,
        encoder: SpeechEncoder,
        *,
        embedding_dim: nn.Dim,
        prediction_dim: nn.Dim,
        joint_dim: nn.Dim,
        topology: Topology = RNNT,
        dropout: float = 0.0,
        ctc_scale: float = 0.0,
        max_labels_per_frame: int = 3,
    ):
        super().__init__()
        assert target.sparse_dim is not None
        if topology.merges_repeats:
            raise nn.NetworkError(f"the full sum is over alignments of RNN-T or RNA, not of {topology.name}")
        self.source, self.target, self.encoder, self.topology = source, target, encoder, topology
        self.blank, self.labels = target.sparse_dim.size, with_blank(target.sparse_dim)
        self.embedding = nn.Embedding(self.labels, embedding_dim)  # the blank stands for the label before the first one
        self.prediction = nn.LstmCell(embedding_dim, prediction_dim)
        self.of_frame = nn.Linear(encoder.out_dim, joint_dim)
        self.of_labels = nn.Linear(prediction_dim, joint_dim, with_bias=False)
        self.output = nn.Linear(joint_dim, self.labels)
        self.ctc = nn.Linear(encoder.out_dim, self.labels) if ctc_scale else None
        self.dropout, self.ctc_scale, self.max_labels_per_frame = dropout, ctc_scale, max_labels_per_frame

    def forward(self, search: nn.BeamSearch | None = None) -> nn.Tensor | None:
        """
        :param search: None for training, which marks the losses ``full_sum`` and, if it has a scale, ``ctc``
        :return: in a search, labels and blanks [batch, steps] of all hypotheses, best first
        """
        frames = self.encoder(nn.get_extern_data(self.source))
        if search is not None:
            return self.decode(frames, search)
        labels = nn.get_extern_data(self.target)
        if self.ctc is not None:
            nn.ctc_loss(self.ctc(frames), labels).mark_as_loss("ctc", scale=self.ctc_scale)
        self.full_sum(frames, labels).mark_as_loss("full_sum")
        return None

    def full_sum(self, frames: nn.Tensor, labels: nn.Tensor) -> nn.Tensor:
        """
        The loss [batch].

        :param frames: of the encoder, [batch, frames, encoder's dim]
        :param labels: [batch, positions]
        """
        read = nn.prefix_in_time(nn.cast(labels, "int32", sparse_dim=self.labels), self.blank)
        loop = nn.Loop()
        loop.state.cell = self.prediction.initial_state()
        with loop:
            vector = nn.dropout(self.embedding(loop.unstack(read)), self.dropout)
            h, loop.state.cell = self.prediction(vector, loop.state.cell)
            predicted = loop.stack(h)
        of_frame, of_labels = self.of_frame(frames), self.of_labels(predicted)
        joined = nn.tanh(nn.combine("add", of_frame, of_labels, allow_broadcast_all_sources=True))
        return nn.transducer_loss(
            self.output(nn.dropout(joined, self.dropout)),
            labels,
            frames=frames.spatial_dim,
            prefixes=predicted.spatial_dim,
            topology="rna" if self.topology.label_takes_frame else "rnnt",
        )

    def decode(self, frames: nn.Tensor, search: nn.BeamSearch) -> nn.Tensor:
        """
        Labels and blanks [batch, steps] of all hypotheses.

        :param frames: of the encoder, [batch, frames, encoder's dim]
        :param search: how to search
        """
        longest = nn.reduce_max(frames.seq_len, axis=nn.batch_dim)
        takes_frame = self.topology.label_takes_frame
        loop = nn.Loop(max_seq_len=longest if takes_frame else longest * (1 + self.max_labels_per_frame))
        loop.state.t = nn.zeros([nn.batch_dim], dtype="int32")
        loop.state.label = nn.constant(self.blank, [nn.batch_dim], sparse_dim=self.labels)
        loop.state.is_new = nn.constant(True, [nn.batch_dim])
        loop.state.cell = self.prediction.initial_state()
        of_frame = self.of_frame(frames)
        with loop:
            with nn.MaskedComputation(mask=loop.state.is_new):
                predicted, loop.state.cell = self.prediction(self.embedding(loop.state.label), loop.state.cell)
            joined = nn.tanh(of_frame[loop.state.t] + self.of_labels(predicted))
            label = nn.choice(nn.log_softmax(self.output(joined)), search=search, input_type="log_prob")
            loop.state.label = label
            loop.state.is_new = label != self.blank
            loop.state.t = loop.state.t + (1 if takes_frame else nn.cast(label == self.blank, "int32"))
            loop.end(loop.state.t >= frames.seq_len, include_eos=True)
            return loop.stack(label)
