"""What the text around says about a source: introductions of its name, and who a pronoun is.

Comes in: a document and where its attributions stand. Goes out: for a name, how the text
introduces it anywhere (*Kremlin spokesperson Dmitry Peskov*, *Ann Tan, the mayor of ...*); for
a pronoun, the source that it most likely stands for. Both look at a bounded number of places, so
the time is linear in text and attributions.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence

from sourcescore.classify.noun_phrases import AUTHOR, RELATIVE, NounPhrase
from sourcescore.classify.phrases import TOKEN, classes_of, normal

__all__ = ["Attribution", "Context", "coarse", "introductions", "resolve_pronouns"]

_SENTENCE_STOP = frozenset([*'. ! ? " “ ”'.split(), "\n"])
_PUNCTUATION = frozenset([*', . ! ? ; : ( ) " “ ” — –'.split(), "\n"])
_INTRODUCTION_STOP = _PUNCTUATION | frozenset(
    "of in at for with who which that from on to by said says told as and or is was".split()
)
_PARTY = re.compile(r"[DRI](?:-|$)")
#: Readings that speak for a state, that do not and that are not named, for a coarse guess.
_COARSE = {
    "state": "official",
    "person:title": "official",
    "person:speaks for state": "official",
    "person:official": "official",
    "person:surname of official": "official",
    "body": "official",
    "metonym": "official",
    "country_name": "official",
    "title_one": "official",
    "speaks for state": "official",
    "organisation": "named",
    "company": "named",
    "armed": "named",
    "person:former": "named",
    "person:figure": "named",
    "person:private:": "named",
    "person:private:organisation": "named",
    "agency:part": "agency",
    "person:surname of figure": "named",
    "person:speaks for organisation": "named",
    "speaks for organisation": "named",
    "speaks for name": "named",
    "title_many": "anonymous",
    "speaks for nobody": "anonymous",
}
#: Readings of a person that an introduction can give, the most telling first.
_PERSON_READINGS = (
    "title",
    "speaks for state",
    "former",
    "media",
    "speaks for organisation",
    "official",
    "title:organisation",
    "title:elsewhere",
    "speaks",
    "private:state",
    "private:organisation",
    "private:media",
    "private:",
    "figure",
)
_MAX_PLACES = 5
_MAX_HISTORY = 8


class Context:
    """A text as tokens, where each capitalised word stands, and what is quoted."""

    def __init__(self, text: str) -> None:
        self.tokens: list[str] = []
        self.starts: list[int] = []
        self.quoted: list[bool] = []
        self.places: dict[str, list[int]] = {}
        self.introduced: dict[str, frozenset[str]] = {}
        quoted = False
        for i, match in enumerate(TOKEN.finditer(text)):
            token = match.group()
            if not token.islower():
                token = normal(token)
                if token[0].isupper():
                    self.places.setdefault(token, []).append(i)
                elif token == '"':
                    quoted = not quoted
                elif token == "“":
                    quoted = True
                elif token in ("”", "\n"):
                    quoted = False
            elif not token.isalnum():
                token = normal(token)
            self.quoted.append(quoted)
            self.tokens.append(token)
            self.starts.append(match.start())

    def token_at(self, offset: int) -> int:
        """Number of the first token at an offset or after it; -1 for a negative offset."""
        return bisect_left(self.starts, offset) if offset >= 0 else -1

    def before(self, i: int, n: int) -> list[str]:
        """Up to n tokens before token i, within its sentence."""
        first = i
        while first > max(i - n, 0) and self.tokens[first - 1] not in _SENTENCE_STOP:
            first -= 1
        return self.tokens[first:i]

    def after(self, i: int, n: int) -> list[str]:
        """Up to n tokens from token i on, within its sentence."""
        last = i
        while last < min(i + n, len(self.tokens)) and self.tokens[last] not in _SENTENCE_STOP:
            last += 1
        return self.tokens[i:last]


class Attribution:
    """One attribution and where it stands in its context; -1 where that is not known.

    Attributes
    ----------
    source : NounPhrase
    cue : list of str
    content : str
    source_at, source_end, cue_at : int
        Numbers of tokens of the context.
    order : int
        An offset by which the attributions of a text are in order.
    speaker : Attribution or None
        The attribution in whose content this one stands.
    meant : NounPhrase or None
        The source, or for a pronoun the one that it stands for.
    how : str
        How `meant` was found.
    entity : str
        The id that all attributions of the document with the same source share; empty where it
        was not resolved.
    entity_features : list of str
        What `sourcescore.classify.entities` gathers about it.
    """

    __slots__ = (
        "content",
        "context",
        "cue",
        "cue_at",
        "entity",
        "entity_features",
        "how",
        "meant",
        "order",
        "source",
        "source_at",
        "source_end",
        "speaker",
    )

    def __init__(
        self,
        source: NounPhrase,
        cue: list[str],
        content: str,
        context: Context,
        offsets: tuple[int, int, int],
    ) -> None:
        start, end, cue_start = offsets
        self.source = source
        self.cue = cue
        self.content = content
        self.context = context
        self.source_at = context.token_at(start)
        self.source_end = context.token_at(end)
        self.cue_at = context.token_at(cue_start)
        self.order = start if start >= 0 else cue_start
        self.speaker: Attribution | None = None
        self.meant = None if source.pronoun else source
        self.how = ""
        self.entity = ""
        self.entity_features: list[str] = []


def resolve_pronouns(rows: Sequence[Attribution]) -> None:
    """Fill in `meant` and `how` of the pronouns among the attributions of a text, in order.

    *I* and *we* inside a content are its speaker, inside any other quotation the last source
    before them, elsewhere the author. *Who* and *which* are what stands before them. The rest is
    the last source of the right sort (person, persons, thing) among the latest eight.
    """
    for authors in (False, True):  # who says "we" is clear once "he said" is
        history: list[Attribution] = []
        for row in rows:
            if row.source.pronoun and (row.source.head in AUTHOR) == authors:
                row.how, row.meant = _antecedent(row, history)
            history.append(row)


def _antecedent(row: Attribution, history: list[Attribution]) -> tuple[str, NounPhrase | None]:
    head = row.source.head
    recent = history[: -_MAX_HISTORY - 1 : -1]
    if head in AUTHOR:
        if row.speaker is not None:
            return "speaker", row.speaker.meant
        if row.source_at >= 0 and any(row.context.quoted[row.source_at : row.source_at + 1]):
            for other in recent:
                if other.meant is not None:
                    return "quoted", other.meant
        return "author", None
    if head in RELATIVE and row.source_at >= 0:
        window = row.context.before(row.source_at, 10)
        while window and not window[-1][0].isalnum():
            window.pop()
        marks = [k for k, token in enumerate(window) if not token[0].isalnum()]
        window = window[marks[-1] + 1 if marks else 0 :]
        if window:
            return "relative", NounPhrase(window)
    last = None
    for other in recent:
        if other.meant is not None and other.meant.tokens:
            if other.meant.sort == row.source.sort:
                return "match", other.meant
            last = last or other.meant
    return "any", last


def _introduction(tokens: Sequence[str], i: int) -> set[str]:
    """Return how one place introduces the name whose last word is token i."""
    found: set[str] = set()
    start = i
    while start and i - start < 4 and tokens[start - 1][0].isupper():
        start -= 1
    left = start
    while left and start - left < 5 and tokens[left - 1].lower() not in _INTRODUCTION_STOP:
        left -= 1
    for _, last, name in classes_of(tokens[left : i + 1]):
        found.add(f"in={name}" if last <= i - left else f"name={name}")
    after = tokens[i + 1 : i + 14]
    if after[:1] == ["("] and len(after) > 1 and _PARTY.match(after[1]):
        found.add("in=party")
    elif after[:1] == [","]:
        stop = 1
        while stop < len(after) and after[stop] not in _PUNCTUATION:
            stop += 1
        apposition = NounPhrase(after[1:stop])
        if apposition.tokens:
            found |= {f"in={n}" for _, last, n in apposition.classes if last <= apposition.end}
            found |= {f"role={name}" for name in apposition.head_classes}
            found.add(f"~role={apposition.head}")
    return found


def _place_reading(tokens: Sequence[str], i: int) -> str:
    """Return the reading of the noun phrase around the name whose last word is token i."""
    left = i
    while left and i - left < 7 and tokens[left - 1].lower() not in _INTRODUCTION_STOP:
        left -= 1
    right = i + 1
    if right < len(tokens) and tokens[right] in (",", "("):
        right += 1
        while right < len(tokens) and right - i < 14 and tokens[right] not in _PUNCTUATION:
            right += 1
    return NounPhrase(tokens[left:right]).reading


def introductions(source: NounPhrase, context: Context) -> set[str]:
    """Return how the text introduces a source, as features.

    Parameters
    ----------
    source : NounPhrase
    context : Context

    Returns
    -------
    set of str
        Lexicon classes of the words before the name and of its apposition, over the first five
        places where the name stands; the reading of the source's own words and the most telling
        one among those of the places.
    """
    if not source.key:
        reading = source.reading
        return {f"reading={reading}", f"!meant={reading}", f"!coarse={coarse(reading)}"}
    found = context.introduced.get(source.key)
    if found is None:
        places = context.places.get(source.key, ())
        gathered = {f"places={min(len(places), 3)}"}
        for i in places[:_MAX_PLACES]:
            gathered |= _introduction(context.tokens, i)
            gathered.add(f"read={_place_reading(context.tokens, i)}")
        context.introduced[source.key] = found = frozenset(gathered)
    features = {*found, *_introduction(source.tokens, source.key_at)}
    reading = meant = source.reading
    if reading == "person" or reading.startswith("person:surname"):
        for telling in _PERSON_READINGS:
            if f"read=person:{telling}" in found:
                meant = f"person:{telling}"
                break
    features |= {f"reading={reading}", f"!meant={meant}", f"!coarse={coarse(meant)}"}
    return features


def coarse(reading: str) -> str:
    """Return the coarse guess for a reading: "title_one:one:the" is an official."""
    if reading.endswith(":former"):
        return "named"
    return _COARSE.get(reading) or _COARSE.get(reading.split(":")[0], reading)
