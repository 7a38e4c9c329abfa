"""Train the stance classifier and measure it on claims and texts that it has not seen.

Three corpora teach it: the pairs of headline and article of the Fake News Challenge, the headlines
of Emergent with the claim they speak on, and the attributed contents of ``news/`` with the claim
of their article. They overlap in topic, so they are held out together: everything that a chain of
related pairs connects is one topic, and no topic stands on both sides.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from sourcescore.datasets import read_jsonl
from sourcescore.metrics import label_figures
from sourcescore.models import load_words
from sourcescore.stance import StanceClassifier, stance_features
from sourcescore.training.corpora import rounded

__all__ = ["fnc_score", "stance_corpora", "topic_folds", "train"]

N_FOLDS = 5
#: What each corpus calls the stances.
_NAMES = {
    "agree": "supports",
    "disagree": "denies",
    "discuss": "discusses",
    "for": "supports",
    "against": "denies",
    "observing": "discusses",
}


def stance_corpora(data: Path) -> pd.DataFrame:
    """All pairs of a claim and a text with their stance.

    Returns
    -------
    DataFrame
        ``corpus`` (``fnc``, ``emergent``, ``news``), ``claim``, ``text``, ``stance``, and the
        numbers of the topics of the two, ``claim_topic`` and ``text_topic``.
    """
    pairs = pd.read_csv(data / "fnc/train_stances.csv")
    bodies = pd.read_csv(data / "fnc/train_bodies.csv").set_index("Body ID")["articleBody"]
    fnc = pd.DataFrame(
        {
            "corpus": "fnc",
            "claim": pairs["Headline"],
            "text": pairs["Body ID"].map(bodies),
            "stance": pairs["Stance"].replace(_NAMES),
            "claim_key": "h:" + pairs["Headline"],
            "text_key": "b:" + pairs["Body ID"].astype(str),
        }
    )
    claims = pd.read_csv(data / "emergent/claims-train.csv").set_index("claim_id")["claim"]
    headlines = pd.read_csv(data / "emergent/headlines-train.csv")
    emergent = pd.DataFrame(
        {
            "corpus": "emergent",
            "claim": headlines["claim_id"].map(claims),
            "text": headlines["headline"],
            "stance": headlines["stance"].replace(_NAMES),
            "claim_key": "c:" + headlines["claim_id"].map(claims),
            "text_key": "h:" + headlines["headline"],
        }
    )
    documents = read_jsonl(data / "news/articles-train.jsonl")
    rows = documents.attributions
    claim = rows["doc_id"].map(documents.claims.set_index("doc_id")["claim"])
    news = pd.DataFrame(
        {
            "corpus": "news",
            "claim": claim,
            "text": rows["cue"] + " " + rows["content"],
            "stance": rows["claim_stance"],
            "claim_key": "c:" + claim,
            "text_key": "b:" + rows["doc_id"].str.removeprefix("fnc-"),
        }
    )
    table = pd.concat([fnc, emergent, news], ignore_index=True)
    keys = pd.Index(table["claim_key"]).append(pd.Index(table["text_key"])).unique()
    left, right = keys.get_indexer(table["claim_key"]), keys.get_indexer(table["text_key"])
    # a content that does not bear on the claim still stands in an article on its topic
    tied = ((table["stance"] != "unrelated") | (table["corpus"] == "news")).to_numpy()
    graph = coo_array((np.ones(tied.sum()), (left[tied], right[tied])), shape=(len(keys),) * 2)
    topic = connected_components(graph, directed=False)[1]
    return table.assign(claim_topic=topic[left], text_topic=topic[right]).drop(
        columns=["claim_key", "text_key"]
    )


def fnc_score(stances: np.ndarray, predicted: np.ndarray) -> float:
    """The score of the Fake News Challenge, relative to its maximum.

    0.25 for telling related from unrelated, 0.75 more for the stance of a related pair.
    """
    related = stances != "unrelated"
    points = 0.25 * (related == (predicted != "unrelated"))
    points += 0.75 * (related & (stances == predicted))
    return float(points.sum() / np.where(related, 1.0, 0.25).sum())


def train(
    data: Path, *, random_state: int = 0, progress: bool = True
) -> tuple[StanceClassifier, dict[str, Any]]:
    """Fit the classifier on all three corpora; the figures are cross-validated by topic.

    Parameters
    ----------
    data : Path
        The folder of the corpora.
    random_state : int, default=0
    progress : bool, default=True

    Returns
    -------
    StanceClassifier
    dict
        By corpus: ``n``, ``accuracy``, ``macro_f1`` over the stances that it has, ``f1`` of each,
        and for ``fnc`` the score of the challenge.
    """
    table = stance_corpora(data)
    features = stance_features(table["claim"].tolist(), table["text"].tolist(), load_words())
    stances = table["stance"].to_numpy(object)
    claim_fold, text_fold = topic_folds(table, random_state)
    predicted = np.empty(len(table), dtype=object)
    for a in range(N_FOLDS):
        for b in range(a, N_FOLDS):
            # a claim of one fold with a text of another: the model has seen neither fold
            low, high = np.minimum(claim_fold, text_fold), np.maximum(claim_fold, text_fold)
            test = (low == a) & (high == b)
            if not test.any():
                continue
            seen = ~np.isin(claim_fold, (a, b)) & ~np.isin(text_fold, (a, b))
            model = StanceClassifier(random_state=random_state)
            model.fit_features(features[seen], stances[seen])
            predicted[test] = model.predict_features(features[test])
            if progress:
                print(f"folds {a + 1} and {b + 1} of {N_FOLDS}", flush=True)
    figures: dict[str, Any] = {}
    for corpus in ("fnc", "emergent", "news"):
        rows = (table["corpus"] == corpus).to_numpy()
        measured = rounded(label_figures(stances[rows], predicted[rows]))
        figures[corpus] = {"n": int(rows.sum()), **measured}
    rows = (table["corpus"] == "fnc").to_numpy()
    figures["fnc"]["fnc_score"] = round(fnc_score(stances[rows], predicted[rows]), 4)
    model = StanceClassifier(random_state=random_state).fit_features(features, stances)
    return model, figures


def topic_folds(
    table: pd.DataFrame, random_state: int, n_folds: int = N_FOLDS
) -> tuple[np.ndarray, np.ndarray]:
    """The folds of each pair's two topics; topics are dealt out by how many pairs they have."""
    own = table["claim_topic"] == table["text_topic"]
    n_topics = int(table[["claim_topic", "text_topic"]].max().max()) + 1
    size = np.bincount(table["claim_topic"][own], minlength=n_topics)
    shuffled = np.random.default_rng(random_state).permutation(len(size))
    fold = np.zeros(len(size), dtype=int)
    load = np.zeros(n_folds)
    for topic in shuffled[np.argsort(-size[shuffled], kind="stable")]:
        fold[topic] = load.argmin()
        load[fold[topic]] += size[topic] + 0.01
    return fold[table["claim_topic"]], fold[table["text_topic"]]
