"""Find attributions: who says what, by which words.

Comes in: texts. Goes out: the attribution table with source, cue and content spans and parents.

A small convolutional network reads the tokens (`sourcescore.extract.network`). It marks the cues;
then, for each cue by itself, which tokens around it are its source and its content, so that
contents may be discontinuous, run over sentences and overlap. Both times the best sequence of
labels is taken. Then contents are read once more by themselves, for attributions inside them. One
whose content lies inside that of another becomes its child.

The task and its three roles are those of Pareti (2015), *Attribution: a computational approach*,
and Newell, Margolin and Ruths (2018), *An attribution relations corpus for political news*.
"""

from __future__ import annotations

import io
import json
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import Tags, check_random_state
from sklearn.utils.metadata_routing import UNUSED
from sklearn.utils.validation import check_is_fitted
from threadpoolctl import ThreadpoolController

from sourcescore import lexicons
from sourcescore.extract.chain import best_labels
from sourcescore.extract.examples import (
    Annotated,
    Found,
    Passage,
    annotated_documents,
    content_ranges,
    passages,
    token_ranges,
)
from sourcescore.extract.features import (
    N_RELATIONS,
    QUOTATION_MARKS,
    Layout,
    Vocabulary,
    WordTable,
    cue_windows,
    plain_words,
    sentence_rows,
)
from sourcescore.extract.learning import Settings, learn
from sourcescore.extract.lookup import TokenLookup, TokenVectors, count_features
from sourcescore.extract.network import (
    CUE_LABELS,
    DILATIONS,
    ROLE_LABELS,
    WIDTH,
    Network,
    spread,
)
from sourcescore.extract.relative import PRONOUNS, noun_phrase_before
from sourcescore.metrics import score_attributions
from sourcescore.models import load_words
from sourcescore.tables import (
    as_texts,
    attributions_frame,
    check_attributions,
)
from sourcescore.text import Document, parse, sentence_around

__all__ = ["AttributionExtractor"]

#: A text is read in blocks of this many tokens, cut at the end of a paragraph, so that memory does
#: not grow with its length. Articles are shorter than one block.
_BLOCK = 4000
#: So many cues are worked on at a time, for the same reason: any word of a strange text may be one.
_CUES = 200
#: A content is read once more if a token in it is so likely to be in a cue. On PolNeAR dev that is
#: a third of the contents, with nine tenths of what there is to be found in all.
_SUSPECT = 0.5
#: Contents are the same if they share so much of what either has.
_SAME_CONTENT = 0.7
#: Parameters of the fitting that a stored model does without.
_NOT_STORED = ("random_state", "checkpoint")
#: Probabilities closer to 0 or 1 make no difference.
_CERTAIN = 1e-6
_OTHER, _BEGINS, _CONTINUES = map(CUE_LABELS.index, ("other", "begins", "continues"))
_SOURCE, _CONTENT = map(ROLE_LABELS.index, ("source", "content"))


