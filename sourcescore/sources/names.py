"""The names in a text: where they stand, and which full name stands behind a short one.

Comes in: a text. Goes out: its capitalised name sequences, each with the titles before it cut off,
and a `Roster` that knows whom *Peskov* means where the text has *Dmitry Peskov*.

Everything is found by regular expressions with bounded repeats: the time is linear in the length
of the text.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sourcescore import lexicons

__all__ = [
    "CAPITAL",
    "CHAIN",
    "NAME_WORD",
    "Name",
    "NameLexicon",
    "Roster",
    "Scan",
    "bare",
    "is_common_noun",
    "is_person",
    "kept_titles",
    "lexicon",
    "name_key",
    "scan",
    "split_titles",
]

CAPITAL = "A-ZÀ-ÖØ-ÞĀĂĄĆĈĊČĎĐĒĘĚĞĢĦĪĮİĶŁŃŇŌŐŒŘŚŞŠŢŤŪŮŰŹŻŽΑ-ΩА-ЯЁЄІЇ"
# Lengths are bounded, so that a megabyte without a space costs no more than one with them.
NAME_WORD = (
    rf"(?:(?:[{CAPITAL}]\.){{1,4}}|(?:al|el|de|di|da|ash|an)-[{CAPITAL}]\w{{1,30}}"
    r"|(?:Mr|Ms|Mrs|Dr|St|Lt|Jr|Sr|Sen|Rep|Gov|Gen|Col|Sgt|Det|Adm|Maj|Rev|Capt|Prof|Supt|Cmdr"
    r"|Brig|Sens|Reps)\."
    rf"|[{CAPITAL}](?:[\w\u0300-\u036f]|[&\-](?=\w)|['’](?!s\b)(?=\w)){{0,40}})"
)
_PARTICLE = r"(?:de|del|de la|der|den|du|da|di|dos|la|le|van|van der|van den|von|bin|ibn|al|el|ben)"
CHAIN = rf"{NAME_WORD}(?:[ \xa0](?:{_PARTICLE}[ \xa0])?{NAME_WORD}){{0,7}}"
_SCAN = re.compile(rf"(?<![\w@#])({CHAIN})|[.!?](?=[\s\"”’])|\n|([\"“”])")
_LINKED = re.compile(
    rf" (?:of|for|on)(?: the)? {NAME_WORD}(?:[ \xa0]{NAME_WORD}){{0,3}}"
    rf"(?: and {NAME_WORD}(?:[ \xa0]{NAME_WORD}){{0,2}})?"
)
_WORDS = re.compile(r"\w+")
# More people of one name than this are not told apart, which keeps the time linear.
_MAX_NAMESAKES = 50
_GENERATION = ("jr", "sr", "ii", "iii")
# Words within a title: *Vice* President, *Prime* Minister.
_TITLE_MODIFIER = frozenset(
    ("vice", "deputy", "prime", "foreign", "defence", "defense", "press", "attorney", "house")
)
# Titles without which a bearer is not known by name.
_PART_OF_NAME = frozenset(
    ("abu", "umm", "father", "sister", "brother", "pope", "sheikh", "imam", "king", "queen")
)


class Name(NamedTuple):
    """A capitalised name sequence of a text, its leading titles and sentence openers apart."""

    start: int
    end: int
    words: tuple[str, ...]
    titles: tuple[str, ...]


def name_key(name: str) -> str:
    """A name without case, punctuation, articles and the possessive s.

    Examples
    --------
    >>> name_key("The Guardian's")
    'guardian'
    """
    return " ".join(w for w in _WORDS.findall(name.lower()) if w not in ("the", "a", "an", "s"))


class NameLexicon(NamedTuple):
    """The lexicons in the form that splitting names asks for.

    Single words in lower case; `first_names`, `fixed` and `outlets` are names as they are spelt.
    """

    titles: frozenset[str]
    kept_titles: frozenset[str]
    organisation: frozenset[str]
    outlet_words: frozenset[str]
    kind_of_body: frozenset[str]
    places: frozenset[str]
    common: frozenset[str]
    openers: frozenset[str]
    function_words: frozenset[str]
    place_openers: frozenset[str]
    first_names: frozenset[str]
    fixed: frozenset[str]
    outlets: frozenset[str]


@functools.cache
def lexicon() -> NameLexicon:
    """Load the lexicons, once."""

    def single(*names: str) -> set[str]:
        terms = itertools.chain.from_iterable(map(lexicons.load, names))
        return {t.lower().rstrip(".") for t in terms if " " not in t}

    outlets = lexicons.load("outlets") | set(lexicons.aliases())
    outlet_words = single("outlet_words")
    bodies = single("organisation_markers") | {
        t for t in lexicons.load("government_bodies") if t.islower() and " " not in t
    }
    media = single("media_nouns")
    roles = single("official_titles", "private_roles") - bodies - outlet_words - media
    titles = (roles | single("name_titles")) - _PART_OF_NAME
    places = itertools.chain(lexicons.countries(), lexicons.load("regions"))
    return NameLexicon(
        titles=frozenset(titles),
        kept_titles=frozenset(titles | _TITLE_MODIFIER),
        organisation=frozenset(bodies | outlet_words | single("name_bodies")),
        outlet_words=frozenset(outlet_words | {"agency"}),
        kind_of_body=frozenset(media | bodies | {"agency", "giant", "militia"}),
        places=frozenset(t.lower() for t in places),
        common=frozenset(
            single("anonymous_nouns", "witness_nouns", "document_nouns")
            | media
            | {"republicans", "democrats", "conservatives", "liberals"}
        ),
        openers=lexicons.load("sentence_openers"),
        function_words=lexicons.load("function_words"),
        place_openers=lexicons.load("place_openers"),
        first_names=lexicons.load("first_names"),
        fixed=outlets
        | lexicons.load("companies")
        | lexicons.load("armed_groups")
        | lexicons.load("metonyms"),
        outlets=frozenset(outlets),
    )


def bare(word: str) -> str:
    """A title or name word in lower case without its full stop."""
    return word.lower().rstrip(".")


def split_titles(chain: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Cut a name sequence behind its last title, or its last sentence opener.

    >>> split_titles("U.S. District Judge Ann Lee")
    (('U.S.', 'District', 'Judge'), ('Ann', 'Lee'))
    """
    words = tuple(chain.replace("\xa0", " ").split(" "))
    n = len(words)
    if n == 1:
        return (), words
    lex = lexicon()
    cut = 0
    for i in range(n - 1):
        word = bare(words[i])
        if (
            word in lex.titles
            or (i == cut and word in lex.openers)
            or ("-" in word and not lex.titles.isdisjoint(word.split("-")))
        ):
            cut = i + 1
        elif i < n - 2:
            follow = words[i + 1 :]
            body_before = word in lex.organisation
            stray_before = (
                i == cut
                and follow[0] in lex.first_names
                and words[i] not in lex.first_names
                and word not in _PART_OF_NAME
            )
            if (body_before or stray_before) and is_person(follow):
                cut = i + 1
    return words[:cut], words[cut:]


