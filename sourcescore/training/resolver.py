"""Train the shipped resolver and measure it, cross-validated by document."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.model_selection import GroupKFold

from sourcescore.sources import SourceResolver
from sourcescore.sources.mentions import mention_class
from sourcescore.sources.names import name_key
from sourcescore.sources.source_names import clean_source, own_name
from sourcescore.training.corpora import read_corpora

__all__ = ["identity_f1", "name_accuracy", "train"]


def name_accuracy(gold: pd.Series, found: pd.Series) -> float:
    """Share of the names that agree but for case, punctuation and articles."""
    pairs = zip(gold.fillna(""), found.fillna(""), strict=True)
    return float(np.mean([name_key(a) == name_key(b) for a, b in pairs]))


def identity_f1(gold_names: pd.Series, found_ids: pd.Series, doc_ids: pd.Series) -> float:
    """F1 over the pairs of attributions of a document that have the same source.

    Two attributions have the same source in gold if their names agree as in `name_accuracy`.
    """
    both = gold_pairs = found_pairs = 0
    table = pd.DataFrame(
        {"doc": doc_ids, "gold": gold_names.fillna("").map(name_key), "id": found_ids}
    )
    for _, rows in table.groupby("doc"):
        for (a, i), (b, j) in combinations(zip(rows["gold"], rows["id"], strict=True), 2):
            both += a == b and i == j
            gold_pairs += a == b
            found_pairs += i == j
    return 2 * both / max(gold_pairs + found_pairs, 1)


def cross_resolve(
    attributions: pd.DataFrame,
    texts: pd.Series,
    resolver: SourceResolver,
    folds: int = 5,
    random_state: int = 0,
) -> pd.DataFrame:
    """Resolve every document by a resolver that was fitted on the other folds.

    Returns the attributions in their order, with ``source_id`` and ``source_name`` as found.
    """
    splitter = GroupKFold(folds, shuffle=True, random_state=random_state)
    parts = []
    for fit_rows, test_rows in splitter.split(attributions, groups=attributions["doc_id"]):
        resolver.fit(attributions.iloc[fit_rows], texts)
        parts.append(resolver.resolve(attributions.iloc[test_rows], texts))
    return pd.concat(parts).sort_index()


def train(
    data: Path, *, random_state: int = 0, progress: bool = True
) -> tuple[SourceResolver, dict[str, Any]]:
    """Fit on all typed corpora; the figures are from 5-fold cross-validation by document.

    Parameters
    ----------
    data : path of the folder with the corpora
    random_state : int, default=0
        Shuffles the folds.
    progress : bool, default=True
        Print the figures.

    Returns
    -------
    resolver : SourceResolver
    figures : dict
        Name accuracy and identity F1, over all and by corpus, with the own words of the source as
        baseline; name accuracy and number of rows by class of mention.
    """
    texts, attributions = read_corpora(data)
    found = cross_resolve(attributions, texts, SourceResolver(), random_state=random_state)
    own_words = attributions["source"].fillna("").map(clean_source)
    own_ids = own_words.map(name_key)
    figures: dict[str, Any] = {"attributions": len(attributions), "documents": len(texts)}
    corpora = attributions["corpus"]
    parts = {"all": corpora.index, "with source words": corpora.index[own_words != ""]}
    parts |= {name: corpora.index[corpora == name] for name in corpora.unique()}
    for part, rows in parts.items():
        gold, docs = attributions.loc[rows, "source_name"], attributions.loc[rows, "doc_id"]
        figures[part] = {
            "name accuracy": round(name_accuracy(gold, found.loc[rows, "source_name"]), 4),
            "identity F1": round(identity_f1(gold, found.loc[rows, "source_id"], docs), 4),
            "name accuracy, own words": round(name_accuracy(gold, own_words[rows]), 4),
            "identity F1, own words": round(identity_f1(gold, own_ids[rows], docs), 4),
        }
    classes = own_words.map(lambda source: mention_class(source, own_name(source)) or "own name")
    classes[own_words == ""] = "no source words"
    figures["name accuracy by mention"] = {
        kind: (
            round(name_accuracy(rows["source_name"], found.loc[rows.index, "source_name"]), 4),
            len(rows),
        )
        for kind, rows in attributions.groupby(classes)
    }
    if progress:
        print(json.dumps(figures, indent=1))
    return SourceResolver().fit(attributions, texts), figures