class AttributionExtractor(TransformerMixin, BaseEstimator):
    """Find who says what in news texts.

    Parameters
    ----------
    nested : bool, default=True
        Look for attributions inside the contents of others, and follow the annotation of the
        nested training documents. False follows the annotation of the flat ones.
    threshold : float in [0, 1], default=0.5
        How probable a cue must be; a half takes the likeliest reading of each sentence. Lower finds
        more, higher finds fewer wrong ones.
    n_epochs : int, default=18
        How often each document is learned from.
    learning_rate : float, default=0.002
    nested_weight : int, default=2
        How often a nested document counts, where there are flat ones too.
    warm_start : bool, default=False
        Let `fit` go on from what was learned before instead of starting anew, for which a few
        documents are too few. What is known of words stays as it is.
    random_state : int, RandomState instance or None, default=0
        Of the first parameters, the order of the documents and what is left out.
    verbose : bool, default=False
        Show a progress bar in `fit`.

    Attributes
    ----------
    word_table_ : WordTable
        How often each word signals an attribution, and its parts of speech.
    vocabulary_ : Vocabulary
        The features of words that are told apart.
    network_ : Network
    n_features_in_ : int
        Always 1: a text.

    See Also
    --------
    SourceResolver : Tell which of the sources are the same.
    AttributionClassifier : Tell what kind of source each is.

    Examples
    --------
    >>> import sourcescore as ss
    >>> extractor = ss.load_model("extractor")
    >>> found = extractor.transform("The mine was safe, the minister told Reuters on Friday.")
    >>> found[["source", "cue", "content"]].iloc[0].tolist()
    ['the minister', 'told', 'The mine was safe']
    """

    # what stands for X and y is no metadata to be routed
    __metadata_request__fit = {"texts": UNUSED, "attributions": UNUSED}
    __metadata_request__transform = {"texts": UNUSED}
    __metadata_request__score = {"texts": UNUSED, "attributions": UNUSED}

    def __init__(
        self,
        *,
        nested: bool = True,
        threshold: float = 0.5,
        n_epochs: int = 18,
        learning_rate: float = 0.002,
        nested_weight: int = 2,
        warm_start: bool = False,
        random_state: Any = 0,
        verbose: bool = False,
    ) -> None:
        self.nested = nested
        self.threshold = threshold
        self.n_epochs = n_epochs
        self.learning_rate = learning_rate
        self.nested_weight = nested_weight
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose

    # -- learning ------------------------------------------------------------------------------

    def fit(
        self,
        texts: Any,
        attributions: pd.DataFrame | Sequence[pd.DataFrame],
        *,
        flat: Collection[str] = (),
    ) -> Self:
        """Learn from annotated texts.

        Parameters
        ----------
        texts : Series of str (index doc_id), or anything that `tables.as_texts` takes
        attributions : DataFrame, or sequence of DataFrame of length n_texts
            With the columns doc_id, source_spans, cue_spans, content_spans, and for nested ones
            attribution_id and parent_id. One table for each text is what cross-validation can
            split: ``[attributions[attributions["doc_id"] == doc_id] for doc_id in texts.index]``.
        flat : collection of doc_id, default=()
            The documents in which attributions inside the contents of others are not annotated.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If columns are missing, a span lies outside its text, or there is no attribution with
            a cue and a content to learn from.
        """
        self._check_parameters()
        series = as_texts(texts)
        required = ("doc_id", "source_spans", "cue_spans", "content_spans")
        table = check_attributions(_one_table(attributions, len(series)), required)
        annotated = annotated_documents(series, table, set(flat))
        if not any(document.attributions for document in annotated):
            raise ValueError(
                "there is nothing to learn: no attribution has both a cue and a content in the "
                "texts given."
            )
        seed = check_random_state(self.random_state).randint(np.iinfo(np.int32).max)
        rng = np.random.default_rng(seed)
        if not (self.warm_start and hasattr(self, "network_")):
            self._start(annotated, rng)
        lookup = TokenLookup(self.word_table_, self.vocabulary_, load_words())
        mixed = len({document.nested for document in annotated}) > 1
        learned = [
            document_passages
            for document in annotated
            for document_passages in [passages(document)]
            for _ in range(self.nested_weight if mixed and document.nested else 1)
        ]
        settings = Settings(n_epochs=self.n_epochs, learning_rate=self.learning_rate)
        with _blas().limit(limits=1, user_api="blas"):  # as in transform: the same model anywhere
            self._learn(learned, lookup, settings, rng)
        self.n_features_in_ = 1
        self._prepare()
        return self

    def _learn(
        self,
        documents: list[list[Passage]],
        lookup: TokenLookup,
        settings: Settings,
        rng: np.random.Generator,
    ) -> None:
        """Change the network, given the passages of each document."""
        learned = [passage for document in documents for passage in document]
        learn(self.network_, learned, lookup, settings, rng, progress=self.verbose)

    def _check_parameters(self) -> None:
        if not 0 <= self.threshold <= 1:
            raise ValueError(f"threshold must lie in [0, 1]; got {self.threshold!r}.")
        if not self.learning_rate > 0:
            raise ValueError(f"learning_rate must be above 0; got {self.learning_rate!r}.")
        for name in ("n_epochs", "nested_weight"):
            value = getattr(self, name)
            if not isinstance(value, (int, np.integer)) or value < 1:
                raise ValueError(f"{name} must be a whole number of at least 1; got {value!r}.")

    def _start(self, annotated: list[Annotated], rng: np.random.Generator) -> None:
        """Count words and features, and begin with a network that knows nothing."""
        vectors = load_words()
        documents = [a.document for a in annotated]
        self.word_table_ = WordTable.fit(
            [plain_words(document) for document in documents],
            [_cue_mask(a) for a in annotated],
            {word: tags for word, (tags,) in lexicons.table("word_tags").items()},
        )
        self.vocabulary_ = Vocabulary.fit(count_features(documents, self.word_table_, vectors))
        lookup = TokenLookup(self.word_table_, self.vocabulary_, vectors)
        self.network_ = Network.initial(lookup.n_features, self._n_vector(), N_RELATIONS, rng)

    def _n_vector(self) -> int:
        """Length of the vectors that tokens come with."""
        return load_words().n_dimensions

    def _prepare(self) -> None:
        lookup = TokenLookup(self.word_table_, self.vocabulary_, load_words())
        self._token_vectors = TokenVectors(lookup, self.network_)

    # -- finding -------------------------------------------------------------------------------

    def transform(self, texts: Any) -> pd.DataFrame:
        """Find the attributions of texts.

        Parameters
        ----------
        texts : str, sequence or Series of str (index doc_id), or DataFrame with doc_id and text

        Returns
        -------
        DataFrame
            The attribution table, in order of the texts and of the cues in them, with the columns
            doc_id, attribution_id, parent_id, source, cue, content, their spans and sentence
            filled in.

        Raises
        ------
        NotFittedError
            Before `fit`.
        TypeError
            If a text is not a str.
        """
        check_is_fitted(self, "network_")
        series = as_texts(texts)
        columns: defaultdict[str, list[Any]] = defaultdict(list)
        # one thread, so that sums do not depend on how many there are; many texts go to processes
        with _blas().limit(limits=1, user_api="blas"):
            number: defaultdict[str, int] = defaultdict(int)
            for doc_id, block, vectors in self._with_vectors(_blocks(series)):
                found = self.find(block, vectors)
                _add_rows(columns, doc_id, block, found, number[doc_id] + 1)
                number[doc_id] += len(found)
        return attributions_frame(columns, len(columns["doc_id"]))

    def _with_vectors(
        self, blocks: Iterator[tuple[str, Document]]
    ) -> Iterator[tuple[str, Document, np.ndarray | None]]:
        """Each block with vectors of its tokens that depend on their context, if there are any."""
        for doc_id, block in blocks:
            yield doc_id, block, None

    def score(self, texts: Any, attributions: pd.DataFrame | Sequence[pd.DataFrame]) -> float:
        """F1 of the attributions found, see `sourcescore.metrics.score_attributions`.

        Parameters
        ----------
        texts : as for `transform`
        attributions : DataFrame, or sequence of DataFrame of length n_texts
            The annotated ones, as for `fit`.

        Returns
        -------
        float
            Of the attributions found as a whole, its ``["relation"]["f1"]``.
        """
        series = as_texts(texts)
        gold = _one_table(attributions, len(series))
        return float(score_attributions(gold, self.transform(series), series)["relation"]["f1"])

    def set_output(self, *, transform: str | None = None) -> Self:
        """Say that `transform` returns a pandas DataFrame, which it does anyway.

        Parameters
        ----------
        transform : {"default", "pandas"} or None, default=None

        Returns
        -------
        self

        Raises
        ------
        ValueError
            For any other container: the steps that follow take pandas.
        """
        if transform not in ("default", "pandas", None):
            raise ValueError(
                f"attributions are pandas DataFrames, not {transform!r}; convert what comes out "
                'in the end, say with polars.from_pandas, or set_output(transform="pandas").'
            )
        return self

    def find(self, document: Document, vectors: np.ndarray | None) -> list[Found]:
        """The attributions of one document as token numbers, in order of their cues.

        Parameters
        ----------
        document : Document
        vectors : float32 array of shape (n_tokens, n_vector) or None
            Those of the tokens in their context, see `_with_vectors`.
        """
        if not document.words:
            return []
        kind = "nested" if self.nested else "flat"
        reading = self._read(document, vectors, [(0, len(document))], kind)
        found = self._found(reading)
        if self.nested:
            # read by itself, a content shows attributions that go unseen in the whole text
            taken = {token for attribution in found for token in attribution.cue}
            suspect = reading.cue_likeness() >= _SUSPECT
            suspect[list(taken)] = False
            contents = {r for above in found for r in content_ranges(document, above.content)}
            inside = sorted((a, b) for a, b in contents if suspect[a:b].any())
            for attribution in self._found(self._read(document, vectors, inside, "content")):
                if taken.isdisjoint(attribution.cue):
                    taken.update(attribution.cue)
                    found.append(attribution)
            self._name_antecedents(found, document)
            _take_in_relayed(found)
        _continue_quotations(found, document)
        return sorted(found, key=lambda attribution: attribution.cue)

    def _name_antecedents(self, found: list[Found], document: Document) -> None:
        """Let the source be what a relative pronoun stands for, as nested annotation has it."""
        for attribution in found:
            if len(attribution.source) != 1:
                continue
            (token,) = attribution.source
            if document.words[token].lower() in PRONOUNS and token < attribution.cue[0]:
                phrase = noun_phrase_before(document, token, self.word_table_.tags)
                if set(phrase).isdisjoint(attribution.content):
                    attribution.source = phrase or attribution.source

    def _read(
        self,
        document: Document,
        vectors: np.ndarray | None,
        ranges: list[tuple[int, int]],
        kind: str,
    ) -> _Reading:
        """Read some ranges of a document, each by itself."""
        if not ranges:
            return _Reading.nothing()
        parts = [document.part(a, b) for a, b in ranges]
        looked_up = np.concatenate([self._token_vectors(part, kind) for part in parts])
        if vectors is not None:
            in_context = np.concatenate([vectors[a:b] for a, b in ranges])
            looked_up += in_context @ self.network_.parameters["vector"]
        place, mask = spread(np.array([len(part) for part in parts]), DILATIONS)
        x = np.zeros((*mask.shape, looked_up.shape[1]), dtype=np.float32)
        x[0, place] = looked_up
        encoded = self.network_.encode(x, mask if len(parts) > 1 else None)[0][0, place]
        return _Reading(
            np.concatenate([np.arange(a, b) for a, b in ranges]),
            Layout.joined(parts),
            encoded,
            self.network_.linear("cue", encoded)[0],
        )

    def _found(self, reading: _Reading) -> list[Found]:
        """The attributions in what was read."""
        cues = self._cues(reading)
        found: list[Found] = []
        for k in range(0, len(cues), _CUES):
            for own in self._arguments(reading, cues[k : k + _CUES], cues):
                found.append(Found(*(reading.token[role].tolist() for role in own)))
        return found

    def _arguments(
        self, reading: _Reading, cues: np.ndarray, among: np.ndarray
    ) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """The tokens of cue, source and content of those cues that have a content."""
        windows, first = cue_windows(reading.layout, cues, among)
        mask = windows.rows
        scores = np.zeros((*mask.shape, len(ROLE_LABELS)), dtype=np.float32)
        scores[mask] = self.network_.roles(reading.encoded, windows)[0]
        labels = best_labels(scores, windows.length, *self.network_.chain("role"))
        for row, (start, end) in enumerate(cues.tolist()):
            content = np.flatnonzero(labels[row] == _CONTENT) + first[row]
            if len(content):
                source = np.flatnonzero(labels[row] == _SOURCE) + first[row]
                yield np.arange(start, end), _nearest_run(source, start, end), content

    def _cues(self, reading: _Reading) -> np.ndarray:
        """First token of each cue and the one after its last: int array of shape (n_cues, 2)."""
        if not len(reading.token):
            return np.empty((0, 2), dtype=np.int64)
        scores = reading.cue_scores.copy()
        threshold = np.clip(self.threshold, _CERTAIN, 1 - _CERTAIN)
        scores[:, _OTHER] += np.float32(np.log(threshold / (1 - threshold)))
        mask = sentence_rows(reading.layout.sentence)
        rows = np.zeros((*mask.shape, scores.shape[1]), dtype=np.float32)
        rows[mask] = scores
        labels = best_labels(rows, mask.sum(axis=1), *self.network_.chain("cue"))[mask]
        first = np.flatnonzero(labels == _BEGINS)
        stops = np.flatnonzero(np.append(labels, _OTHER) != _CONTINUES)
        return np.column_stack([first, stops[np.searchsorted(stops, first, side="right")]])

    def __getstate__(self) -> dict[str, Any]:
        state = dict(super().__getstate__())
        state.pop("_token_vectors", None)  # a memory, and the word vectors that everybody has
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if "network_" in state:
            self._prepare()

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.one_d_array = True
        tags.input_tags.string = True
        return tags

    # -- storing -------------------------------------------------------------------------------

    def to_parts(self) -> dict[str, bytes]:
        """The files of the model, name to content."""
        check_is_fitted(self, "network_")
        buffer = io.BytesIO()
        halves = {n: a.astype(np.float16) for n, a in self.network_.parameters.items()}
        np.savez_compressed(buffer, **halves)  # type: ignore[arg-type]
        parameters = {k: v for k, v in self.get_params().items() if k not in _NOT_STORED}
        features = json.dumps(self.vocabulary_.features, ensure_ascii=True)
        return {
            "parameters.json": json.dumps(parameters).encode(),
            "words.json": self.word_table_.to_bytes(),
            "features.json": features.encode(),
            "network.npz": buffer.getvalue(),
        }

    @classmethod
    def from_parts(cls, parts: Mapping[str, bytes]) -> Self:
        """Build the estimator from the files that `to_parts` gave."""
        extractor = cls(**json.loads(parts["parameters.json"]))
        extractor.word_table_ = WordTable.from_bytes(parts["words.json"])
        extractor.vocabulary_ = Vocabulary(json.loads(parts["features.json"]))
        with np.load(io.BytesIO(parts["network.npz"]), allow_pickle=False) as arrays:
            extractor.network_ = Network({n: arrays[n].astype(np.float32) for n in arrays.files})
        extractor.n_features_in_ = 1
        extractor._prepare()
        return extractor


