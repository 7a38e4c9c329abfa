"""The sentences of a text that matter for a claim, where a model reads a few only."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sourcescore.stance.features import MAX_SENTENCES
from sourcescore.text import parse
from sourcescore.words import WordVectors

__all__ = ["telling_sentences"]

#: So many sentences are taken besides the first.
_LIKEST = 3


def telling_sentences(claims: Sequence[str], texts: Sequence[str], words: WordVectors) -> list[str]:
    """The first sentence of each text and those likest to the claim, in their order.

    Parameters
    ----------
    claims, texts : sequence of str of length n_samples
    words : WordVectors

    Returns
    -------
    list of str of length n_samples
        A text of few sentences as it is.
    """
    asked = dict.fromkeys(claims)
    vector = dict(zip(asked, words.embed(list(asked)), strict=True))
    known: dict[str, tuple[list[str], np.ndarray]] = {}
    out = []
    for claim, text in zip(claims, texts, strict=True):
        if text not in known:
            spans = parse(text).sentence_spans[:MAX_SENTENCES]
            sentences = [" ".join(text[start:end].split()) for start, end in spans]
            few = len(sentences) <= 1 + _LIKEST
            known[text] = sentences, np.empty(0) if few else words.embed(sentences)
        sentences, vectors = known[text]
        if len(vectors):
            likest = np.argsort(-np.round(vectors @ vector[claim], 5), kind="stable")[:_LIKEST]
            sentences = [sentences[k] for k in sorted({0, *likest.tolist()})]
        out.append(" ".join(sentences))
    return out
