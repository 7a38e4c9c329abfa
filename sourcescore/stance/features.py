"""Features of pairs of a claim and a text.

They follow what did well in the Fake News Challenge (Hanselowski et al. 2018, *A retrospective
analysis of the fake news challenge stance detection task*): similarity at several grains, the
best-matching sentence and where it stands, and refuting and hedging words around it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache, lru_cache
from itertools import pairwise
from typing import Any

import numpy as np

from sourcescore import lexicons
from sourcescore.compare import PAIR_FEATURES, analyse, pair_features, stem
from sourcescore.messages import shown
from sourcescore.stance.pairs import checked
from sourcescore.text import parse
from sourcescore.words import WordVectors

__all__ = ["MAX_SENTENCES", "stance_features", "word_vectors"]

#: Sentences of a text that are looked at.
MAX_SENTENCES = 60
#: Pairs of a claim and a text compared at a time, which bounds the memory.
_CHUNK = 2000
#: Features of the best-matching sentence's neighbours reach this far.
_AROUND = 1
# n't is a word of its own, so that it is found in didn't as in did not
_WORD = re.compile(r"n['’]t\b|[^\W\d_]+?(?=n['’]t\b)|[^\W\d_]+")
_stem = lru_cache(maxsize=1 << 16)(stem)


@cache
def _phrases() -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """What refutes, what hedges, and what reports: phrases of stems."""
    cues = lexicons.table("cues")
    denies = {cue for cue, values in cues.items() if values[0] == "denies"}
    asserts = {cue for cue, values in cues.items() if values[0] == "asserts"}
    refutes = denies | set(lexicons.load("denial_words")) | {"not", "no", "never", "n't"}
    hedges = set(lexicons.hedges()) | set(lexicons.load("hearsay_cues"))
    groups = (
        frozenset(" ".join(map(stem, _WORD.findall(t.lower()))) for t in terms) - {""}
        for terms in (refutes, hedges, asserts)
    )
    return next(groups), next(groups), next(groups)


def _marks(text: str) -> list[float]:
    """How many refuting, hedging and reporting words, question marks, quotation marks."""
    words = [_stem(w) for w in _WORD.findall(text.lower())]
    pairs = [f"{a} {b}" for a, b in pairwise(words)]
    triples = [f"{a} {b}" for a, b in zip(pairs, words[2:], strict=False)]
    grams = [*words, *pairs, *triples]
    found = [float(sum(map(group.__contains__, grams))) for group in _phrases()]
    return [*found, float(text.count("?")), float(sum(text.count(q) for q in '"“”'))]


def stance_features(claims: Sequence[str], texts: Sequence[str], words: WordVectors) -> np.ndarray:
    """Features of pairs of a claim and a text.

    Each sentence of the text is compared with the claim. The features are those of the
    best-matching sentence, of the first one, the highest and the mean of all, where the best one
    stands, how much of the claim the whole text covers, and the marks of refuting, hedging and
    asking in the claim, in the best sentence, around it, in the first sentence and in the text.

    Parameters
    ----------
    claims, texts : sequence of str of length n_samples
    words : WordVectors

    Returns
    -------
    float32 array of shape (n_samples, n_features)

    Raises
    ------
    TypeError, ValueError
        If claims and texts are no strings or differ in number, or words are no `WordVectors`.
    """
    claims, texts = checked(claims, texts)
    words = word_vectors(words)
    claim_of, claim_texts = _unique(claims)
    text_of, full_texts = _unique(texts)
    sentences: list[str] = []
    counts = []
    for full in full_texts:
        spans = parse(full).sentence_spans[:MAX_SENTENCES]
        found = [full[start:end] for start, end in spans] or [""]
        sentences += found
        counts.append(len(found))
    n_sentences = np.array(counts)
    first = np.cumsum(n_sentences) - n_sentences
    statements = analyse([*sentences, *claim_texts], words)
    marks = np.array([_marks(s) for s in [*sentences, *claim_texts]])
    whole = words.embed(full_texts)
    out = []
    for start in range(0, len(claim_of), _CHUNK):
        part = slice(start, start + _CHUNK)
        claim, text = claim_of[part], text_of[part]
        size = n_sentences[text]
        pair = np.repeat(np.arange(len(text)), size)
        step = np.arange(len(pair)) - np.repeat(np.cumsum(size) - size, size)
        sentence = first[text][pair] + step
        asked = len(sentences) + claim
        compared = pair_features(statements, asked[pair], sentence)
        columns = [_sentence_columns(compared, pair, step, size)]
        best = _best(compared, pair, size)
        at = sentence[best]
        columns += [marks[asked], marks[at], marks[first[text]]]
        for shift in range(-_AROUND, _AROUND + 1):
            if shift:
                near = np.clip(at + shift, first[text], first[text] + size - 1)
                columns.append(marks[near] * (near == at + shift)[:, None])
        total = np.add.reduceat(marks[sentence], np.flatnonzero(step == 0), axis=0)
        columns += [total / size[:, None], np.log1p(total)]
        columns.append(
            np.column_stack(
                [
                    step[best] / size,
                    np.log1p(step[best]),
                    np.log(size),
                    np.einsum("ij,ij->i", statements.embedding[asked], whole[text]),
                    _coverage(statements, asked, pair, sentence),
                ]
            )
        )
        # a refuting claim that meets a refuting text agrees with it
        refuting = [count[:, 0] > 0 for count in columns[1:4]]
        columns.append(
            np.column_stack(
                [refuting[0] != refuting[1], refuting[0] != refuting[2], refuting[0] & refuting[1]]
            )
        )
        out.append(np.column_stack(columns).astype(np.float32))
    return np.vstack(out)


def _unique(values: Sequence[str]) -> tuple[np.ndarray, list[str]]:
    number: dict[str, int] = {}
    rows = np.array([number.setdefault(v, len(number)) for v in values], dtype=int)
    return rows, list(number)


_COSINE, _WORDS, _SOFT_LOW, _SOFT_HIGH = (
    PAIR_FEATURES.index(k) for k in ("vector_cosine", "word_cosine", "soft_min", "soft_max")
)


def _best(compared: np.ndarray, pair: np.ndarray, size: np.ndarray) -> np.ndarray:
    """The position of the best-matching sentence of each pair, the first of equals."""
    score = compared[:, _COSINE] + compared[:, _WORDS] + compared[:, _SOFT_LOW]
    order = np.lexsort((np.arange(len(pair)), -np.round(score, 5), pair))
    return order[np.cumsum(size) - size]


def _sentence_columns(
    compared: np.ndarray, pair: np.ndarray, step: np.ndarray, size: np.ndarray
) -> np.ndarray:
    start = np.flatnonzero(step == 0)
    highest = np.maximum.reduceat(compared, start, axis=0)
    mean = np.add.reduceat(compared, start, axis=0) / size[:, None]
    best = compared[_best(compared, pair, size)]
    alike = (_COSINE, _WORDS, _SOFT_LOW, _SOFT_HIGH)
    # how many sentences are about the claim
    about = np.add.reduceat((compared[:, alike] > 0.5).astype(float), start, axis=0)
    return np.column_stack(
        [best, compared[start], highest[:, :12], mean[:, alike], about / size[:, None]]
    )


def _coverage(
    statements: Any, asked: np.ndarray, pair: np.ndarray, sentence: np.ndarray
) -> np.ndarray:
    """Share of the claim's information that stands somewhere in the text, by term and by sort."""
    stems, weights = statements.stems, statements.weights
    width = max(1, int(statements.n_terms[asked].max(initial=1)))
    claim_stems = stems[asked][:, :width]
    size = np.int64(len(statements.stem_names) + 1)
    have = np.unique((pair[:, None] * size + stems[sentence])[stems[sentence] >= 0])
    want = np.arange(len(asked))[:, None] * size + claim_stems
    found = np.isin(want, have) & (claim_stems >= 0)
    weight = weights[asked][:, :width]
    kinds = statements.kinds[asked][:, :width]
    there = claim_stems >= 0
    columns = [(weight * found).sum(1) / np.maximum((weight * there).sum(1), 1e-6)]
    for kind in range(4):
        of_kind = (kinds == kind) & there
        n = of_kind.sum(1)
        columns.append(np.where(n > 0, (of_kind & found).sum(1) / np.maximum(n, 1), -0.5))
    return np.column_stack(columns)


def word_vectors(words: Any) -> WordVectors:
    """Return the word vectors, if that is what they are."""
    if not isinstance(words, WordVectors):
        raise TypeError(
            "words must be WordVectors, say those of sourcescore.models.load_words(); got "
            f"{shown(words)}."
        )
    return words
