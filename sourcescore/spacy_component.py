"""A spaCy component: ``nlp.add_pipe("sourcescore")`` scores the claims of each document.

Comes in: a `Doc` of any pipeline, a blank one will do. Goes out: the same `Doc` with

* ``doc._.sourcescore``, the `sourcescore.Report`;
* ``doc._.attributions`` and ``doc._.claims``, its tables, pandas DataFrames;
* ``doc.spans["sourcescore"]``, the spans ``SOURCE``, ``CUE`` and ``CONTENT`` of the attributions,
  each with the attribution_id as its ``id_``.

What is kept in the `Doc` is plain data in ``doc.user_data``, so that it can be stored, sent to
another process and read back. The report and the tables are made of it each time they are asked
for. Needs the extra ``spacy``.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
from spacy.language import Language
from spacy.tokens import Doc, Span

from sourcescore.confidence import ClaimScorer
from sourcescore.pipeline import SourceScorer
from sourcescore.priors import Priors
from sourcescore.report import Report
from sourcescore.tables import (
    ATTRIBUTION_COLUMNS,
    CLAIM_COLUMNS,
    EVIDENCE_COLUMNS,
    SPAN_COLUMNS,
    object_array,
    string_array,
)

__all__ = ["SourcescoreComponent", "make_component"]

#: The key of ``doc.user_data`` with what was found, and by default of ``doc.spans``.
_KEY = "sourcescore"
#: What may be said of a single document.
_OF_DOCUMENT = ("outlet", "published", "claims")
_ROLES = {f"{role}_spans": role.upper() for role in ("source", "cue", "content")}
#: Columns whose cells are tuples, which storage makes lists of.
_TUPLES = ("via", "via_types")


class SourcescoreComponent:
    """Score the claims of documents, each by itself.

    Parameters
    ----------
    claims : list of str or dict of claim_id to str, optional
        The claims to score; by default those that the document contains.
    outlet : str, optional
        Where the documents were published.
    priors : dict or path of a TOML file, optional
        What differs from the default priors. A dict becomes part of the pipeline's config, and so
        goes along when the pipeline is stored.
    models : {"fast", "accurate"}, default="fast"
    spans_key : str, default="sourcescore"
        Where in ``doc.spans`` the spans go.

    Notes
    -----
    ``doc.user_data``, or the context of ``nlp.pipe(..., as_tuples=True)`` where that is a dict, may
    say ``"outlet"``, ``"published"`` (a date) and ``"claims"`` of a single document. For claims
    across documents see `sourcescore.score_corpus`.
    """

    def __init__(
        self,
        *,
        claims: list[str] | dict[str, str] | None = None,
        outlet: str | None = None,
        priors: dict[str, Any] | str | None = None,
        models: str = "fast",
        spans_key: str = _KEY,
    ) -> None:
        given = Priors.check(priors)
        self.claims = claims
        self.outlet = outlet
        self.spans_key = spans_key
        self._scorer = SourceScorer(models=models, priors=given)
        # documents come back from storage with their own priors; the shipped ones are everywhere
        self._priors = None if priors is None else given.to_toml()

    def __call__(self, doc: Doc) -> Doc:
        """Score a document.

        Raises
        ------
        TypeError, ValueError
            If outlet, claims or date are not what they should be.
        """
        own = {"outlet": self.outlet, "claims": self.claims}
        context = getattr(doc, "_context", None)
        for said in (doc.user_data, context):
            if isinstance(said, Mapping):
                own |= {name: said[name] for name in _OF_DOCUMENT if said.get(name) is not None}
        article = {"doc_id": ["0"], "text": [doc.text]}
        article |= {name: [own[name]] for name in ("outlet", "published") if own.get(name)}
        report = self._scorer.score(pd.DataFrame(article), own["claims"])
        tables = {name: getattr(report, name) for name in ("attributions", "claims", "evidence")}
        doc.user_data[_KEY] = {
            **{name: _plain_table(table.reset_index()) for name, table in tables.items()},
            "outlet": own["outlet"],
            "published": None if own.get("published") is None else str(own["published"]),
            "priors": self._priors,
        }
        doc.spans[self.spans_key] = [
            span
            for row in report.attributions.to_dict("records")
            for column, label in _ROLES.items()
            for span in _spans(doc, row[column], label, row["attribution_id"])
        ]
        return doc


@Language.factory(
    "sourcescore",
    default_config={
        "claims": None,
        "outlet": None,
        "priors": None,
        "models": "fast",
        "spans_key": _KEY,
    },
    assigns=["doc._.sourcescore", "doc._.attributions", "doc._.claims", "doc.spans"],
)
def make_component(
    nlp: Language,
    name: str,
    claims: list[str] | dict[str, str] | None,
    outlet: str | None,
    priors: dict[str, Any] | str | None,
    models: str,
    spans_key: str,
) -> SourcescoreComponent:
    """Build the component; spaCy finds it by its entry point."""
    return SourcescoreComponent(
        claims=claims, outlet=outlet, priors=priors, models=models, spans_key=spans_key
    )


def _spans(doc: Doc, offsets: list[tuple[int, int]], label: str, own: str) -> list[Span]:
    """Spans of whole tokens around the offsets."""
    found = [
        doc.char_span(start, end, label=label, span_id=own, alignment_mode="expand")
        for start, end in offsets
    ]
    return [span for span in found if span is not None]


def _plain_table(table: pd.DataFrame) -> dict[str, list[Any]]:
    return {str(name): [_plain(v) for v in table[name].tolist()] for name in table.columns}


def _plain(value: Any) -> Any:
    """A cell as what can be stored: None, numbers, strings, and lists and dicts of these."""
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if pd.isna(value):
        return None
    return value.isoformat() if isinstance(value, pd.Timestamp) else value


def _frame(columns: Mapping[str, list[Any]], dtypes: Mapping[str, Any]) -> pd.DataFrame:
    """A table as it was before `_plain_table`."""
    data: dict[str, Any] = {}
    for name, values in columns.items():
        dtype = dtypes.get(name)
        if dtype is None:  # the index of a table that has none
            continue
        if dtype == "str":
            data[name] = string_array(values)
        elif name in SPAN_COLUMNS:
            data[name] = object_array([[(a, b) for a, b in spans] for spans in values])
        elif dtype == "object":
            tuples = name in _TUPLES
            data[name] = object_array([tuple(v or ()) if tuples else v for v in values])
        elif dtype.startswith("datetime"):
            data[name] = pd.to_datetime(pd.Series(values, dtype=object)).astype(dtype)
        else:
            data[name] = np.array(values, dtype=dtype)
    return pd.DataFrame(data)


def _attributions(doc: Doc) -> pd.DataFrame | None:
    found = doc.user_data.get(_KEY)
    return None if found is None else _frame(found["attributions"], ATTRIBUTION_COLUMNS)


def _claims(doc: Doc) -> pd.DataFrame | None:
    found = doc.user_data.get(_KEY)
    return None if found is None else _claim_frame(found["claims"])


def _claim_frame(columns: Mapping[str, list[Any]]) -> pd.DataFrame:
    return _frame(columns, {"claim_id": "str", **CLAIM_COLUMNS}).set_index("claim_id")


def _report(doc: Doc) -> Report | None:
    found = doc.user_data.get(_KEY)
    if found is None:
        return None
    about = {"doc_id": ["0"], "outlet": [found["outlet"]], "published": [found["published"]]}
    articles = pd.DataFrame(about, dtype=object).set_index("doc_id")
    return Report(
        texts=pd.Series([doc.text], index=["0"], dtype=object),
        attributions=_frame(found["attributions"], ATTRIBUTION_COLUMNS),
        claims=_claim_frame(found["claims"]),
        evidence=_frame(found["evidence"], EVIDENCE_COLUMNS),
        scorer=ClaimScorer(_priors(found["priors"])),
        articles=articles.assign(published=pd.to_datetime(articles["published"])),
    )


@lru_cache(maxsize=8)
def _priors(toml: str | None) -> Priors:
    return Priors() if toml is None else Priors.from_toml("\n" + toml)  # text, not a path


for _name, _getter in (
    ("attributions", _attributions),
    ("claims", _claims),
    ("sourcescore", _report),
):
    Doc.set_extension(_name, getter=_getter, force=True)
