"""Who a source is: *he*, *the newspaper* and *Peskov* become one source with one name.

Comes in: attributions with the spans of their sources, and the texts. Goes out: the same table
with ``source_name``, the fullest name by which the text identifies the source, and ``source_id``.

A source that names itself is looked up among the full names of the text. One that does not (a
pronoun, *the minister*) is compared with the entities mentioned shortly before it; a linear model
scores each pair of mention and antecedent, and the best one wins. This is the mention-ranking
model of Denis and Baldridge (2008), *Specialized models and ranking for coreference resolution*,
with one weight vector per kind of mention, tied by shared weights (Daumé III 2007, *Frustratingly
easy domain adaptation*). The candidates come from a bounded window, so the time is linear in the
length of the text.
"""

from __future__ import annotations

import functools
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Self

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.utils import Tags
from sklearn.utils.metadata_routing import UNUSED
from sklearn.utils.validation import check_is_fitted

from sourcescore import lexicons
from sourcescore.sources.antecedents import FEATURES, Candidate, Discourse, Entity, Row
from sourcescore.sources.mentions import CLASSES, mention_class
from sourcescore.sources.names import name_key
from sourcescore.sources.source_names import clean_source, own_name
from sourcescore.tables import (
    as_texts,
    check_attributions,
    span_lists,
    string_array,
    texts_beside,
)

__all__ = ["SourceResolver"]

_NOT_WORD = re.compile(r"[\W_]+")
_MAX_SLUG = 60

_FIRST_PERSON = ("i", "we")
#: Takes a discourse, the number of a row and its candidates; returns the one that it is, if any.
_Pick = Callable[[Discourse, int, list[Candidate]], Candidate | None]


