"""
The full transducer: labels and blanks, each scored with all labels before and with all alignment labels before.

Zeyer, Merboldt, Schlüter and Ney 2020, "A new training pipeline for an improved neural transducer".
"""

from __future__ import annotations

from typing import NamedTuple

from recipe import nn

from .encoder import BidirectionalLstmEncoder
from .speech_encoder import SpeechEncoder
from .topology import Topology


class Aligned(NamedTuple):
    """
    What a transducer gives.

    :ivar log_probs: of each label and, last, of the blank: [batch, steps, labels]
    :ivar labels: those taken, [batch, steps]
    """

    log_probs: nn.Tensor
    labels: nn.Tensor


class TransducerDecoder(nn.Module):
    """
    Writes an alignment step by step::

        slow_t = SlowRNN(label before, x[t]),   only behind a new label (else it stays as it is)
        fast_s = FastRNN(alignment label before, x[t], slow_t),   in every step s
        P(blank) = sigmoid(...),   P(label) = (1 - P(blank)) softmax(...),   both of fast_s

    The topology says which steps go on to the next frame ``x[t + 1]``, and what counts as a new label. In training the
    alignment is given and each of its steps has a cross entropy. A search goes over alignments: all hypotheses of a
    beam have as many steps, whichever frame they are at (alignment-length synchronous, Saon et al. 2020), and end
    behind the last frame. Hypotheses whose alignments stand for the same labels are not merged on the way;
    :class:`jobs.collapse_alignment.CollapseAlignmentJob` adds up those that are left in the end.

    :param encoder_dim: features of the encoder's frames
    :param labels: the dim of the labels and, last, the blank; the blank also stands for the label before the first one
    :param topology: what an alignment is
    :param embedding_dim: of the label vectors
    :param slow_dim: of the LSTM over labels
    :param fast_dim: of the LSTM over steps
    :param dropout: on the label vectors, and on the output of both LSTMs
    :param max_labels_per_frame: what limits the steps of a search, where labels take no frame
    """

    def __init__(
        self,
        encoder_dim: nn.Dim,
        labels: nn.Dim,
        *,
        topology: Topology,
        embedding_dim: nn.Dim,
        slow_dim: nn.Dim,
        fast_dim: nn.Dim,
        dropout: float = 0.0,
        max_labels_per_frame: int = 3,
    ):
        super().__init__()
        self.labels, self.topology, self.dropout = labels, topology, dropout
        self.blank = labels.size - 1
        self.max_labels_per_frame = max_labels_per_frame
        self.embedding = nn.Embedding(labels, embedding_dim)
        self.slow_rnn = nn.LstmCell(embedding_dim + encoder_dim, slow_dim)
        self.fast_rnn = nn.LstmCell(embedding_dim + encoder_dim + slow_dim, fast_dim)
        self.blank_output = nn.Linear(fast_dim, 1)
        self.label_output = nn.Linear(fast_dim, nn.Dim(self.blank, "labels"))

    def forward(
        self, encoder: nn.Tensor, alignment: nn.Tensor | None = None, *, search: nn.BeamSearch | None = None
    ) -> Aligned:
        """
        :param encoder: [batch, time, encoder_dim]
        :param alignment: labels and blanks [batch, steps] in this topology, over as many frames, in training
        :param search: how to search, where there is no alignment
        """
        aligned = encoder[self.frames_of(alignment)] if alignment is not None else None
        loop = nn.Loop(max_seq_len=self._max_steps(encoder) if alignment is None else None)
        loop.state.t = nn.zeros([nn.batch_dim], dtype="int32")
        loop.state.label = nn.constant(self.blank, [nn.batch_dim], sparse_dim=self.labels)
        loop.state.is_new = nn.constant(True, [nn.batch_dim])
        loop.state.slow = self.slow_rnn.initial_state()
        loop.state.fast = self.fast_rnn.initial_state()
        with loop:
            x = encoder[loop.state.t] if aligned is None else loop.unstack(aligned)
            label = nn.dropout(self.embedding(loop.state.label), self.dropout)
            with nn.MaskedComputation(mask=loop.state.is_new):
                slow, loop.state.slow = self.slow_rnn(nn.concat(label, x), loop.state.slow)
            slow = nn.dropout(slow, self.dropout)
            fast, loop.state.fast = self.fast_rnn(nn.concat(label, x, slow), loop.state.fast)
            log_probs = self._log_probs(nn.dropout(fast, self.dropout))
            target = loop.unstack(alignment) if alignment is not None else None
            chosen = nn.choice(log_probs, target=target, search=search, input_type="log_prob")
            loop.state.is_new = self._is_new(chosen, before=loop.state.label)
            loop.state.label = chosen
            loop.state.t = loop.state.t + self._frames_taken(chosen)
            if alignment is None:
                loop.end(loop.state.t >= encoder.seq_len, include_eos=True)
            return Aligned(loop.stack(log_probs), loop.stack(chosen))

    def frames_of(self, alignment: nn.Tensor) -> nn.Tensor:
        """
        The frame that each step of an alignment reads; known before the loop, so that all are gathered at once.

        :param alignment: labels and blanks [batch, steps]
        :return: int32 [batch, steps]
        """
        loop = nn.Loop()
        loop.state.t = nn.zeros([nn.batch_dim], dtype="int32")
        with loop:
            frames = loop.stack(loop.state.t)
            loop.state.t = loop.state.t + self._frames_taken(loop.unstack(alignment))
        return frames

    def _log_probs(self, fast: nn.Tensor) -> nn.Tensor:
        """[batch, labels]."""
        blank = self.blank_output(fast)
        label = nn.log_softmax(self.label_output(fast)) + nn.log_sigmoid(-blank)
        both = nn.concat(label, nn.log_sigmoid(blank))
        return nn.replace_dim(both, axis=both.feature_dim, out_dim=self.labels)

    def _is_new(self, label: nn.Tensor, *, before: nn.Tensor) -> nn.Tensor:
        """Whether a step begins a label: bool [batch]."""
        is_label = label != self.blank
        return nn.logical_and(is_label, label != before) if self.topology.merges_repeats else is_label

    def _frames_taken(self, label: nn.Tensor) -> nn.Tensor | int:
        return 1 if self.topology.label_takes_frame else nn.cast(label == self.blank, "int32")

    def _max_steps(self, encoder: nn.Tensor) -> nn.Tensor:
        longest = nn.reduce_max(encoder.seq_len, axis=nn.batch_dim)
        return longest if self.topology.label_takes_frame else longest * (1 + self.max_labels_per_frame)


