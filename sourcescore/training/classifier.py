"""Train the attribution classifier and measure it, by document.

All attributions with a kind and a stance teach it: those of the corpora, and the annotated
articles of the package. The figures are cross-validated on the corpora alone, with gold spans;
documents that share a passage, or are paragraphs of one article, stay in one fold. The resolver
of sources, whose work the classifier builds on, is fitted anew in each fold.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.model_selection import GroupKFold

from sourcescore._resources import shipped
from sourcescore.classify import AttributionClassifier
from sourcescore.metrics import label_figures
from sourcescore.sources import SourceResolver
from sourcescore.training.corpora import document_groups, read_corpora, read_corpus, rounded

__all__ = ["figures", "fit", "own_articles", "train"]

N_FOLDS = 5
#: The weight of the package's own articles, which have far more denials than news has; chosen out
#: of (0.1, 0.25, 0.5, 1).
_OWN_WEIGHT = 0.25
#: Denials are rare and their recall matters most; chosen out of (none, these, "balanced").
_STANCE_WEIGHT = {"asserts": 1.0, "neither": 1.2, "denies": 2.0}

Corpus = tuple[pd.Series, pd.DataFrame]


def train(
    data: Path, *, random_state: int = 0, progress: bool = True
) -> tuple[AttributionClassifier, dict[str, Any]]:
    """Fit the shipped classifier and measure it.

    Parameters
    ----------
    data : Path
        The folder of the corpora.
    random_state : int, default=0
        Seed of the folds; the fit itself has no randomness.
    progress : bool, default=True
        Print the figures of each fold.

    Returns
    -------
    classifier : AttributionClassifier
        Fitted on everything.
    figures : dict
        Cross-validated figures of types and stances, overall and by corpus, and those on the
        package's own articles of a classifier that has not seen them.
    """
    texts, attributions = read_corpora(data)
    own_texts, own = own_articles()
    predictions = []
    groups = attributions["doc_id"].map(document_groups(texts))
    folds = GroupKFold(N_FOLDS, shuffle=True, random_state=random_state)
    for fold, (fit_rows, test_rows) in enumerate(folds.split(attributions, groups=groups), 1):
        seen = pd.concat([attributions.iloc[fit_rows], own], ignore_index=True)
        classifier = fit(pd.concat([texts, own_texts]), seen, own_resolver=True)
        test = attributions.iloc[test_rows]
        predictions.append(classifier.label(_unlabelled(test), texts))
        if progress:
            right = np.mean(predictions[-1]["type"].to_numpy() == test["type"].to_numpy())
            print(f"fold {fold} of {N_FOLDS}: type accuracy {right:.3f}")
    predicted = pd.concat(predictions).loc[attributions.index]
    measured: dict[str, Any] = {"cross_validated": figures(attributions, predicted)}
    for corpus, rows in attributions.groupby("corpus").groups.items():
        measured[str(corpus)] = figures(attributions.loc[rows], predicted.loc[rows])
    if len(own):
        unseen = fit(texts, attributions, own_resolver=True).label(_unlabelled(own), own_texts)
        measured["articles_unseen"] = figures(own, unseen)
    everything = pd.concat([attributions, own], ignore_index=True)
    return fit(pd.concat([texts, own_texts]), everything), measured


def own_articles() -> Corpus:
    """The annotated articles of the package, or none where it has none."""
    path = shipped("datasets") / "articles.jsonl"
    if path.is_file():
        return read_corpus(path)
    return pd.Series(dtype=object), pd.DataFrame()


def fit(
    texts: pd.Series, attributions: pd.DataFrame, *, own_resolver: bool = False
) -> AttributionClassifier:
    """Fit a classifier with the settings of the shipped one.

    Parameters
    ----------
    texts : Series of str, index doc_id
    attributions : DataFrame
        Of `read_corpora`, and of `own_articles`, which have no ``corpus`` and count less.
    own_resolver : bool, default=False
        Fit a resolver on the same attributions, in place of the shipped one.
    """
    resolver = SourceResolver().fit(attributions, texts) if own_resolver else None
    classifier = AttributionClassifier(stance_weight=_STANCE_WEIGHT, resolver=resolver)
    own = attributions["corpus"].isna().to_numpy()
    return classifier.fit(
        _unlabelled(attributions),
        attributions["type"],
        attributions["stance"],
        texts,
        sample_weight=np.where(own, _OWN_WEIGHT, 1.0),
        domains=np.where(own, "own", ""),
    )


def _unlabelled(attributions: pd.DataFrame) -> pd.DataFrame:
    """Drop what a reader of the text alone would not know."""
    return attributions[
        ["doc_id", "source", "cue", "content", "source_spans", "cue_spans", "content_spans"]
    ]


def figures(gold: pd.DataFrame, predicted: pd.DataFrame) -> dict[str, Any]:
    """Accuracy, macro F1, F1 by label and expected calibration error, of type and stance.

    Parameters
    ----------
    gold, predicted : DataFrame
        Rows in the same order, with ``type`` and ``stance``; `predicted` as
        `AttributionClassifier.label` gives it.

    Returns
    -------
    dict
        ``n``, ``type`` and ``stance``; macro F1 is over the labels that `gold` has.
    """
    return {"n": len(gold)} | {
        name: rounded(label_figures(gold[name], predicted[name], predicted[f"{name}_proba"]))
        for name in ("type", "stance")
    }