class SourceResolver(BaseEstimator):
    """Give every attribution the one source that it has, by name and by id.

    Parameters
    ----------
    window : int, default=20
        How many mentions before a pronoun or a description are looked at, at least 1.
    C : float, default=0.1
        Inverse strength of the L2 penalty on the weights, positive.

    Attributes
    ----------
    weights_ : array of shape (n_classes, n_features)
        The weight of each feature of `sourcescore.sources.antecedents.FEATURES` for each class of
        mention of `sourcescore.sources.antecedents.CLASSES`.

    Notes
    -----
    ``source_name`` is "" where an attribution has no source words (hearsay), *We* or *I* where the
    author speaks, a proper name without role and apposition where the source has one, and else
    the description as it stands.

    ``source_id`` is readable. A proper name has the same id in every document
    (``dmitry-peskov``; agencies and countries by their main name, so that AP is
    ``associated-press`` and the U.S. ``united-states``; a politician whom the text calls by the
    surname only by the full name, if the lexicon knows one of that surname).
    Anybody else is local to the document: ``doc1/senior-officials-in-kyiv``, ``doc1/author``, and
    ``doc1/hearsay`` for all attributions of the document without a source, because two rumours in
    one text are no independent voices. The same description twice in a document is one source.
    Places that stand for a government (*the Kremlin*, *Moscow*) stay what the text calls them.

    Examples
    --------
    >>> import sourcescore as ss
    >>> from sourcescore.tables import attributions_frame
    >>> text = "Ann Lee, a doctor, said no. She denied it."
    >>> rows = attributions_frame(
    ...     {"doc_id": ["d", "d"], "attribution_id": ["a1", "a2"],
    ...      "source_spans": [[(0, 17)], [(28, 31)]]}, 2)
    >>> ss.load_model("resolver").resolve(rows, {"d": text})["source_name"].tolist()
    ['Ann Lee', 'Ann Lee']
    """

    # what stands for X is no metadata to be routed
    __metadata_request__fit = {"attributions": UNUSED}

    def __init__(self, window: int = 20, C: float = 0.1) -> None:
        self.window = window
        self.C = C

    def fit(
        self,
        attributions: pd.DataFrame,
        texts: Any = None,
        source_names: Sequence[str] | pd.Series | None = None,
    ) -> Self:
        """Learn which antecedents pronouns and descriptions have.

        Parameters
        ----------
        attributions : DataFrame
            With ``doc_id``, ``attribution_id``, ``source_spans``, and where known
            ``content_spans`` and ``parent_id``.
        texts : Series, mapping or DataFrame, as `sourcescore.tables.as_texts`, optional
            By default the column ``text`` of the attributions.
        source_names : sequence of str of length n_attributions, default=None
            The gold names; None takes the column ``source_name``.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If a column or a text is missing, lengths differ, a parameter is out of range, or
            there is no pronoun or description to learn from.
        """
        self._check_parameters()
        if source_names is None:
            source_names = check_attributions(attributions, ("source_name",))["source_name"]
        gold = [name_key(v) if isinstance(v, str) else "" for v in source_names]
        if len(gold) != len(attributions):
            raise ValueError(
                f"source_names has {len(gold)} values for {len(attributions)} attributions; "
                "give one name for each row ('' where nobody is named)."
            )
        examples = _Examples()
        for _, discourse, index in self._discourses(attributions, texts):
            _settle_all(discourse, examples.picker([gold[i] for i in index]))
        self.weights_ = examples.fit(self.C)
        return self

    def resolve(self, attributions: pd.DataFrame, texts: Any = None) -> pd.DataFrame:
        """Fill ``source_id`` and ``source_name``.

        Parameters
        ----------
        attributions : DataFrame
            With ``doc_id``, ``attribution_id``, ``source_spans``, and where known
            ``content_spans`` and ``parent_id``.
        texts : Series, mapping or DataFrame, as `sourcescore.tables.as_texts`, optional
            By default the column ``text`` of the attributions.

        Returns
        -------
        DataFrame
            A copy with the two columns filled, rows in the same order.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            Before `fit`.
        ValueError
            If a column or a document's text is missing.
        """
        check_is_fitted(self, "weights_")
        weights = self.weights_.tolist()

        def best(discourse: Discourse, row: int, candidates: list[Candidate]) -> Candidate | None:
            of_class = weights[CLASSES.index(discourse.rows[row].kind)]
            return max(candidates, key=lambda c: sum([of_class[f] for f in c.features]))

        names = np.full(len(attributions), "", dtype=object)
        ids = np.full(len(attributions), "", dtype=object)
        for doc_id, discourse, index in self._discourses(attributions, texts):
            _settle_all(discourse, best)
            slugs = _Slugs(doc_id)
            for i, number in zip(index, discourse.row_entity, strict=True):
                if number < 0:
                    ids[i] = f"{doc_id}/hearsay"
                else:
                    entity = discourse.entities[number]
                    names[i] = entity.name
                    ids[i] = slugs.of(number, entity)
        return attributions.assign(source_id=string_array(ids), source_name=string_array(names))

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False  # not of numbers
        tags.input_tags.string = True
        return tags

    def _check_parameters(self) -> None:
        if not (isinstance(self.window, int | np.integer) and self.window >= 1):
            raise ValueError(f"window must be an int of at least 1; got {self.window!r}.")
        if not self.C > 0:
            raise ValueError(f"C must be positive; got {self.C!r}.")

    def _discourses(
        self, attributions: pd.DataFrame, texts: Any
    ) -> Iterator[tuple[str, Discourse, list[int]]]:
        """Each document with attributions, read, and the positions of its rows in the table."""
        check_attributions(attributions, ("doc_id", "attribution_id", "source_spans"))
        texts = texts_beside(attributions, texts)
        if texts is None:
            raise ValueError(
                "sources cannot be resolved without the texts; give texts, or attributions with "
                "a column text."
            )
        text_of = as_texts(texts).to_dict()
        by_document: dict[str, list[int]] = {}
        for i, doc_id in enumerate(attributions["doc_id"].tolist()):
            by_document.setdefault(str(doc_id), []).append(i)
        own_ids = attributions["attribution_id"].tolist()
        spans = span_lists(attributions, "source_spans")
        contents = span_lists(attributions, "content_spans")
        nothing = [None] * len(attributions)
        columns = attributions.columns
        parents = attributions["parent_id"].tolist() if "parent_id" in columns else nothing
        for doc_id, index in by_document.items():
            if doc_id not in text_of:
                raise ValueError(
                    f"texts lacks the document {doc_id!r} of the attributions; "
                    "give the texts that the attributions were extracted from."
                )
            rows = _rows(
                text_of[doc_id],
                [own_ids[i] for i in index],
                [parents[i] for i in index],
                [spans[i] for i in index],
                [contents[i] for i in index],
            )
            yield doc_id, Discourse(text_of[doc_id], rows, self.window), index

    def to_parts(self) -> dict[str, bytes]:
        """The parameters and the fitted weights as one JSON file."""
        check_is_fitted(self, "weights_")
        weights = {
            kind: dict(zip(FEATURES, np.round(row, 4).tolist(), strict=True))
            for kind, row in zip(CLASSES, self.weights_, strict=True)
        }
        content = {"window": int(self.window), "C": float(self.C), "weights": weights}
        return {"weights.json": json.dumps(content, indent=1).encode()}

    @classmethod
    def from_parts(cls, parts: Mapping[str, bytes]) -> Self:
        """Rebuild a resolver from `to_parts`.

        Raises
        ------
        ValueError
            If the weights do not fit this version's features.
        """
        content = json.loads(parts["weights.json"])
        weights = content["weights"]
        try:
            table = [[float(weights[kind][name]) for name in FEATURES] for kind in CLASSES]
        except KeyError as error:
            raise ValueError(
                f"weights.json has no weight for {error}; it was made by another version of "
                "sourcescore. Train the resolver again."
            ) from None
        self = cls(window=content["window"], C=content["C"])
        self.weights_ = np.array(table)
        return self