class TransducerModel(nn.Module):
    """
    An encoder and a transducer, trained on given alignments.

    Reads the input ``data``; in training also the alignments. Its training network serves
    :class:`jobs.rescoring.RescoringJob`, too: what is scored then are alignments, as the search gives them.

    :param source: declaration of the input ``data``: [batch, time, features], or labels [batch, time]
    :param alignment: declaration of the alignments: labels and blanks [batch, steps]
    :param encoder: from the input to vectors
    :param decoder: from vectors to alignments
    :param label_smoothing: see :func:`recipe.nn.cross_entropy`
    """

    def __init__(
        self,
        source: nn.ExternData,
        alignment: nn.ExternData,
        encoder: SpeechEncoder | BidirectionalLstmEncoder,
        decoder: TransducerDecoder,
        *,
        label_smoothing: float = 0.0,
    ):
        super().__init__()
        self.source, self.alignment = source, alignment
        self.encoder, self.decoder = encoder, decoder
        self.label_smoothing = label_smoothing

    def forward(self, search: nn.BeamSearch | None = None) -> nn.Tensor | None:
        """
        :param search: None for training, which marks the losses ``cross_entropy`` and ``frame_error``
        :return: in a search, labels and blanks [batch, steps] of all hypotheses, best first; what they stand for is
            found by :class:`jobs.collapse_alignment.CollapseAlignmentJob`
        """
        encoder = self.encoder(nn.get_extern_data(self.source))
        if search is not None:
            return self.decoder(encoder, search=search).labels
        alignment = nn.get_extern_data(self.alignment)
        log_probs = self.decoder(encoder, alignment).log_probs
        nn.cross_entropy(log_probs, alignment, label_smoothing=self.label_smoothing).mark_as_loss("cross_entropy")
        nn.frame_error(log_probs, alignment).mark_as_loss("frame_error", as_error=True)
        return None
