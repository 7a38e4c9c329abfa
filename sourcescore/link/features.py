"""How likely two attributions of one document bear on one claim: the evidence, as numbers.

Comes in: an attribution table in the order of the text. Goes out: all pairs of rows of a document
(the earlier first) with their features, grouped below by what they look at. Beyond what the words
share, it matters how far apart two statements stand, who speaks, and whether the later one answers
the earlier: news tells one claim after the other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sourcescore.compare import NUMBER, PAIR_FEATURES, Statements, analyse, pair_features
from sourcescore.words import WordVectors

from .wording import denial_cues, is_clause, is_negated_clause, own_words, points_back

__all__ = ["Rows", "pair_matrix", "pairs_within", "read_rows"]

#: Rows of one document further apart than this are compared by their words only where the index
#: of terms brings them together.
MAX_APART = 60
_CHUNK = 4096


@dataclass(frozen=True, eq=False)
class Rows:
    """The rows of an attribution table, taken apart; arrays of length n.

    Attributes
    ----------
    statements : Statements
        The contents (rows 0 to n-1) and the sources (n to 2n-1).
    surroundings : float32 array of shape (n, d)
        The vector of the sentence around each content.
    centred, centred_surroundings : float32 arrays of shape (n, d)
        The vectors of contents and surroundings without what is common to their document.
    specific : Statements
        The contents, with weights and embeddings in which a term counts the less the more
        sentences of its document it is in: what a whole article is about does not tell which of
        its statements belong together.
    document : int array
        Number of the document; the rows of a document are neighbours, in the order of the text.
    place : int array
        Number of the row within its document.
    sentence : int array
        Number of the sentence within its document, counting those with an attribution.
    start, end : int arrays
        Where the attribution begins and ends in its text.
    parent : int array
        Row of the parent, -1 if there is none.
    source : int array
        Equal for the same source.
    denies, denying_cue, negated, clause, points_back : bool arrays
    own_words : int array
        Content words that are the content's own.
    length : float array
        Characters of the content.
    """

    statements: Statements
    surroundings: np.ndarray
    centred: np.ndarray
    centred_surroundings: np.ndarray
    specific: Statements
    document: np.ndarray
    place: np.ndarray
    sentence: np.ndarray
    start: np.ndarray
    end: np.ndarray
    parent: np.ndarray
    source: np.ndarray
    denies: np.ndarray
    denying_cue: np.ndarray
    negated: np.ndarray
    clause: np.ndarray
    points_back: np.ndarray
    own_words: np.ndarray
    length: np.ndarray

    def __len__(self) -> int:
        return len(self.document)


def read_rows(table: pd.DataFrame, words: WordVectors) -> Rows:
    """Take an attribution table apart; its rows must be sorted by document and place."""
    n = len(table)
    docs = table["doc_id"].to_numpy(object)
    document = pd.factorize(docs)[0]
    contents = _strings(table, "content")
    sentences = _strings(table, "sentence")
    sources = _strings(table, "source")
    cues = _strings(table, "cue")
    statements = analyse([*contents, *sources], words)
    numbers: dict[str, int] = {}
    number = np.array(
        [
            numbers.setdefault(s or c, len(numbers))
            for s, c in zip(sentences, contents, strict=True)
        ],
        dtype=int,
    )
    surroundings = words.embed(numbers)[number]
    start, end = _extent(table)
    denies = (
        (table["stance"] == "denies").to_numpy(bool) if "stance" in table else np.zeros(n, bool)
    )
    cue_pattern = denial_cues()
    new_document = np.diff(document, prepend=-1) != 0
    first_row = np.maximum.accumulate(np.where(new_document, np.arange(n), 0))
    new_sentence = new_document | (number != np.roll(number, 1))
    sentence = np.cumsum(new_sentence)
    return Rows(
        statements=statements,
        surroundings=surroundings,
        centred=_centred(statements.embedding[:n], document),
        centred_surroundings=_centred(surroundings, document),
        specific=_specific(statements, document, sentence),
        document=document,
        place=np.arange(n) - first_row,
        sentence=sentence - sentence[first_row] if n else sentence,
        start=start,
        end=end,
        parent=_parents(table, docs),
        source=_source_numbers(table, docs, sources),
        denies=denies,
        denying_cue=np.array([bool(cue_pattern.search(c)) for c in cues], dtype=bool),
        negated=np.array([is_negated_clause(c) for c in contents], dtype=bool),
        clause=np.array([is_clause(c) for c in contents], dtype=bool),
        points_back=points_back(contents),
        own_words=own_words(statements)[:n],
        length=np.fromiter(map(len, contents), dtype=float, count=n),
    )


def _specific(s: Statements, document: np.ndarray, sentence: np.ndarray) -> Statements:
    """The contents weighted by how few sentences of their document have a term (TF-IDF)."""
    n = len(document)
    stems, terms = s.stems[:n], s.terms[:n]
    there = stems >= 0
    size = np.int64(len(s.stem_names) + 1)
    in_document = document[:, None] * size + stems
    _, one_each = np.unique(sentence[:, None] * size + stems, return_index=True)
    one_each = one_each[there.ravel()[one_each]]
    keys, count = np.unique(in_document.ravel()[one_each], return_counts=True)
    n_sentences = np.zeros(int(document.max(initial=-1)) + 1)
    _, first = np.unique(sentence, return_index=True)
    np.add.at(n_sentences, document[first], 1)
    total = np.log(n_sentences + 1)[document][:, None]
    found = np.searchsorted(keys, in_document.ravel()).clip(max=max(len(keys) - 1, 0))
    frequency = count[found].reshape(stems.shape) if len(count) else np.ones(stems.shape)
    rarity = np.where(there, 1 - np.log(frequency) / total, 0)
    weights = (s.weights[:n] * rarity).astype(np.float32)
    embedding = np.empty((n, s.vectors.shape[1]), dtype=np.float32)
    for start in range(0, n, _CHUNK):
        part = slice(start, start + _CHUNK)
        embedding[part] = np.einsum("ij,ijk->ik", weights[part], s.vectors[terms[part]])
    embedding /= np.maximum(np.linalg.norm(embedding, axis=1, keepdims=True), 1e-6)
    return Statements(
        terms=terms,
        stems=stems,
        kinds=s.kinds[:n],
        negated_terms=s.negated_terms[:n],
        weights=weights,
        vectors=s.vectors,
        embedding=embedding,
        counts=s.counts[:n],
        stem_names=s.stem_names,
    )


def _strings(table: pd.DataFrame, name: str) -> list[str]:
    if name not in table:
        return [""] * len(table)
    return [v if isinstance(v, str) else "" for v in table[name].to_numpy(object)]


def _extent(table: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Where each attribution begins and ends; its place in the table where it has no spans."""
    start = np.arange(len(table)) * 100
    end = start + 99
    columns = [
        table[c].tolist() for c in ("source_spans", "cue_spans", "content_spans") if c in table
    ]
    for row, cells in enumerate(zip(*columns, strict=True)):
        spans = [span for cell in cells for span in cell]
        if spans:
            start[row] = min(s for s, _ in spans)
            end[row] = max(e for _, e in spans)
    return start, end


