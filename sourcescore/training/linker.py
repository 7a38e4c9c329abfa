"""Train the claim linker and measure it, by document and by claim.

Three corpora teach it: the annotated articles of the package (several claims a document: the
grouping), the rumour articles of ``news/`` (one claim a document, and statements that do not bear
on it), and the headlines of Emergent (one claim, many outlets: joining documents).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import f1_score
from sklearn.model_selection import KFold

from sourcescore.compare import analyse
from sourcescore.datasets import load_articles, read_jsonl
from sourcescore.link import ClaimLinker
from sourcescore.link.wording import own_words
from sourcescore.metrics import b_cubed
from sourcescore.models import load_words
from sourcescore.tables import attributions_frame
from sourcescore.text import parse, sentence_around

__all__ = ["claim_corpora", "train"]

N_FOLDS = 8


def claim_corpora(data: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """All attributions with known claims, and the claims.

    Returns
    -------
    attributions : DataFrame
        With ``claim_id``, ``claim_stance`` and ``corpus`` (``articles``, ``news``, ``emergent``).
    claims : DataFrame, index claim_id
        With ``claim`` and ``doc_id``, the document that it was given with.
    """
    parts = []
    tables = []
    for corpus, documents in (
        ("articles", load_articles()),
        ("news", read_jsonl(data / "news/articles-train.jsonl")),
    ):
        rows = documents.attributions.assign(corpus=corpus)
        related = rows["claim_stance"].isin(("supports", "denies"))
        if corpus == "news":  # one claim a document
            rows["claim_id"] = rows["doc_id"] + "/c1"
        rows["claim_id"] = rows["claim_id"].where(related)
        rows["sentence"] = _sentences(rows, documents.texts)
        parts.append(rows)
        tables.append(documents.claims)
    parts.append(_headline_rows(data))
    emergent = pd.read_csv(data / "emergent/claims-train.csv").set_index("claim_id")
    tables.append(emergent[["claim"]])
    return pd.concat(parts, ignore_index=True), pd.concat(tables)


def _sentences(rows: pd.DataFrame, texts: pd.Series) -> list[str]:
    parsed = {doc: parse(text) for doc, text in texts.items()}
    return [
        sentence_around(parsed[doc], content or cue)
        for doc, content, cue in zip(
            rows["doc_id"], rows["content_spans"], rows["cue_spans"], strict=True
        )
    ]


def _headline_rows(data: Path) -> pd.DataFrame:
    """Each headline as a document with one statement."""
    headlines = pd.read_csv(data / "emergent/headlines-train.csv")
    headlines = headlines.drop_duplicates(["claim_id", "headline"]).sort_values(
        ["claim_id", "article_id"]
    )
    n = len(headlines)
    against = (headlines["stance"] == "against").to_numpy()
    columns = {
        "doc_id": [f"h{k}" for k in range(n)],
        "attribution_id": ["1"] * n,
        "content": headlines["headline"].tolist(),
        "sentence": headlines["headline"].tolist(),
        "source": headlines["outlet"].fillna("").tolist(),
        # whose headline it is asserts it; whether that contradicts the claim is to be found out
        "stance": ["asserts"] * n,
        "claim_id": headlines["claim_id"].tolist(),
        "claim_stance": np.where(against, "denies", "supports").tolist(),
    }
    return attributions_frame(columns, n).assign(corpus="emergent")


def train(
    data: Path, *, random_state: int = 0, progress: bool = True, stance: Any = None
) -> tuple[ClaimLinker, dict[str, Any]]:
    """Fit the linker on all three corpora; the figures are cross-validated.

    Parameters
    ----------
    data : Path
        The folder of the corpora.
    random_state : int, default=0
        Seed of the folds.
    progress : bool, default=True
    stance : StanceClassifier, optional
        Whose judgement counts as well; one that has not seen the claims.

    Returns
    -------
    ClaimLinker
    dict
        ``discovery``: B-cubed over the gold statements of the articles, stance towards the claim,
        and contentless statements joined to the right claim; ``headlines``: B-cubed of the pooled
        headlines of unseen claims; ``given``: macro F1 of supports, denies, unrelated on ``news``
        and the share of statements of the articles that join the right claim.
    """
    attributions, claims = claim_corpora(data)
    held: dict[str, list[pd.DataFrame]] = {"articles": [], "news": []}
    unit = attributions["doc_id"]
    units = {c: np.sort(unit[attributions["corpus"] == c].unique()) for c in held}
    folds = {
        c: list(KFold(N_FOLDS, shuffle=True, random_state=random_state).split(u))
        for c, u in units.items()
    }
    for k in range(N_FOLDS):
        out = set().union(*(units[c][folds[c][k][1]] for c in held))
        test = unit.isin(out)
        linker = ClaimLinker(stance=stance).fit(attributions[~test], claims)
        for corpus, parts in held.items():
            part = attributions[test & (attributions["corpus"] == corpus)]
            parts.append(_predict(linker, part, claims))
        if progress:
            print(f"fold {k + 1} of {N_FOLDS}", flush=True)
    figures = _figures({corpus: pd.concat(parts) for corpus, parts in held.items()})
    figures["headlines"] = _headlines(attributions, claims, random_state)
    return ClaimLinker(stance=stance).fit(attributions, claims), figures


def _headlines(
    attributions: pd.DataFrame, claims: pd.DataFrame, random_state: int
) -> dict[str, Any]:
    """The headlines of half of the claims, pooled and grouped by a linker that saw the others."""
    headline = attributions["corpus"] == "emergent"
    ids = attributions["claim_id"][headline].unique()
    half = np.random.default_rng(random_state).permutation(np.sort(ids))[: len(ids) // 2]
    first = attributions["claim_id"].isin(half)
    parts = []
    for test in (headline & first, headline & ~first):
        linker = ClaimLinker().fit(attributions[~test], claims)
        part = attributions[test]
        found = linker.link(part.drop(columns=["claim_id", "claim_stance"]))[0]["claim_id"]
        parts.append(b_cubed(part["claim_id"], found))
    mean = np.mean(parts, axis=0)
    return {
        "claims": len(ids),
        "headlines": int(headline.sum()),
        **{f"b_cubed_{k}": _round(v) for k, v in zip(("p", "r", "f1"), mean, strict=True)},
    }


def _predict(linker: ClaimLinker, part: pd.DataFrame, claims: pd.DataFrame) -> pd.DataFrame:
    """The part with what the linker found (``found``, ``side``), and with claims given."""
    blank = part.drop(columns=["claim_id", "claim_stance"])
    out = part.copy()
    pieces = []
    for doc, rows in blank.groupby("doc_id", sort=False):
        discovered = linker.link(rows)[0]
        given = linker.link(rows, claims.loc[claims["doc_id"] == doc, "claim"])[0]
        discovered["found"] = f"{doc}:" + discovered["claim_id"]
        discovered["side"] = discovered["claim_stance"]
        discovered["given"] = given["claim_id"]
        discovered["given_side"] = given["claim_stance"]
        pieces.append(discovered[["found", "side", "given", "given_side"]])
    return out.join(pd.concat(pieces))


def _figures(held: dict[str, pd.DataFrame]) -> dict[str, Any]:
    articles, news = held["articles"], held["news"]
    gold = articles[articles["claim_id"].notna() & (articles["stance"] != "neither")]
    empty = gold[own_words(analyse(gold["content"], load_words())) <= 1]
    others = gold.merge(empty, on="found", suffixes=("", "_empty"))
    others = others[others["attribution_id"] != others["attribution_id_empty"]]
    joined = (others["claim_id"] == others["claim_id_empty"]).groupby(
        [others["found"], others["attribution_id_empty"]]
    )
    right = np.isclose(joined.mean(), 1) | (joined.mean() > 0.5)
    sided = gold["side"] != "unrelated"
    return {
        "discovery": {
            "documents": int(gold["doc_id"].nunique()),
            "statements": len(gold),
            **_b_cubed(gold),
            "stance_accuracy": _round((gold["side"] == gold["claim_stance"])[sided].mean()),
            "contentless": len(empty),
            "contentless_joined_right": _round(right.sum() / len(empty)),
        },
        "given": {
            "statements": len(news),
            "macro_f1": _round(f1_score(news["claim_stance"], news["given_side"], average="macro")),
            "f1": {
                label: _round(score)
                for label, score in zip(
                    ("supports", "denies", "unrelated"),
                    f1_score(
                        news["claim_stance"],
                        news["given_side"],
                        average=None,
                        labels=["supports", "denies", "unrelated"],
                    ),
                    strict=True,
                )
            },
            "right_claim_of_several": _round((gold["given"] == gold["claim_id"]).mean()),
        },
    }


def _b_cubed(table: pd.DataFrame) -> dict[str, float]:
    values = b_cubed(table["claim_id"], table["found"])
    return {f"b_cubed_{k}": _round(v) for k, v in zip(("p", "r", "f1"), values, strict=True)}


def _round(value: float) -> float:
    return round(float(value), 4)
