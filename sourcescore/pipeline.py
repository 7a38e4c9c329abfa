"""The whole line wired: from texts to a report.

Comes in: a text or a table of articles. Goes out: a `Report`. Each step is an estimator of its own
and can be replaced.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from numbers import Integral
from os import PathLike
from typing import Any, Self

import numpy as np
import pandas as pd
from joblib import Parallel, delayed, effective_n_jobs
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.utils import Tags
from sklearn.utils.metadata_routing import UNUSED
from sklearn.utils.validation import check_is_fitted
from tqdm import tqdm

from sourcescore.checks import check_flag
from sourcescore.confidence import ClaimScorer
from sourcescore.evidence import attributions_to_evidence, relay_chains
from sourcescore.messages import shown
from sourcescore.models import load_model, shipped_models
from sourcescore.own_voice import own_sentences
from sourcescore.priors import Priors
from sourcescore.report import Report
from sourcescore.tables import (
    CLAIM_COLUMNS,
    as_articles,
    as_texts,
    object_array,
    require_columns,
    string_array,
)

__all__ = ["SourceScorer", "score", "score_corpus"]

#: Parts of the corpus per process: enough to even out long and short texts.
_PARTS_PER_JOB = 4
#: Parts of the corpus while a bar shows how many are done.
_PARTS_TO_SHOW = 100

#: The steps, each with its class and what a step of one's own must be able to do.
_STEPS = {
    "extractor": ("AttributionExtractor", "transform"),
    "resolver": ("SourceResolver", "resolve"),
    "classifier": ("AttributionClassifier", "label"),
    "linker": ("ClaimLinker", "link"),
}

PriorsLike = Priors | Mapping[str, Any] | str | PathLike[str] | None


class SourceScorer(BaseEstimator):
    """Find attributions, classify and link them, and score the claims.

    Parameters
    ----------
    models : {"fast", "accurate"}, default="fast"
        The shipped models for the steps that are not given. The accurate ones read with a small
        transformer, find more and are slower; they need the extra ``accurate``.
    extractor : AttributionExtractor, optional
        Or anything with ``transform(texts)`` that returns the attribution table.
    resolver : SourceResolver, optional
        Or anything with ``resolve(attributions, texts)``.
    classifier : AttributionClassifier, optional
        Or anything with ``label(attributions, texts)``.
    linker : ClaimLinker, optional
        Or anything with ``link(attributions, claims)``.
    scorer : ClaimScorer, optional
        A fitted one brings what it has learned; `priors` must then be None.
    priors : Priors, mapping or path of a TOML file, optional
        By default the shipped ones.
    statements_only : bool, default=False
        Leave attributions that neither assert nor deny (wishes, plans, attitudes, refusals to
        comment) out of the report. They are evidence for no claim in any case.
    n_jobs : int, optional
        Number of processes for many texts; see joblib.
    verbose : bool, default=False
        Show a progress bar, on standard error, while texts are read.

    See Also
    --------
    score, score_corpus : The same as functions.

    Notes
    -----
    The steps must come fitted, as `load_model` gives them. scikit-learn's `clone`, and so its grid
    search, copies parameters and not what was learned. A fitted step outlives it as a
    `sklearn.frozen.FrozenEstimator`::

        steps = [ss.load_model("extractor").set_params(threshold=t) for t in (0.3, 0.5)]
        GridSearchCV(
            ss.SourceScorer(), {"extractor": [*map(FrozenEstimator, steps)]}, scoring=my_figure
        ).fit(texts, y)

    where ``my_figure(scorer, texts, y)`` is a number, say how well ``scorer.extract(texts)`` or the
    claims of ``scorer.score(texts)`` agree with `y`.

    Examples
    --------
    >>> import sourcescore as ss
    >>> scorer = ss.SourceScorer()
    >>> texts = ss.datasets.load_articles().texts.head(2)
    >>> attributions = scorer.classify(scorer.extract(texts), texts)
    >>> attributions, claims = scorer.link(attributions)
    >>> report = scorer.score(texts)
    >>> len(report.claims) == len(claims)
    True
    """

    # what stands for X is no metadata to be routed
    __metadata_request__fit = {"texts": UNUSED}
    __metadata_request__score = {"texts": UNUSED}

    def __init__(
        self,
        *,
        models: str = "fast",
        extractor: Any = None,
        resolver: Any = None,
        classifier: Any = None,
        linker: Any = None,
        scorer: ClaimScorer | None = None,
        priors: PriorsLike = None,
        statements_only: bool = False,
        n_jobs: int | None = None,
        verbose: bool = False,
    ) -> None:
        self.models = models
        self.extractor = extractor
        self.resolver = resolver
        self.classifier = classifier
        self.linker = linker
        self.scorer = scorer
        self.priors = priors
        self.statements_only = statements_only
        self.n_jobs = n_jobs
        self.verbose = verbose

    def fit(self, texts: Any, y: Any = None) -> Self:
        """Check the parameters, and do nothing else: the steps come fitted, or else shipped.

        It makes a pipeline or a grid search take this estimator.

        Raises
        ------
        TypeError, ValueError
            If a parameter is not what it should be; the message names it.
        sklearn.exceptions.NotFittedError
            If a step is not fitted.
        """
        self._check()
        return self

    def set_params(self, **params: Any) -> Self:
        """Set parameters, those of a step as ``step__parameter``.

        Raises
        ------
        ValueError
            If there is no such parameter, or the step has none, say because it is None.
        """
        own = self.get_params(deep=False)
        for name in params:
            step, nested, _ = name.partition("__")
            given = params.get(step, own.get(step))
            if not nested or step not in own or hasattr(given, "set_params"):
                continue
            what = f"{step} is {shown(given)}, which has no parameters"
            if given is None and step in (*_STEPS, "scorer"):
                instead = "ClaimScorer()" if step == "scorer" else f"load_model({step!r})"
                what = (
                    f"{step} is None, which stands for the shipped one; give one to set parameters "
                    f"of, say {step}=sourcescore.{instead}"
                )
            raise ValueError(f"{name} cannot be set: {what}.")
        return super().set_params(**params)

    def extract(self, texts: Any) -> pd.DataFrame:
        """Find the attributions of texts, with their sources resolved.

        Parameters
        ----------
        texts : str, sequence, mapping or Series of str, or DataFrame with doc_id and text

        Returns
        -------
        DataFrame
            The attribution table with spans, parents, source_id and source_name.
        """
        series = as_texts(texts)
        found = self._step("extractor").transform(series)
        require_columns(found, ("doc_id", "source", "cue"), "what extractor.transform returns")
        return self._step("resolver").resolve(found, series)

    def classify(self, attributions: pd.DataFrame, texts: Any = None) -> pd.DataFrame:
        """Tell type, stance and certainty of attributions.

        Parameters
        ----------
        attributions : DataFrame
            At least source, cue and content.
        texts : as in `extract`, optional
            The texts, for the context of the attributions.

        Returns
        -------
        DataFrame
            A copy with type, type_proba, stance, stance_proba, certainty and via.
        """
        series = None if texts is None else as_texts(texts)
        scorer = self._claim_scorer()
        hedges = Priors.check(getattr(scorer, "priors_", scorer.priors)).hedges
        labelled = self._step("classifier").label(attributions, series, hedges=hedges)
        require_columns(labelled, ("type", "stance"), "what classifier.label returns")
        if {"doc_id", "attribution_id", "parent_id", "source_name"} <= set(labelled.columns):
            chains = relay_chains(labelled)
            labelled = labelled.assign(via=object_array([names for names, _ in chains]))
        return labelled

    def link(
        self, attributions: pd.DataFrame, claims: Any = None
    ) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Join attributions to claims.

        Parameters
        ----------
        attributions : DataFrame
            Out of `classify`.
        claims : str, sequence, mapping, Series or DataFrame, optional
            The claims to look for; by default they are discovered.

        Returns
        -------
        attributions : DataFrame
            A copy with claim_id and claim_stance.
        claims : DataFrame, index claim_id
            With the column ``claim``.
        """
        return self._step("linker").link(attributions, claims)

    def score(self, texts: Any, claims: Any = None, *, outlet: str | None = None) -> Report:
        """Score the claims of texts.

        Parameters
        ----------
        texts : str, sequence, mapping or Series of str, or DataFrame
            A DataFrame has the columns doc_id, text and optionally outlet and published.
        claims : str, sequence, mapping, Series or DataFrame, optional
            The claims to score, as texts or as claim_id to text; by default those that the texts
            contain.
        outlet : str, optional
            Where the texts were published, if there is no column ``outlet``.

        Returns
        -------
        Report

        Raises
        ------
        TypeError, ValueError
            If texts, claims or a parameter are not what they should be; the message says how.
        sklearn.exceptions.NotFittedError
            If a step is not fitted.
        """
        self._check()
        articles = as_articles(texts)
        if outlet is not None:
            if not isinstance(outlet, str):
                raise TypeError(
                    f"outlet must be a str, say 'dw.com'; got {type(outlet).__name__}. Give the "
                    "outlet of each text in the column outlet of a DataFrame."
                )
            articles["outlet"] = articles["outlet"].where(articles["outlet"].notna(), outlet)
        attributions = self._read(articles["text"])
        outlets: dict[Any, str] = {
            d: o for d, o in articles["outlet"].items() if isinstance(o, str) and o
        }
        published = articles["published"]
        chains = relay_chains(attributions, outlets)
        attributions = attributions.assign(via=object_array([names for names, _ in chains]))
        attributions, found = self.link(attributions, claims)
        own = self._own_voice(articles["text"], attributions, found, outlets)
        evidence = attributions_to_evidence(
            pd.concat([attributions, *own]), outlets, published[published.notna()].to_dict()
        )
        scorer = self._claim_scorer()
        return Report(
            texts=articles["text"],
            attributions=_statements(attributions) if self.statements_only else attributions,
            claims=_claim_table(found, scorer.predict(evidence, found.index), attributions),
            evidence=evidence,
            scorer=scorer,
            articles=articles[["outlet", "published"]],
        )

    def _own_voice(
        self,
        texts: pd.Series,
        attributions: pd.DataFrame,
        claims: pd.DataFrame,
        outlets: Mapping[Any, str],
    ) -> list[pd.DataFrame]:
        """What the texts themselves say on the claims; an outlet is one voice over its texts."""
        if not len(claims):
            return []
        own, _ = self.link(own_sentences(texts, attributions), claims)
        own = own[own["claim_id"].notna()]
        if not len(own):
            return []
        voices = [outlets.get(d, s) for d, s in zip(own["doc_id"], own["source_id"], strict=True)]
        return [own.assign(source_id=string_array(voices))]

    def _read(self, texts: pd.Series) -> pd.DataFrame:
        """Extract and classify, in parallel over parts of the corpus."""
        n_jobs = min(effective_n_jobs(self.n_jobs), len(texts))
        n_parts = n_jobs * _PARTS_PER_JOB if n_jobs > 1 else 1
        if self.verbose:
            n_parts = max(n_parts, _PARTS_TO_SHOW)
        numbers = np.array_split(np.arange(len(texts)), max(1, min(len(texts), n_parts)))
        parts = [texts.iloc[part] for part in numbers]
        if n_jobs > 1:
            # not every backend of joblib can hand over parts as they come
            parallel = Parallel(n_jobs=n_jobs, return_as="generator" if self.verbose else "list")
            read = parallel(delayed(_read_part)(self, part) for part in parts)
        else:
            read = (_read_part(self, part) for part in parts)
        tables: list[pd.DataFrame] = []
        with tqdm(total=len(texts), desc="reading", unit="text", disable=not self.verbose) as bar:
            for part, table in zip(parts, read, strict=True):
                tables.append(table)
                bar.update(len(part))
        filled = [table for table in tables if len(table)]
        return pd.concat(filled, ignore_index=True) if filled else tables[0]

    def _check(self) -> None:
        """Check all parameters, before a corpus is read."""
        for name in ("statements_only", "verbose"):
            check_flag(name, getattr(self, name))
        jobs = self.n_jobs
        if jobs is not None and (
            isinstance(jobs, bool) or not isinstance(jobs, Integral) or not jobs
        ):
            raise ValueError(
                "n_jobs must be None or a whole number of processes (-1 for one on each core); got "
                f"{shown(jobs)}."
            )
        shipped_models(self.models)
        for name in _STEPS:
            self._step(name)
        self._claim_scorer()

    def _step(self, name: str) -> Any:
        """The step that is given, if it is one, or the shipped one."""
        given = getattr(self, name)
        if given is None:
            shipped_models(self.models)
            return _shipped(name, self.models)
        kind, method = _STEPS[name]
        # tables have a transform and paths a resolve, which are others
        other = isinstance(given, type | str | PathLike | pd.DataFrame | pd.Series)
        if other or not callable(getattr(given, method, None)):
            raise TypeError(
                f"{name} must be a fitted {kind}, or anything with the method {method}; got "
                f"{shown(given)}.{_instead(name, given)}"
            )
        _check_fitted(name, given)
        return given

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.one_d_array = True
        tags.input_tags.string = True
        tags.requires_fit = False
        return tags

    def _claim_scorer(self) -> ClaimScorer:
        if self.scorer is None:
            return ClaimScorer(Priors.check(self.priors))
        if isinstance(self.scorer, type) or not (
            callable(getattr(self.scorer, "predict", None)) and hasattr(self.scorer, "priors")
        ):
            raise TypeError(
                f"scorer must be a ClaimScorer; got {shown(self.scorer)}."
                f"{_instead('scorer', self.scorer)}"
            )
        if self.priors is not None:
            raise ValueError(
                "give either scorer or priors: a scorer has priors of its own "
                "(ClaimScorer(priors=...))."
            )
        return self.scorer


