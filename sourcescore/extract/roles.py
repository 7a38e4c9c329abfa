"""What the cue filter and the role tagger see, given one likely cue.

The span tagger has marked where sources, cues and contents are. The filter asks of one likely cue
whether it is one; the role tagger, which of the tokens around are its source and its content,
correcting the spans on the way. So contents may be discontinuous and may overlap.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sourcescore.extract.features import CLAUSE_STARTS, Word

__all__ = ["TokenSequence", "candidate_cues", "cue_features", "role_features", "role_labels"]

#: How far from the cue its source and content are looked for, in tokens.
_BEFORE, _AFTER = 120, 180
_SENTENCES_BEFORE, _SENTENCES_AFTER = 2, 6
#: A token that the span tagger holds for a cue with this probability is tried as one.
CUE_PROBABILITY = 0.1
_WEAK_CUE_ENDS = frozenset(["to", "that", "in", "of", "for", "with", "on", "at", "as", ":"])


class TokenSequence:
    """Tokens of a document in reading order (all, or those of one content) and their span labels.

    Attributes
    ----------
    words : list of Word
    paragraph, sentence, quotation : sequence of int
        Their numbers in the document, for each token.
    labels : list of str
        BIO labels of the span tagger: ``B-S``, ``I-T``, ``O``, ...
    """

    def __init__(
        self,
        words: list[Word],
        paragraph: Sequence[int],
        sentence: Sequence[int],
        quotation: Sequence[int],
        labels: list[str],
    ) -> None:
        self.words = words
        self.paragraph = paragraph
        self.sentence = sentence
        self.quotation = quotation
        self.labels = labels
        self.spans: list[tuple[str, int, int]] = []
        self.span_of = [-1] * len(labels)
        i, n = 0, len(labels)
        while i < n:
            if labels[i] == "O":
                i += 1
                continue
            role, j = labels[i][-1], i + 1
            while j < n and labels[j] == "I-" + role:
                j += 1
            self.span_of[i:j] = [len(self.spans)] * (j - i)
            self.spans.append((role, i, j))
            i = j

    def span_at(self, token: int, role: str) -> list[int]:
        """The tokens of the span of this role that the token is in; none if it is in no such."""
        if self.span_of[token] < 0 or self.spans[self.span_of[token]][0] != role:
            return []
        _, i, j = self.spans[self.span_of[token]]
        return list(range(i, j))


def candidate_cues(
    sequence: TokenSequence, cue_probability: Sequence[float]
) -> list[tuple[int, int]]:
    """Ranges of tokens that may be a cue: those marked, and the likely ones that lost out.

    Parameters
    ----------
    sequence : TokenSequence
    cue_probability : sequence of float in [0, 1]
        The span tagger's marginal probability that the token is part of a cue.
    """
    cues = [(i, j) for role, i, j in sequence.spans if role == "C"]
    taken = {k for i, j in cues for k in range(i, j)}
    start = -1
    for k, p in enumerate([*cue_probability, 0.0]):
        likely = p >= CUE_PROBABILITY and k not in taken
        if likely and start < 0:
            start = k
        elif not likely and start >= 0:
            # beside a cue that is marked it is an uncertain edge, not another cue
            if start - 1 not in taken and k not in taken:
                cues.append((start, k))
            start = -1
    return sorted(cues)


def _bucket(distance: int) -> int:
    for bound in (1, 2, 3, 5, 9, 19, 49):
        if distance <= bound:
            return bound
    return 99


def _window(sequence: TokenSequence, start: int, end: int) -> tuple[int, int]:
    paragraph, sentence = sequence.paragraph, sequence.sentence
    a = start
    while (
        a > 0
        and start - a < _BEFORE
        and paragraph[a - 1] == paragraph[start]
        and sentence[start] - sentence[a - 1] <= _SENTENCES_BEFORE
    ):
        a -= 1
    b = end
    while (
        b < len(sequence.words)
        and b - end < _AFTER
        and paragraph[b] - paragraph[start] <= 1
        and sentence[b] - sentence[start] <= _SENTENCES_AFTER
    ):
        b += 1
    return a, b


def _outward(sequence: TokenSequence, tokens: range) -> list[tuple[int, int, int]]:
    """For each token, going away from the cue: how many source, content and cue spans so far."""
    counts = {"S": 0, "T": 0, "C": 0}
    seen = -1
    out = []
    for k in tokens:
        span = sequence.span_of[k]
        if span != seen and span >= 0:
            counts[sequence.spans[span][0]] += 1
        seen = span
        out.append((min(counts["S"], 3), min(counts["T"], 3), min(counts["C"], 3)))
    return out


def _between(words: list[Word], tokens: range) -> list[tuple[int, str]]:
    """For each token, going away from the cue: the commas passed, and the last word that parts."""
    commas, last = 0, ""
    out = []
    for k in tokens:
        out.append((commas, last))
        word = words[k].lower
        if word in CLAUSE_STARTS:
            last = word
            commas = min(commas + (word == ","), 3)
    return out


def _neighbours(sequence: TokenSequence, at: int, step: int) -> str:
    """The roles of the three spans next to the cue on one side, and the full stops between."""
    found: list[str] = []
    n = len(sequence.words)
    for _ in range(40):
        if not 0 <= at < n or len(found) == 3:
            break
        span = sequence.span_of[at]
        if span >= 0:
            role, i, j = sequence.spans[span]
            found.append(role)
            at = i - 1 if step < 0 else j
        else:
            if sequence.words[at].lower in (".", "!", "?"):
                found.append(".")
            at += step
    return "".join(found)


def role_features(
    sequence: TokenSequence, start: int, end: int, marks: tuple[str, ...] = ()
) -> tuple[int, int, list[list[str]]]:
    """The features of the tokens around the cue ``sequence[start:end]``.

    Parameters
    ----------
    sequence : TokenSequence
    start, end : int
    marks : tuple of str
        What holds for the whole sequence, such as that it is a content.

    Returns
    -------
    a, b : int
        The range of tokens that is looked at.
    features : list of list of str, length b - a
    """
    words, labels = sequence.words, sequence.labels
    n = len(words)
    a, b = _window(sequence, start, end)
    cue = words[end - 1].lower
    if cue in _WEAK_CUE_ENDS and end - start > 1:
        cue = f"{words[end - 2].lower} {cue}"
    before = words[start - 1] if start > 0 else None
    after = words[end].lower if end < n else ">"
    before_key = "<" if before is None else before.tag
    left, right = _neighbours(sequence, start - 1, -1), _neighbours(sequence, end, 1)
    beside = f"{left}|{right}"
    beside_2 = f"{left[:2]}|{right[:2]}"
    cue_label = labels[start][-1]
    ranks = _outward(sequence, range(start - 1, a - 1, -1))[::-1]
    ranks += [(0, 0, 0)] * (end - start)
    ranks += _outward(sequence, range(end, b))
    between = _between(words, range(start - 1, a - 1, -1))[::-1]
    between += [(0, "")] * (end - start)
    between += _between(words, range(end, b))
    features: list[list[str]] = []
    for k in range(a, b):
        if start <= k < end:
            features.append(["cue", f"cue={cue}", f"cue={cue_label}{beside}", f"cue={cue_label}"])
            features[-1] += [f"{mark} cue={cue_label}" for mark in marks]
            continue
        side, distance = ("L", start - k) if k < start else ("R", k - end + 1)
        label = labels[k]
        role = label[-1]
        key = side + role
        sources, contents, cues = ranks[k - a]
        commas, mark = between[k - a]
        rank = sources if role == "S" else contents if role == "T" else 0
        sentence = max(-3, min(3, sequence.sentence[k] - sequence.sentence[start]))
        paragraph = sequence.paragraph[k] - sequence.paragraph[start]
        quoted = int(sequence.quotation[k] > 0)
        previous = labels[k - 1] if k > 0 else "<"
        following = labels[k + 1] if k + 1 < n else ">"
        word = words[k]
        word_before = words[k - 1] if k > 0 else None
        word_after = words[k + 1] if k + 1 < n else None
        tag_before = "<" if word_before is None else word_before.tag
        tag_after = ">" if word_after is None else word_after.tag
        features.append(
            [
                f"a={key}",
                f"al={side}{label}{following}",
                f"ap={side}{previous}{label}",
                f"d={key}{_bucket(distance)}",
                f"r={key}{rank},{cues}",
                f"r3={key}{sources},{contents},{cues}",
                f"ds={key}{sentence},{paragraph}",
                f"ck={key}{cue}",
                f"cl={key}{cue_label}{rank}",
                f"b={key}{rank}{beside}",
                f"bq={key}{rank}{cues}{quoted}{beside_2}",
                f"na={key}{rank}{after}",
                f"nb={key}{rank}{before_key}",
                f"cq={key}{cues}{sentence}{quoted}{rank}",
                f"w={side}{word.lower}",
                f"t={side}{word.tag}",
                f"wr={key}{word.lower}",
                f"w-={side}{'<' if word_before is None else word_before.lower}",
                f"w+={side}{'>' if word_after is None else word_after.lower}",
                f"t3={tag_before}|{word.tag}|{tag_after}",
                f"cks={cue}{key}{rank}{sentence}{quoted}",
                f"q={key}{quoted}{paragraph}",
                f"cm={key}{commas}{mark}",
                f"cmt={side}{commas}{mark}{word.tag}",
                f"cmk={side}{commas}{cue}{role}",
                f"w2={word.lower} {'>' if word_after is None else word_after.lower}",
            ]
        )
        for mark in marks:
            features[-1] += [f"{mark}{key}", f"{mark}{key}{rank},{cues}", f"{mark}{key}{cue}"]
        if distance <= 3:
            features[-1] += [
                f"dw={side}{distance}{word.lower}",
                f"dc={side}{distance}{cue}{word.tag}",
            ]
    return a, b, features


def cue_features(
    sequence: TokenSequence,
    start: int,
    end: int,
    probability: float,
    marks: tuple[str, ...] = (),
) -> list[str]:
    """The features of the candidate cue ``sequence[start:end]``: is it one?

    Parameters
    ----------
    sequence : TokenSequence
    start, end : int
    probability : float in [0, 1]
        The largest marginal probability of its tokens to be part of a cue.
    marks : tuple of str
    """
    words = sequence.words
    n = len(words)
    cue = " ".join(word.lower for word in words[start:end][:4])
    head = max(words[start:end], key=lambda word: word.cueness)
    label = sequence.labels[start][-1]
    certainty = str(min(int(probability * 10), 9))
    left, right = _neighbours(sequence, start - 1, -1), _neighbours(sequence, end, 1)
    before = words[start - 1] if start > 0 else None
    after = words[end] if end < n else None
    tag_before = "<" if before is None else before.tag
    tag_after = ">" if after is None else after.tag
    quoted = int(sequence.quotation[start] > 0)
    features = [
        "bias",
        f"p={certainty}",
        f"l={label}",
        f"lp={label}{certainty}",
        f"c={cue}",
        f"h={head.lower}",
        f"t={'-'.join(word.tag for word in words[start:end][:4])}",
        f"n={min(end - start, 5)}",
        f"b={left}|{right}",
        f"b1={left[:1]}|{right[:1]}",
        f"bl={left}",
        f"br={right}",
        f"hb={head.lower}{left[:1]}|{right[:1]}",
        f"tb={tag_before}|{head.tag}|{tag_after}",
        f"wb={'<' if before is None else before.lower}",
        f"wa={'>' if after is None else after.lower}",
        f"ha={head.lower} {'>' if after is None else after.lower}",
        f"q={quoted}{label}",
        f"qh={quoted}{head.lower}",
    ]
    for mark in marks:
        features += [
            mark,
            f"{mark}{head.lower}",
            f"{mark}p={certainty}",
            f"{mark}q={quoted}{label}",
        ]
    return features


def role_labels(
    a: int, b: int, start: int, end: int, source: np.ndarray, content: np.ndarray
) -> list[str]:
    """Labels to learn for the window ``a:b`` from masks over the sequence's tokens."""
    labels = ["O"] * (b - a)
    for mask, role in ((content, "T"), (source, "S")):
        for k in np.flatnonzero(mask[a:b]).tolist():
            labels[k] = role + ("L" if a + k < start else "R")
    labels[start - a : end - a] = ["C"] * (end - start)
    return labels