def _rows(
    text: str,
    own_ids: list[Any],
    parents: list[Any],
    sources: list[Sequence[tuple[int, int]]],
    contents: list[Sequence[tuple[int, int]]],
) -> list[Row]:
    """The attributions of one document, each with the position of its parent (-1: none)."""
    position = {own: i for i, own in enumerate(own_ids)}
    around = _enclosing([s[0][0] if s else -1 for s in sources], contents)
    rows = []
    for i, spans in enumerate(sources):
        source = clean_source(" ".join([text[start:end] for start, end in spans]))
        own = own_name(source)
        parent = position.get(parents[i], around[i])
        start, end = (spans[0][0], spans[-1][1]) if source else (-1, -1)
        kind = mention_class(source, own)
        rows.append(Row(source, own, kind, start, end, -1 if parent == i else parent))
    return rows


def _enclosing(starts: list[int], contents: list[Sequence[tuple[int, int]]]) -> list[int]:
    """For each source the row in whose content it begins, the innermost; -1 for none."""
    found = [-1] * len(starts)
    spans = sorted(
        (start, -end, row) for row, pieces in enumerate(contents) for start, end in pieces
    )
    open_spans: list[tuple[int, int]] = []
    upcoming = 0
    for row in sorted(range(len(starts)), key=starts.__getitem__):
        start = starts[row]
        while upcoming < len(spans) and spans[upcoming][0] <= start:
            _, minus_end, owner = spans[upcoming]
            while open_spans and open_spans[-1][0] <= spans[upcoming][0]:
                open_spans.pop()
            open_spans.append((-minus_end, owner))
            upcoming += 1
        while open_spans and open_spans[-1][0] <= start:
            open_spans.pop()
        if open_spans and start >= 0:
            found[row] = open_spans[-1][1]
    return found


def _settle_all(discourse: Discourse, pick: _Pick) -> None:
    """Find the entity of every row: in reading order, but *I* and *we* after their speakers."""
    rows = discourse.rows
    reading_order = sorted(
        (i for i, row in enumerate(rows) if row.start >= 0),
        key=lambda i: (rows[i].kind in _FIRST_PERSON, rows[i].start),
    )
    for i in reading_order:
        row = rows[i]
        chosen = pick(discourse, i, discourse.candidates(i)) if row.kind else None
        if chosen is None:
            entity = discourse.of_source(row)
        elif chosen.entity >= 0:
            entity = chosen.entity
        else:
            entity = discourse.described(chosen.description, row.start)
        discourse.settle(i, entity)


