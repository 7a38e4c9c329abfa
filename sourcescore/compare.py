"""What two short statements have in common, as numbers.

Comes in: statements (contents, claims, headlines, sentences) as strings. Goes out: a `Statements`
table of their terms, and, for pairs of rows, an array of similarities at several grains: whole
vectors, words softly aligned by their vectors, words alike, names, places, numbers, negation.

The soft alignment is that of Corley and Mihalcea (2005), *Measuring the semantic similarity of
texts*: every term of one statement is matched with its most similar term of the other, weighted by
how rare the term is, in both directions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np

from . import lexicons
from .words import WordVectors

__all__ = ["PAIR_FEATURES", "Statements", "analyse", "pair_features"]

#: Terms of a statement that are looked at; a longer one is cut.
MAX_TERMS = 32
#: Pairs compared at a time, which bounds the memory.
_CHUNK = 4096

WORD, NAME, NUMBER, PLACE, TIME = range(5)

_TOKEN = re.compile(r"\d+(?:[.,]\d+)*|(?:[A-Z]\.){2,8}|[^\W\d_]+(?:['’][^\W\d_]+)?")
_POSSESSIVE = re.compile(r"['’]s?$")
_UNITS = "zero one two three four five six seven eight nine ten eleven twelve".split()
_NUMBER_WORDS = {word: float(n) for n, word in enumerate(_UNITS) if n > 1} | {
    "dozen": 12.0,
    "twenty": 20.0,
    "thirty": 30.0,
    "forty": 40.0,
    "fifty": 50.0,
    "sixty": 60.0,
    "seventy": 70.0,
    "eighty": 80.0,
    "ninety": 90.0,
}
_SCALES = {"hundred": 1e2, "thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12}
_TIMES = frozenset(
    "monday tuesday wednesday thursday friday saturday sunday january february march april may "
    "june july august september october november december today yesterday tomorrow".split()
)
# Words that carry no part of a proposition, the anaphors apart.
_FUNCTION_WORDS = frozenset(
    "a an the and or but if while as at by for from in into of off on onto out over per than then "
    "to up upon via with within about above across after against along amid among around because "
    "before behind below beneath beside besides between beyond during except inside like near "
    "outside since through throughout till toward towards under underneath until unlike versus "
    "without be is are was were been being am do does did doing done have has had having will "
    "would shall should can could may might must ought need who whom whose which what where when "
    "why how whether so such too very just also even still yet already only both each every "
    "either neither nor all any some more most much many few less least other another same own "
    "again further here now once not no never that s t re ve ll d m there".split()
)
#: What negates the words after it, as far as the clause goes and no further than a few words
#: (Chapman et al. 2001, *A simple algorithm for identifying negated findings*), and what calls the
#: whole of its clause untrue.
_NEGATES_AFTER = frozenset(
    "not no never none nobody nothing nowhere neither nor without cannot hardly denied denies deny "
    "denying".split()
)
_NEGATES_CLAUSE = frozenset(
    "false untrue refuted hoax fake bogus baseless unfounded groundless fabricated fabrication "
    "debunked nonsense rubbish invented wrong incorrect impossible myth".split()
)
_SCOPE = 6
_CLAUSE_END = re.compile(r"[.,;:!?()\"“”–—]|\bbut\b")
ANAPHORS = frozenset(
    "he him his she her hers they them their theirs it its this these those himself herself "
    "themselves itself".split()
)
_FIRST_PERSON = frozenset("i me my mine we us our ours myself ourselves you your yours".split())
NEGATORS = frozenset(
    "not no never none nobody nothing nowhere neither nor without cannot hardly false untrue "
    "denied denies deny denying refuted hoax fake bogus baseless unfounded groundless fabricated "
    "fabrication debunked nonsense rubbish invented wrong incorrect impossible myth".split()
)
_HEDGES = frozenset(
    "may might could possibly probably likely perhaps reportedly allegedly alleged purportedly "
    "apparently rumor rumors rumour rumours unconfirmed claims claim claimed reports suspected "
    "believed seems".split()
)


@dataclass(frozen=True, eq=False)
class Statements:
    """n statements taken apart. Build one with `analyse`.

    Attributes
    ----------
    terms : int32 array of shape (n, MAX_TERMS)
        Rows of `vectors`, -1 where there is no further term.
    stems : int32 array of shape (n, MAX_TERMS)
        Numbers that are equal for terms that are alike but for their ending, two spellings of a
        number or two names of a country; -1 where there is no further term.
    kinds : int8 array of shape (n, MAX_TERMS)
        WORD, NAME, NUMBER, PLACE or TIME.
    negated_terms : bool array of shape (n, MAX_TERMS)
        Whether a term stands in the scope of a negation.
    weights : float32 array of shape (n, MAX_TERMS)
        Information of each term: minus the logarithm of its frequency; 0 where there is none.
    vectors : float32 array of shape (n_vocabulary + 1, d)
        Word vectors of length 1 (or 0: numbers, places and times match only their like). The last
        row, all zeros, is that of no term.
    embedding : float32 array of shape (n, d)
        The vector of each whole statement, of length 1.
    counts : float32 array of shape (n, 5)
        How many terms, anaphors, first and second persons, negations, hedges.
    stem_names : list of str
        The key of each stem number.
    """

    terms: np.ndarray
    stems: np.ndarray
    kinds: np.ndarray
    negated_terms: np.ndarray
    weights: np.ndarray
    vectors: np.ndarray
    embedding: np.ndarray
    counts: np.ndarray
    stem_names: list[str]

    def __len__(self) -> int:
        return len(self.terms)

    @property
    def n_terms(self) -> np.ndarray:
        """Number of terms of each statement."""
        return self.counts[:, 0]

    @property
    def negated(self) -> np.ndarray:
        """Whether the number of negations is odd."""
        return self.counts[:, 3] % 2 == 1


def stem(word: str) -> str:
    """A word without its inflection, roughly.

    Examples
    --------
    >>> [stem(w) for w in ("deployed", "deploying", "deploys", "countries", "stopped")]
    ['deploy', 'deploy', 'deploy', 'country', 'stop']
    """
    if (len(word) < 5 and not word.endswith("s")) or len(word) < 4:
        return word
    if word.endswith(("ies", "ied")):
        return word[:-3] + "y"
    if word.endswith(("sses", "shes", "ches", "xes", "zes")):
        return word[:-2]
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    for ending in ("ing", "ed"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            root = word[: -len(ending)]
            if root[-1] == root[-2] and root[-1] not in "ls":
                root = root[:-1]
            return root
    return word[:-1] if word.endswith("e") and len(word) > 4 else word


class _Reader:
    """Takes statements apart; collects the vocabulary that they share."""

    def __init__(self, words: WordVectors) -> None:
        self.words = words
        self.vocabulary: dict[tuple[str, int], int] = {}
        self.stems: dict[str, int] = {}
        self.stem_of: list[int] = []

    def term(self, surface: str, kind: int, key: str) -> int:
        found = self.vocabulary.get((surface, kind))
        if found is None:
            found = self.vocabulary[surface, kind] = len(self.vocabulary)
            self.stem_of.append(self.stems.setdefault(key, len(self.stems)))
        return found

    def read(self, text: str) -> tuple[list[int], list[int], list[bool], list[int]]:
        """The terms of a text, their kinds, whether they are negated, the counts but the first."""
        tokens, negated = _tokens(text)
        capitals = sum(t[0].isupper() for t in tokens)
        names_show = capitals <= 0.6 * len(tokens) or len(tokens) < 4
        terms: list[int] = []
        kinds: list[int] = []
        under: list[bool] = []
        seen: set[int] = set()
        counts = [0, 0, 0, 0]
        at = 0
        while at < len(tokens):
            surface, kind, key, used = self._next(tokens, at, names_show, counts)
            first, at = at, at + used
            if not key:
                continue
            term = self.term(surface, kind, key)
            if self.stem_of[term] not in seen:
                seen.add(self.stem_of[term])
                terms.append(term)
                kinds.append(kind)
                under.append(negated[first])
        return terms, kinds, under, counts

    def _next(
        self, tokens: list[str], at: int, names_show: bool, counts: list[int]
    ) -> tuple[str, int, str, int]:
        token = tokens[at]
        base, kind, key, groups = _facts(token)
        if kind == NUMBER:
            value, used = _number(tokens, at)
            return f"{value:g}", NUMBER, f"#{value:g}", used
        if token in _place_starts():
            country, used = _place(tokens, at)
            if country:
                return country, PLACE, f"@{country}", used
        for place in groups:
            counts[place] += 1
        if kind == WORD and token[0].isupper() and names_show:
            # the first word of a sentence has a capital anyway
            kind = NAME if at > 0 or not token[1:].islower() else WORD
        return base, kind, key, 1


def _tokens(text: str) -> tuple[list[str], list[bool]]:
    """The tokens of a text, and whether each stands in the scope of an odd number of negations.

    Examples
    --------
    >>> tokens, negated = _tokens("It was dust, not a drone, he said.")
    >>> [t for t, n in zip(tokens, negated) if n]
    ['a', 'drone']
    """
    tokens: list[str] = []
    clause: list[int] = []
    n_clauses = end = 0
    for match in _TOKEN.finditer(text):
        n_clauses += bool(_CLAUSE_END.search(text, end, match.end()))
        end = match.end()
        tokens.append(match[0])
        clause.append(n_clauses)
    negated = [False] * len(tokens)
    whole = [0] * (n_clauses + 1)
    for at, token in enumerate(tokens):
        base, _, ending = token.lower().replace("’", "'").partition("'")
        if base in _NEGATES_CLAUSE:
            whole[clause[at]] += 1
            negated[at] ^= True  # not itself
        elif base in _NEGATES_AFTER or ending == "t":
            for k in range(at + 1, min(at + 1 + _SCOPE, len(tokens))):
                negated[k] ^= clause[k] == clause[at]
    return tokens, [n ^ bool(whole[c] % 2) for n, c in zip(negated, clause, strict=True)]


@lru_cache(maxsize=1 << 16)
def _facts(token: str) -> tuple[str, int, str, tuple[int, ...]]:
    """A token's word, its sort, its key ("" if it is no term), and the counts that it adds to."""
    base, _, ending = token.lower().replace("’", "'").partition("'")
    if token[0].isdigit() or base in _NUMBER_WORDS or base in _SCALES:
        return base, NUMBER, "#", ()
    if ending == "t":
        return base, WORD, "", (2,)
    groups = tuple(
        k for k, group in enumerate((ANAPHORS, _FIRST_PERSON, NEGATORS, _HEDGES)) if base in group
    )
    if base in _TIMES and (token[0].isupper() or base.endswith("day")):
        return base, TIME, f"@{base}", ()
    if base in _FUNCTION_WORDS or base in ANAPHORS or base in _FIRST_PERSON or len(base) < 2:
        return base, WORD, "", groups
    return base, WORD, stem(base), groups


