"""ClaimLinker: which statements bear on one claim, and whether for or against it.

Comes in: attributions of one or many documents, with the stance of each source. Goes out: the same
table with ``claim_id`` and ``claim_stance``, and the claims, worded so that they can stand alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.utils import Tags
from sklearn.utils.metadata_routing import UNUSED
from sklearn.utils.validation import check_is_fitted

from sourcescore.messages import shown
from sourcescore.models import load_stance, load_words
from sourcescore.tables import (
    SPAN_COLUMNS,
    mapping_series,
    object_array,
    require_columns,
    span_lists,
    string_array,
)
from sourcescore.words import WordVectors

from . import learning
from .features import Rows, pair_matrix, pairs_within, read_rows
from .given import claim_features, claim_pairs
from .grouping import candidate_pairs, group, merge_identical, merge_pairs
from .judged import judged_features
from .learning import across_matrix
from .linear import Linear
from .sides import point, represent, word

__all__ = ["ClaimLinker"]

#: Pairs whose features are held at a time.
_PAIRS = 100_000


class ClaimLinker(BaseEstimator):
    """Group attributions into claims, or join them to given ones.

    Without given claims, the statements of a document are grouped by how likely each pair bears on
    one claim: a logistic regression on what the two share, where they stand, and whether one
    answers the other, cut from average-linkage clustering. Groups of several documents are then
    joined by what their statements share. With given claims, three regressions say which claim a
    statement is likest to, whether it bears on it, and on which side.

    Parameters
    ----------
    C : float, default=0.01
        Inverse strength of the regularisation of the pair model.
    C_given : float, default=0.01
        The same for the models of given claims.
    words : WordVectors, optional
        The word vectors; those that are shipped by default.
    stance : {"fast", "accurate"} or StanceClassifier, optional
        A stance classifier, that of a shipped set or one that is given, whose judgement of a
        statement and a given claim counts beside the rest. By default none is asked.

    Attributes
    ----------
    models_ : dict of str to Linear
        ``within`` (two statements of a document), ``across`` (of two documents), ``which``,
        ``whether`` and ``denies`` (a statement and a given claim).
    cuts_ : dict of str to float
        The probabilities from which on statements belong together (``within``, ``across``) or bear
        on a given claim (``whether``), learned by cross-fitting.

    Examples
    --------
    >>> import sourcescore as ss
    >>> corpus = ss.datasets.load_articles()
    >>> linker = ss.load_model("linker")
    >>> attributions, claims = linker.link(corpus.attributions)
    >>> bool(attributions["claim_id"].dropna().isin(claims.index).all())
    True
    """

    # what stands for X is no metadata to be routed
    __metadata_request__fit = {"attributions": UNUSED}

    def __init__(
        self,
        *,
        C: float = 0.01,
        C_given: float = 0.01,
        words: WordVectors | None = None,
        stance: Any = None,
    ) -> None:
        self.C = C
        self.C_given = C_given
        self.words = words
        self.stance = stance

    def fit(self, attributions: pd.DataFrame, claims: Any = None) -> Self:
        """Learn from attributions whose claims are known.

        Parameters
        ----------
        attributions : DataFrame
            With ``doc_id, content, stance, claim_id`` and ``claim_stance``; better with all columns
            of the attribution table. A claim that statements of several documents share teaches how
            documents are joined; documents with two claims or more teach the grouping; documents
            with one claim, and statements that do not bear on it, teach when one bears on a claim.
        claims : mapping, Series or DataFrame, optional
            ``claim_id`` to text; a DataFrame may say in ``doc_id`` which document a claim was
            given with. Without them the linker learns to discover claims, not to join given ones.

        Returns
        -------
        self

        Raises
        ------
        TypeError, ValueError
            If a column is missing, or no document has statements on two claims.
        """
        require_columns(
            attributions,
            ("doc_id", "content", "stance", "claim_id", "claim_stance"),
            "attributions",
        )
        table, _ = _in_order(attributions)
        asked = None if claims is None else _claims_frame(claims)
        self.models_, self.cuts_ = learning.learn(
            table, asked, self._words(), self._stance(), C=self.C, C_given=self.C_given
        )
        return self

    def link(
        self, attributions: pd.DataFrame, claims: Any = None
    ) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Say which claim each attribution bears on, and how.

        Parameters
        ----------
        attributions : DataFrame
            With ``doc_id`` and ``content``; better with ``stance, cue, source, source_id, sentence,
            attribution_id, parent_id`` and the columns of spans. Without ``stance``, everything
            counts as asserted.
        claims : str, sequence of str, mapping, Series or DataFrame, optional
            The claims to look for: texts, or claim_id to text. By default they are discovered.

        Returns
        -------
        attributions : DataFrame
            A copy with ``claim_id`` (NaN where it bears on none) and ``claim_stance``
            (``supports``, ``denies``, ``unrelated``).
        claims : DataFrame, index claim_id
            With the column ``claim``, its text.

        Raises
        ------
        NotFittedError
            Before fit.
        TypeError, ValueError
            If a column is missing, claims are not texts, or claims are given to a linker that was
            fitted without any.
        """
        check_is_fitted(self)
        require_columns(attributions, ("doc_id", "content"), "attributions")
        out = attributions.copy()
        table, position = _in_order(attributions)
        if claims is not None:
            if "whether" not in self.models_:
                raise ValueError(
                    "this linker was fitted without claims, so it can only discover them; "
                    "call link(attributions), or fit(attributions, claims) first."
                )
            found = _claims_frame(claims)
            number, stance = self._join(table, found["claim"].tolist())
            ids = found.index.to_numpy(object)
        else:
            number, stance, texts = self._discover(table, position)
            ids = np.array([f"c{k + 1}" for k in range(len(texts))], dtype=object)
            index = pd.Index(string_array(ids), name="claim_id")
            found = pd.DataFrame({"claim": string_array(texts)}, index=index)
        claim_id = np.full(len(table), np.nan, dtype=object)
        claim_stance = np.full(len(table), "unrelated", dtype=object)
        linked = number >= 0
        claim_id[position[linked]] = ids[number[linked]]
        claim_stance[position[linked]] = np.where(stance[linked] > 0, "supports", "denies")
        out["claim_id"], out["claim_stance"] = string_array(claim_id), string_array(claim_stance)
        return out, found[["claim"]]

    def _words(self) -> WordVectors:
        return load_words() if self.words is None else self.words

    def _stance(self) -> Any:
        """The classifier to ask, if any."""
        if isinstance(self.stance, str):
            return load_stance(self.stance)
        if self.stance is not None and not callable(getattr(self.stance, "predict_proba", None)):
            raise TypeError(
                "stance must be None, 'fast', 'accurate' or a fitted StanceClassifier; got "
                f"{shown(self.stance)}."
            )
        return self.stance

    def _discover(
        self, table: pd.DataFrame, position: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, list[str]]:
        """The group of each row (-1: none), its side (1, -1), and the text of each group."""
        number = np.full(len(table), -1)
        side = np.zeros(len(table), dtype=int)
        speaks = np.flatnonzero(_speaks(table))
        if not len(speaks):
            return number, side, []
        spoken = table.iloc[speaks]
        rows = read_rows(spoken, self._words())
        groups = merge_identical(self._group(rows, spoken), spoken["content"])
        # claims are numbered as the caller's rows bring them up
        first = np.full(groups.max() + 1, len(table))
        np.minimum.at(first, groups, position[speaks])
        groups = np.argsort(np.argsort(first))[groups]
        chosen = represent(rows, groups)
        number[speaks] = groups
        side[speaks] = point(rows, groups, chosen)
        return number, side, word(spoken, rows, chosen)

    def _group(self, rows: Rows, table: pd.DataFrame) -> np.ndarray:
        left, right = pairs_within(rows.document)
        within = self.models_["within"]
        likely = np.zeros(len(left))
        # whole documents at a time, which bounds the memory
        bounds = np.searchsorted(left, np.flatnonzero(np.diff(rows.document, prepend=-1)))
        for part in _batches(bounds, len(left)):
            likely[part] = within.probability(pair_matrix(rows, left[part], right[part])[0])
        groups = group(len(rows), left, right, likely, self.cuts_["within"])
        if rows.document[-1] == 0 or "across" not in self.models_:
            return groups
        full = np.flatnonzero(rows.own_words > 1)
        order = learning.canonical_order(table)[full]
        left, right = (full[side] for side in candidate_pairs(rows.statements, full, order))
        apart = rows.document[left] != rows.document[right]
        left, right = left[apart], right[apart]
        likely = np.zeros(len(left))
        for part in _batches(np.arange(0, len(left), _PAIRS), len(left)):
            matrix, _ = across_matrix(rows, left[part], right[part])
            likely[part] = self.models_["across"].probability(matrix)
        a, b, likely = merge_pairs(groups, left, right, likely)
        return group(groups.max() + 1, a, b, likely, self.cuts_["across"])[groups]

    def _join(self, table: pd.DataFrame, claims: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """The given claim of each row (-1: none), and its side."""
        n = len(table)
        number, side = np.full(n, -1), np.zeros(n, dtype=int)
        if not n or not claims:
            return number, side
        words = self._words()
        rows = read_rows(table, words)
        texts = learning.row_texts(table)
        row, claim = claim_pairs(rows, texts[0], claims, words)
        matrix, _ = claim_features(rows, ~_speaks(table), texts, claims, row, claim, words)
        best = learning.best_of(row, self.models_["which"].log_odds(matrix))
        matrix, row, claim = matrix[best], row[best], claim[best]
        stance = self._stance()
        if stance is not None:
            judged = judged_features(stance, table, claims, row, claim)
            matrix = np.column_stack([matrix, judged])
        bears = self.models_["whether"].probability(matrix) >= self.cuts_["whether"]
        bears[bears] = _answers_somebody(rows, row[bears], claim[bears])
        number[row[bears]] = claim[bears]
        against = self.models_["denies"].probability(matrix[bears]) > 0.5
        side[row[bears]] = np.where(against, -1, 1)
        return number, side

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False  # not of numbers
        tags.input_tags.string = True
        return tags

    def to_parts(self) -> dict[str, bytes]:
        """The files of the model, name to content."""
        check_is_fitted(self)
        if not isinstance(self.stance, str | None):
            raise TypeError(
                "a linker with a stance classifier of its own cannot be saved in one folder: save "
                "the classifier by itself, and give it to the linker again after loading: "
                "linker.set_params(stance=None) before, set_params(stance=...) after."
            )
        stored = {
            "parameters": {"C": self.C, "C_given": self.C_given, "stance": self.stance},
            "cuts": self.cuts_,
            "models": {name: model.to_json() for name, model in self.models_.items()},
        }
        return {"linker.json": (json.dumps(stored, indent=1) + "\n").encode()}

    @classmethod
    def from_parts(cls, parts: Mapping[str, bytes]) -> Self:
        """Build the linker from the files that `to_parts` gave."""
        stored = json.loads(parts["linker.json"])
        linker = cls(**stored["parameters"])
        linker.models_ = {k: Linear.from_json(v) for k, v in stored["models"].items()}
        linker.cuts_ = {k: float(v) for k, v in stored["cuts"].items()}
        return linker


def _answers_somebody(rows: Rows, row: np.ndarray, claim: np.ndarray) -> np.ndarray:
    """Whether each join of a row to a claim can stand; a row is there at most once.

    A statement without content of its own ("denied it") bears on a claim only where the next
    statement before or after it that has some bears on that claim: by itself it would answer any.
    """
    n = len(rows)
    index = np.arange(n)
    empty = (rows.own_words <= 1) | ((rows.own_words == 2) & rows.points_back)
    joined = np.full(n, -1)
    joined[row] = claim
    before = np.maximum.accumulate(np.where(empty, -1, index))
    after = np.minimum.accumulate(np.where(empty, n, index)[::-1])[::-1]
    stands = ~empty[row]
    for other in (before[row], after[row]):
        there = (other >= 0) & (other < n)
        other = np.where(there, other, 0)
        same = there & (rows.document[other] == rows.document[row])
        stands |= same & (joined[other] == claim)
    return stands


def _batches(bounds: np.ndarray, n: int) -> Iterator[slice]:
    """Slices of 0 to n that begin at one of the bounds and are not much longer than `_PAIRS`."""
    start = 0
    for end in [*bounds[1:].tolist(), n]:
        if end - start >= _PAIRS or (end == n and end > start):
            yield slice(start, end)
            start = end


def _speaks(table: pd.DataFrame) -> np.ndarray:
    """Which rows put something forward or reject it."""
    if "stance" not in table:
        return np.ones(len(table), dtype=bool)
    return np.array([stance != "neither" for stance in table["stance"].astype(object)], dtype=bool)


def _in_order(attributions: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray]:
    """The table sorted by document and place, and where each of its rows stood."""
    n = len(attributions)
    start = np.zeros(n, dtype=np.int64)
    spans = {name: span_lists(attributions, name) for name in SPAN_COLUMNS}
    for k, cells in enumerate(zip(*spans.values(), strict=True)):
        start[k] = min((s for cell in cells for s, _ in cell), default=0)
    keys = [np.arange(n), start, pd.factorize(attributions["doc_id"], sort=True)[0]]
    if "attribution_id" in attributions:
        keys.insert(1, pd.factorize(attributions["attribution_id"], sort=True)[0])
    position = np.lexsort(keys)
    table = attributions.assign(
        **{name: object_array(lists) for name, lists in spans.items() if name in attributions}
    )
    return table.iloc[position].reset_index(drop=True), position


def _claims_frame(claims: Any) -> pd.DataFrame:
    """Claims as a DataFrame, index claim_id, column claim."""
    if isinstance(claims, pd.DataFrame):
        if "claim" not in claims:
            raise ValueError(
                f"claims lacks the column claim; it has {', '.join(map(str, claims.columns))}."
            )
        if "claim_id" in claims:
            claims = claims.set_index("claim_id")
        frame = claims.copy()
    else:
        if isinstance(claims, str):
            claims = [claims]
        if isinstance(claims, Mapping):
            claims = mapping_series(claims)
        if not isinstance(claims, pd.Series):
            if not isinstance(claims, Iterable):
                raise TypeError(
                    "claims must be a str, a sequence, mapping or Series of str, or a DataFrame "
                    f"with the column claim; got {type(claims).__name__}."
                )
            texts = list(claims)
            claims = pd.Series(texts, index=[f"c{k + 1}" for k in range(len(texts))], dtype=object)
        frame = claims.rename("claim").to_frame()
    for claim in frame["claim"]:
        if not isinstance(claim, str):
            raise TypeError(f"claims must be texts; got {claim!r}.")
    frame.index = pd.Index(string_array([str(k) for k in frame.index]), name="claim_id")
    if not frame.index.is_unique:
        twice = frame.index[frame.index.duplicated()][0]
        raise ValueError(f"the claim_id {twice!r} stands for more than one claim.")
    return frame