def is_person(words: Sequence[str], titles: Sequence[str] = ()) -> bool:
    """Whether a name looks like that of a person.

    Two to five capitalised words of which none is typical of an organisation or a place; or
    one, with an honorific before it.
    """
    n = len(words)
    lex = lexicon()
    if not 1 <= n <= 5 or (n == 1 and not (titles and bare(titles[-1]) in lex.titles)):
        return False
    first = words[0]
    if n > 1 and first.isupper() and len(first) > 2 and "." not in first:
        return words[1].isupper()
    lower = [bare(word) for word in words]
    if lower[0] in lex.place_openers or not lex.openers.isdisjoint(lower):
        return False
    return lex.organisation.isdisjoint(lower[1:] if first in lex.first_names else lower)


def is_common_noun(word: str) -> bool:
    """Whether a capitalised word is a common noun that opens a sentence (*Officials*, *Police*)."""
    lex = lexicon()
    low = word.lower()
    if word in lex.outlets or low in lex.outlet_words:
        return False
    return low in lex.common or low in lex.organisation


def kept_titles(titles: tuple[str, ...]) -> tuple[str, ...]:
    """The run of titles right before a name, which a surname alone keeps (*Vice President Tan*)."""
    i = len(titles)
    while i and bare(titles[i - 1]) in lexicon().kept_titles:
        i -= 1
    return titles[i:]


class Scan(NamedTuple):
    """What one pass over a text finds."""

    names: list[Name]
    sentence_ends: list[int]
    quotation_marks: list[int]