def score(
    text: Any,
    claims: Any = None,
    *,
    outlet: str | None = None,
    priors: PriorsLike = None,
    models: str = "fast",
) -> Report:
    """Score the claims of a text with the shipped models.

    Parameters
    ----------
    text : str
        A text. Several at once are taken as `SourceScorer.score` takes them.
    claims : str, sequence, mapping, Series or DataFrame, optional
        The claims to score; by default those that the text contains.
    outlet : str, optional
        Where it was published, say ``"dw.com"``; the outlet relays everything in it.
    priors : Priors, mapping or path of a TOML file, optional
        What differs from the default priors.
    models : {"fast", "accurate"}, default="fast"
        See `SourceScorer`.

    Returns
    -------
    Report

    Examples
    --------
    >>> import sourcescore as ss
    >>> report = ss.score(
    ...     "The army has denied that its drones hit the mill. Two residents said they saw a "
    ...     "drone strike the mill.",
    ...     claims=["Army drones hit the mill"],
    ... )
    >>> report.evidence[["type", "stance"]].values.tolist()
    [['state_denial', 'denies'], ['witness', 'supports']]
    """
    return SourceScorer(models=models, priors=priors).score(text, claims, outlet=outlet)


def score_corpus(
    articles: Any,
    claims: Any = None,
    *,
    priors: PriorsLike = None,
    models: str = "fast",
    n_jobs: int | None = None,
    verbose: bool = False,
) -> Report:
    """Score the claims of many articles, each claim across all of them.

    Parameters
    ----------
    articles : DataFrame
        With the columns doc_id, text and optionally outlet and published; or a sequence, mapping or
        Series of str, as `SourceScorer.score` takes them.
    claims, priors, models
        See `score`.
    n_jobs : int, optional
        Number of processes; see joblib.
    verbose : bool, default=False
        Show a progress bar, on standard error, while texts are read.

    Returns
    -------
    Report

    Raises
    ------
    TypeError, ValueError
        If articles, claims or priors are not what they should be; the message says how.

    Examples
    --------
    >>> import sourcescore as ss
    >>> articles = ss.datasets.load_articles().articles.head(3)
    >>> report = ss.score_corpus(articles)
    >>> report.attributions["doc_id"].nunique()
    3
    """
    if isinstance(articles, str | bytes) or not isinstance(articles, Iterable):
        one = " Score a single text with sourcescore.score." if isinstance(articles, str) else ""
        raise TypeError(
            "articles must be a DataFrame with the columns doc_id and text, or a sequence, mapping "
            f"or Series of str; got {shown(articles)}.{one}"
        )
    scorer = SourceScorer(models=models, priors=priors, n_jobs=n_jobs, verbose=verbose)
    return scorer.score(articles, claims)


