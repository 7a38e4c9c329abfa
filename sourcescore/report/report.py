"""What comes out of scoring: tables, explanations, a page to read, JSON.

Comes in: the texts, the attributions and claims found in them, the evidence, and the scorer that
turned the evidence into confidence. Goes out: a `Report`. It computes nothing new; it keeps the
parts together and shows them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date
from functools import cached_property
from numbers import Integral
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from pandas.api.types import is_hashable, is_object_dtype

from sourcescore.messages import shown
from sourcescore.report.claimreview import (
    as_url,
    claim_review,
    read_author,
    read_date,
    read_url,
)
from sourcescore.report.history import claim_histories, dated_documents, subjects
from sourcescore.report.html import counted, fragment, page
from sourcescore.report.mending import mended_attributions, retyped
from sourcescore.report.palette import called
from sourcescore.report.terminal import claim_lines, one_line
from sourcescore.tables import (
    ATTRIBUTION_COLUMNS,
    CLAIM_COLUMNS,
    as_articles,
    as_texts,
    attributions_frame,
    check_attributions,
    check_evidence,
    mapping_series,
    object_array,
    read_dates,
    require_columns,
    string_array,
)

if TYPE_CHECKING:
    from sourcescore.confidence import ClaimScorer

__all__ = ["Report"]

# Rows that a prompt shows; print(report) shows all.
_REPR_CLAIMS = 20
_KNOWN_SHOWN = 10
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


class Report:
    """Claims with their confidence, and everything that led to it.

    What `sourcescore.score` returns; `from_evidence` makes one of evidence from elsewhere. In a
    notebook it shows itself as a page, in a terminal as a table.

    Parameters
    ----------
    texts : Series
        The texts, index ``doc_id``.
    attributions : DataFrame
        The attribution table, all columns. The lists and dicts in its cells are taken over, not
        copied.
    claims : DataFrame
        The claim table, index ``claim_id``.
    evidence : DataFrame
        The statements for and against the claims.
    scorer : ClaimScorer
        The scorer that gave the claims their confidence; `explain` asks it.
    articles : DataFrame, optional
        ``outlet`` and ``published`` of the documents, index ``doc_id``.

    Raises
    ------
    TypeError
        If a table is no DataFrame, or a text no string.
    ValueError
        If a table lacks a column.

    See Also
    --------
    sourcescore.score : Score one text.
    sourcescore.score_corpus : Score many, with claims across them.
    """

    def __init__(
        self,
        *,
        texts: pd.Series,
        attributions: pd.DataFrame,
        claims: pd.DataFrame,
        evidence: pd.DataFrame,
        scorer: ClaimScorer,
        articles: pd.DataFrame | None = None,
    ) -> None:
        self._texts = as_texts(texts)
        self._attributions = check_attributions(attributions, ATTRIBUTION_COLUMNS).copy()
        self._claims = require_columns(claims, CLAIM_COLUMNS, "claims").rename_axis("claim_id")
        self._evidence = check_evidence(evidence).copy()
        self._scorer = _check_scorer(scorer)
        self._articles = None if articles is None else _check_about(articles)

    @classmethod
    def from_evidence(
        cls,
        evidence: pd.DataFrame,
        scorer: ClaimScorer | None = None,
        *,
        claims: Any = None,
        articles: pd.DataFrame | None = None,
    ) -> Report:
        """Report on evidence from elsewhere, in which no model has read a text.

        Parameters
        ----------
        evidence : DataFrame
            As `ClaimScorer.predict` takes it.
        scorer : ClaimScorer, optional
            By default one with the shipped priors.
        claims : Series, mapping of claim_id to text, or DataFrame with ``claim``, optional
            How the claims read, and which ones: those without evidence have the claim prior. By
            default the claims of the evidence, by their ids.
        articles : DataFrame, optional
            ``doc_id, text`` and optionally ``outlet, published`` of the documents, to be shown, and
            for `history`.

        Returns
        -------
        Report
            Its attributions are empty; ``n_attributions`` counts the statements in the evidence.

        Raises
        ------
        TypeError, ValueError
            If a table is not what it should be.

        Examples
        --------
        >>> import sourcescore as ss
        >>> stories = ss.datasets.load_stories()
        >>> report = ss.Report.from_evidence(stories.evidence, claims=stories.claims)
        >>> report.claims.loc["barents-istanbul", ["n_attributions", "n_origins"]].tolist()
        [18, 13]
        """
        from sourcescore.confidence import ClaimScorer

        scorer = ClaimScorer() if scorer is None else _check_scorer(scorer)
        check_evidence(evidence)
        if claims is None:
            ids = object_array(evidence["claim_id"].unique().tolist())
            texts = pd.Series(
                object_array([str(v) for v in ids]), index=pd.Index(ids, dtype=object)
            )
        elif isinstance(claims, pd.DataFrame):
            texts = require_columns(claims, ("claim",), "claims")["claim"]
        elif isinstance(claims, Mapping):
            texts = mapping_series(claims)
        elif isinstance(claims, pd.Series | list | tuple | str):
            texts = pd.Series(claims, dtype=None if isinstance(claims, pd.Series) else object)
        else:
            raise TypeError(
                "claims must be a mapping or Series of claim_id to text, or a DataFrame with the "
                f"column claim; got {shown(claims)}."
            )
        if not all(isinstance(text, str) for text in texts):
            wrong = next(text for text in texts if not isinstance(text, str))
            raise TypeError(f"the texts of claims must be strings; got {shown(wrong)}.")
        if len(evidence) and len(texts) and not evidence["claim_id"].isin(texts.index).any():
            raise ValueError(
                "claims must go by the claim_id of the evidence, which has "
                f"{evidence['claim_id'].iloc[0]!r}; got the ids "
                f"{', '.join(map(repr, texts.index[:5]))}. Give a mapping of claim_id to text."
            )
        counts = evidence["claim_id"].value_counts()
        about = None if articles is None else as_articles(articles)
        return cls(
            texts=pd.Series(dtype=object) if about is None else about["text"],
            attributions=attributions_frame({}, 0),
            claims=_scored(texts, evidence, scorer, counts),
            evidence=evidence,
            scorer=scorer,
            articles=None if about is None else about[["outlet", "published"]],
        )

    def with_evidence(self, evidence: pd.DataFrame) -> Report:
        """Report on the same texts and claims with other evidence, say this one mended by hand.

        Parameters
        ----------
        evidence : DataFrame
            As `evidence`, with rows changed, dropped or added. Claims that the report does not have
            go by their ids.

        Returns
        -------
        Report
            Scored anew by the same scorer. Where ``type`` was changed and ``type_proba`` was not,
            the new type is certain. What was changed in a row is changed in the attribution that it
            comes from; that of a row that was dropped bears on no claim.

        Raises
        ------
        TypeError, ValueError
            If it is not an evidence table.

        Examples
        --------
        >>> import sourcescore as ss
        >>> text = "Ann Lee, the mayor, said the bridge was closed."
        >>> report = ss.score(text, claims=["The bridge is open"])
        >>> mended = report.evidence.assign(stance="denies")
        >>> report.with_evidence(mended).attributions["claim_stance"].tolist()
        ['denies']
        """
        table = retyped(self._evidence, check_evidence(evidence))
        texts = self._claims["claim"]
        added = pd.Index(object_array(table["claim_id"].unique().tolist()), dtype=object)
        added = added.difference(texts.index, sort=False)
        if len(added):
            ids = pd.Index(object_array([*texts.index, *added]), dtype=object)
            texts = pd.Series(object_array([*texts, *map(str, added)]), ids, dtype=object)
        attributions, from_elsewhere = mended_attributions(
            self._attributions, self._evidence, table
        )
        counts = pd.concat([attributions["claim_id"].dropna(), from_elsewhere]).value_counts()
        return Report(
            texts=self._texts,
            attributions=attributions,
            claims=_scored(texts, table, self._scorer, counts),
            evidence=table,
            scorer=self._scorer,
            articles=self._articles,
        )

    @property
    def texts(self) -> pd.Series:
        """The texts, index ``doc_id``."""
        return self._texts.copy()

    @property
    def attributions(self) -> pd.DataFrame:
        """Who says what: one row per attribution. A copy: editing it leaves the report as it is."""
        return _own(self._attributions)

    @property
    def claims(self) -> pd.DataFrame:
        """The claims with confidence, interval and verdict, index ``claim_id``. A copy."""
        return _own(self._claims)

    @property
    def evidence(self) -> pd.DataFrame:
        """The statements for and against each claim, as the scorer took them. A copy."""
        return _own(self._evidence)

    def explain(self, claim_id: str) -> pd.DataFrame:
        """Show what each origin adds to the confidence in a claim.

        Parameters
        ----------
        claim_id : str
            A label of the index of `claims`.

        Returns
        -------
        DataFrame
            Index ``origin``: first the claim prior, then the sources, the strongest first.
            ``source_name, type, stance``; ``certainty`` and ``via`` of its firmest statement; then
            the columns of `ClaimScorer.explain`. Of these ``log_odds`` sums to the log-odds of the
            confidence.

        Raises
        ------
        ValueError
            If there is no such claim.
        """
        evidence = self._evidence_on(claim_id)
        steps = self._scorer.explain(evidence, claim_id)
        firmest = _firmest(evidence[evidence["claim_id"] == claim_id])
        keys = zip(steps.index, steps["stance"], strict=True)
        said: list[Any] = [firmest.get(key, (np.nan, ())) for key in keys]  # the prior says nothing
        steps = steps.assign(
            source_name=string_array([self._names.get(origin, origin) for origin in steps.index]),
            certainty=[certainty for certainty, _ in said],
            via=[via for _, via in said],
        )
        first = ["source_name", "type", "stance", "certainty", "via"]
        return steps[[*first, *steps.columns.difference(first, sort=False)]]

    def history(self, claim_id: str | None = None, *, max_steps: int | None = None) -> pd.DataFrame:
        """Show how the confidence in a claim went from document to document.

        Each row is what the scorer says of the evidence up to then, so that a source that changes
        its mind counts with its latest word so far.

        Parameters
        ----------
        claim_id : str, optional
            A label of the index of `claims`. By default all claims, one after the other.
        max_steps : int, optional
            At most so many rows a claim beside the first: several documents are one step then, as
            evenly as can be. By default each document is one. The work grows with the documents on
            a claim times the statements on it, and with `max_steps` times the statements.

        Returns
        -------
        DataFrame
            First a row without a document, the claim prior; then one for each document that
            speaks on the claim, or on another answer to its question, in order of ``published``.
            Documents published at the same time come in the order given, those without a date
            after all others. A statement without ``doc_id`` is a document by itself.

            ``claim_id, doc_id, outlet, published`` (UTC); ``stance`` of the document: supports,
            denies, both, or "" if it is on another answer; ``confidence, low, high, verdict,
            n_supporting, n_denying, n_origins`` after it, in the last row those of `claims`;
            ``n_documents`` so far; ``log_odds``, and their ``change`` since the row before. The
            interval of an answer to a question is drawn, and good to about 0.01.

        Raises
        ------
        ValueError
            If there is no such claim, or `max_steps` is not a positive integer.

        Examples
        --------
        >>> import sourcescore as ss
        >>> articles = pd.DataFrame(
        ...     {
        ...         "doc_id": ["late", "early"],
        ...         "text": [
        ...             "The owners denied that the bridge was closed.",
        ...             "The bridge was closed, Mayor Ann Lee said.",
        ...         ],
        ...         "published": ["2025-03-02", "2025-03-01"],
        ...     }
        ... )
        >>> report = ss.score_corpus(articles, claims=["The bridge was closed"])
        >>> report.history("c1")[["doc_id", "stance", "n_supporting", "n_denying"]]
          doc_id    stance  n_supporting  n_denying
        0    NaN                       0          0
        1  early  supports             1          0
        2   late    denies             1          1
        """
        if max_steps is not None and (
            isinstance(max_steps, bool) or not isinstance(max_steps, Integral) or max_steps < 1
        ):
            raise ValueError(f"max_steps must be an integer of at least 1; got {max_steps!r}.")
        evidence, claims = self._evidence, self._claims
        if claim_id is not None:
            evidence, claims = self._evidence_on(claim_id), claims.loc[[claim_id]]
        return self._histories(evidence, claims, max_steps)

    def _histories(
        self, evidence: pd.DataFrame, claims: pd.DataFrame, max_steps: int | None
    ) -> pd.DataFrame:
        return claim_histories(
            evidence, claims, self._scorer, self._texts.index, self._articles, max_steps
        )

    def sensitivity(self, claim_id: str) -> pd.DataFrame:
        """Show what the confidence in a claim depends on most.

        Parameters
        ----------
        claim_id : str
            A label of the index of `claims`.

        Returns
        -------
        DataFrame
            As `ClaimScorer.sensitivity`: each number behind it moved through its own 90 % range,
            and each source left out; what moves it most first.

        Raises
        ------
        ValueError
            If there is no such claim.
        """
        moves = self._scorer.sensitivity(self._evidence_on(claim_id))
        return moves[moves["claim_id"] == claim_id].reset_index(drop=True)

    def describe(self, claim_id: str) -> str:
        """Say in words why a claim has its confidence, and what it hangs on.

        Parameters
        ----------
        claim_id : str
            A label of the index of `claims`.

        Raises
        ------
        ValueError
            If there is no such claim.
        """
        steps, row = self.explain(claim_id), self._claims.loc[claim_id]
        lines = [
            one_line(row["claim"]),
            f"{row['verdict']}: {row['confidence']:.0%}, between {row['low']:.0%} and "
            f"{row['high']:.0%} (90 % interval)",
        ]
        lines += [
            f"- {one_line(reason)}"
            if not stance
            else f"- {one_line(called(name, label))} {one_line(reason)}"
            for name, label, stance, reason in zip(
                steps["source_name"], steps["type"], steps["stance"], steps["reason"], strict=True
            )
        ]
        moves = self.sensitivity(claim_id)
        for kind, text in (
            ("source", "Without {} it would be {:.0%}."),
            ("prior", "With {} at the ends of its range it would be {:.0%} to {:.0%}."),
        ):
            for name, *ends in moves.loc[
                moves["kind"] == kind, ["name", "at_low", "at_high"]
            ].to_numpy()[:1]:
                known = self._names.get(name, name) or "who is not named"
                lines.append(text.format(one_line(known), *sorted(ends)))
        return "\n".join(lines)

    def to_html(self, path: str | PathLike[str] | None = None) -> str:
        """Return the report as one HTML page, and write it to `path` if that is given.

        The page needs no network and runs no script. It shows the texts with their attributions
        marked by type, and the claims with their sources and reasons.

        Parameters
        ----------
        path : str or path, optional

        Returns
        -------
        str
        """
        html = page(self._repr_html_(), f"Claims and their sources: {', '.join(self._titles())}")
        _write(path, html)
        return html

    def to_json(self, path: str | PathLike[str] | None = None) -> str:
        """Return the tables as JSON, and write them to `path` (UTF-8) if that is given.

        Parameters
        ----------
        path : str or path, optional

        Returns
        -------
        str
            An object with the lists ``documents``, ``claims``, ``attributions`` and ``evidence``.
            Spans are pairs of Python string offsets, that is, they count code points. What is
            missing is null. A lone surrogate is escaped.
        """
        texts = self._texts.reset_index(drop=True)
        documents = pd.DataFrame({"doc_id": self._texts.index, "text": texts})
        if self._articles is not None:
            about = self._articles.drop(columns="text", errors="ignore")
            documents = documents.join(about, on="doc_id")
        claims = self._claims.copy()
        claims.insert(0, "claim_id", self._claims.index)
        tables = {
            "documents": documents,
            "claims": claims,
            "attributions": self._attributions,
            "evidence": self._evidence,
        }
        content = {
            name: [_plain(record) for record in table.to_dict("records")]
            for name, table in tables.items()
        }
        text = _json(content)
        _write(path, text + "\n")
        return text

    def to_claimreview(
        self,
        claim_id: str | None = None,
        *,
        author: str | Mapping[str, Any],
        url: str,
        date_published: Any = None,
        urls: Mapping[str, str] | None = None,
        path: str | PathLike[str] | None = None,
    ) -> str:
        """Return claims as ClaimReview (schema.org) in JSON-LD, and write them to `path`.

        The rating goes from 1 to 5 and is 1 + 4 x confidence; its ``alternateName`` is the
        verdict. ``reviewAspect`` and ``ratingExplanation`` say that it rates the support by the
        sources cited and is no finding of fact: whoever publishes it answers for it.

        Parameters
        ----------
        claim_id : str, optional
            A label of the index of `claims`. By default all claims.
        author : str or mapping
            Who publishes the review: the name of an organisation, or an object of schema.org.
        url : str
            The page of the review. ``#claim_id`` is added, since each review needs an address of
            its own, unless the address has a fragment already.
        date_published : date, optional
            Of the review; by default today.
        urls : mapping of doc_id to str, optional
            The addresses of the documents. A doc_id that is an address needs none.
        path : str or path, optional

        Returns
        -------
        str
            JSON: an object for one claim, a list of objects for all. It can stand in a
            ``<script type="application/ld+json">`` as it is: ``<``, ``>`` and ``&`` are escaped.
            ``json.loads`` gives the objects.

        Raises
        ------
        ValueError
            If there is no such claim, or an address, the author or the date is none.

        Examples
        --------
        >>> import sourcescore as ss
        >>> report = ss.score("The mill has closed, Mayor Ann Lee said.", claims="The mill closed")
        >>> review = json.loads(
        ...     report.to_claimreview("c1", author="Lowen Desk", url="https://example.org/mill")
        ... )
        >>> review["claimReviewed"], review["url"], review["reviewRating"]["alternateName"]
        ('The mill closed', 'https://example.org/mill#c1', 'likely')
        """
        about: dict[str, Any] = {
            "author": read_author(author),
            "url": read_url(url, "url"),
            "date_published": read_date(date_published),
        }
        if not isinstance(urls, Mapping | pd.Series | None):
            raise TypeError(f"urls must be a mapping of doc_id to address; got {shown(urls)}.")
        given = {} if urls is None else dict(urls.items())
        addresses = {str(doc): read_url(to, f"urls[{doc!r}]") for doc, to in given.items()}
        if claim_id is not None:
            self._check_claim(claim_id)
        claims = self._claims if claim_id is None else self._claims.loc[[claim_id]]
        documents, document = dated_documents(self._evidence, self._texts.index, self._articles)
        documents["url"] = [addresses.get(doc, as_url(doc)) for doc in documents["doc_id"]]
        rows_of = self._evidence.groupby("claim_id", sort=False).indices
        reviews = []
        for name, claim in claims.iterrows():
            rows = np.asarray(rows_of.get(name, []), dtype=int)
            reviews.append(
                claim_review(
                    name,
                    claim,
                    self._evidence.iloc[rows[self._stands[rows]].tolist()],
                    documents.iloc[np.unique(document[rows])],
                    self._names,
                    **about,
                )
            )
        # <, > and & can only be in strings, where JSON may write any character by its number
        text = _json(reviews if claim_id is None else reviews[0])
        text = re.sub("[<>&]", lambda m: f"\\u{ord(m[0]):04x}", text)
        _write(path, text + "\n")
        return text

    def __str__(self) -> str:
        """All claims as a table for the terminal."""
        return self._table(len(self._claims))

    def __repr__(self) -> str:
        return self._table(_REPR_CLAIMS)

    def _repr_html_(self) -> str:
        return fragment(
            texts=self._texts,
            articles=self._articles,
            attributions=self._attributions,
            claims=self._claims,
            evidence=self._evidence,
            names=self._names,
            stands=self._stands,
            explain=self.explain,
            histories=lambda claims, most: self._histories(self._evidence, claims, most),
        )

    @cached_property
    def _stands(self) -> np.ndarray:
        """Which rows of the evidence count; the others were taken back by their source."""
        return self._scorer.stands(self._evidence).to_numpy()

    def _check_claim(self, claim_id: str) -> None:
        if not is_hashable(claim_id) or claim_id not in self._claims.index:
            raise ValueError(f"there is no claim {shown(claim_id)}; {self._known_claims()}")

    def _evidence_on(self, claim_id: str) -> pd.DataFrame:
        """The evidence on a claim, and on the other answers to its question."""
        self._check_claim(claim_id)
        return self._evidence.iloc[self._rows_of_claim.get(claim_id, [])]

    @cached_property
    def _rows_of_claim(self) -> dict[Any, Any]:
        """Positions of the evidence on each claim, and on the other answers to its question."""
        subject = subjects(self._evidence)
        rows = pd.Series(subject).groupby(subject).indices
        claims = pd.Series(subject, object_array(self._evidence["claim_id"].tolist()))
        return {claim_id: rows[code] for claim_id, code in claims.items()}

    @cached_property
    def _names(self) -> dict[str, str]:
        """The name of each source id: as resolved, else in the words of the text; "" is nobody."""
        names: dict[str, str] = {}
        columns = [(self._attributions, "source_name"), (self._attributions, "source")]
        if "source_name" in self._evidence.columns:
            columns.append((self._evidence, "source_name"))
        for table, column in columns:
            for source_id, name in zip(table["source_id"], table[column], strict=True):
                if isinstance(source_id, str) and not names.get(source_id):
                    names[source_id] = name if isinstance(name, str) else ""
        return names

    def _titles(self) -> list[str]:
        """The first words of the first texts."""
        first = (str(text).strip().split("\n", 1)[0][:80] for text in self._texts.iloc[:1])
        titles = [title for title in first if title] or ["empty"]
        return [*titles, f"and {len(self._texts) - 1} more"] if len(self._texts) > 1 else titles

    def _known_claims(self) -> str:
        known = [repr(claim_id) for claim_id in self._claims.index[:_KNOWN_SHOWN]]
        if not known:
            return "this report has no claims."
        more = len(self._claims) - len(known)
        return f"known are {', '.join(known)}{f' and {more} more' if more else ''}."

    def _table(self, n_claims: int) -> str:
        n, what = len(self._attributions), "attribution"
        if not n and len(self._evidence):  # evidence from elsewhere
            n, what = len(self._evidence), "statement"
        head = f"{counted(len(self._claims), 'claim')} from {counted(n, what)}"
        if len(self._texts) or what == "attribution":
            head += f" in {counted(len(self._texts), 'document')}"
        return "\n".join([head, *claim_lines(self._claims, n_claims)])


def _scored(
    texts: pd.Series, evidence: pd.DataFrame, scorer: ClaimScorer, n_attributions: pd.Series
) -> pd.DataFrame:
    """Return the claim table."""
    scores = scorer.predict(evidence, texts.index)
    table = scores.assign(
        claim=string_array(texts.reindex(scores.index)),
        verdict=string_array(scores["verdict"]),
        n_attributions=n_attributions.reindex(scores.index).fillna(0).astype("int64"),
    )
    return table[[*CLAIM_COLUMNS]]


def _check_scorer(scorer: Any) -> Any:
    # not by its class: a frozen one passes everything on
    if not all(hasattr(scorer, name) for name in ("predict", "explain", "sensitivity", "stands")):
        raise TypeError(f"scorer must be a ClaimScorer; got {shown(scorer)}.")
    return scorer


def _check_about(articles: Any) -> pd.DataFrame:
    """Return a copy of what is known of the documents, the dates read."""
    if not isinstance(articles, pd.DataFrame):
        raise TypeError(
            "articles must be a pandas DataFrame with the columns outlet and published, index "
            f"doc_id; got {shown(articles)}."
        )
    if "doc_id" in articles.columns or articles.columns.nlevels > 1 or articles.index.nlevels > 1:
        raise ValueError("articles must have doc_id as its index: articles.set_index('doc_id').")
    articles = articles.set_axis(object_array([str(doc_id) for doc_id in articles.index]))
    if "published" not in articles.columns:
        return articles
    return articles.assign(published=read_dates(articles["published"], "articles.published"))


def _write(path: Any, text: str) -> None:
    """Write a file, where a path is given."""
    if path is None:
        return
    if not isinstance(path, str | PathLike):
        raise TypeError(f"path must be a str or a path; got {shown(path)}.")
    Path(path).write_text(text, encoding="utf-8", newline="\n")


def _own(table: pd.DataFrame) -> pd.DataFrame:
    """Copy a table together with the lists and dicts in its cells, which pandas would share."""
    copy = table.copy()
    for name in copy.columns[[is_object_dtype(dtype) for dtype in copy.dtypes]]:
        cells = [v.copy() if isinstance(v, list | dict) else v for v in copy[name]]
        copy[name] = pd.Series(object_array(cells), copy.index, dtype=object)
    return copy


def _firmest(evidence: pd.DataFrame) -> dict[tuple[str, str], tuple[float, tuple[str, ...]]]:
    """Certainty and relays of the firmest statement of each source on each side."""
    n = len(evidence)
    certainty = evidence.get("certainty", pd.Series(1.0, evidence.index))
    via = evidence.get("via", pd.Series([()] * n, evidence.index, dtype=object))
    firmest: dict[tuple[str, str], tuple[float, tuple[str, ...]]] = {}
    for source_id, stance, sure, relays in zip(
        evidence["source_id"], evidence["stance"], certainty, via, strict=True
    ):
        if sure > firmest.get((source_id, stance), (0.0, ()))[0]:
            known = isinstance(relays, tuple | list)  # evidence from elsewhere may have NaN
            firmest[source_id, stance] = (float(sure), tuple(relays) if known else ())
    return firmest


def _json(content: Any) -> str:
    """Write JSON that UTF-8 can carry: a lone surrogate is escaped.

    Examples
    --------
    >>> _json(["\\u00e9", chr(0xD800)])
    '["é", "\\\\ud800"]'
    """
    text = json.dumps(content, ensure_ascii=False, allow_nan=False)
    return _LONE_SURROGATE.sub(lambda m: f"\\u{ord(m[0]):04x}", text)


def _plain(value: Any) -> Any:
    """Return a cell as JSON knows it; what is missing becomes None.

    Examples
    --------
    >>> _plain({"via": ("x",), "p": np.float64("nan"), "when": pd.Timestamp("2025-03-14")})
    {'via': ['x'], 'p': None, 'when': '2025-03-14T00:00:00'}
    """
    if isinstance(value, str | bool):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset | np.ndarray):
        return [_plain(item) for item in value]
    if pd.isna(value):
        return None
    if isinstance(value, date):  # a Timestamp is one
        return value.isoformat()
    return value.item() if isinstance(value, np.generic) else value