@cache
def _blas() -> ThreadpoolController:
    """What sets the number of threads of numpy's matrix products."""
    return ThreadpoolController()


class _Reading(NamedTuple):
    """Ranges of a document as the network has read them, one after the other."""

    #: The number of each token in the document.
    token: np.ndarray
    layout: Layout
    encoded: np.ndarray
    cue_scores: np.ndarray

    @classmethod
    def nothing(cls) -> _Reading:
        none = np.empty(0, dtype=np.int64)
        return cls(none, Layout(none, none, none), np.empty((0, WIDTH)), np.empty((0, 3)))

    def cue_likeness(self) -> np.ndarray:
        """The probability of each token to be in a cue, its neighbours' labels left aside."""
        scores = np.exp(self.cue_scores - self.cue_scores.max(axis=1, keepdims=True))
        return 1 - scores[:, _OTHER] / scores.sum(axis=1)


def _blocks(texts: pd.Series) -> Iterator[tuple[str, Document]]:
    """The texts in blocks, each with its doc_id."""
    for doc_id, text in zip(texts.index, texts.to_numpy(), strict=True):
        document = parse(text)
        for first, last in token_ranges(document.paragraph, _BLOCK, 2 * _BLOCK):
            yield doc_id, document.part(first, last)


def _add_rows(
    columns: dict[str, list[Any]], doc_id: str, document: Document, found: list[Found], first: int
) -> None:
    """Add the attributions found in a part of a document, numbered from `first`."""
    for number, (attribution, parent) in enumerate(zip(found, _parents(found), strict=True)):
        columns["doc_id"].append(doc_id)
        columns["attribution_id"].append(f"a{first + number}")
        columns["parent_id"].append(None if parent is None else f"a{first + parent}")
        for role in ("source", "cue", "content"):
            spans = _spans(document, getattr(attribution, role))
            columns[role].append(" ".join(document.text[a:b] for a, b in spans))
            columns[f"{role}_spans"].append(spans)
        columns["sentence"].append(sentence_around(document, columns["cue_spans"][-1]))