def _number(tokens: list[str], at: int) -> tuple[float, int]:
    """The value of the number that starts here, and how many tokens it takes."""
    token = tokens[at].lower()
    plain = token.replace(",", "")
    # a superscript is a digit, but no decimal: it is no number to compare
    if plain.replace(".", "").isdecimal():
        value = float(plain) if plain.count(".") < 2 else float(plain.replace(".", ""))
    else:
        value = _NUMBER_WORDS.get(token, _SCALES.get(token, 1.0))
    used = 1
    while at + used < len(tokens) and (scale := _SCALES.get(tokens[at + used].lower())):
        value *= scale
        used += 1
    return value, used


@cache
def _places() -> tuple[dict[str, str], int]:
    """Names of countries, peoples, capitals and seats to a country; the words of the longest."""
    names = {term: country for term, (country, _) in lexicons.countries().items()}
    names |= {term: stands_for[0] for term, stands_for in lexicons.table("metonyms").items()}
    table = {" ".join(_TOKEN.findall(name)): country for name, country in names.items()}
    return table, max(name.count(" ") for name in table) + 1


@cache
def _place_starts() -> frozenset[str]:
    """First words of the names of places, as they may stand in a text."""
    first = {name.partition(" ")[0] for name in _places()[0]}
    return frozenset(form for word in first for form in (word, f"{word}'s", f"{word}’s"))


