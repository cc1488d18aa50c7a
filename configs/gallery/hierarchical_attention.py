"""
Hierarchical attention network (Yang et al. 2016, https://aclanthology.org/N16-1174): words make sentences, sentences
make a document, and attention on both levels says which ones count for its class.

A document is all of its words, and the number of words of each sentence. The loop over the sentences takes a
sentence's own words in an inner loop, and the GRU and the attention over words then see a sequence that has another
length in each step. Nothing is padded or masked here.
"""

from __future__ import annotations

from typing import Any

from recipe import nn

WORDS = nn.Dim(12, "vocabulary")
TOPICS = nn.Dim(3, "topics", labels=["science", "music", "sports"])
TEXT = nn.ExternData("data", [nn.batch_dim, nn.Dim(None, "words")], sparse_dim=WORDS)
SIZES = nn.ExternData("sizes", [nn.batch_dim, nn.Dim(None, "sentences")], dtype="int32")  # words of each sentence
TOPIC = nn.ExternData("classes", [nn.batch_dim], sparse_dim=TOPICS)


class Attention(nn.Module):
    """A weighted mean of a sequence, by how much each frame is like what was learnt to count."""

    def __init__(self, in_dim: nn.Dim, size: int):
        super().__init__()
        dim = nn.Dim(size, "attention")
        self.hidden, self.counts = nn.Linear(in_dim, dim), nn.Parameter([dim])

    def forward(self, x: nn.Tensor) -> tuple[nn.Tensor, nn.Tensor]:
        """:return: the mean [batch, features] and the weights [batch, time] of x [batch, time, features]"""
        weights = nn.softmax_over_spatial(nn.dot(nn.tanh(self.hidden(x)), self.counts))
        return nn.dot(weights, x, reduce=x.spatial_dim), weights


class HierarchicalAttention(nn.Module):
    def __init__(self, embedding_size: int = 4, size: int = 3, attention_size: int = 5):
        super().__init__()
        embedding_dim = nn.Dim(embedding_size, "embedding")
        self.embedding = nn.Embedding(WORDS, embedding_dim)
        self.words = nn.BidirectionalGru(embedding_dim, nn.Dim(size, "word_gru"))
        self.word_attention = Attention(self.words.out_dim, attention_size)
        self.sentences = nn.BidirectionalGru(self.words.out_dim, nn.Dim(size, "sentence_gru"))
        self.sentence_attention = Attention(self.sentences.out_dim, attention_size)
        self.output = nn.Linear(TOPICS)

    def forward(self) -> dict[str, nn.Tensor]:
        """The log probabilities of the topics [batch, topics], and the weights of the sentences [batch, sentences]."""
        text = self.embedding(nn.get_extern_data(TEXT))
        loop = nn.Loop()
        loop.state.begin = nn.constant(0, [nn.batch_dim])
        with loop:
            size = loop.unstack(nn.get_extern_data(SIZES))
            with nn.Loop() as inner:
                word = nn.gather(text, loop.state.begin + inner.iter_idx)
                inner.end(inner.iter_idx + 1 >= size, include_eos=True)
                sentence = inner.stack(word)  # [batch, words of this sentence, embedding]
            loop.state.begin = loop.state.begin + size
            vector, _ = self.word_attention(self.words(sentence))
            vectors = loop.stack(vector)
        document, weights = self.sentence_attention(self.sentences(vectors))
        logits = self.output(document)
        nn.cross_entropy(logits, nn.get_extern_data(TOPIC)).mark_as_loss("ce")
        return {"topics": nn.log_softmax(logits), "sentences": weights}


def training(**dims: Any) -> nn.Network:
    """Trained on documents and their topics; forwarded, it gives both outputs of the model."""
    return nn.Network(HierarchicalAttention(**dims))
