"""Train the shipped AttributionExtractor and measure it.

Flat documents (PolNeAR) teach what an attribution looks like; nested ones (news, and the project's
own articles) teach where attributions stand inside others, and which of them count.
"""

from __future__ import annotations

import gzip
import json
import os
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from sklearn.model_selection import KFold
from tqdm import tqdm

from sourcescore._resources import shipped
from sourcescore.extract import AttributionExtractor
from sourcescore.metrics import score_attributions
from sourcescore.training.corpora import document_groups, read_corpus, rounded

__all__ = ["MEASURED", "count_word_tags", "read_training_data", "sizes", "train"]

_NEWS = ("news/articles-train.jsonl", "news/paragraphs-train.jsonl")
#: The documents on which the nested extractor is measured, by cross-validation.
MEASURED = "news/articles-train.jsonl"


def read_training_data(data: Path) -> tuple[pd.Series, pd.DataFrame, set[str]]:
    """All texts and attributions to train on, and the ids of the flat documents."""
    flat_texts, flat = read_corpus(data / "polnear/train.jsonl")
    nested = [read_corpus(data / name) for name in _NEWS]
    nested.append(read_corpus(shipped("datasets") / "articles.jsonl"))
    texts = pd.concat([part[0] for part in nested])
    attributions = pd.concat([part[1] for part in nested], ignore_index=True)
    # paragraphs out of PolNeAR are annotated anew with nesting; both views are kept
    overlap = set(flat_texts.index) & set(texts.index)
    flat_texts, flat = flat_texts.drop(list(overlap)), flat[~flat["doc_id"].isin(overlap)]
    return (
        pd.concat([flat_texts, texts]),
        pd.concat([flat, attributions], ignore_index=True),
        set(flat_texts.index),
    )


def train(
    data: Path, *, random_state: int = 0, progress: bool = True, n_folds: int = 5
) -> tuple[AttributionExtractor, dict[str, Any]]:
    """Train on all documents; measure on held-out ones.

    Parameters
    ----------
    data : Path
        The folder of the corpora.
    random_state : int, default=0
        Of the division into folds, and of the training.
    progress : bool, default=True
    n_folds : int, default=5
        Of the cross-validation; 1 for none.

    Returns
    -------
    AttributionExtractor
        Trained on everything but ``polnear/dev``.
    dict
        ``polnear_dev``: the flat extractor on ``polnear/dev``, which is never trained on.
        ``news``: the nested one on ``news/articles-train``, cross-validated by document.
    """
    texts, attributions, flat = read_training_data(data)
    news_texts, _ = read_corpus(data / MEASURED)

    def fit(held_out: set[str], verbose: bool = False) -> AttributionExtractor:
        keep = [d for d in texts.index if d not in held_out]
        rows = attributions[attributions["doc_id"].isin(set(keep))]
        extractor = AttributionExtractor(random_state=random_state, verbose=verbose)
        return extractor.fit(texts[keep], rows, flat=flat)

    extractor = fit(set(), verbose=progress).set_params(verbose=False)
    figures: dict[str, Any] = {"training": sizes(texts, attributions)}
    dev_texts, dev = read_corpus(data / "polnear/dev.jsonl")
    flat_view = AttributionExtractor.from_parts(extractor.to_parts()).set_params(nested=False)
    figures["polnear_dev"] = rounded(
        score_attributions(dev, flat_view.transform(dev_texts), dev_texts)
    )
    if n_folds > 1:
        group_of = pd.Series(document_groups(texts))

        def predict(test: np.ndarray) -> pd.DataFrame:
            held = news_texts.index[test]
            # paragraphs of the same article, and texts that share passages with it, stay out too
            kin = group_of.index[group_of.isin(group_of[held])]
            return fit(set(kin)).transform(news_texts[held])

        folds = KFold(n_folds, shuffle=True, random_state=random_state).split(news_texts)
        predicted = Parallel(n_jobs=min(2, os.cpu_count() or 1), return_as="generator")(
            delayed(predict)(test) for _, test in folds
        )
        bar = tqdm(predicted, total=n_folds, desc="cross-validation", disable=not progress)
        gold = attributions[attributions["doc_id"].isin(set(news_texts.index))]
        figures["news"] = rounded(
            score_attributions(gold, pd.concat(list(bar), ignore_index=True), news_texts)
        )
    return extractor, figures


def sizes(texts: pd.Series, attributions: pd.DataFrame) -> dict[str, int]:
    """How much there is to train on."""
    words = int(np.sum([len(text.split()) for text in texts]))
    return {"documents": len(texts), "attributions": len(attributions), "words": words}


def count_word_tags(data: Path, min_count: int = 3, min_share: float = 0.1) -> dict[str, str]:
    """The parts of speech that words take in machine-tagged news, the commonest first.

    ``lexicons/word_tags.tsv`` holds what this returns.
    """
    texts, _ = read_corpus(data / "polnear/train.jsonl")
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    with gzip.open(data / "polnear/tokens-train.jsonl.gz", "rt", encoding="utf8") as lines:
        for line in lines:
            document = json.loads(line)
            text = texts[document["doc"]]
            for sentence in document["sentences"]:
                for start, end, tag, _ in sentence:
                    counts[text[start:end].lower()][tag] += 1
    tags = {}
    for word, by_tag in sorted(counts.items()):
        total = by_tag.total()
        if total >= min_count and not any(c.isspace() for c in word):
            common = [t for t, n in by_tag.most_common(3) if n >= min_share * total]
            tags[word] = "|".join(common)
    return tags