class _Examples:
    """Mentions with the features of their right and their wrong candidates."""

    def __init__(self) -> None:
        self.classes: list[int] = []
        self.right: list[list[int]] = []
        self.wrong: list[list[int]] = []

    def picker(self, gold: list[str]) -> _Pick:
        """A pick of the right candidate that notes it against each wrong one."""

        def pick(discourse: Discourse, row: int, candidates: list[Candidate]) -> Candidate | None:
            right = [discourse.key_of(c) == gold[row] for c in candidates]
            if not any(right):
                return None
            chosen = candidates[right.index(True)]
            wrong = [c.features for c, hit in zip(candidates, right, strict=True) if not hit]
            self.classes += [CLASSES.index(discourse.rows[row].kind)] * len(wrong)
            self.right += [chosen.features] * len(wrong)
            self.wrong += wrong
            return chosen

        return pick

    def fit(self, C: float) -> np.ndarray:
        """Weights of shape (n_classes, n_features): shared ones plus those of each class.

        Logistic regression on the differences of right and wrong, each also turned round, so that
        the two labels are balanced and no intercept is needed.
        """
        if not self.classes:
            raise ValueError(
                "the attributions hold no pronoun or description whose gold name is among "
                "several candidates; fit needs documents with such sources."
            )
        classes = np.array(self.classes)
        design = self._design(self.right, classes) - self._design(self.wrong, classes)
        labels = np.repeat([1, 0], len(classes))
        model = LogisticRegression(C=C, max_iter=1000, fit_intercept=False)
        model.fit(sparse.vstack([design, -design]), labels)
        weights = model.coef_.reshape(1 + len(CLASSES), len(FEATURES))
        return weights[1:] + weights[0]

    @staticmethod
    def _design(features: list[list[int]], classes: np.ndarray) -> sparse.csr_matrix:
        lengths = np.array([len(f) for f in features])
        active = np.concatenate(features)
        rows = np.repeat(np.arange(len(features)), lengths)
        own = len(FEATURES) * (1 + np.repeat(classes, lengths)) + active
        return sparse.csr_matrix(
            (np.ones(2 * len(active)), (np.r_[rows, rows], np.r_[active, own])),
            shape=(len(features), len(FEATURES) * (1 + len(CLASSES))),
        )


class _Slugs:
    """Readable ids of the entities of one document."""

    def __init__(self, doc_id: str) -> None:
        self.doc_id = doc_id
        self._known: dict[int, str] = {}

    def of(self, number: int, entity: Entity) -> str:
        """The id of the entity with this number."""
        known = self._known.get(number)
        if known is None:
            known = self._known[number] = self._new(number, entity)
        return known

    def _new(self, number: int, entity: Entity) -> str:
        slug = _slug(entity.key)
        if entity.named and slug:
            return _main_names().get(entity.name.removeprefix("The "), slug)
        if entity.key in _FIRST_PERSON:
            return f"{self.doc_id}/author"
        if not slug or len(slug) > _MAX_SLUG:
            slug = f"{slug[:_MAX_SLUG] or 'source'}-{number}"
        return f"{self.doc_id}/{slug}"


def _slug(name: str) -> str:
    """A name in lower case, without accents, its words joined by hyphens."""
    decomposed = unicodedata.normalize("NFKD", name_key(name))
    plain = "".join(c for c in decomposed if not unicodedata.combining(c))
    return _NOT_WORD.sub("-", plain).strip("-")


@functools.cache
def _main_names() -> dict[str, str]:
    """Slugs of agencies and countries by each of their names, and of politicians by surname.

    A surname that several politicians of the lexicon bear stands for none of them.
    """
    politicians = sorted(lexicons.load("politicians"))
    bearers = Counter(name.rsplit(" ", 1)[-1] for name in politicians)
    names = {
        surname: _slug(name)
        for name in politicians
        if bearers[surname := name.rsplit(" ", 1)[-1]] == 1
    }
    names |= {alias: _slug(agency) for alias, agency in lexicons.aliases().items()}
    for term, (country, sort) in lexicons.countries().items():
        if sort == "name":
            names[term] = _slug(country)
    return names
