"""What training and measuring mean for each kind of model, on data of the user's own.

A task reads annotated data, divides it into parts that have nothing to do with one another
(documents, claims), fits a model on some and measures it on others. How to cross-validate, what to
write down and where is the same for all of them and stands in `sourcescore.training.commands`.
"""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

from sourcescore.checks import label_array
from sourcescore.classify import AttributionClassifier
from sourcescore.confidence import ClaimScorer
from sourcescore.datasets import Corpus, load_articles, read
from sourcescore.extract import AttributionExtractor, TransformerExtractor
from sourcescore.link import ClaimLinker
from sourcescore.messages import shown
from sourcescore.metrics import expected_calibration_error, label_figures, score_attributions
from sourcescore.models import load_model
from sourcescore.sources import SourceResolver
from sourcescore.stance import StanceClassifier, TransformerStanceClassifier
from sourcescore.tables import SPAN_COLUMNS, check_evidence, object_array, require_columns
from sourcescore.training.card import SCRATCH
from sourcescore.training.corpora import document_groups

__all__ = ["TASKS", "Task", "task_of"]

SHIPPED = "shipped"


class Task(ABC):
    """One kind of model, and how to train it on annotated data.

    Attributes
    ----------
    name : str
        Of the kind of model.
    models : str
        The shipped set that it belongs to.
    estimator : type
        Its class.
    gentle : dict
        Parameters of a model that goes on from another, where a new one takes its defaults.
    goes_on : bool
        Whether it starts from the shipped model, if nothing else is asked for.
    measured : bool
        Whether it has figures of its own.
    """

    name: ClassVar[str]
    models: ClassVar[str] = "fast"
    estimator: ClassVar[type]
    gentle: ClassVar[dict[str, Any]] = {}
    goes_on: ClassVar[bool] = True
    measured: ClassVar[bool] = True

    @abstractmethod
    def read(self, data: Any) -> Any:
        """Return the data as `fit` takes it; `data` is a path or a table.

        Raises
        ------
        TypeError, ValueError
            If it is not what this kind of model is trained on.
        """

    @abstractmethod
    def size(self, rows: Any) -> str:
        """Say in words how much data there is."""

    @abstractmethod
    def groups(self, rows: Any) -> pd.Series:
        """Return the group of each unit (document, claim) that can be held out, index the unit."""

    @abstractmethod
    def take(self, rows: Any, units: set[Any]) -> Any:
        """Return the part of the data that belongs to some units."""

    @abstractmethod
    def fit(self, model: Any, rows: Any, weight: float) -> Any:
        """Fit a model, which may have learned before, and return it."""

    @abstractmethod
    def predict(self, model: Any, rows: Any) -> pd.DataFrame:
        """Return what the model makes of the data; parts of it can be put one below the other."""

    @abstractmethod
    def measure(self, rows: Any, predicted: pd.DataFrame) -> dict[str, Any]:
        """Return the figures of predictions on the data."""

    def origin(self, start: Any, rows: Any) -> str | dict[str, str]:
        """Say what the model goes on from: "shipped", a path, "given" or, from nothing, "scratch".

        Where a model has several kinds of labels, say it for each of them.
        """
        return str(start) if isinstance(start, str | Path) else "given"

    def before(self, start: Any, rows: Any) -> dict[str, Any]:
        """Return the figures, on the data, of the model that is gone on from.

        What is learned anew has none: of labels that it does not know, a model is always wrong.
        """
        if self.origin(start, rows) == SCRATCH:
            return {}
        return self.measure(rows, self.predict(self.load(start), rows))

    def begin(self, start: Any, rows: Any) -> Any:
        """Return the model to fit: one that goes on from `start`, or one that knows nothing.

        Parameters
        ----------
        start : "shipped", "scratch", the path of a model, or a fitted estimator
        rows : Corpus or DataFrame
            All of the data. Their labels decide what is learned anew, so that it is the same in
            each fold.
        """
        if _named(start, SCRATCH):
            return self.estimator()
        model = self.load(start)
        return model.set_params(warm_start=True, **self.gentle) if self.goes_on else model

    def starting_point(self, start: Any) -> Any:
        """Return what to go on from: what is given, or else the default of the kind of model."""
        return (SHIPPED if self.goes_on else SCRATCH) if start is None else start

    def load(self, source: Any) -> Any:
        """Return a fitted model of this kind: the shipped one, one from a path, or a copy.

        Raises
        ------
        ValueError
            If it is a model of another kind.
        """
        by_name = isinstance(source, str | Path)
        model = source
        if by_name:
            name = self.name if _named(source, SHIPPED) else source
            model = load_model(name, models=self.models)
        if not isinstance(model, self.estimator):
            where = f"{source} holds" if by_name else "the model given is"
            raise ValueError(
                f"{where} {shown(model)}; to train or evaluate {self.name!r} takes the class "
                f"{self.estimator.__name__}: a fitted one, or the folder of one."
            )
        return model if by_name else copy.deepcopy(model)