@cache
def _shipped(name: str, models: str) -> Any:
    """A shipped model, loaded once a process; its users do not change it."""
    return load_model(name, models=models)


def _instead(name: str, given: Any) -> str:
    """What to give in place of a step that is none, for those that people do give."""
    if isinstance(given, str | PathLike):
        return f" Load a model from its folder: {name}=sourcescore.load_model({str(given)!r})."
    if isinstance(given, type) and name == "scorer":
        return f" Give an instance: {name}={given.__name__}()."
    if isinstance(given, type):
        return f" Give an instance that is fitted, say sourcescore.load_model({name!r})."
    return ""


def _check_fitted(name: str, step: Any) -> None:
    """Raise if a step of this package is not fitted; those of others know for themselves."""
    inner = step.estimator if isinstance(step, FrozenEstimator) else step
    if type(inner).__module__.partition(".")[0] != __name__.partition(".")[0]:
        return
    try:
        check_is_fitted(inner)
    except NotFittedError:
        raise NotFittedError(
            f"{name} is not fitted: fit it, or load one that is, say "
            f"sourcescore.load_model({name!r}). If it was fitted, scikit-learn has cloned it, as "
            "its grid search does, which copies parameters and not what was learned: give it as "
            "sklearn.frozen.FrozenEstimator(step)."
        ) from None