def scan(text: str) -> Scan:
    """Find the name sequences, sentence ends and quotation marks of a text in one pass.

    The rules are rough and fast (a sentence ends at a full stop or a line end, a quotation at a
    mark or a line end), which is all that counting distances needs. A position with an odd number
    of marks before it is inside a quotation.

    Examples
    --------
    >>> scan('Sgt. Ann Lee of the Board of Trade said "No."').names[0].words
    ('Ann', 'Lee')
    """
    names: list[Name] = []
    sentence_ends: list[int] = []
    marks: list[int] = []
    organisation, openers = lexicon().organisation, lexicon().openers
    done = 0
    for match in _SCAN.finditer(text):
        start, end = match.span()
        kind = match.lastindex
        if kind == 1:
            if start < done:
                continue
            titles, words = split_titles(match.group())
            if len(words) == 1 and not titles and words[0].lower() in openers:
                continue
            if words[-1].lower() in organisation:
                linked = _LINKED.match(text, end)
                if linked:
                    end = done = linked.end()
                    words = (*words, *linked.group().split())
            names.append(Name(start, end, words, titles))
        elif kind == 2:
            marks.append(start)
        else:
            sentence_ends.append(start)
            if len(marks) % 2 and match.group() == "\n":
                marks.append(start)
    return Scan(names, sentence_ends, marks)


class _Full:
    """What a text says of a full name: how often, since when, and whether it is a person's."""

    __slots__ = ("count", "person", "rank", "words")

    def __init__(self, words: tuple[str, ...], rank: int) -> None:
        self.words = words
        self.rank = rank
        self.count = 1
        self.person = is_person(words)


class Roster:
    """The full names of a text, by their surname and first name.

    Parameters
    ----------
    names : iterable of Name

    Examples
    --------
    >>> roster = Roster(scan("Dmitry Peskov denied it. Peskov said so.").names)
    >>> roster.expand(("Peskov",))
    ('Dmitry', 'Peskov')
    """

    def __init__(self, names: Iterable[Name]) -> None:
        self._full: dict[tuple[str, ...], _Full] = {}
        self._alone: dict[str, int] = {}
        self._by_last: dict[str, list[_Full]] = {}
        self._by_first: dict[str, list[_Full]] = {}
        for name in names:
            if 2 <= len(name.words) <= 5:
                self._add(name.words)
            elif len(name.words) == 1:
                self._alone[name.words[0]] = self._alone.get(name.words[0], 0) + 1

    def _add(self, words: tuple[str, ...]) -> None:
        full = self._full.get(words)
        if full:
            full.count += 1
            return
        full = self._full[words] = _Full(words, len(self._full))
        last = words[-2] if bare(words[-1]) in _GENERATION else words[-1]
        forms = [last, last[3:]] if last[2:3] == "-" else [last]  # al-Munajjid is Munajjid, too
        for index, key in [(self._by_first, words[0]), *((self._by_last, form) for form in forms)]:
            same = index.setdefault(key, [])
            if len(same) < _MAX_NAMESAKES:
                same.append(full)

    def expand(self, words: tuple[str, ...], gender: str = "") -> tuple[str, ...]:
        """The words of the full name behind a short one; the same words where there is none.

        Of several people of that surname, those whose first name fits the gender ("he" or "she")
        go first, then the most frequent, then the first.
        """
        if len(words) > 2:
            known = self._full.get(words[-2:])
            itself = self._full.get(words)
            stray = known and known.person and known.count > (itself.count if itself else 0)
            return words[-2:] if stray and is_person(words) else words
        found = self._surname(*words) if len(words) == 1 else self._shorter(words)
        if not found:
            return words
        if gender and len(found) > 1:
            genders = lexicons.table("first_names")
            fitting = [f for f in found if genders.get(f.words[0], (gender,))[0] == gender]
            found = fitting or found
        return max(found, key=lambda f: (f.count, -f.rank)).words

    def _surname(self, word: str) -> list[_Full]:
        """The full names that a surname, a first name or the first word of an outlet may mean."""
        lex = lexicon()
        low = word.lower()
        by_first = self._by_first.get(word, [])
        if (
            low in lex.place_openers
            or low in lex.places
            or low in lex.common
            or (word in lex.fixed and low not in lex.outlet_words)
        ):
            return [
                f
                for f in by_first
                if " ".join(f.words) in lex.fixed and f.words[-1].lower() in lex.outlet_words
            ]
        is_body = low in lex.organisation
        found = [f for f in self._by_last.get(word, ()) if f.person or is_body]
        if found or word.isupper():
            return found
        alone = self._alone.get(word, 0)
        return [
            f
            for f in by_first
            if (len(f.words) == 2 and f.words[1].lower() in lex.organisation)
            or (f.person and f.count >= alone)
        ]

    def _shorter(self, words: tuple[str, ...]) -> list[_Full]:
        """The full names that two words may be the first and last, or the last two, of."""
        if not is_person(words):
            return []
        first, last = words
        return [
            f
            for f in self._by_last.get(last, ())
            if f.person
            and first in (f.words[0], f.words[-2])
            and not (f.words == words and first.lower() in _PART_OF_NAME)
        ]