class _OnDocuments(Task):
    """A model that learns from annotated documents."""

    def read(self, data: Any) -> Corpus:
        if isinstance(data, Corpus):
            return data
        if isinstance(data, str | Path):
            return read(data)
        raise TypeError(
            f"data must be a Corpus (see sourcescore.datasets) or the path of an annotated file; "
            f"got {type(data).__name__}."
        )

    def size(self, rows: Corpus) -> str:
        return f"{len(rows.texts)} documents with {len(rows.attributions)} attributions"

    def groups(self, rows: Corpus) -> pd.Series:
        return pd.Series(document_groups(rows.texts), dtype=object)

    def take(self, rows: Corpus, units: set[Any]) -> Corpus:
        return rows.select(units)

    def predict(self, model: Any, rows: Any) -> pd.DataFrame:
        raise NotImplementedError

    def measure(self, rows: Any, predicted: pd.DataFrame) -> dict[str, Any]:
        raise NotImplementedError


class ExtractorTask(_OnDocuments):
    """Learn to find attributions."""

    name = "extractor"
    estimator = AttributionExtractor
    gentle: ClassVar = {"n_epochs": 6, "learning_rate": 0.0005}

    def read(self, data: Any) -> Corpus:
        corpus = super().read(data)
        rows = corpus.attributions
        if not ((rows["cue"].str.len() > 0) & (rows["content"].str.len() > 0)).any():
            raise ValueError(
                "there is nothing to learn: no attribution has both a cue and a content."
            )
        return corpus

    def fit(self, model: AttributionExtractor, rows: Corpus, weight: float) -> AttributionExtractor:
        texts, attributions = rows.texts, rows.attributions
        if model.warm_start:
            # what it knew is kept up with as many of the shipped articles
            old = load_articles()
            n_old = min(len(old.texts), round(len(texts) / weight))
            order = np.random.default_rng(0).permutation(len(old.texts))[:n_old]
            old = old.select(set(old.texts.index[order]) - set(texts.index))
            texts = pd.concat([texts, old.texts])
            attributions = pd.concat([attributions, old.attributions], ignore_index=True)
        return model.fit(texts, attributions)

    def predict(self, model: AttributionExtractor, rows: Corpus) -> pd.DataFrame:
        return model.transform(rows.texts)

    def measure(self, rows: Corpus, predicted: pd.DataFrame) -> dict[str, Any]:
        figures = score_attributions(rows.attributions, predicted, rows.texts)
        return {"n": len(rows.attributions), **figures}


class AccurateExtractorTask(ExtractorTask):
    """The same with a transformer."""

    models = "accurate"
    estimator = TransformerExtractor
    gentle: ClassVar = {"n_epochs": 2, "learning_rate": 0.0007, "encoder_rate": 0.0001}


class ClassifierTask(_OnDocuments):
    """Learn to tell types, and stances where all attributions have one."""

    name = "classifier"
    estimator = AttributionClassifier

    def read(self, data: Any) -> Corpus:
        corpus = super().read(data)
        typed = corpus.attributions[corpus.attributions["type"].notna()].reset_index(drop=True)
        if not len(typed):
            raise ValueError(
                'no attribution has a "type" (or a "kind" and a "stance") to learn from.'
            )
        return Corpus(corpus.texts, typed, corpus.claims, corpus.articles)

    def groups(self, rows: Corpus) -> pd.Series:
        groups = super().groups(rows)
        return groups[groups.index.isin(set(rows.attributions["doc_id"]))]

    def begin(self, start: Any, rows: Corpus) -> AttributionClassifier:
        model: AttributionClassifier = super().begin(start, rows)
        goes_on = model.goes_on(*_types_and_stances(rows))
        if model.warm_start and not goes_on["type"]:
            model.classes_ = model.classes_[:0]  # no type of any fold is known
        if model.warm_start and not goes_on["stance"]:
            model.stance_classes_ = model.stance_classes_[:0]
        return model

    def origin(self, start: Any, rows: Corpus) -> dict[str, str]:
        name = super().origin(start, rows)
        model = AttributionClassifier() if _named(start, SCRATCH) else self.load(start)
        goes_on = model.goes_on(*_types_and_stances(rows))
        return {label: str(name) if known else SCRATCH for label, known in goes_on.items()}

    def before(self, start: Any, rows: Corpus) -> dict[str, Any]:
        origin = self.origin(start, rows)
        if set(origin.values()) == {SCRATCH}:
            return {}
        figures = super().before(start, rows)
        known = {label: figures[label] for label in figures if origin.get(label, "") != SCRATCH}
        return known if len(known) > 1 else {}  # more than how many rows there are

    def fit(
        self, model: AttributionClassifier, rows: Corpus, weight: float
    ) -> AttributionClassifier:
        table = rows.attributions
        return model.fit(
            _unlabelled(table),
            *_types_and_stances(rows),
            rows.texts,
            sample_weight=np.full(len(table), weight),
        )

    def predict(self, model: AttributionClassifier, rows: Corpus) -> pd.DataFrame:
        return model.label(_unlabelled(rows.attributions), rows.texts)

    def measure(self, rows: Corpus, predicted: pd.DataFrame) -> dict[str, Any]:
        gold = rows.attributions
        predicted = _aligned(predicted, gold)
        figures: dict[str, Any] = {"n": len(gold)}
        for name in ("type", "stance"):
            known = gold[name].notna().to_numpy()
            if known.any():
                figures[name] = label_figures(
                    gold[name][known], predicted[name][known], predicted[f"{name}_proba"][known]
                )
        return figures