def _place(tokens: list[str], at: int) -> tuple[str, int]:
    """The country that the tokens from here on name, and how many they are; "" if none."""
    table, longest = _places()
    for n in range(min(longest, len(tokens) - at), 0, -1):
        name = tokens[at] if n == 1 else " ".join(tokens[at : at + n])
        code = table.get(name) or table.get(_POSSESSIVE.sub("", name))
        if code:
            return code, n
    return "", 0


def analyse(texts: Iterable[str], words: WordVectors) -> Statements:
    """Take statements apart.

    Parameters
    ----------
    texts : iterable of str
    words : WordVectors

    Returns
    -------
    Statements
    """
    reader = _Reader(words)
    texts = list(texts)
    n = len(texts)
    terms = np.full((n, MAX_TERMS), -1, dtype=np.int32)
    kinds = np.zeros((n, MAX_TERMS), dtype=np.int8)
    negated = np.zeros((n, MAX_TERMS), dtype=bool)
    counts = np.zeros((n, 5), dtype=np.float32)
    for row, text in enumerate(texts):
        found, kind, under, count = reader.read(text)
        counts[row] = len(found), *count
        k = min(len(found), MAX_TERMS)
        terms[row, :k] = found[:k]
        kinds[row, :k] = kind[:k]
        negated[row, :k] = under[:k]
    stem_of = np.array([*reader.stem_of, -1], dtype=np.int32)
    vectors, weights = _term_vectors(reader.vocabulary, words)
    vectors = np.vstack([vectors, np.zeros((1, words.n_dimensions), dtype=np.float32)])
    return Statements(
        terms=terms,
        stems=stem_of[terms],
        kinds=kinds,
        negated_terms=negated,
        weights=np.append(weights, np.float32(0))[terms],
        vectors=vectors,
        embedding=words.embed(texts),
        counts=counts,
        stem_names=list(reader.stems),
    )


