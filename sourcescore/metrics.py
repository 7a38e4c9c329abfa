"""Measures: attribution spans, groupings of statements, calibration of confidences.

Comes in: what is true and what was predicted, as tables or arrays. Goes out: plain floats, in
dictionaries that can be stored as JSON.

References
----------
* Spans: exact and token F1 per role as in Pareti (2015), *Attribution: a computational approach*;
  a relation counts as found as in Newell, Margolin and Ruths (2018), *An Attribution Relations
  Corpus for Political News*.
* B-cubed: Bagga and Baldwin (1998), *Entity-based cross-document coreferencing using the vector
  space model*.
* Calibration error: Naeini, Cooper and Hauskrecht (2015), *Obtaining well calibrated
  probabilities using Bayesian binning*.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from pandas.api.types import is_hashable, is_list_like
from sklearn.metrics import accuracy_score, f1_score

from .messages import shown
from .tables import (
    SPAN_COLUMNS,
    as_texts,
    check_attributions,
    object_array,
    span_lists,
    string_array,
)

__all__ = [
    "b_cubed",
    "expected_calibration_error",
    "label_figures",
    "score_attributions",
    "span_f1",
]

Spans = Sequence[tuple[int, int]]

_TOKEN = re.compile(r"\w+|[^\w\s]")

#: Share of the tokens of two contents that must agree for a relation to count as found.
_CONTENT_OVERLAP = 0.5


def b_cubed(labels_true: ArrayLike, labels_pred: ArrayLike) -> tuple[float, float, float]:
    """B-cubed precision, recall and F1 of a grouping.

    For each item, the share of its predicted group that belongs with it (precision), and the
    share of its true group that was found with it (recall), averaged over the items.

    Parameters
    ----------
    labels_true, labels_pred : array-like of shape (n_items,)
        The group of each item. Labels can be anything hashable; a missing one (NaN, None) is a
        group of its own.

    Returns
    -------
    precision, recall, f1 : float in [0, 1]
        NaN where there are no items.

    Raises
    ------
    ValueError
        If the two differ in length.

    Examples
    --------
    >>> b_cubed(["a", "a", "b", "b"], [0, 0, 0, 0])
    (0.5, 1.0, 0.6666666666666666)
    """
    true = _groups(_labels(labels_true, "labels_true"))
    pred = _groups(_labels(labels_pred, "labels_pred"))
    if len(true) != len(pred):
        raise ValueError(
            f"labels_true and labels_pred must be equally long; got {len(true)} and {len(pred)}."
        )
    if not len(true):
        return float("nan"), float("nan"), float("nan")
    _, cell, cell_size = np.unique(
        np.column_stack([true, pred]), axis=0, return_inverse=True, return_counts=True
    )
    together = cell_size[cell.ravel()]
    precision = float(np.mean(together / np.bincount(pred)[pred]))
    recall = float(np.mean(together / np.bincount(true)[true]))
    return precision, recall, _f1(precision, recall)


def _labels(values: Any, name: str) -> np.ndarray:
    """Return labels as a one-dimensional array of objects, or say what they are instead."""
    if not is_list_like(values, allow_sets=False) or isinstance(values, Mapping | pd.DataFrame):
        raise TypeError(f"{name} must be a sequence of labels; got {shown(values)}.")
    labels = object_array(list(values))
    try:
        set(labels)
    except TypeError:
        wrong = next(label for label in labels if not is_hashable(label))
        raise ValueError(
            f"{name} must hold single labels such as strings; got {shown(wrong)}."
        ) from None
    return labels


def as_floats(values: Any, name: str) -> np.ndarray:
    """Return numbers as an array, what is missing as NaN, or say what they are instead.

    Examples
    --------
    >>> as_floats([True, None, 0.5], "confidence").tolist()
    [1.0, nan, 0.5]
    """
    given = np.asarray(values, dtype=object)
    try:
        flat = [math.nan if pd.isna(v) else float(v) for v in given.ravel()]
    except (TypeError, ValueError):
        raise ValueError(f"{name} must hold numbers; got {shown(values)}.") from None
    return np.array(flat, dtype=float).reshape(given.shape)


def _groups(labels: np.ndarray) -> np.ndarray:
    """Numbers 0, 1, ... for the groups; each missing label gets a number of its own."""
    codes, names = pd.factorize(labels)
    missing = codes < 0
    codes = codes.astype(np.int64)
    codes[missing] = len(names) + np.arange(int(missing.sum()))
    return codes


def _f1(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def expected_calibration_error(y_true: ArrayLike, confidence: ArrayLike, n_bins: int = 10) -> float:
    """Mean gap between confidence and frequency, over bins of equal width.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        Whether each came true: bool, or 0 and 1.
    confidence : array-like of shape (n_samples,)
        Probabilities in [0, 1].
    n_bins : int, default 10

    Returns
    -------
    float in [0, 1]
        NaN where there are no samples.

    Raises
    ------
    ValueError
        If lengths differ, a confidence is outside [0, 1], or an outcome is not 0 or 1.

    Examples
    --------
    >>> round(expected_calibration_error([True, False], [0.9, 0.2]), 3)
    0.15
    """
    outcome, stated = as_floats(y_true, "y_true"), as_floats(confidence, "confidence")
    if outcome.shape != stated.shape or outcome.ndim != 1:
        raise ValueError(
            "y_true and confidence must be one-dimensional and equally long; "
            f"got the shapes {outcome.shape} and {stated.shape}."
        )
    if not np.isin(outcome, (0.0, 1.0)).all():
        raise ValueError("y_true must hold only True and False (or 1 and 0).")
    if not ((stated >= 0) & (stated <= 1)).all():
        raise ValueError("confidence must lie in [0, 1] and not be missing.")
    if isinstance(n_bins, bool) or not isinstance(n_bins, Integral) or n_bins < 1:
        raise ValueError(f"n_bins must be an integer of at least 1; got {shown(n_bins)}.")
    if not len(outcome):
        return float("nan")
    bins = np.minimum((stated * n_bins).astype(int), n_bins - 1)
    gap = np.bincount(bins, outcome - stated, n_bins)  # size of a bin times its gap
    return float(np.abs(gap).sum() / len(outcome))


def label_figures(
    y_true: ArrayLike, y_pred: ArrayLike, proba: Iterable[Mapping[Any, float]] | None = None
) -> dict[str, Any]:
    """How well labels are predicted.

    Parameters
    ----------
    y_true, y_pred : array-like of labels, shape (n_samples,)
    proba : iterable of mappings of a label to its probability, optional
        Of each sample, for the calibration.

    Returns
    -------
    dict
        ``accuracy``; ``macro_f1``, over the labels that `y_true` has; with `proba` also ``ece``,
        the expected calibration error of the predicted label; ``f1``, a dict of label to F1.

    Raises
    ------
    ValueError
        If the lengths differ, or there is nothing to compare.

    Examples
    --------
    >>> figures = label_figures(["a", "a", "b"], ["a", "b", "b"])
    >>> round(figures["accuracy"], 3), {k: round(v, 3) for k, v in figures["f1"].items()}
    (0.667, {'a': 0.667, 'b': 0.667})
    """
    true, guess = _labels(y_true, "y_true"), _labels(y_pred, "y_pred")
    each_proba = None if proba is None else _mappings(proba)
    lengths = [len(v) for v in (true, guess, each_proba) if v is not None]
    if len(set(lengths)) > 1 or not len(true):
        raise ValueError(
            "y_true, y_pred and proba must be equally long and not empty; got the lengths "
            f"{', '.join(map(str, lengths))}."
        )
    labels = sorted(set(true), key=lambda label: (str(type(label)), label))
    number = {label: k for k, label in enumerate(dict.fromkeys([*labels, *guess]))}
    codes = [[number[label] for label in side] for side in (true, guess)]
    each = f1_score(*codes, labels=range(len(labels)), average=None, zero_division=0)
    figures: dict[str, Any] = {
        "accuracy": float((true == guess).mean()),
        "macro_f1": float(each.mean()),
    }
    if each_proba is not None:
        sure = [float(p.get(g, 0.0)) for p, g in zip(each_proba, guess, strict=True)]
        figures["ece"] = float(expected_calibration_error(true == guess, sure))
    return figures | {"f1": dict(zip(labels, map(float, each), strict=True))}


def _mappings(proba: Any) -> list[Mapping[Any, float]]:
    each = list(proba) if is_list_like(proba) and not isinstance(proba, Mapping) else [proba]
    for one in each:
        if not isinstance(one, Mapping):
            raise TypeError(
                "proba must hold a mapping of label to probability for each sample; got "
                f"{shown(one)}."
            )
    return each


def span_f1(
    spans_true: Mapping[Any, Iterable[Hashable]],
    spans_pred: Mapping[Any, Iterable[Hashable]],
) -> dict[str, float]:
    """Precision, recall and F1 of the items found in each document, micro-averaged.

    Parameters
    ----------
    spans_true, spans_pred : mapping of a document to hashable items
        An item is whatever must agree: a span ``(start, end)``, a tuple of spans, a token number.
        An item that stands twice counts twice.

    Returns
    -------
    dict
        ``precision``, ``recall``, ``f1``, each in [0, 1]; 0 where nothing was there to count.

    Raises
    ------
    TypeError
        If either is no mapping.
    ValueError
        If the items of a document are no list, or not hashable.

    Examples
    --------
    >>> span_f1({"a": [(0, 4), (9, 12)]}, {"a": [(0, 4)], "b": [(0, 1)]})
    {'precision': 0.5, 'recall': 0.5, 'f1': 0.5}
    """
    for name, spans in (("spans_true", spans_true), ("spans_pred", spans_pred)):
        if not isinstance(spans, Mapping):
            raise TypeError(f"{name} must be a mapping of document to items; got {shown(spans)}.")
    hits = n_true = n_pred = 0
    for doc in spans_true.keys() | spans_pred.keys():
        true, pred = (_counts(spans.get(doc, ()), doc) for spans in (spans_true, spans_pred))
        hits += (true & pred).total()
        n_true, n_pred = n_true + true.total(), n_pred + pred.total()
    return _figures(hits, n_true, n_pred)


def _counts(items: Iterable[Hashable], doc: Any) -> Counter[Hashable]:
    try:
        return Counter(iter(items))
    except TypeError:
        raise ValueError(
            f"the items of a document must be a list of hashable ones, spans as tuples; document "
            f"{doc!r} has {shown(items)}."
        ) from None


def _figures(hits: int, n_true: int, n_pred: int) -> dict[str, float]:
    precision = hits / n_pred if n_pred else 0.0
    recall = hits / n_true if n_true else 0.0
    return {"precision": precision, "recall": recall, "f1": _f1(precision, recall)}


def score_attributions(gold: pd.DataFrame, pred: pd.DataFrame, texts: Any) -> dict[str, Any]:
    """Compare predicted attributions with annotated ones.

    Parameters
    ----------
    gold, pred : DataFrame
        Attribution tables with ``doc_id`` and the three columns of spans. Optional:
        ``attribution_id`` and ``parent_id``, and any of ``type``, ``stance``, ``claim_stance``,
        ``source_name``, which are compared over the relations found where both tables have them.
    texts : Series, mapping or DataFrame
        The documents, see `sourcescore.tables.as_texts`. Attributions of other documents do not
        count.

    Returns
    -------
    dict
        ``source``, ``cue`` and ``content`` map to ``{"token": ..., "exact": ...}``, each with
        precision, recall, F1 (`span_f1`); a whole span is right where it covers the same tokens.
        ``relation``: an attribution is found where a predicted one, paired one to one, best
        overlap first, shares half of the tokens of the two contents and a token of the source (or
        both have no source). ``type``, ``stance``, ``claim_stance``: accuracy, macro F1 and n over
        the relations found; ``source_name``: accuracy, articles and case aside; ``parent``:
        precision, recall, F1 of the nesting.
    """
    texts = as_texts(texts)
    gold, pred = _by_document(gold), _by_document(pred)
    sides = [_TokenSides(table, texts) for table in (gold, pred)]
    out: dict[str, Any] = {}
    for role in ("source", "cue", "content"):
        token, exact = ([s.items(role, kind) for s in sides] for kind in ("token", "exact"))
        out[role] = {"token": span_f1(*token), "exact": span_f1(*exact)}
    pairs = _pair_relations(*sides)
    out["relation"] = _figures(len(pairs), len(sides[0].table), len(sides[1].table))
    g = sides[0].table.iloc[[i for i, _ in pairs]].reset_index(drop=True)
    p = sides[1].table.iloc[[j for _, j in pairs]].reset_index(drop=True)
    for name in ("type", "stance", "claim_stance", "source_name"):
        if name in g.columns and name in p.columns:
            known = g[name].notna() & p[name].notna()
            out[name] = _label_figures(name, g[name][known], p[name][known])
    if {"attribution_id", "parent_id"} <= set(g.columns) & set(p.columns):
        out["parent"] = _parent_figures(g, p)
    return out


def _by_document(attributions: Any) -> pd.DataFrame:
    """Return an attribution table whose documents go by strings, as those of texts do."""
    table = check_attributions(attributions, ("doc_id", *SPAN_COLUMNS))
    return table.assign(doc_id=string_array([str(doc_id) for doc_id in table["doc_id"]]))


class _TokenSides:
    """One table, its spans as sets of token numbers of the document."""

    def __init__(self, table: pd.DataFrame, texts: pd.Series) -> None:
        self.table = table[table["doc_id"].isin(texts.index)].reset_index(drop=True)
        starts = {
            doc: np.array([m.start() for m in _TOKEN.finditer(texts[doc])], dtype=int)
            for doc in self.table["doc_id"].unique()
        }
        self.docs = self.table["doc_id"].tolist()
        self.tokens = {
            role: [
                _covered(starts[doc], spans)
                for doc, spans in zip(
                    self.docs, span_lists(self.table, f"{role}_spans"), strict=True
                )
            ]
            for role in ("source", "cue", "content")
        }

    def items(self, role: str, kind: str) -> dict[str, list[Hashable]]:
        """Per document, the whole spans of a role, or its tokens, each once."""
        out: dict[str, list[Hashable]] = {}
        for doc, tokens in zip(self.docs, self.tokens[role], strict=True):
            if kind == "token":
                out[doc] = list(set(out.get(doc, ())) | tokens)
            elif tokens:
                out.setdefault(doc, []).append(tokens)
        return out


def _covered(starts: np.ndarray, spans: Spans) -> frozenset[int]:
    """Numbers of the tokens that begin inside one of the spans."""
    found: set[int] = set()
    for start, end in spans:
        found.update(range(*np.searchsorted(starts, (start, end)).tolist()))
    return frozenset(found)


def _pair_relations(gold: _TokenSides, pred: _TokenSides) -> list[tuple[int, int]]:
    rows_of: dict[str, list[int]] = {}
    for j, doc in enumerate(pred.docs):
        rows_of.setdefault(doc, []).append(j)
    candidates = []
    for i, doc in enumerate(gold.docs):
        content, source = gold.tokens["content"][i], gold.tokens["source"][i]
        for j in rows_of.get(doc, ()):
            union = len(content | pred.tokens["content"][j])
            overlap = len(content & pred.tokens["content"][j]) / union if union else 0.0
            other = pred.tokens["source"][j]
            if overlap >= _CONTENT_OVERLAP and (source & other or not (source or other)):
                candidates.append((-overlap, i, j))
    pairs: dict[int, int] = {}
    taken: set[int] = set()
    for _, i, j in sorted(candidates):
        if i not in pairs and j not in taken:
            pairs[i] = j
            taken.add(j)
    return sorted(pairs.items())


def _label_figures(name: str, gold: pd.Series, pred: pd.Series) -> dict[str, float]:
    if not len(gold):
        return {"n": 0}
    if name == "source_name":
        return {"n": len(gold), "accuracy": float(np.mean([*map(_same_name, gold, pred)]))}
    gold, pred = gold.astype(str), pred.astype(str)
    return {
        "n": len(gold),
        "accuracy": float(accuracy_score(gold, pred)),
        "macro_f1": float(
            f1_score(gold, pred, labels=gold.unique(), average="macro", zero_division=0)
        ),
    }


def _same_name(a: str, b: str) -> bool:
    words = [
        [w for w in re.findall(r"\w+", str(name).lower()) if w not in ("the", "a", "an", "s")]
        for name in (a, b)
    ]
    return words[0] == words[1]


def _parent_figures(gold: pd.DataFrame, pred: pd.DataFrame) -> dict[str, float]:
    """Nesting over the relations found; row i of one table is paired with row i of the other."""
    paired = {
        (doc, str(a)): str(b)
        for doc, a, b in zip(
            gold["doc_id"], gold["attribution_id"], pred["attribution_id"], strict=True
        )
    }
    nested = gold["parent_id"].notna()
    wanted = zip(gold["doc_id"][nested], gold["parent_id"][nested], strict=True)
    right = [
        paired.get((doc, str(want)), "") == str(got)
        for (doc, want), got in zip(wanted, pred["parent_id"][nested], strict=True)
    ]
    return _figures(sum(right), len(right), int(pred["parent_id"].notna().sum()))