def _one_table(attributions: Any, n_texts: int) -> pd.DataFrame:
    """The attributions as one table, where they come as one for each text."""
    if isinstance(attributions, pd.DataFrame):
        return attributions
    if not isinstance(attributions, Sequence | pd.Series):
        return check_attributions(attributions, ("doc_id",))
    tables = [check_attributions(table, ("doc_id",)) for table in attributions]
    if len(tables) != n_texts:
        raise ValueError(
            f"attributions must be one table, or one for each of the {n_texts} texts; got "
            f"{len(tables)} tables."
        )
    return pd.concat([attributions_frame({}, 0), *tables], ignore_index=True)


def _cue_mask(annotated: Annotated) -> np.ndarray:
    """Which tokens are part of a cue of an attribution that sits in no other."""
    mask = np.zeros(len(annotated.document), dtype=bool)
    for attribution in annotated.top:
        mask[attribution.cue] = True
    return mask


def _nearest_run(tokens: np.ndarray, start: int, end: int) -> np.ndarray:
    """Of runs of consecutive tokens the one next to the cue: an attribution has one source."""
    if not len(tokens) or tokens[-1] - tokens[0] < len(tokens):
        return tokens
    runs = np.split(tokens, np.flatnonzero(np.diff(tokens) != 1) + 1)
    return min(runs, key=lambda run: max(start - run[-1], run[0] - end))