def _parents(table: pd.DataFrame, docs: np.ndarray) -> np.ndarray:
    if "parent_id" not in table or "attribution_id" not in table:
        return np.full(len(table), -1)
    ids = table["attribution_id"].to_numpy(object)
    row = {key: k for k, key in enumerate(zip(docs, ids, strict=True))}
    parents = zip(docs, table["parent_id"].to_numpy(object), strict=True)
    return np.array([row.get(key, -1) for key in parents], dtype=int)


def _source_numbers(table: pd.DataFrame, docs: np.ndarray, sources: list[str]) -> np.ndarray:
    """Equal numbers for one source: by its id, else by its name or words within the document."""
    numbers: dict[tuple[str, str], int] = {}
    out = np.empty(len(table), dtype=int)
    ids, names = _strings(table, "source_id"), _strings(table, "source_name")
    for k, (doc, own, name, words) in enumerate(zip(docs, ids, names, sources, strict=True)):
        # a source without name and words is nobody: a source of its own
        key = ("", own) if own else (doc, (name or words).lower() or str(k))
        out[k] = numbers.setdefault(key, len(numbers))
    return out


def pairs_within(document: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """All pairs of rows of one document, at most `MAX_APART` apart, the earlier first."""
    n = len(document)
    steps = np.arange(1, min(MAX_APART, max(n - 1, 0)) + 1)
    left = np.repeat(np.arange(n), len(steps))
    right = left + np.tile(steps, n)
    left, right = left[right < n], right[right < n]
    kept = document[left] == document[right]
    return left[kept], right[kept]


def pair_matrix(rows: Rows, i: np.ndarray, j: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """Features of pairs of rows of one document.

    Parameters
    ----------
    rows : Rows
    i, j : int arrays of shape (n_pairs,)
        The earlier and the later row of each pair.

    Returns
    -------
    float32 array of shape (n_pairs, n_features), list of their names
    """
    columns: dict[str, np.ndarray] = {}
    columns |= _words(rows, i, j)
    columns |= _surroundings(rows, i, j)
    columns |= _places(rows, i, j)
    columns |= _answers(rows, i, j, columns)
    names = list(columns)
    return np.column_stack([columns[c] for c in names]).astype(np.float32), names


def _words(rows: Rows, i: np.ndarray, j: np.ndarray) -> dict[str, np.ndarray]:
    """What the two contents share."""
    return dict(zip(PAIR_FEATURES, pair_features(rows.specific, i, j).T, strict=True))


def _surroundings(rows: Rows, i: np.ndarray, j: np.ndarray) -> dict[str, np.ndarray]:
    """What the contents share with the other's sentence and source, and beyond the topic of all."""
    n, s = len(rows), rows.statements
    content, sentence = rows.centred, rows.centred_surroundings
    columns = {
        "own_cosine": _dot(content[i], content[j]),
        "own_sentence_cosine": _dot(sentence[i], sentence[j]),
        "own_sentence_content": _dot(sentence[i], content[j]),
        "own_content_sentence": _dot(content[i], sentence[j]),
    }
    other = rows.source[i] != rows.source[j]
    columns["names_source_before"] = other * _shared(s, j, i + n)
    columns["names_source_after"] = other * _shared(s, i, j + n)
    own = columns["own_cosine"]
    best = np.full((2, n), -1.0)
    np.maximum.at(best[0], j, own)
    np.maximum.at(best[1], i, own)
    columns["below_best_before"] = own - best[0][j]
    columns["below_best_after"] = own - best[1][i]
    return columns


def _dot(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.einsum("ij,ij->i", a, b)


def _centred(vectors: np.ndarray, document: np.ndarray) -> np.ndarray:
    """Vectors of length 1 after the mean of their document was taken off."""
    if not len(vectors):
        return vectors
    first = np.flatnonzero(np.diff(document, prepend=-1))
    size = np.diff(first, append=len(document))
    mean = np.add.reduceat(vectors, first, axis=0) / size[:, None]
    left = vectors - np.repeat(mean, size, axis=0)
    left[~vectors.any(axis=1)] = 0
    return left / np.maximum(np.linalg.norm(left, axis=1, keepdims=True), 1e-6)


def _shared(s: Statements, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Weight of the rarest term that two statements share."""
    size = max(1, int(s.n_terms[np.concatenate([a, b])].max(initial=1)))
    left, right = s.stems[a][:, :size], s.stems[b][:, :size]
    same = (left[:, :, None] == right[:, None, :]) & (left >= 0)[:, :, None]
    return (s.weights[a][:, :size] * same.any(axis=2)).max(axis=1)


def _places(rows: Rows, i: np.ndarray, j: np.ndarray) -> dict[str, np.ndarray]:
    """How far apart the two stand, and how they are nested."""
    apart = rows.place[j] - rows.place[i]
    sentences = rows.sentence[j] - rows.sentence[i]
    gap = np.log1p(np.maximum(rows.start[j] - rows.end[i], 0))
    nested = (rows.parent[j] == i) | (rows.parent[i] == j)
    shorter, longer = np.sort([rows.length[i], rows.length[j]], axis=0)
    columns = {
        "log_apart": np.log(apart),
        "log_gap": gap,
        "gap_next": gap * (apart == 1),
        "title": rows.place[i] == 0,
        "nested": nested,
        "nested_cover": nested * shorter / np.maximum(longer, 1),
        "siblings": (rows.parent[i] == rows.parent[j]) & (rows.parent[i] >= 0),
    }
    for low, high in ((1, 1), (2, 2), (3, 3), (4, 5), (6, 9)):
        columns[f"apart_{low}"] = (apart >= low) & (apart <= high)
    for k in range(3):
        columns[f"sentences_{k}"] = sentences == k
    return columns


def _answers(
    rows: Rows, i: np.ndarray, j: np.ndarray, known: dict[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Whether the later statement answers the earlier one, or goes on to something else."""
    denied, denies = rows.denies[i], rows.denies[j]
    same = rows.source[i] == rows.source[j]
    following = known["apart_1"].astype(bool)
    close = known["sentences_0"] | known["sentences_1"]
    denial, retreat = ~denied & denies, denied & ~denies
    assertions, denials = ~denied & ~denies, denied & denies
    columns = {
        "same_source": same,
        "same_source_next": same & following,
        "same_source_asserts": same & assertions & ~known["nested"],
        "same_source_denies": same & denials,
        "denial": denial,
        "denial_next": denial & following,
        "denial_close": denial & close,
        "retreat": retreat,
        "retreat_next": retreat & following,
        "denials": denials,
        "denials_next": denials & following,
        "assertions_next": assertions & following,
        "negation_differs_asserted": (rows.negated[i] != rows.negated[j]) & assertions,
    }
    number = rows.statements.kinds == NUMBER
    columns["number_after"] = number[j].any(axis=1)
    differ = known["numbers_differ"]
    columns["numbers_differ_alike"] = differ * known["soft_max"]
    columns["numbers_differ_next"] = differ * following
    columns["numbers_differ_denied"] = differ * (denied | denies)
    for name, flag in (
        ("empty", rows.own_words <= 1),
        ("thin", rows.own_words == 2),
        ("back", rows.points_back),
    ):
        here, before = flag[j], flag[i]
        columns |= {
            f"{name}": here,
            f"{name}_before": before,
            f"{name}_next": here & following,
            f"{name}_apart_2": here & known["apart_2"],
            f"{name}_apart_3": here & (known["apart_3"] | known["apart_4"]),
            f"{name}_denial": here & denial,
            f"{name}_denial_next": here & denial & following,
            f"{name}_title": here & known["title"],
            f"{name}_cosine": here * known["vector_cosine"],
            f"{name}_same_source": here & same,
            f"{name}_both": here & before,
        }
    return columns
