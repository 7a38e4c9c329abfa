"""How the linker learns: regressions on pairs, and the cuts that turn probabilities into groups.

Comes in: attributions whose claims are known. Goes out: the fitted models and cuts. Each cut is
the one that is best on probabilities from models that have not seen the document, or the claim.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import f1_score
from sklearn.model_selection import GroupKFold

from sourcescore.compare import PAIR_FEATURES, pair_features
from sourcescore.metrics import b_cubed
from sourcescore.tables import string_array
from sourcescore.words import WordVectors

from .features import Rows, pair_matrix, pairs_within, read_rows
from .given import claim_features
from .grouping import candidate_pairs, group
from .judged import JUDGED, judged_features
from .linear import Linear

__all__ = ["across_matrix", "best_of", "canonical_order", "given_data", "learn", "row_texts"]

N_FOLDS = 5
#: A statement that stands alone in its document, as a headline does, counts so much for the side.
_HEADLINE_WEIGHT = 0.3
_CUTS = np.round(np.arange(0.1, 0.91, 0.05), 2)


def learn(
    table: pd.DataFrame,
    claims: pd.DataFrame | None,
    words: WordVectors,
    stance: Any,
    *,
    C: float,
    C_given: float,
) -> tuple[dict[str, Linear], dict[str, float]]:
    """Fit all models that the data can teach.

    Parameters
    ----------
    table : DataFrame
        Attributions in order, with ``claim_id`` and ``claim_stance``.
    claims : DataFrame, index claim_id, optional
        Without it, nothing is learned about given claims.
    words : WordVectors
    stance : StanceClassifier or None
        Whose judgement of statements and given claims counts as well.
    C, C_given : float

    Raises
    ------
    ValueError
        If no document has statements on two claims.
    """
    linked = table["claim_id"].notna() & table["claim_stance"].isin(("supports", "denies"))
    spread = table[linked].groupby("doc_id")["claim_id"].nunique()
    if not (spread > 1).any():
        raise ValueError(
            "no document has statements on two claims, so nothing can be learned about which "
            "statements belong together; annotate claim_id in at least some documents in full."
        )
    models, cuts = {}, {}
    models["within"], cuts["within"] = _learn_within(table[table["stance"] != "neither"], words, C)
    documents = table[linked].groupby("claim_id")["doc_id"].nunique()
    shared = linked & table["claim_id"].isin(documents.index[documents > 1])
    if shared.any():
        models["across"], cuts["across"] = _learn_across(table[shared], words, C)
    if claims is not None:
        given, whether = _learn_given(table, claims, words, stance, C_given)
        models, cuts = models | given, cuts | whether
    return models, cuts


def canonical_order(table: pd.DataFrame) -> np.ndarray:
    """A rank of each row by its words, the same whatever the order of the documents."""
    columns = [c for c in ("attribution_id", "doc_id", "content") if c in table]
    return np.argsort(
        np.lexsort([pd.factorize(pd.Series(string_array(table[c])), sort=True)[0] for c in columns])
    )


def across_matrix(rows: Rows, left: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """Features of pairs of statements of two documents: what their contents share."""
    matrix = pair_features(rows.statements, left, right)
    shared = matrix[:, PAIR_FEATURES.index("word_cosine")]
    conflict = matrix[:, PAIR_FEATURES.index("numbers_differ")]
    return (
        np.column_stack([matrix, shared**2, conflict * shared]),
        [*PAIR_FEATURES, "word_cosine_squared", "numbers_differ_alike"],
    )


def row_texts(table: pd.DataFrame) -> list[list[str]]:
    """The contents, sentences and sources of the rows; "" where there is none."""
    return [
        [v if isinstance(v, str) else "" for v in table[c]] if c in table else [""] * len(table)
        for c in ("content", "sentence", "source")
    ]


def best_of(row: np.ndarray, score: np.ndarray) -> np.ndarray:
    """The position of the best pair of each row."""
    order = np.lexsort((-score, row))
    return order[np.flatnonzero(np.diff(row[order], prepend=-1))]


def _cross_fit(
    features: np.ndarray, names: Sequence[str], outcome: np.ndarray, groups: np.ndarray, C: float
) -> np.ndarray:
    """Probability of each sample from a model that has not seen its group."""
    out = np.zeros(len(outcome))
    n_splits = min(N_FOLDS, len(np.unique(groups)))
    if n_splits < 2:
        return Linear.fit(features, names, outcome, C=C).probability(features)
    for train, test in GroupKFold(n_splits).split(features, outcome, groups):
        if len(np.unique(outcome[train])) == 2:
            out[test] = Linear.fit(features[train], names, outcome[train], C=C).probability(
                features[test]
            )
    return out


def _best_cut(
    n: int, left: np.ndarray, right: np.ndarray, likely: np.ndarray, labels: np.ndarray
) -> float:
    scores = [b_cubed(labels, group(n, left, right, likely, cut))[2] for cut in _CUTS]
    # of cuts that are about as good the strictest: two claims taken for one mislead more than one
    # claim told twice
    return float(_CUTS[np.array(scores) >= max(scores) - 0.01].max())


def _learn_within(table: pd.DataFrame, words: WordVectors, C: float) -> tuple[Linear, float]:
    """Pairs of a document of which at least one bears on a claim; the cut where all are known."""
    rows = read_rows(table, words)
    bears = table["claim_stance"].isin(("supports", "denies")).to_numpy()
    labels = table["claim_id"].where(bears).to_numpy(object)
    left, right = pairs_within(rows.document)
    known = bears[left] | bears[right]
    left, right = left[known], right[known]
    matrix, names = pair_matrix(rows, left, right)
    same = labels[left] == labels[right]
    model = Linear.fit(matrix, names, same, C=C)
    n_claims = pd.Series(labels).groupby(rows.document).nunique().to_numpy()
    several = bears & (n_claims[rows.document] > 1)
    likely = _cross_fit(matrix, names, same, rows.document[left], C)
    number = np.cumsum(several) - 1
    kept = several[left] & several[right]
    cut = _best_cut(
        int(several.sum()), number[left[kept]], number[right[kept]], likely[kept], labels[several]
    )
    return model, cut


def _learn_across(table: pd.DataFrame, words: WordVectors, C: float) -> tuple[Linear, float]:
    rows = read_rows(table, words)
    labels = pd.factorize(table["claim_id"], sort=True)[0]
    left, right = candidate_pairs(rows.statements, np.arange(len(rows)), canonical_order(table))
    apart = rows.document[left] != rows.document[right]
    left, right = left[apart], right[apart]
    matrix, names = across_matrix(rows, left, right)
    same = labels[left] == labels[right]
    # a pair of two claims is held out with both: folds of claims, pairs of folds
    fold = labels % N_FOLDS
    likely = np.zeros(len(left))
    for a in range(N_FOLDS):
        for b in range(a, N_FOLDS):
            held = np.isin(fold[left], (a, b)) | np.isin(fold[right], (a, b))
            test = (np.minimum(fold[left], fold[right]) == a) & (
                np.maximum(fold[left], fold[right]) == b
            )
            if test.any() and len(np.unique(same[~held])) == 2:
                model = Linear.fit(matrix[~held], names, same[~held], C=C)
                likely[test] = model.probability(matrix[test])
    cut = _best_cut(len(rows), left, right, likely, labels)
    return Linear.fit(matrix, names, same, C=C), cut


def _learn_given(
    table: pd.DataFrame, claims: pd.DataFrame, words: WordVectors, stance: Any, C: float
) -> tuple[dict[str, Linear], dict[str, float]]:
    data = given_data(table, claims, words)
    matrix, names, document = data["matrix"], data["names"], data["document"]
    related, many, full = data["related"], data["many"], data["full"]
    models = {}
    which = many & data["row_linked"]
    if which.any():
        models["which"] = Linear.fit(matrix[which], names, related[which], C=C)
    alone = full & ~many
    if len(np.unique(related[alone])) < 2:
        alone = full
    if not which.any():
        models["which"] = Linear.fit(matrix[alone], names, related[alone], C=C)
    if stance is not None:
        asked = alone | related
        judged = np.zeros((len(matrix), len(JUDGED)))
        judged[asked] = judged_features(
            stance,
            data["table"],
            claims["claim"].tolist(),
            data["row"][asked],
            data["claim"][asked],
        )
        matrix, names = np.column_stack([matrix, judged]), [*names, *JUDGED]
    models["whether"] = Linear.fit(matrix[alone], names, related[alone], C=C)
    denies = data["denies"]
    # headlines show how contents contradict claims, and nothing of what stands around them
    weight = np.where(full, 1.0, _HEADLINE_WEIGHT)[related]
    models["denies"] = Linear.fit(matrix[related], names, denies[related], C=3 * C, weight=weight)
    truth = np.where(related, np.where(denies, "denies", "supports"), "unrelated")[alone]
    bears = _cross_fit(matrix[alone], names, related[alone], document[alone], C)
    against = models["denies"].probability(matrix[alone]) > 0.5
    scores = [
        f1_score(
            truth,
            np.where(bears < cut, "unrelated", np.where(against, "denies", "supports")),
            average="macro",
        )
        for cut in _CUTS
    ]
    return models, {"whether": float(_CUTS[int(np.argmax(scores))])}


def given_data(table: pd.DataFrame, claims: pd.DataFrame, words: WordVectors) -> dict:
    """Each statement with each claim that was given with its document.

    Returns
    -------
    dict
        ``table``, ``matrix``, ``names``, ``row``, ``claim``, ``document``, and bool arrays:
        ``related`` (it bears on this claim), ``denies``, ``many`` (the document has several
        claims), ``full`` (the document has several statements), ``row_linked`` (the row bears on
        one of the claims).
    """
    given: dict[str, set[str]] = {}
    if "doc_id" in claims:
        for claim_id, doc in zip(claims.index, claims["doc_id"], strict=True):
            given.setdefault(doc, set()).add(claim_id)
    linked = table["claim_id"].notna()
    for doc, claim_id in zip(table["doc_id"][linked], table["claim_id"][linked], strict=True):
        given.setdefault(doc, set()).add(claim_id)
    table = table[table["doc_id"].isin(given)].reset_index(drop=True)
    rows = read_rows(table, words)
    number = {claim_id: k for k, claim_id in enumerate(claims.index)}
    asked = [sorted(number[c] for c in given[doc]) for doc in table["doc_id"]]
    size = np.array([len(a) for a in asked])
    row, claim = np.repeat(np.arange(len(table)), size), np.concatenate(asked).astype(int)
    neither = (table["stance"] == "neither").to_numpy(bool)
    matrix, names = claim_features(
        rows, neither, row_texts(table), claims["claim"].tolist(), row, claim, words
    )
    own = table["claim_id"].map(number).fillna(-1).to_numpy(int)
    stance = table["claim_stance"].to_numpy(object)
    bears = np.isin(stance, ("supports", "denies"))
    return {
        "table": table,
        "matrix": matrix,
        "names": names,
        "row": row,
        "claim": claim,
        "document": rows.document[row],
        "doc_id": table["doc_id"].to_numpy(object)[row],
        "related": (own[row] == claim) & bears[row],
        "denies": stance[row] == "denies",
        "many": size[row] > 1,
        "full": np.bincount(rows.document)[rows.document[row]] > 1,
        "row_linked": bears[row],
    }
