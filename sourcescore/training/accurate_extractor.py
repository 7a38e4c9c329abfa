"""Train the shipped TransformerExtractor and measure it.

First it learns from all documents but the articles on which it is measured (flat and nested, as the
fast one); then it goes on, gently, with the nested ones and a part of the flat. Only the second,
short step is done anew for each fold.
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.model_selection import KFold
from tqdm import tqdm

from sourcescore.extract import TransformerExtractor
from sourcescore.metrics import score_attributions
from sourcescore.training.corpora import document_groups, read_corpus, rounded
from sourcescore.training.extractor import MEASURED, read_training_data, sizes

__all__ = ["train"]

#: Of the second step: passes, the highest rates of transformer and heads, and flat documents.
GOING_ON = {"n_epochs": 2, "encoder_rate": 1e-4, "learning_rate": 7e-4}
_N_FLAT = 150


def train(
    data: Path, *, random_state: int = 0, progress: bool = True, n_folds: int = 5
) -> tuple[TransformerExtractor, dict[str, Any]]:
    """Train on all documents; measure on held-out ones.

    Parameters
    ----------
    data : Path
        The folder of the corpora.
    random_state : int, default=0
    progress : bool, default=True
    n_folds : int, default=5
        Of the cross-validation; 1 for none.

    Returns
    -------
    TransformerExtractor
    dict
        As `sourcescore.training.extractor.train` gives them.
    """
    texts, attributions, flat = read_training_data(data)
    news, _ = read_corpus(data / MEASURED)
    group_of = pd.Series(document_groups(texts))

    def kin(documents: pd.Index) -> set[str]:
        """Those that share passages with some documents, themselves included."""
        return set(group_of.index[group_of.isin(group_of[documents])])

    def fit(model: TransformerExtractor, keep: set[str]) -> TransformerExtractor:
        rows = attributions[attributions["doc_id"].isin(keep)]
        return model.fit(texts[[d for d in texts.index if d in keep]], rows, flat=flat & keep)

    first = TransformerExtractor(random_state=random_state, verbose=progress)
    fit(first, set(texts.index) - kin(news.index)).set_params(warm_start=True, **GOING_ON)
    order = np.random.default_rng(random_state).permutation(sorted(flat))
    again = (set(texts.index) - flat) | set(order[:_N_FLAT])

    extractor = fit(copy.deepcopy(first), again)
    usual = TransformerExtractor().get_params()
    extractor.set_params(**{name: usual[name] for name in ("warm_start", "verbose", *GOING_ON)})
    figures: dict[str, Any] = {"training": sizes(texts, attributions)}
    dev_texts, dev = read_corpus(data / "polnear/dev.jsonl")
    found = copy.deepcopy(extractor).set_params(nested=False).transform(dev_texts)
    figures["polnear_dev"] = rounded(score_attributions(dev, found, dev_texts))
    if n_folds > 1:
        folds = list(KFold(n_folds, shuffle=True, random_state=random_state).split(news))
        parts = []
        for _, test in tqdm(folds, desc="cross-validation", disable=not progress):
            held = news.index[test]
            parts.append(fit(copy.deepcopy(first), again - kin(held)).transform(news[held]))
        gold = attributions[attributions["doc_id"].isin(set(news.index))]
        found = pd.concat(parts, ignore_index=True)
        figures["news"] = rounded(score_attributions(gold, found, news))
    return extractor, figures
