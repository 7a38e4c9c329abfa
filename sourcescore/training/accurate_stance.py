"""Train the shipped TransformerStanceClassifier and measure it on topics that it has not seen.

To the three corpora of the fast classifier comes one written for the project: claims with texts of
which many contradict them without a word of denial (`datasets.load_claim_pairs`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sourcescore.datasets import load_claim_pairs, read_jsonl
from sourcescore.metrics import label_figures
from sourcescore.models import load_model, save_model
from sourcescore.stance import StanceClassifier, TransformerStanceClassifier
from sourcescore.training.corpora import rounded
from sourcescore.training.stance import fnc_score, stance_corpora, topic_folds

__all__ = ["HeldOut", "held_out", "measure", "train"]

N_FOLDS = 3
_OWN = "claim_pairs"
#: Of the pairs of headline and article that have nothing to do with one another so many teach.
_N_UNRELATED = 2500
#: How much an attributed content counts: there are few.
_NEWS_WEIGHT = 3.0


class HeldOut:
    """Asks, for each claim, the classifier that has not seen its topic.

    What learns from the judgement of a classifier must see it on claims that are new to it.

    Parameters
    ----------
    models : sequence of StanceClassifier
    fold_of : mapping of str to int
        The number of the classifier for each claim that some have seen; the first for all others.

    Attributes
    ----------
    classes_ : array of shape (n_classes,)
    """

    def __init__(self, models: Sequence[StanceClassifier], fold_of: Mapping[str, int]) -> None:
        self.models = list(models)
        self.fold_of = dict(fold_of)
        self.classes_ = self.models[0].classes_
        self._known: dict[tuple[str, str], np.ndarray] = {}

    def predict_proba(self, claims: Sequence[str], texts: Sequence[str]) -> np.ndarray:
        """Probabilities of the stances, of shape (n_samples, n_classes)."""
        pairs = list(zip(claims, texts, strict=True))
        new = dict.fromkeys(pair for pair in pairs if pair not in self._known)
        for number, model in enumerate(self.models):
            asked = [pair for pair in new if self.fold_of.get(pair[0], 0) == number]
            if asked:
                proba = model.predict_proba(*map(list, zip(*asked, strict=True)))
                self._known.update(zip(asked, proba, strict=True))
        return np.array([self._known[pair] for pair in pairs]).reshape(-1, len(self.classes_))


def held_out(
    data: Path, folder: Path | None = None, *, random_state: int = 0, progress: bool = True
) -> HeldOut:
    """Train a classifier for each fold of topics, without the topics of that fold.

    Parameters
    ----------
    data : Path
        The folder of the corpora.
    folder : Path, optional
        Where to keep the classifiers; those that are there are taken.
    random_state : int, default=0
    progress : bool, default=True
    """
    table = _pairs(data)
    claim_fold, text_fold = _folds(table, random_state)
    models = []
    for fold in range(N_FOLDS):
        kept = None if folder is None else folder / str(fold)
        if kept is not None and kept.is_dir():
            models.append(load_model(kept))
            continue
        seen = (claim_fold != fold) & (text_fold != fold)
        models.append(_fit(table[seen], random_state, progress))
        if kept is not None:
            save_model(models[-1], kept)
    return HeldOut(models, dict(zip(table["claim"], claim_fold.tolist(), strict=True)))


def train(
    data: Path, *, random_state: int = 0, progress: bool = True
) -> tuple[TransformerStanceClassifier, dict[str, Any]]:
    """Fit the classifier on all corpora; the figures are cross-validated by topic.

    Parameters
    ----------
    data : Path
        The folder of the corpora.
    random_state : int, default=0
    progress : bool, default=True

    Returns
    -------
    TransformerStanceClassifier
    dict
        By corpus, as `sourcescore.training.stance.train` gives them. A pair of FNC-1 counts where
        both sides are of one fold, and unrelated pairs as much as they are among all.
    """
    model = _fit(_pairs(data), random_state, progress).set_params(verbose=False)
    return model, measure(held_out(data, random_state=random_state, progress=progress), data)


def measure(stance: HeldOut, data: Path, *, random_state: int = 0) -> dict[str, Any]:
    """Return the figures of classifiers on the topics that they have not seen, by corpus."""
    table = _pairs(data)
    claim_fold, text_fold = _folds(table, random_state)
    own = table[claim_fold == text_fold]
    proba = stance.predict_proba(own["claim"].tolist(), own["text"].tolist())
    own = own.assign(predicted=stance.classes_[proba.argmax(axis=1)])
    return {
        str(corpus): _figures(rows, table["stance"][table["corpus"] == corpus])
        for corpus, rows in own.groupby("corpus", sort=False)
    }


def _pairs(data: Path) -> pd.DataFrame:
    """All pairs with their stance and topics; an attribution in full."""
    table = stance_corpora(data)
    rows = read_jsonl(data / "news/articles-train.jsonl").attributions
    news = table["corpus"] == "news"
    table.loc[news, "text"] = (rows["source"] + " " + rows["cue"] + " " + rows["content"]).tolist()
    own = load_claim_pairs()
    topic = pd.factorize(own["claim"])[0]
    own = own.assign(corpus=_OWN, claim_topic=topic, text_topic=topic)
    return pd.concat([table, own[table.columns]], ignore_index=True)


def _folds(table: pd.DataFrame, random_state: int) -> tuple[np.ndarray, np.ndarray]:
    """The folds of the two topics of each pair; an own claim is a topic by itself."""
    own = (table["corpus"] == _OWN).to_numpy()
    folds = np.tile(table["claim_topic"].to_numpy() % N_FOLDS, (2, 1))
    folds[:, ~own] = topic_folds(table[~own], random_state, N_FOLDS)
    return folds[0], folds[1]


def _fit(table: pd.DataFrame, random_state: int, progress: bool) -> TransformerStanceClassifier:
    rng = np.random.default_rng(random_state)
    apart = (table["corpus"] == "fnc") & (table["stance"] == "unrelated")
    kept = rng.permutation(np.flatnonzero(apart))[:_N_UNRELATED]
    taught = table.iloc[np.sort(np.concatenate([np.flatnonzero(~apart), kept]))]
    weight = np.where(taught["corpus"] == "news", _NEWS_WEIGHT, 1.0)
    model = TransformerStanceClassifier(random_state=random_state, verbose=progress)
    stances = taught["stance"].to_numpy(object)
    return model.fit(taught["claim"], taught["text"], stances, sample_weight=weight)


def _figures(rows: pd.DataFrame, all_stances: pd.Series) -> dict[str, Any]:
    """Of predictions on pairs, unrelated ones counted by their share in the whole corpus."""
    stances = rows["stance"].to_numpy(object)
    predicted = rows["predicted"].to_numpy(object)
    apart = stances == "unrelated"
    share = (all_stances == "unrelated").mean()
    times = np.ones(len(rows), dtype=int)
    if 0 < apart.sum() < len(rows):
        times[apart] = round(share / (1 - share) * (~apart).sum() / apart.sum())
    stances, predicted = np.repeat(stances, times), np.repeat(predicted, times)
    figures = {"n": len(rows), **rounded(label_figures(stances, predicted))}
    if (rows["corpus"] == "fnc").all():
        figures["fnc_score"] = round(fnc_score(stances, predicted), 4)
    return figures