class ResolverTask(_OnDocuments):
    """Learn who is meant by "he" and by "the ministry"."""

    name = "resolver"
    estimator = SourceResolver
    goes_on = False
    measured = False

    def fit(self, model: SourceResolver, rows: Corpus, weight: float) -> SourceResolver:
        return model.fit(rows.attributions, rows.texts)


class LinkerTask(_OnDocuments):
    """Learn which attributions bear on one claim."""

    name = "linker"
    estimator = ClaimLinker
    goes_on = False
    measured = False

    def fit(self, model: ClaimLinker, rows: Corpus, weight: float) -> ClaimLinker:
        return model.fit(rows.attributions, rows.claims)


class StanceTask(Task):
    """Learn whether a text supports a claim or denies it."""

    name = "stance"
    estimator: ClassVar[type] = StanceClassifier
    _columns = ("claim", "text", "stance")

    def read(self, data: Any) -> pd.DataFrame:
        if isinstance(data, Corpus):
            return claim_pairs(data)
        name = "data"
        if isinstance(data, str | Path):
            name, path = str(data), Path(data)
            if path.suffix.lower() not in _TABLES:
                return claim_pairs(_OnDocuments.read(ExtractorTask(), path))
            # "NA", "None" and "nan" are words of a text
            data = _read_table(path, keep_default_na=False, na_values=[""])
        table = require_columns(data, self._columns, name)
        empty = table[[*self._columns]].isna().any(axis=1)
        if empty.any():
            raise ValueError(f"{name}: row {int(np.argmax(empty)) + 2} has an empty cell.")
        table = table.reset_index(drop=True)
        for column in ("claim", "text"):
            for row, value in enumerate(table[column]):
                if not isinstance(value, str):
                    raise TypeError(
                        f"{name}: the column {column} must hold texts; got {shown(value)} in row "
                        f"{row + 2}."
                    )
        label_array(table["stance"], len(table), "stance", "pairs")
        return table

    def size(self, rows: pd.DataFrame) -> str:
        return f"{len(rows)} pairs of a claim and a text on {rows['claim'].nunique()} claims"

    def groups(self, rows: pd.DataFrame) -> pd.Series:
        claims = rows["claim"].unique()
        return pd.Series(claims, index=claims, dtype=object)

    def take(self, rows: pd.DataFrame, units: set[Any]) -> pd.DataFrame:
        return rows[rows["claim"].isin(units)]

    def fit(self, model: StanceClassifier, rows: pd.DataFrame, weight: float) -> StanceClassifier:
        return model.fit(
            rows["claim"],
            rows["text"],
            rows["stance"].to_numpy(object),
            sample_weight=np.full(len(rows), weight),
        )

    def begin(self, start: Any, rows: pd.DataFrame) -> StanceClassifier:
        model: StanceClassifier = super().begin(start, rows)
        return model.set_params(warm_start=self.origin(start, rows) != SCRATCH)

    def origin(self, start: Any, rows: pd.DataFrame) -> str:
        known = not _named(start, SCRATCH)
        if known:  # stances that the model does not know start anew
            classes = getattr(self.load(start), "classes_", ())
            known = set(rows["stance"]) <= set(classes)
        return str(super().origin(start, rows)) if known else SCRATCH

    def predict(self, model: StanceClassifier, rows: pd.DataFrame) -> pd.DataFrame:
        probabilities = model.predict_proba(rows["claim"], rows["text"])
        return pd.DataFrame(probabilities, index=rows.index, columns=model.classes_)

    def measure(self, rows: pd.DataFrame, predicted: pd.DataFrame) -> dict[str, Any]:
        predicted = predicted.loc[rows.index].fillna(0.0)
        best = predicted.idxmax(axis=1)
        return {"n": len(rows), **label_figures(rows["stance"], best, predicted.to_dict("records"))}


