"""Train and measure models from files: what the commands ``train`` and ``evaluate`` do.

A folder is taken for that of the corpora that the shipped models are made of; a file holds
annotated data of the user's own: JSON lines (`sourcescore.datasets.read_jsonl`) for what works on
attributions, CSV for the two models that do not:

- stance: the columns ``claim, text, stance``,
- scorer: those of the evidence table, and ``truth`` (true, false or empty) of the claim.
"""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import accuracy_score, brier_score_loss, f1_score, roc_auc_score
from sklearn.model_selection import GroupKFold

from sourcescore.datasets import Corpus, read_jsonl
from sourcescore.metrics import expected_calibration_error, score_attributions
from sourcescore.models import load_model, save_model
from sourcescore.tables import require_columns

__all__ = ["EVALUATED", "TRAINED", "evaluate", "train"]

TRAINED = ("extractor", "resolver", "classifier", "linker", "stance", "scorer", "words")
EVALUATED = ("extractor", "classifier", "stance", "scorer")

_CLASSES = {
    "extractor": "AttributionExtractor",
    "classifier": "AttributionClassifier",
    "stance": "StanceClassifier",
    "scorer": "ClaimScorer",
}
_N_FOLDS = 5


def train(
    name: str, data: Path, out: Path, *, start: str | None = None, progress: bool = True
) -> str:
    """Train a model, save it with its cross-validated figures, and return these as JSON.

    Parameters
    ----------
    name : one of `TRAINED`
    data : Path
        An annotated file, or the folder of the corpora.
    out : Path
        The folder of the model.
    start : str, optional
        For an extractor and an annotated file: the folder of the model to go on from, or
        ``"scratch"`` for none. A file seldom has the thousands of attributions that it takes to
        learn from nothing, so by default it is the shipped one.
    progress : bool, default=True

    Raises
    ------
    FileNotFoundError
        If there is nothing at `data`.
    ValueError
        If the data cannot be used.
    """
    if not data.exists():
        raise FileNotFoundError(2, "no such file or folder", str(data))
    if start is not None and (name != "extractor" or data.is_dir()):
        raise ValueError("--from is for an extractor that is trained on an annotated file.")
    if data.is_dir():
        if name == "scorer":
            raise ValueError("a scorer is trained on a CSV file of evidence with truth.")
        module = importlib.import_module(f"sourcescore.training.{name}")
        estimator, figures = module.train(data, progress=progress)
    else:
        rows = _read(name, data)
        figures = _cross_validate(name, rows, start)
        estimator = _fit(name, rows, start)
    save_model(estimator, out, figures=figures)
    return json.dumps({"model": str(out), **figures}, indent=1)


def evaluate(name: str, data: Path, model: str | None = None) -> str:
    """Measure a model on annotated data it was not trained on; return the figures as JSON.

    Parameters
    ----------
    name : one of `EVALUATED`
    data : Path
        An annotated file.
    model : str, optional
        The folder of the model; the shipped one by default.
    """
    rows = _read(name, data)
    if name == "scorer" and model is None:
        from sourcescore.confidence import ClaimScorer

        estimator: Any = ClaimScorer()
    else:
        estimator = load_model(name if model is None else model)
    kind = type(estimator).__name__
    if kind != _CLASSES[name]:
        raise ValueError(f"{model} holds a {kind}, not the {_CLASSES[name]} of {name!r}.")
    return json.dumps(_measure(name, estimator, rows), indent=1)


def _read(name: str, data: Path) -> Any:
    if name == "words":
        raise ValueError("word vectors are distilled from a folder of corpora, not from a file.")
    if name not in ("stance", "scorer"):
        return read_jsonl(data)
    table = pd.read_csv(data, dtype={"claim_id": str, "source_id": str})
    if name == "scorer":
        scorer_columns = ("claim_id", "source_id", "type", "stance", "truth")
        return require_columns(table, scorer_columns, str(data))
    columns = ("claim", "text", "stance")
    require_columns(table, columns, str(data))
    empty = table[[*columns]].isna().any(axis=1)
    if empty.any():
        raise ValueError(f"{data}: row {int(np.argmax(empty)) + 2} has an empty cell.")
    return table


def _fit(name: str, rows: Any, start: str | None = None) -> Any:
    if name == "extractor":
        return _extractor(start).fit(rows.texts, rows.attributions).set_params(warm_start=False)
    if name == "resolver":
        from sourcescore.sources import SourceResolver

        return SourceResolver().fit(rows.attributions, rows.texts)
    if name == "classifier":
        from sourcescore.classify import AttributionClassifier

        table = _typed(rows)
        stances = table["stance"] if table["stance"].notna().all() else None
        return AttributionClassifier().fit(table, table["type"], stances)
    if name == "linker":
        from sourcescore.link import ClaimLinker

        return ClaimLinker().fit(rows.attributions, rows.claims)
    if name == "stance":
        from sourcescore.stance import StanceClassifier

        return StanceClassifier().fit(rows["claim"], rows["text"], rows["stance"])
    from sourcescore.confidence import ClaimScorer

    return ClaimScorer().fit(rows, _truth(rows))


