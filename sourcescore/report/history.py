"""How the confidence in claims came about, document by document.

Comes in: evidence, claims, a scorer, and when the documents were published. Goes out: one table
with a row for each claim and document. What a scorer would have said after the first documents is
what it says of the evidence in them: these prefixes go to it as claims of their own, many at a
time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from sourcescore.tables import object_array, read_dates, string_array

if TYPE_CHECKING:
    from sourcescore.confidence import ClaimScorer

__all__ = ["HISTORY_COLUMNS", "claim_histories", "dated_documents", "subjects"]

_SCORES = ("confidence", "low", "high", "verdict", "n_supporting", "n_denying", "n_origins")
HISTORY_COLUMNS = (
    "claim_id",
    "doc_id",
    "outlet",
    "published",
    "stance",
    *_SCORES,
    "n_documents",
    "log_odds",
    "change",
)
#: What a scorer reads; other columns of the evidence need not be repeated.
_READ = (
    "source_id",
    "source_name",
    "type",
    "stance",
    "certainty",
    "via",
    "via_types",
    "type_proba",
    "published",
    "content",
    "answer",
)
#: About so many rows of evidence are scored together, to bound the memory.
_ROWS_AT_ONCE = 200_000


def subjects(evidence: pd.DataFrame) -> np.ndarray:
    """Return a code for each row: the same for a claim and the other answers to its question.

    Examples
    --------
    >>> evidence = pd.DataFrame({"claim_id": list("abca"), "question_id": ["q", "q", None, None]})
    >>> subjects(evidence).tolist()
    [0, 0, 1, 0]
    """
    claim, claims = pd.factorize(evidence["claim_id"])
    if "question_id" not in evidence.columns:
        return claim
    question, questions = pd.factorize(evidence["question_id"])
    of_claim = np.full(len(claims), -1)
    np.maximum.at(of_claim, claim, question)
    alone = of_claim < 0
    of_claim[alone] = len(questions) + np.arange(alone.sum())
    return of_claim[claim]


def claim_histories(
    evidence: pd.DataFrame,
    claims: pd.DataFrame,
    scorer: ClaimScorer,
    doc_ids: pd.Index,
    articles: pd.DataFrame | None = None,
    max_steps: int | None = None,
) -> pd.DataFrame:
    """Score each claim after each document that speaks on it.

    Parameters
    ----------
    evidence : DataFrame
        At least all that there is on these claims and on the other answers to their questions.
    claims : DataFrame
        The rows of the claim table that are wanted.
    scorer : ClaimScorer
    doc_ids : Index
        The documents, in the order given.
    articles : DataFrame, optional
        ``outlet`` and ``published``, index ``doc_id``.
    max_steps : int, optional

    Returns
    -------
    DataFrame
        See `sourcescore.Report.history`.
    """
    documents, document = dated_documents(evidence, doc_ids, articles)
    claim, names = pd.factorize(evidence["claim_id"])
    code = pd.Index(object_array(list(names)), dtype=object).get_indexer(claims.index)
    rows = pd.DataFrame(
        {
            "subject": subjects(evidence),
            "claim": claim,
            "document": document,
            "denies": (evidence["stance"] == "denies").to_numpy(),
        }
    )
    asked = rows["subject"].isin(rows["subject"][rows["claim"].isin(code)])
    rows = rows[asked].sort_values(["subject", "document"], kind="stable")
    evidence = evidence.iloc[rows.index]
    steps, rows["step"] = _steps(rows, max_steps)

    # of each claim one row before any document, and one for each step of its subject
    order = pd.DataFrame({"place": np.arange(len(code)), "claim": code})
    subject = rows.drop_duplicates("claim").set_index("claim")["subject"]
    after = order.assign(subject=order["claim"].map(subject)).merge(steps, on="subject")
    scores = _prefix_scores(scorer, evidence, rows, steps, after)
    after = pd.concat(
        [after, scores, documents.iloc[after["document"]].reset_index(drop=True)], axis=1
    )
    after["stance"] = _stances(rows, after)
    prior = scorer.predict(evidence.iloc[:0], claims.index).reset_index(drop=True)
    before = pd.concat([order, prior], axis=1).assign(n_documents=0, stance="")
    table = pd.concat([before, after], ignore_index=True).sort_values("place", kind="stable")

    place = table["place"].to_numpy()
    starts = np.diff(place, prepend=-1) > 0
    table["change"] = np.where(starts, 0.0, np.diff(table["log_odds"], prepend=0.0))
    table["claim_id"] = claims.index[place]
    ends = np.diff(place, append=len(code)) > 0
    for name in _SCORES:  # the last row is the claim's own, to the last digit of a drawn interval
        values = table[name].to_numpy(object if name == "verdict" else None, copy=True)
        values[ends] = claims[name].to_numpy()
        table[name] = string_array(values) if name == "verdict" else values
    for name in ("doc_id", "outlet", "stance"):
        table[name] = string_array(table[name])
    table["published"] = table["published"].astype("datetime64[us]")
    return table[[*HISTORY_COLUMNS]].reset_index(drop=True)


def dated_documents(
    evidence: pd.DataFrame, doc_ids: pd.Index, articles: pd.DataFrame | None
) -> tuple[pd.DataFrame, np.ndarray]:
    """Return the documents in order of time, and the place there of each row's document.

    A row without ``doc_id`` is a document by itself.
    """
    n_rows = len(evidence)
    given = evidence["doc_id"].tolist() if "doc_id" in evidence.columns else [None] * n_rows
    ids = object_array([None if pd.isna(doc_id) else str(doc_id) for doc_id in given])
    document, known = pd.factorize(ids)
    alone = document < 0
    document[alone] = len(known) + np.arange(alone.sum())
    known = pd.Index(object_array([*known, *([None] * int(alone.sum()))]), dtype=object)
    about = pd.DataFrame(
        {"outlet": None, "published": pd.NaT} if articles is None else articles,
        index=known,
        columns=["outlet", "published"],
    )
    published = read_dates(about["published"], "articles.published").reset_index(drop=True)
    if "published" in evidence.columns:
        said = read_dates(evidence["published"], "evidence.published").reset_index(drop=True)
        published = said.groupby(document).min().reindex(published.index).fillna(published)
    documents = pd.DataFrame(
        {"doc_id": known, "outlet": about["outlet"].to_numpy(object), "published": published}
    )
    position = doc_ids.get_indexer(known)
    position[position < 0] = len(doc_ids) + np.arange((position < 0).sum())
    order = documents.assign(position=position).sort_values(["published", "position"]).index
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    return documents.loc[order], rank[document]


def _steps(rows: pd.DataFrame, max_steps: int | None) -> tuple[pd.DataFrame, np.ndarray]:
    """Return the steps of each subject, and the step that each row belongs to.

    A step is a document, or several where there are more than `max_steps`. Its evidence is that of
    the `rows` from ``start`` to before ``end``.
    """
    subject, document = rows["subject"].to_numpy(), rows["document"].to_numpy()
    new = (np.diff(subject, prepend=-1) != 0) | (np.diff(document, prepend=-1) != 0)
    at = np.flatnonzero(new)
    steps = pd.DataFrame({"subject": subject[at], "document": document[at]})
    steps["start"] = np.searchsorted(subject, steps["subject"])
    steps["end"] = np.append(at[1:], len(rows)) if len(at) else at
    of_subject = steps.groupby("subject")["document"]
    n, total = of_subject.cumcount() + 1, of_subject.transform("size")
    steps["n_documents"] = n
    kept = np.arange(len(steps))
    if max_steps is not None:
        # evenly spread, the last one included
        most = np.minimum(total, max_steps)
        kept = np.flatnonzero(n * most // total > (n - 1) * most // total)
    steps = steps.iloc[kept].reset_index(drop=True)
    return steps.assign(step=steps.index), np.searchsorted(kept, np.cumsum(new) - 1)


def _prefix_scores(
    scorer: ClaimScorer,
    evidence: pd.DataFrame,
    rows: pd.DataFrame,
    steps: pd.DataFrame,
    wanted: pd.DataFrame,
) -> pd.DataFrame:
    """Score the claims and steps of `wanted`, each from the evidence up to that step."""
    table = evidence[[name for name in _READ if name in evidence.columns]]
    asks = None
    if "question_id" in evidence.columns:
        asks = evidence["question_id"].notna().to_numpy()
        if "answer" not in evidence.columns:
            table = table.assign(answer=_answers(evidence))
    claim = rows["claim"].to_numpy().astype(np.int64)
    n_claims = claim.max(initial=0) + 1
    start, length = steps["start"].to_numpy(), (steps["end"] - steps["start"]).to_numpy()
    block = (np.cumsum(length) - length) // _ROWS_AT_ONCE
    keys = (wanted["step"] * n_claims + wanted["claim"]).to_numpy().astype(np.int64)
    block_of_key = block[wanted["step"]]
    scores = [scorer.predict(evidence.iloc[:0], [])]
    for number in np.unique(block):
        here = np.flatnonzero(block == number)
        step = np.repeat(here, length[here])
        offset = np.cumsum(length[here]) - length[here]
        at = np.arange(len(step)) + np.repeat(start[here] - offset, length[here])
        prefixes = table.iloc[at].assign(claim_id=step * n_claims + claim[at])
        if asks is not None:
            prefixes["question_id"] = np.where(asks[at], step, np.nan)
        scores.append(scorer.predict(prefixes, np.unique(keys[block_of_key == number])))
    if len(scores) == 1:
        return scores[0].reset_index(drop=True)
    return pd.concat(scores[1:]).loc[keys].reset_index(drop=True)


def _answers(evidence: pd.DataFrame) -> np.ndarray:
    """What the claim ids answer to their questions, which the ids of the prefixes do not tell."""
    pairs = zip(evidence["claim_id"], evidence["question_id"], strict=True)
    return object_array(
        [
            None if pd.isna(q) or str(q) not in str(c) else str(c).replace(str(q), "", 1) or None
            for c, q in pairs
        ]
    )


def _stances(rows: pd.DataFrame, steps: pd.DataFrame) -> np.ndarray:
    """Tell on which side the documents of each claim and step are."""
    key = ["claim", "step"]
    sides = rows.groupby(key)["denies"].agg(["min", "max"]).astype(float)
    sides = sides.reindex(pd.MultiIndex.from_frame(steps[key]))
    low, high = sides["min"].to_numpy(), sides["max"].to_numpy()
    return np.select([low == 1, high == 0, high == 1], ["denies", "supports", "both"], "")