class ScorerTask(Task):
    """Learn how far sources are to be believed, from claims whose truth is known."""

    name = "scorer"
    estimator = ClaimScorer
    goes_on = False

    def read(self, data: Any) -> pd.DataFrame:
        name = "data"
        if isinstance(data, str | Path):
            name, data = str(data), _read_table(Path(data))
        elif isinstance(data, Corpus):
            raise TypeError(
                "a scorer is trained on a table of evidence with the column truth, not on a "
                "Corpus; report.evidence is such a table once truth is added."
            )
        require_columns(data, ("claim_id", "source_id", "type", "stance", "truth"), name)
        return check_evidence(data)

    def size(self, rows: pd.DataFrame) -> str:
        return f"{len(rows)} statements on {rows['claim_id'].nunique()} claims"

    def groups(self, rows: pd.DataFrame) -> pd.Series:
        # claims that exclude one another belong together
        together = rows["question_id"] if "question_id" in rows.columns else rows["claim_id"]
        groups = together.groupby(rows["claim_id"], sort=False).first().astype(object)
        own = pd.Series(groups.index, index=groups.index, dtype=object)
        return groups.where(groups.notna(), own)

    def take(self, rows: pd.DataFrame, units: set[Any]) -> pd.DataFrame:
        return rows[rows["claim_id"].isin(units)]

    def begin(self, start: Any, rows: pd.DataFrame) -> ClaimScorer:
        # there is no shipped scorer: the priors are what it starts from
        return ClaimScorer() if _named(start, SCRATCH, SHIPPED) else self.load(start)

    def load(self, source: Any) -> ClaimScorer:
        return ClaimScorer() if _named(source, SHIPPED) else super().load(source)

    def fit(self, model: ClaimScorer, rows: pd.DataFrame, weight: float) -> ClaimScorer:
        if weight != 1:
            raise ValueError(
                "outcomes count alike for a scorer; leave weight at 1. How much the priors count "
                "beside them is their strength (see Priors)."
            )
        truth = known_outcomes(rows)
        return (
            model.partial_fit(rows, truth)
            if hasattr(model, "track_record_")
            else model.fit(rows, truth)
        )

    def predict(self, model: ClaimScorer, rows: pd.DataFrame) -> pd.DataFrame:
        return model.predict(rows)[["confidence"]]

    def measure(self, rows: pd.DataFrame, predicted: pd.DataFrame) -> dict[str, Any]:
        truth = known_outcomes(rows)
        known = truth[truth.notna()].astype(bool)
        figures: dict[str, Any] = {"n": len(known)}
        if known.empty:  # truth discovery: there is nothing to measure by
            return figures
        confidence = predicted["confidence"].reindex(known.index)
        figures["brier"] = float(brier_score_loss(known, confidence))
        figures["log_loss"] = float(log_loss(known, confidence, labels=[False, True]))
        figures["ece"] = float(expected_calibration_error(known, confidence))
        if known.nunique() == 2:
            figures["auc"] = float(roc_auc_score(known, confidence))
        return figures


class AccurateStanceTask(StanceTask):
    """The same with a transformer."""

    models = "accurate"
    estimator = TransformerStanceClassifier
    gentle: ClassVar = {"learning_rate": 0.0001, "head_rate": 0.0005}


class AccurateLinkerTask(LinkerTask):
    """The same, asking the accurate stance classifier."""

    models = "accurate"

    def begin(self, start: Any, rows: Corpus) -> ClaimLinker:
        return ClaimLinker(stance="accurate")


TASKS: dict[str, Task] = {
    task.name: task
    for task in (
        ExtractorTask(),
        ResolverTask(),
        ClassifierTask(),
        LinkerTask(),
        StanceTask(),
        ScorerTask(),
    )
}

_ACCURATE: dict[str, Task] = {
    task.name: task
    for task in (AccurateExtractorTask(), AccurateStanceTask(), AccurateLinkerTask())
}


