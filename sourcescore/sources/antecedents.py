"""What a document talks about, and which earlier mention a source mention may refer to.

Comes in: one text and the sources in it. Goes out: for each source that does not name itself a
bounded list of candidate antecedents, each with its features. `sourcescore.sources` learns the
weights of the features and picks the best candidate.
"""

from __future__ import annotations

import functools
import re
from bisect import bisect_left
from typing import NamedTuple

from sourcescore import lexicons
from sourcescore.sources.mentions import HEAD_CLASSES, head_class, head_noun
from sourcescore.sources.names import (
    Name,
    Roster,
    bare,
    is_common_noun,
    is_person,
    kept_titles,
    lexicon,
    name_key,
    scan,
)
from sourcescore.sources.source_names import SourceName

__all__ = ["FEATURES", "Candidate", "Discourse", "Entity", "Row"]

_KINDS = ("person", "name", "body", "outlet", "place", "group", "document", "other")
# The kinds of entity that a mention of each class may be; "they" and first persons may be any.
_PERSONS = frozenset(("person", "name"))
_BODIES = frozenset(("body", "outlet", "place", "name"))
_FITTING = {
    "he": _PERSONS,
    "she": _PERSONS,
    "i": _PERSONS,
    "it": _BODIES | {"document"},
    "they": frozenset(("group", "body", "outlet", "place")),
    "who": _PERSONS | {"group"},
    "which": _BODIES | {"document"},
    "the person": _PERSONS,
    "the body": _BODIES - {"place"},
    "the outlet": frozenset(("outlet",)),
    "the document": frozenset(("document",)),
    "the group": frozenset(("group",)),
}
_GENDER_OF_TITLE = {
    **dict.fromkeys(("mr", "sir", "lord", "king", "prince", "father", "brother", "pope"), "he"),
    **dict.fromkeys(("mrs", "ms", "miss", "lady", "queen", "princess", "dame", "sister"), "she"),
}
_MALE_WORD = re.compile(
    r"\b(?:spokesman|chairman|congressman|businessman|man|boy|actor|husband|father|son|brother|he"
    r"|his|king|prince|priest|policeman|councilman)\b"
)
_FEMALE_WORD = re.compile(
    r"\b(?:spokeswoman|chairwoman|congresswoman|businesswoman|woman|girl|actress|wife|mother"
    r"|daughter|sister|she|her|queen|princess|nun|policewoman|councilwoman)\b"
)
_SHORT_TITLE = {
    "senator": "sen.",
    "congressman": "rep.",
    "congresswoman": "rep.",
    "lawmaker": "rep.",
    "governor": "gov.",
    "general": "gen.",
    "newspaper": "paper",
}
# Words of a source that no pronoun refers back to.
_NOBODY = frozenset(
    ("you", "one", "those", "self", "others", "some", "many", "everyone", "he", "she", "they", "it")
)
_INDEFINITE = re.compile(
    r"\b(?:an?|one)\s(?:(?!of|in|the|to|for|and|is|was|by|with)[\w'’-]{1,30}\s){0,4}$",
    re.IGNORECASE,
)
_OF_WHAT = re.compile(r"\sof\s[\w-]{1,40}")
_TWO_WORDS = re.compile(r"(?:[\w'’-]{1,40} )?[\w'’-]{1,40}$")
_NEAR = 3000  # characters before a mention in which "a video" may introduce "the video"
_MAX_LOOKS = 10  # how many places of its head noun are looked at there
_MAX_CANDIDATES = 12