def _continue_quotations(found: list[Found], document: Document) -> None:
    """Let a content that ends in a quotation left open take in the paragraphs that carry it on.

    A quotation of several paragraphs opens anew with each and is closed in the last (*The Chicago
    Manual of Style*, 13.30), however far that is from the cue. It goes on up to one of which
    something is the content of another attribution.
    """
    quotation = document.quotation
    first = np.flatnonzero((quotation > 0) & (np.diff(quotation, prepend=0) != 0))
    last = np.flatnonzero((quotation > 0) & (np.diff(quotation, append=0) != 0))
    opens = np.diff(document.paragraph, prepend=-1) > 0
    # quotation k + 1 stands from first[k] to last[k]
    carried = [
        after == end + 1 and opens[after] and document.words[end] not in QUOTATION_MARKS
        for end, after in zip(last, [*first[1:], -1], strict=False)
    ]
    if not any(carried):
        return
    spoken_for = np.zeros(len(document), dtype=bool)
    for attribution in found:
        spoken_for[attribution.content] = True
    for attribution in found:
        number = quotation[attribution.content[-1]] - 1
        if number < 0 or attribution.content[-1] != last[number]:
            continue
        while carried[number] and not spoken_for[first[number + 1] : last[number + 1] + 1].any():
            number += 1
            attribution.content += range(first[number], last[number] + 1)