def _read_part(scorer: SourceScorer, texts: pd.Series) -> pd.DataFrame:
    return scorer.classify(scorer.extract(texts), texts)


def _statements(attributions: pd.DataFrame) -> pd.DataFrame:
    """Without what neither asserts nor denies; what sat in such a content moves up."""
    keys = list(zip(attributions["doc_id"], attributions["attribution_id"], strict=True))
    above = dict(zip(keys, attributions["parent_id"], strict=True))
    states = dict(zip(keys, attributions["stance"] != "neither", strict=True))

    def parent(doc_id: str, own: str) -> str | None:
        up = above[doc_id, own]
        while isinstance(up, str) and not states[doc_id, up]:
            up = above[doc_id, up]
        return up

    kept = attributions[attributions["stance"] != "neither"]
    parents = [parent(*key) for key in zip(kept["doc_id"], kept["attribution_id"], strict=True)]
    return kept.assign(parent_id=string_array(parents)).reset_index(drop=True)


def _claim_table(
    found: pd.DataFrame, scores: pd.DataFrame, attributions: pd.DataFrame
) -> pd.DataFrame:
    counts = attributions["claim_id"].value_counts()
    table = scores.assign(
        claim=string_array(found["claim"].reindex(scores.index)),
        verdict=string_array(scores["verdict"]),
        n_attributions=counts.reindex(scores.index).fillna(0).astype("int64"),
    )
    return table[[*CLAIM_COLUMNS]]