def task_of(name: str, models: str = "fast") -> Task:
    """Return the task of this name for the fast models or the accurate ones.

    Raises
    ------
    ValueError
        If there is no such set of models, or it has none of this kind.
    """
    sets = {"fast": TASKS, "accurate": _ACCURATE}
    if not isinstance(models, str) or models not in sets:
        raise ValueError(f"models must be 'fast' or 'accurate'; got {shown(models)}.")
    if name not in sets[models]:
        raise ValueError(
            f"there is no accurate {name}, only {', '.join(_ACCURATE)}; leave models at 'fast'."
        )
    return sets[models][name]


def _named(start: Any, *names: str) -> bool:
    """Whether a starting point is one of these names, and not a path or a model."""
    return isinstance(start, str) and start in names


_TABLES = {".csv": ",", ".tsv": "\t"}


def claim_pairs(corpus: Corpus) -> pd.DataFrame:
    """Return the attributed contents of documents with the claims of these, and their stance.

    Returns
    -------
    DataFrame
        ``claim, text, stance``; the text is the cue with the content. An attribution that bears on
        one claim of its document is unrelated to the others.

    Raises
    ------
    ValueError
        If no attribution has both a claim and a claim_stance.
    """
    rows = corpus.attributions.reset_index(drop=True)
    rows = rows[rows["claim_stance"].notna()]
    claims = corpus.claims.rename_axis("asked").reset_index()[["asked", "doc_id", "claim"]]
    pairs = rows.merge(claims, on="doc_id")
    alone = pairs["doc_id"].map(claims["doc_id"].value_counts()) == 1
    own = (pairs["claim_id"] == pairs["asked"]) | (pairs["claim_id"].isna() & alone)
    pairs = pairs[own | pairs["claim_id"].notna()]
    if not len(pairs):
        raise ValueError("no attribution has a claim and a claim_stance to learn stances from.")
    text = (pairs["cue"].fillna("") + " " + pairs["content"].fillna("")).str.strip()
    stance = pairs["claim_stance"].where(own, "unrelated")
    return pd.DataFrame({"claim": pairs["claim"], "text": text, "stance": stance}).reset_index(
        drop=True
    )


def known_outcomes(rows: pd.DataFrame) -> pd.Series:
    """Return the truth of each claim, index claim_id: True, False or missing.

    Raises
    ------
    ValueError
        If a truth is none of these, or a claim has two.
    """
    values = object_array([_outcome(value) for value in rows["truth"]])
    truth = pd.Series(values, dtype=object, index=rows["claim_id"].to_numpy(object))
    known = truth[truth.notna()].groupby(level=0).agg(["first", "nunique"])
    torn = known.index[known["nunique"] > 1]
    if len(torn):
        raise ValueError(f"truth of the claim {torn[0]!r} is true in one row and false in another.")
    return known["first"].reindex(truth.index.unique())


def _outcome(value: Any) -> bool | None:
    if np.ndim(value) == 0 and (pd.isna(value) or value == ""):
        return None
    known = {"true": True, "1": True, "1.0": True, "false": False, "0": False, "0.0": False}
    if str(value).lower() not in known:
        raise ValueError(f"truth must be true, false or empty; got {shown(value)}.")
    return known[str(value).lower()]


def _read_table(path: Path, **settings: Any) -> pd.DataFrame:
    if path.is_dir():
        raise ValueError(f"{path} is a folder; give a CSV file.")
    return pd.read_csv(
        path,
        sep=_TABLES.get(path.suffix.lower(), ","),
        dtype=dict.fromkeys(("claim_id", "source_id", "question_id", "claim", "text"), str),
        **settings,
    )


def _types_and_stances(rows: Corpus) -> tuple[pd.Series, pd.Series | None]:
    """Return the labels to learn: the types, and the stances where all attributions have one."""
    types, stances = rows.attributions["type"], rows.attributions["stance"]
    return types, stances if stances.notna().all() else None


def _unlabelled(attributions: pd.DataFrame) -> pd.DataFrame:
    """Drop what a reader of the text alone would not know."""
    columns = ["doc_id", "attribution_id", "source", "cue", "content", "sentence", *SPAN_COLUMNS]
    return attributions[columns]


def _aligned(predicted: pd.DataFrame, gold: pd.DataFrame) -> pd.DataFrame:
    """Return the predictions in the order of the gold rows."""
    keys = ["doc_id", "attribution_id"]
    # corpora that were put together may have an id twice, in the same order in both tables
    index, wanted = (
        pd.MultiIndex.from_frame(table[keys].assign(n=table.groupby(keys).cumcount()))
        for table in (predicted, gold)
    )
    return predicted.iloc[index.get_indexer(wanted)].reset_index(drop=True)