def _term_vectors(
    vocabulary: dict[tuple[str, int], int], words: WordVectors
) -> tuple[np.ndarray, np.ndarray]:
    rows = words.lookup(surface for surface, _ in vocabulary)
    kind = np.fromiter((k for _, k in vocabulary), dtype=np.int8, count=len(vocabulary))
    vectors = words.vectors[rows]
    vectors[(kind == NUMBER) | (kind == PLACE) | (kind == TIME)] = 0
    weight = words.word_weights(rows).astype(np.float64)
    # weight is a / (a + p); the floor on p is what half precision can tell from 0
    probability = 1e-3 * (1 - weight) / weight
    information = -np.log(np.maximum(probability, 2e-6)) / -np.log(2e-6)
    information[kind == PLACE] = 0.6
    information[kind == NUMBER] = 0.5
    information[kind == TIME] = 0.25
    return vectors, information.astype(np.float32)


PAIR_FEATURES = (
    "vector_cosine",
    "word_cosine",
    "soft_min",
    "soft_max",
    "exact_min",
    "exact_max",
    "missed_min",
    "missed_max",
    "rarest_shared",
    "names_shared",
    "names_differ",
    "places_shared",
    "places_differ",
    "numbers_shared",
    "numbers_differ",
    "length_min",
    "length_max",
    "negation_differs",
    "negated_both",
    "shared_negated_once",
    "shared_negated_both",
)