class Entity:
    """Somebody or something that a document talks about.

    Attributes
    ----------
    name, key : str
        The fullest name or the description, and its `sourcescore.sources.names.name_key`.
    kind : str
        ``person``, ``name`` (a person or a body), ``body``, ``outlet``, ``place``, ``group``,
        ``document`` or ``other``.
    gender : str
        ``"he"``, ``"she"`` or, unknown, ``""``.
    plural, named : bool
        Whether it is several; whether it has a proper name.
    first : int
        Offset of the first mention, -1 before there is one.
    count, n_said : int
        Mentions, and those of them that are sources.
    """

    __slots__ = ("count", "first", "gender", "key", "kind", "n_said", "name", "named", "plural")

    def __init__(
        self, name: str, key: str, kind: str, gender: str, plural: bool, named: bool, first: int
    ) -> None:
        self.name = name
        self.key = key
        self.kind = kind
        self.gender = gender
        self.plural = plural
        self.named = named
        self.first = first
        self.count = 0
        self.n_said = 0


class Candidate(NamedTuple):
    """A possible antecedent: the number of an entity, or (-1) a description not met before."""

    entity: int
    description: str
    features: list[int]


class Row(NamedTuple):
    """An attribution: its source cleaned, named, where it stands (-1: nowhere), and its parent."""

    source: str
    own: SourceName
    kind: str
    start: int
    end: int
    parent: int


class _Mention(NamedTuple):
    """A source that may refer back, with what its candidates are compared with."""

    row: Row
    head: str
    gender: str
    sentence: int
    in_quotation: int
    parent_entity: int
    next_entity: int


def _number_features() -> tuple[dict[str, int], tuple[str, ...]]:
    """Number the features: the first of each block, and all their names."""
    first: dict[str, int] = {}
    names: list[str] = []
    blocks = {
        "rank": 6,
        "sentences": 6,
        "kind": len(_KINDS),
        "count": 4,
        "gender": 3,
        "number": 2,
        "quoted": 4,
        "itself, words": 5,
    }
    for block, size in blocks.items():
        first[block] = len(names)
        names += [f"{block} {i}" for i in range(size)]
    for name in (
        "fits",
        "does not fit",
        "last speaker",
        "source before",
        "most frequent",
        "parent",
        "beside parent",
        "next speaker",
        "opens sentence",
        "opens this sentence",
        "opens last sentence",
        "adjacent",
        "named",
        "full name",
        "head in name",
        "head in first context",
        "head in last context",
        "introduced",
        "itself",
        "itself, with a name",
        "itself, said before",
        "itself, nobody before",
        "itself, no quotation",
        "itself, no parent",
    ):
        first[name] = len(names)
        names.append(name)
    return first, tuple(names)


_AT, FEATURES = _number_features()