def _extractor(start: str | None) -> Any:
    """An extractor to train: one that goes on from another, gently, or one that knows nothing."""
    from sourcescore.extract import AttributionExtractor

    if start == "scratch":
        return AttributionExtractor()
    extractor = load_model("extractor" if start is None else start)
    if not isinstance(extractor, AttributionExtractor):
        raise ValueError(f"{start} holds a {type(extractor).__name__}, not an extractor.")
    return extractor.set_params(warm_start=True, n_epochs=6, learning_rate=0.0005)


def _measure(name: str, estimator: Any, rows: Any) -> dict[str, Any]:
    if name == "extractor":
        return score_attributions(rows.attributions, estimator.transform(rows.texts), rows.texts)
    if name == "classifier":
        table = _typed(rows)
        labelled = estimator.label(table, rows.texts)
        labels = {"type": _label_figures(table["type"], labelled["type"])}
        if table["stance"].notna().any():
            known = table["stance"].notna()
            labels["stance"] = _label_figures(table["stance"][known], labelled["stance"][known])
        return labels
    if name == "stance":
        return _label_figures(rows["stance"], estimator.predict(rows["claim"], rows["text"]))
    truth = _truth(rows)
    known = truth[truth.notna()].astype(bool)
    if known.empty:  # truth discovery: there is nothing to measure by
        return {"n": 0}
    confidence = estimator.predict(rows)["confidence"].reindex(known.index)
    figures: dict[str, Any] = {
        "n": len(known),
        "brier": round(float(brier_score_loss(known, confidence)), 4),
        "ece": round(float(expected_calibration_error(known, confidence)), 4),
    }
    if known.nunique() == 2:
        figures["auc"] = round(float(roc_auc_score(known, confidence)), 4)
    return figures


def _cross_validate(name: str, rows: Any, start: str | None) -> dict[str, Any]:
    """Figures of a model that is trained on folds of the data and measured on the rest."""
    if name not in EVALUATED:
        return {}
    groups = _groups(name, rows)
    n_folds = min(_N_FOLDS, len(set(groups)))
    if n_folds < 2:
        return {"cross_validation": "not possible with one document"}
    folds = []
    for train_rows, test_rows in GroupKFold(n_folds).split(groups, groups=groups):
        keys = set(np.asarray(groups, dtype=object)[test_rows])
        seen = _take(name, rows, set(np.asarray(groups, dtype=object)[train_rows]))
        model = _fit(name, seen, start)
        folds.append(_measure(name, model, _take(name, rows, keys)))
    return {"cross_validation": {"folds": folds, "mean": _mean(folds)}}


def _groups(name: str, rows: Any) -> list[Any]:
    if isinstance(rows, Corpus):
        return list(rows.texts.index)
    return list(rows["claim" if name == "stance" else "claim_id"])


def _take(name: str, rows: Any, keys: set[Any]) -> Any:
    if not isinstance(rows, Corpus):
        return rows[rows["claim" if name == "stance" else "claim_id"].isin(keys)]
    return Corpus(
        rows.texts[rows.texts.index.isin(keys)],
        rows.attributions[rows.attributions["doc_id"].isin(keys)].reset_index(drop=True),
        rows.claims[rows.claims["doc_id"].isin(keys)],
        rows.articles[rows.articles["doc_id"].isin(keys)],
    )


def _mean(figures: list[Any]) -> Any:
    first = figures[0]
    if isinstance(first, dict):
        return {
            key: _mean([f[key] for f in figures if key in f])
            for key in sorted(set().union(*figures))
        }
    return round(float(np.mean(figures)), 4)


def _typed(corpus: Corpus) -> pd.DataFrame:
    table = corpus.attributions[corpus.attributions["type"].notna()].reset_index(drop=True)
    if not len(table):
        raise ValueError('no attribution has a "type" (or a "kind" and a "stance") to learn from.')
    return table


def _label_figures(gold: Any, predicted: Any) -> dict[str, float]:
    return {
        "n": len(gold),
        "accuracy": round(float(accuracy_score(gold, predicted)), 4),
        "macro_f1": round(float(f1_score(gold, predicted, average="macro", zero_division=0)), 4),
    }


def _truth(rows: pd.DataFrame) -> pd.Series:
    """The truth of each claim: True, False or missing."""
    names = {"true": True, "1": True, "1.0": True, "false": False, "0": False, "0.0": False}
    values = rows["truth"].map(lambda v: None if pd.isna(v) else names.get(str(v).lower(), v))
    wrong = values.notna() & ~values.isin([True, False])
    if wrong.any():
        raise ValueError(f"truth must be true, false or empty; got {values[wrong].iloc[0]!r}.")
    truth = pd.Series(values.to_numpy(object), index=rows["claim_id"].to_numpy(object))
    known = truth[truth.notna()].groupby(level=0).agg(["first", "nunique"])
    torn = known.index[known["nunique"] > 1]
    if len(torn):
        raise ValueError(f"truth of the claim {torn[0]!r} is true in one row and false in another.")
    return known["first"].reindex(truth.index.unique())