def pair_features(statements: Statements, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Compare pairs of statements; swapping left and right changes nothing.

    Parameters
    ----------
    statements : Statements
    left, right : int arrays of shape (n_pairs,)
        Rows of `statements`.

    Returns
    -------
    float32 array of shape (n_pairs, len(PAIR_FEATURES))
    """
    out = np.empty((len(left), len(PAIR_FEATURES)), dtype=np.float32)
    # pairs of like length together: little padding
    size = np.minimum(statements.n_terms, MAX_TERMS).astype(int)
    order = np.argsort(np.maximum(size[left], size[right]), kind="stable")
    for start in range(0, len(order), _CHUNK):
        part = order[start : start + _CHUNK]
        width = max(1, int(np.maximum(size[left[part]], size[right[part]]).max(initial=1)))
        out[part] = _compare(statements, left[part], right[part], width)
    return out


def _compare(s: Statements, left: np.ndarray, right: np.ndarray, width: int) -> np.ndarray:
    a_stem, b_stem = s.stems[left, :width], s.stems[right, :width]
    a_weight, b_weight = s.weights[left, :width], s.weights[right, :width]
    a_kind, b_kind = s.kinds[left, :width], s.kinds[right, :width]
    a_there, b_there = a_stem >= 0, b_stem >= 0
    same = (a_stem[:, :, None] == b_stem[:, None, :]) & a_there[:, :, None]
    alike = s.vectors[s.terms[left, :width]] @ s.vectors[s.terms[right, :width]].transpose(0, 2, 1)
    alike *= a_there[:, :, None] & b_there[:, None, :]
    np.maximum(alike, same, out=alike)
    a_best, b_best = alike.max(axis=2), alike.max(axis=1)
    a_hit, b_hit = same.any(axis=2), same.any(axis=1)
    a_sum, b_sum = a_weight.sum(1) + 1e-6, b_weight.sum(1) + 1e-6
    soft = _ordered((a_weight * a_best).sum(1) / a_sum, (b_weight * b_best).sum(1) / b_sum)
    exact = _ordered((a_weight * a_hit).sum(1) / a_sum, (b_weight * b_hit).sum(1) / b_sum)
    missed = _ordered((a_weight * (1 - a_best)).max(1), (b_weight * (1 - b_best)).max(1))
    norm = np.sqrt((a_weight**2).sum(1) * (b_weight**2).sum(1)) + 1e-6
    columns = [
        (s.embedding[left] * s.embedding[right]).sum(1),
        (a_weight**2 * a_hit).sum(1) / norm,
        *soft,
        *exact,
        *missed,
        (a_weight * a_hit).max(1),
    ]
    for kind in (NAME, PLACE, NUMBER):
        a_of, b_of = (a_kind == kind) & a_there, (b_kind == kind) & b_there
        shared = (a_weight * (a_of & a_hit)).sum(1) + (b_weight * (b_of & b_hit)).sum(1)
        both = a_of.any(1) & b_of.any(1)
        columns += [np.minimum(shared, 3), both & ~(a_of & a_hit).any(1)]
    a_not, b_not = s.negated[left], s.negated[right]
    columns += [
        *_ordered(np.log1p(s.n_terms[left]), np.log1p(s.n_terms[right])),
        a_not != b_not,
        a_not & b_not,
        *_negated_apart(
            (s.negated_terms[left, :width], a_weight * np.maximum(a_best, 0) ** 2),
            (s.negated_terms[right, :width], b_weight * np.maximum(b_best, 0) ** 2),
        ),
    ]
    return np.column_stack(columns)


def _negated_apart(
    a: tuple[np.ndarray, np.ndarray], b: tuple[np.ndarray, np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """How much of what two statements share only one negates, and how much both do."""
    a_share, b_share = (
        (negated * shared).sum(1) / (shared.sum(1) + 1e-6) for negated, shared in (a, b)
    )
    return np.abs(a_share - b_share), np.minimum(a_share, b_share)


def _ordered(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.minimum(a, b), np.maximum(a, b)
