"""What a few labelled documents of a user's own bring.

Models that have seen no world news go on from 10, 25 and 50 annotated news articles and are
measured on the others: five folds of 64 articles, documents that share passages together. A scorer
that knows its priors only learns from 10, 25, 50 and 100 rumours whose truth is known.

    python benchmarks/retraining.py [--data ../shared/data] [--extractor FOLDER] [NAME ...]

NAME is classifier, stance, scorer or extractor; the extractor to start from takes twenty minutes
to train and is kept in FOLDER.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.model_selection import GroupKFold

import sourcescore as ss
from sourcescore.models import load_words
from sourcescore.stance import stance_features
from sourcescore.training.classifier import fit as fit_classifier
from sourcescore.training.classifier import own_articles
from sourcescore.training.corpora import document_groups, read_corpora
from sourcescore.training.extractor import read_training_data
from sourcescore.training.stance import stance_corpora
from sourcescore.training.tasks import TASKS, Task

NEWS = "news/articles-train.jsonl"
N_FOLDS = 5
SIZES = (10, 25, 50)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", choices=[*BENCHMARKS, []], metavar="NAME")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--extractor", type=Path, metavar="FOLDER")
    options = parser.parse_args()
    for name in options.names or BENCHMARKS:
        BENCHMARKS[name](options)


def classifier(options: argparse.Namespace) -> None:
    texts, attributions = read_corpora(options.data, ("polnear/typed-train.jsonl",))
    own_texts, own = own_articles()
    start = fit_classifier(
        pd.concat([texts, own_texts]),
        pd.concat([attributions, own], ignore_index=True),
        own_resolver=True,
    )
    show = {
        "type accuracy": lambda f: f["type"]["accuracy"],
        "macro F1": lambda f: f["type"]["macro_f1"],
        "ECE": lambda f: f["type"]["ece"],
        "stance accuracy": lambda f: f["stance"]["accuracy"],
        "stance macro F1": lambda f: f["stance"]["macro_f1"],
    }
    task = TASKS["classifier"]
    curve(task, task.read(options.data / NEWS), start, show, SIZES)


def stance(options: argparse.Namespace) -> None:
    table = stance_corpora(options.data)
    news = table["corpus"] == "news"
    topics = set(table["claim_topic"][news]) | set(table["text_topic"][news])
    other = table[~(table["claim_topic"].isin(topics) | table["text_topic"].isin(topics))]
    features = stance_features(other["claim"].tolist(), other["text"].tolist(), load_words())
    start = ss.StanceClassifier().fit_features(features, other["stance"].to_numpy(object))
    show = {"accuracy": lambda f: f["accuracy"], "macro F1": lambda f: f["macro_f1"]}
    task = TASKS["stance"]
    curve(task, task.read(options.data / NEWS), start, show, SIZES)


def extractor(options: argparse.Namespace) -> None:
    if options.extractor is not None and options.extractor.exists():
        start = ss.load_model(options.extractor)
    else:
        start = extractor_without_news(options.data)
        if options.extractor is not None:
            ss.save_model(start, options.extractor)
    show: dict[str, Callable[[Any], float]] = {
        "relation F1": lambda f: f["relation"]["f1"],
        "precision": lambda f: f["relation"]["precision"],
        "recall": lambda f: f["relation"]["recall"],
        "source exact": lambda f: f["source"]["exact"]["f1"],
        "cue exact": lambda f: f["cue"]["exact"]["f1"],
        "content exact": lambda f: f["content"]["exact"]["f1"],
    }
    task = TASKS["extractor"]
    curve(task, task.read(options.data / NEWS), start, show, SIZES)


def extractor_without_news(data: Path) -> ss.AttributionExtractor:
    """An extractor as the shipped one, from documents that share no passage with news."""
    texts, attributions, flat = read_training_data(data)
    groups = pd.Series(document_groups(texts))
    news = set(read_corpora(data, (NEWS, "news/paragraphs-train.jsonl"))[0].index)
    kept = groups.index[~groups.isin(set(groups[list(news)]))]
    rows = attributions[attributions["doc_id"].isin(set(kept))]
    return ss.AttributionExtractor(verbose=True).fit(texts[kept], rows, flat=flat)


def scorer(options: argparse.Namespace) -> None:
    folder = options.data / "emergent"
    headlines = pd.read_csv(folder / "headlines-train.csv", dtype={"claim_id": str})
    claims = pd.read_csv(folder / "claims-train.csv", dtype={"claim_id": str})
    truth = claims.set_index("claim_id")["truth"].map({"true": True, "false": False}).dropna()
    told = headlines[(headlines["stance"] != "observing") & headlines["claim_id"].isin(truth.index)]
    evidence = pd.DataFrame(
        {
            "claim_id": told["claim_id"],
            "source_id": told["outlet"],
            "type": "media_report",
            "stance": np.where(told["stance"] == "for", "supports", "denies"),
            "truth": told["claim_id"].map(truth),
        }
    )
    show = {"Brier": lambda f: f["brier"], "AUC": lambda f: f["auc"], "ECE": lambda f: f["ece"]}
    curve(TASKS["scorer"], evidence, ss.ClaimScorer(), show, (*SIZES, 100), n_folds=10)


def curve(
    task: Task,
    rows: Any,
    start: Any,
    show: dict[str, Callable[[Any], float]],
    sizes: tuple[int, ...],
    n_folds: int = N_FOLDS,
) -> None:
    """Print the figures of the model before, and after so many documents or claims."""
    print(f"\n{task.name}\n| learned from | {' | '.join(show)} | s |")
    print("| --- " * (len(show) + 2) + "|")

    def line(label: str, predicted: pd.DataFrame, seconds: float) -> None:
        figures = task.measure(rows, predicted)
        cells = [f"{value(figures):.3f}" for value in show.values()]
        print(f"| {label} | {' | '.join(cells)} | {seconds:.0f} |", flush=True)

    begun = time.perf_counter()
    line("none", task.predict(start, rows), time.perf_counter() - begun)
    groups = task.groups(rows)
    folds = GroupKFold(n_folds, shuffle=True, random_state=0)
    divided = list(folds.split(groups, groups=pd.factorize(groups)[0]))
    for size in sizes:
        begun = time.perf_counter()
        parts = []
        for k, (seen, held) in enumerate(divided):
            chosen = np.random.default_rng(k).permutation(groups.index[seen])[:size]
            model = task.fit(task.begin(start), task.take(rows, set(chosen)), 1.0)
            parts.append(task.predict(model, task.take(rows, set(groups.index[held]))))
        line(str(size), pd.concat(parts), (time.perf_counter() - begun) / n_folds)


BENCHMARKS: dict[str, Callable[[argparse.Namespace], None]] = {
    "classifier": classifier,
    "stance": stance,
    "scorer": scorer,
    "extractor": extractor,
}

if __name__ == "__main__":
    main()