def _take_in_relayed(found: list[Found]) -> None:
    """Where *A says C, B reported*, let what B reported be *A says C*, and not C alone.

    Of two attributions with all but the same content, one with source and cue before it and one
    with the cue after it, the second relays the first.
    """
    first: defaultdict[int, list[Found]] = defaultdict(list)
    last: defaultdict[int, list[Found]] = defaultdict(list)
    for attribution in found:
        first[attribution.content[0]].append(attribution)
        last[attribution.content[-1]].append(attribution)
    for relay in found:
        content = set(relay.content)
        if not relay.source or relay.cue[0] < relay.content[-1]:
            continue
        for said in [*first[relay.content[0]], *last[relay.content[-1]]]:
            before = said.source and max(said.cue[-1], said.source[-1]) < said.content[0]
            if not before or not content.isdisjoint(said.cue):
                continue
            own = set(said.content)
            if len(content & own) >= _SAME_CONTENT * len(content | own):
                taken_in = content.union(said.source, said.cue, own)
                relay.content = sorted(taken_in.difference(relay.source, relay.cue))
                break


def _parents(found: list[Found]) -> list[int | None]:
    """For each attribution the number of the one in whose content it sits.

    That is the one with the shortest content among those whose content holds its cue and most of
    its content, and reaches around all of it. Without the last condition the rule is right for all
    but 3 of the 141 nested attributions of the training articles.
    """
    contents = [set(a.content) for a in found]
    holders: defaultdict[int, list[int]] = defaultdict(list)
    for number, content in enumerate(contents):
        for token in content:
            holders[token].append(number)
    parents: list[int | None] = []
    for number, attribution in enumerate(found):
        own = contents[number]
        above = [
            k
            for k in holders[attribution.cue[0]]
            if len(contents[k]) > len(own)
            and 2 * len(own & contents[k]) > len(own)
            and found[k].content[0] <= attribution.content[0]
            and attribution.content[-1] <= found[k].content[-1]
        ]
        parents.append(min(above, key=lambda k: len(contents[k]), default=None))
    return parents


def _spans(document: Document, tokens: list[int]) -> list[tuple[int, int]]:
    """Offsets of runs of consecutive tokens."""
    if not tokens:
        return []
    breaks = [k for k in range(1, len(tokens)) if tokens[k] != tokens[k - 1] + 1]
    return [
        (int(document.starts[tokens[a]]), int(document.ends[tokens[b - 1]]))
        for a, b in zip([0, *breaks], [*breaks, len(tokens)], strict=True)
    ]