class Discourse:
    """The entities of a document in the order of their mentions.

    Parameters
    ----------
    text : str
    rows : list of Row
        The sources, in any order.
    window : int
        How many mentions back a candidate may lie.

    Attributes
    ----------
    entities : list of Entity
    row_entity : list of int
        The number of the entity of each row, -1 before `settle`.
    """

    def __init__(self, text: str, rows: list[Row], window: int) -> None:
        self.text = text
        self.rows = rows
        self.window = window
        self.entities: list[Entity] = []
        self.row_entity = [-1] * len(rows)
        self._by_key: dict[str, int] = {}
        self._by_word: dict[str, list[int]] = {}
        self._last_speaker = -1
        names, self._sentence_ends, self._marks = scan(text)
        self._roster = Roster(names)
        self._list_mentions(names)
        self._top_count = max((e.count for e in self.entities), default=0)
        people = [i for i, e in enumerate(self.entities) if e.kind in _PERSONS]
        self._main_person = max(people, key=lambda i: self.entities[i].count, default=-1)
        self._is_interview = any(row.source == "Q" for row in rows)

    def _list_mentions(self, names: list[Name]) -> None:
        """Put names and sources in reading order."""
        named = functools.cache(self._named)
        mentions = [(n.start, n.end, -1, named(n.words, n.titles)) for n in names]
        mentions += [(r.start, r.end, i, -1) for i, r in enumerate(self.rows) if r.start >= 0]
        mentions.sort()
        self._starts = [m[0] for m in mentions]
        self._ends = [m[1] for m in mentions]
        self._mention_row = [m[2] for m in mentions]
        self._mention_entity = [m[3] for m in mentions]
        self._row_mention = [-1] * len(self.rows)
        for i, (start, _, row, number) in enumerate(mentions):
            if row >= 0:
                self._row_mention[row] = i
            else:
                entity = self.entities[number]
                entity.count += 1
                if entity.first < 0:
                    entity.first = start

    def of_source(self, row: Row) -> int:
        """The number of the entity that the words of a source name or describe by themselves."""
        own = row.own
        if self._is_interview and row.source == "A" and self._main_person >= 0:
            return self._main_person
        if self._is_interview and row.source == "Q":
            return self.described("the interviewer", row.start)
        if not own.names:
            return self.described(self._with_full_possessor(own.description), row.start)
        numbers = [self._named(words, titles) for titles, words in own.names]
        if len(numbers) == 1:
            return numbers[0]
        names = [self.entities[i].name for i in numbers]
        joined = ", ".join(names[:-1]) + " and " + names[-1]
        number = self._entity(joined, name_key(joined), "other", "", named=True, first=row.start)
        self.entities[number].plural = True
        return number

    def described(self, description: str, start: int) -> int:
        """The number of the entity with this description."""
        head = head_noun(description)
        kind = HEAD_CLASSES.get(head_class(head), "other")
        number = self._entity(
            description,
            name_key(description),
            kind,
            _gender_of(description.lower()),
            named=False,
            first=start,
        )
        if kind == "group" or head.endswith("s"):
            self.entities[number].plural = True
        return number

    def _named(self, words: tuple[str, ...], titles: tuple[str, ...]) -> int:
        gender = next((_GENDER_OF_TITLE[t] for t in map(bare, titles) if t in _GENDER_OF_TITLE), "")
        full = self._roster.expand(words, gender)
        name = " ".join(full)
        key = name_key(name)
        if full == words and titles and (len(full) == 1 or full[0].islower()):
            name = " ".join((*kept_titles(titles), name))
        kind, usual_gender = _kind_of_name(name, full, titles)
        proper = len(full) > 1 or not is_common_noun(full[0])
        number = self._entity(name, key, kind, gender or usual_gender, named=proper)
        entity = self.entities[number]
        if kind == "person" and entity.kind in ("other", "name"):
            entity.kind = kind
        if gender:
            entity.gender = gender
        return number

    def _entity(
        self, name: str, key: str, kind: str, gender: str, *, named: bool, first: int = -1
    ) -> int:
        number = self._by_key.get(key)
        if number is None:
            number = self._by_key[key] = len(self.entities)
            plural = named and kind != "person" and name.endswith("s")
            self.entities.append(Entity(name, key, kind, gender, plural, named, first))
            for word in key.split(" "):
                self._by_word.setdefault(word, []).append(number)
        return number

    def _with_full_possessor(self, description: str) -> str:
        owner, space, rest = description.partition(" ")
        if space and owner[-2:] in ("'s", "’s") and owner[:1].isupper():
            return f"{' '.join(self._roster.expand((owner[:-2],)))}{owner[-2:]} {rest}"
        return description

    def key_of(self, candidate: Candidate) -> str:
        """The key of the name that a candidate would give its mention."""
        if candidate.entity >= 0:
            return name_key(self.entities[candidate.entity].name)
        return name_key(candidate.description)

    def settle(self, number: int, entity: int) -> None:
        """Note that the source of row `number` is this entity."""
        row = self.rows[number]
        self.row_entity[number] = entity
        self._mention_entity[self._row_mention[number]] = entity
        known = self.entities[entity]
        known.count += 1
        known.n_said += 1
        if row.kind in ("he", "she") and not known.gender:
            known.gender = row.kind
        if row.kind not in ("i", "we"):
            self._last_speaker = entity

    def candidates(self, number: int) -> list[Candidate]:
        """The candidate antecedents of row `number`, whose source does not name itself."""
        row = self.rows[number]
        at = self._row_mention[number]
        head = head_noun(row.source) if row.kind.startswith("the ") else ""
        mention = _Mention(
            row=row,
            head=head,
            gender=row.kind if row.kind in ("he", "she") else _gender_of(head),
            sentence=bisect_left(self._sentence_ends, row.start),
            in_quotation=bisect_left(self._marks, row.start) % 2,
            parent_entity=self.row_entity[row.parent] if row.parent >= 0 else -1,
            next_entity=self._next_speaker(at, number) if row.kind in ("i", "we") else -1,
        )
        mentioned: dict[int, int] = {}  # entity to the place of its last mention, -1 if far away
        for i in range(at - 1, max(-1, at - 1 - self.window), -1):
            entity = self._mention_entity[i]
            if (
                entity >= 0
                and entity not in mentioned
                and self._ends[i] <= row.start
                and self.entities[entity].key not in _NOBODY
            ):
                mentioned[entity] = i
                if len(mentioned) == _MAX_CANDIDATES:
                    break
        for entity in (mention.next_entity, mention.parent_entity):
            if entity >= 0:
                mentioned.setdefault(entity, at)
        for entity in self._by_word.get(head, ())[-3:] if head else ():
            if self.entities[entity].first < row.start:
                mentioned.setdefault(entity, -1)
        if self._main_person >= 0 and row.kind not in ("who", "which"):
            mentioned.setdefault(self._main_person, -1)
        found = [
            Candidate(entity, "", self._features(mention, entity, place, rank))
            for rank, (entity, place) in enumerate(mentioned.items())
        ]
        nobody = all(self.entities[entity].kind not in _PERSONS for entity in mentioned)
        return [*found, self._itself(mention, nobody), *self._introduction(mention)]

    def _next_speaker(self, at: int, number: int) -> int:
        for i in range(at + 1, min(len(self._starts), at + 1 + self.window)):
            other = self._mention_row[i]
            if other >= 0 and other != number and self.row_entity[other] >= 0:
                return self.row_entity[other]
        return -1

    def _features(self, mention: _Mention, number: int, place: int, rank: int) -> list[int]:
        """The features of an entity, last mentioned at `place`, as the antecedent of a mention."""
        at = _AT
        entity = self.entities[number]
        row, head = mention.row, mention.head
        count = entity.count
        active = [
            at["rank"] + min(rank, 5),
            at["kind"] + _KINDS.index(entity.kind),
            at["count"] + (0 if count < 2 else 1 if count < 4 else 2 if count < 9 else 3),
            at["number"] + entity.plural,
        ]
        if entity.gender and mention.gender:
            active.append(at["gender"] + (0 if entity.gender == mention.gender else 2))
        else:
            active.append(at["gender"] + 1)
        fitting = _FITTING.get(row.kind)
        if fitting:
            active.append(at["fits" if entity.kind in fitting else "does not fit"])
        if mention.parent_entity >= 0:
            active.append(at["parent" if number == mention.parent_entity else "beside parent"])
        for name, holds in (
            ("most frequent", count == self._top_count),
            ("last speaker", number == self._last_speaker),
            ("source before", entity.n_said > 0),
            ("named", entity.named),
            ("next speaker", number == mention.next_entity),
            ("full name", " " in entity.name),
        ):
            if holds:
                active.append(at[name])
        if place >= 0:
            self._add_place(active, mention, place)
        else:
            active.append(at["sentences"] + 5)
        if head:
            self._add_context(active, head, entity, place)
        return active

    def _add_place(self, active: list[int], mention: _Mention, place: int) -> None:
        """Features of where the last mention stands."""
        at = _AT
        start = self._starts[place]
        sentence = bisect_left(self._sentence_ends, start)
        distance = mention.sentence - sentence
        active.append(at["sentences"] + min(max(distance, 0), 5))
        in_quotation = bisect_left(self._marks, start) % 2
        active.append(at["quoted"] + 2 * mention.in_quotation + in_quotation)
        if start - (self._sentence_ends[sentence - 1] if sentence else -1) <= 3:
            active.append(at["opens sentence"])
            if distance == 0:
                active.append(at["opens this sentence"])
            elif distance == 1:
                active.append(at["opens last sentence"])
        if 0 <= mention.row.start - self._ends[place] <= 3:
            active.append(at["adjacent"])

    def _add_context(self, active: list[int], head: str, entity: Entity, place: int) -> None:
        """Features of whether the entity is called by the head noun somewhere."""
        at = _AT
        if head in entity.key.split(" "):
            active.append(at["head in name"])
        if entity.named and entity.first >= 0:
            first = self.text[max(0, entity.first - 40) : entity.first + len(entity.name) + 80]
            first = first.lower()
            if head in first or _SHORT_TITLE.get(head, head) in first:
                active.append(at["head in first context"])
            if place >= 0:
                last = self.text[max(0, self._starts[place] - 40) : self._ends[place] + 80]
                if head in last.lower():
                    active.append(at["head in last context"])

    def _itself(self, mention: _Mention, nobody: bool) -> Candidate:
        """The candidate that the mention's own words are the best that the text has."""
        source = mention.row.source
        known = self._by_key.get(name_key(source))
        active = [_AT["itself"], _AT["itself, words"] + min(source.count(" "), 4)]
        for name, holds in (
            ("itself, with a name", any(w[:1].isupper() for w in source.split(" ")[1:])),
            ("itself, said before", known is not None and self.entities[known].n_said > 0),
            ("itself, nobody before", nobody),
            ("itself, no quotation", not mention.in_quotation),
            ("itself, no parent", mention.row.parent < 0),
        ):
            if holds:
                active.append(_AT[name])
        return Candidate(-1, mention.row.own.description, active)

    def _introduction(self, mention: _Mention) -> list[Candidate]:
        """The indefinite description that introduced *the video*; the words before a *who*."""
        row = mention.row
        if row.kind in ("who", "which"):
            match = _TWO_WORDS.search(self.text[max(0, row.start - 80) : row.start].rstrip(" ,"))
            return [Candidate(-1, match.group(), [_AT["introduced"]])] if match else []
        if mention.head and row.kind != "the other":
            before = self.text[max(0, row.start - _NEAR) : row.start]
            low = before.lower()
            if len(low) != len(before):  # a letter whose lower case is two
                return []
            end = len(low)
            for _ in range(_MAX_LOOKS):
                end = low.rfind(mention.head, 0, end)
                if end < 0:
                    break
                match = _INDEFINITE.search(before, max(0, end - 100), end)
                if match:
                    after = end + len(mention.head)
                    of_what = _OF_WHAT.match(before, after)
                    whole = before[match.start() : of_what.end() if of_what else after]
                    return [Candidate(-1, whole, [_AT["introduced"]])]
        return []


def _gender_of(words: str) -> str:
    """The gender that lower-case words have, "he", "she" or ""."""
    return "he" if _MALE_WORD.search(words) else "she" if _FEMALE_WORD.search(words) else ""


@functools.cache
def _surnames() -> frozenset[str]:
    return frozenset(name.rsplit(" ", 1)[-1] for name in lexicons.load("politicians"))


def _kind_of_name(name: str, words: tuple[str, ...], titles: tuple[str, ...]) -> tuple[str, str]:
    """The kind of entity that has this name, and the gender of its first name."""
    lex = lexicon()
    genders = lexicons.table("first_names")
    if words[0] in genders:
        return "person", genders[words[0]][0]
    last = words[-1].lower()
    if name not in lex.fixed and is_person(words, titles):
        kind = "person" if titles else "name"
    elif name.lower() in lex.places:
        kind = "place"
    elif name in _surnames():
        kind = "person"
    elif name in lex.outlets or last in lex.outlet_words:
        kind = "outlet"
    elif name in lex.fixed or len(words) > 1 or last in lex.organisation:
        kind = "body"
    else:
        kind = "other"
    return kind, ""
