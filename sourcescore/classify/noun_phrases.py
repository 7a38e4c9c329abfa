"""The words of a source: its head, its name, and a first reading of who it is by rule.

Comes in: the tokens of a noun phrase (*Kremlin spokesperson Dmitry Peskov*). Goes out: its head,
the name in it, and a reading such as ``person:speaks for state`` that the classifier weighs
together with everything else. No parser: the head stands before the first preposition or comma.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence

from sourcescore import lexicons
from sourcescore.classify.phrases import classes_of, tokenize

__all__ = ["ARTICLES", "AUTHOR", "PRONOUNS", "RELATIVE", "HEAD_STOP", "NounPhrase", "is_plural"]

PERSON = frozenset("he she him her his hers himself herself".split())
THING = frozenset("it its itself this that".split())
GROUP = frozenset("they them their theirs themselves both all".split())
RELATIVE = frozenset("who whom whose which".split())
AUTHOR = frozenset("i we me us my our myself ourselves".split())
PRONOUNS = PERSON | THING | GROUP | RELATIVE | AUTHOR
ARTICLES = frozenset(("the", "a", "an"))
#: The head of a noun phrase stands before the first of these.
HEAD_STOP = frozenset(
    ", ( ) — – - : ; of in at for with who which that from on to by whose where when while among "
    "about near inside outside against under over familiar close briefed speaking based including "
    "as and or than like is was within during after before since through across among between "
    "behind without via toward towards beyond following monitoring working living linked cited "
    "named called formed led posted obtained published released playing involved aware seen "
    "accused charged having wearing using who've representing tracking fighting loyal opposed "
    "allied affiliated connected tied responsible not but when".split()
)
_MAX_TOKENS = 40
_AFTER_HEAD = frozenset(("'s", "himself", "herself", "itself", "also"))
_SPEAKS = frozenset(
    "spokesman spokeswoman spokesperson spokespeople spokesmen representative rep reps publicist "
    "office".split()
)
_JOINS = frozenset(("and", "or"))
#: Words that make one of many the only one: "the country's top diplomat".
_FOREMOST = frozenset(
    "chief top highest highest-ranking most-senior head foremost lead supreme".split()
)
#: Titles in states and elsewhere alike.
_ANY_BODY = frozenset(
    "president chairman chairwoman chairperson chair director secretary chief head commissioner "
    "inspector treasurer leader speaker general manager superintendent officer governor".split()
)
#: Who asks in an interview.
_ASKS = frozenset(("q", "question", "interviewer"))
#: Words that say that a role is a public one, besides the names of bodies and states.
_PUBLIC = frozenset(
    "city city's county county's state state's federal municipal government government's "
    "provincial regional town town's village national ministerial presidential parliamentary "
    "congressional judicial military army navy police".split()
)
_PARTY = re.compile(r"[DRI](?:-|$)")

_STATE = frozenset(
    ("body", "metonym", "country_name", "country_capital", "country_demonym", "title_one")
)
_STATE_NAME = frozenset(("body", "metonym", "country_name", "country_capital"))
_NOT_STATE = frozenset(("company", "organisation", "armed"))
_MEDIA = frozenset(("media", "outlet", "agency"))
_THING_CLASSES = _STATE_NAME | {"agency", "outlet", "company", "document", "armed"}
#: What a description can be, the surest reading first.
_DESCRIPTIONS = (
    "body",
    "metonym",
    "country_name",
    "title_one",
    "title_many",
    "document",
    "media",
    "company",
    "organisation",
    "armed",
    "witness",
    "anonymous",
    "private",
)


@functools.cache
def _common_nouns() -> frozenset[str]:
    """Return nouns that are no names, however they are spelt."""
    names = (
        "document_nouns",
        "anonymous_nouns",
        "witness_nouns",
        "official_titles",
        "private_roles",
    )
    few = ("some", "many", "most", "others", "one")
    return frozenset().union(*map(lexicons.load, names), few)


def is_plural(word: str) -> bool:
    """Whether a noun looks plural."""
    return word.endswith("s") and not word.endswith("ss")


@functools.lru_cache(maxsize=10_000)
def _is_adjective(token: str) -> bool:
    """Whether a token before *and* stands before a noun still: "Iraqi and US officials"."""
    if token.endswith("s"):
        return False
    if token[0].isupper():
        return any(name == "country_demonym" for _, _, name in classes_of([token]))
    return lexicons.table("word_tags").get(token, ("",))[0].split("|")[0] in ("JJ", "JJS")


class NounPhrase:
    """The tokens of a source and what can be read off them.

    Attributes
    ----------
    tokens, lower : list of str
        The tokens in normal form, and in lower case.
    end : int
        The head is token ``end - 1``.
    head : str
        In lower case; empty for an empty phrase.
    pronoun : bool
    name : list of str
        The capitalised words of the name, titles included; empty for a description.
    key : str
        The word by which a text calls a named source again; empty where there is no name.
    key_at : int
        The token that `key` is.
    """

    def __init__(self, tokens: Sequence[str]) -> None:
        self.tokens = list(tokens[:_MAX_TOKENS])
        self.lower = [token.lower() for token in self.tokens]
        self.end = self._head_end()
        self.head = self.lower[self.end - 1] if self.end else ""
        self.pronoun = self.end == 1 and self.head in PRONOUNS
        self.name: list[str] = []
        self.key_at = -1
        if not self.pronoun:
            self._find_name()
        self.key = self.tokens[self.key_at] if self.name else ""

    @classmethod
    def parse(cls, text: str) -> NounPhrase:
        """Read a noun phrase from a text.

        Examples
        --------
        >>> phrase = NounPhrase.parse("the defence chief, Shin Won-sik")
        >>> phrase.head, phrase.key
        ('chief', 'Won-sik')
        """
        return cls(tokenize(text[:400]))

    def _head_end(self) -> int:
        end = len(self.lower)
        for i, low in enumerate(self.lower):
            if i and low in HEAD_STOP and not (low in _JOINS and _is_adjective(self.tokens[i - 1])):
                end = i
                break
        while end > 1 and self.lower[end - 1] in _AFTER_HEAD:
            end -= 1
        return end

    def _find_name(self) -> None:
        first = self.end
        while first and self.tokens[first - 1][0].isupper():
            first -= 1
        if first < self.end and self.lower[first] in ARTICLES:
            first += 1
        self.name, self.key_at = self.tokens[first : self.end], self.end - 1
        if not set(self.lower[first : self.end]) <= _common_nouns():
            return
        # no name at the head; one may follow the description: "the defence chief, Shin Won-sik"
        self.name = []
        run: list[str] = []
        for at in range(self.end, len(self.tokens)):
            token = self.tokens[at]
            if token[0].isupper() and (run or self.tokens[at - 1] == ","):
                run.append(token)
                self.key_at = at
            elif len(run) > 1:
                break
            else:
                run = []
        if len(run) > 1:
            self.name = run

    @functools.cached_property
    def classes(self) -> list[tuple[int, int, str]]:
        """The lexicon terms in the phrase, as `classes_of` gives them.

        A person known without a middle initial is known with it.
        """
        found = classes_of(self.tokens)
        if self.key_at >= 2 and len(self.tokens[self.key_at - 1]) == 1:
            first, last = self.key_at - 2, self.key_at
            known = classes_of([self.tokens[first], self.tokens[last]])
            found += [(first, last + 1, name) for i, j, name in known if (i, j) == (0, 2)]
        return found

    @functools.cached_property
    def head_classes(self) -> set[str]:
        """Classes of the terms that end at the head."""
        return {name for first, last, name in self.classes if first < self.end <= last}

    @functools.cached_property
    def sort(self) -> str:
        """Which pronoun can stand for it: "person" (he), "persons" (they) or "thing" (it)."""
        if self.head in PERSON:
            return "person"
        if self.head in GROUP:
            return "persons"
        if self.head in THING or not _THING_CLASSES.isdisjoint(self.head_classes):
            return "thing"
        plural = is_plural(self.head) and self.tokens[self.end - 1][0].islower()
        return "persons" if plural or "and" in self.lower[self.end : self.end + 1] else "person"

    @functools.cached_property
    def reading(self) -> str:
        """Who it is by rule: the role next to a name, the class and article of a description."""
        if not self.tokens:
            return "nobody"
        if self.lower[0] == "this" and self.head_classes & _MEDIA:
            return "author"
        if "agency" in self.head_classes:
            return "agency"
        inside = {name for _, last, name in self.classes if last < self.end}
        if "agency" in inside:
            return "agency:part"
        if self.end == 1 and self.head in _ASKS:
            return "author"
        tail = {name for first, _, name in self.classes if first >= self.end}
        if not self.name:
            return self._read_description(inside | tail)
        if "country_demonym" in self.head_classes and len(self.name) == 1 and is_plural(self.head):
            article = self.lower[0] if self.lower[0] in ARTICLES else ""
            some = self.end < len(self.tokens) or self.end > 1 + bool(article)
            return f"witness:many:{article}" if some else f"people:many:{article}"
        if self.key_at == self.end - 1:
            body = self._read_body()
            if body:
                return body
        return self._read_person(inside, tail)

    def _read_body(self) -> str:
        classes = self.head_classes
        many = len(self.name) > 1
        if "outlet" in classes or (many and self.head in lexicons.load("outlet_words")):
            return "outlet"
        if classes & _STATE_NAME:
            return "state"
        if classes & {"company", "armed"} or self.head in lexicons.load("organisation_markers"):
            return "organisation"
        return ""

    def _read_person(self, inside: set[str], tail: set[str]) -> str:
        around = inside | tail
        name_first = self.key_at == self.end - 1
        role = inside if name_first else inside | self.head_classes
        if name_first and self.tokens[self.end : self.end + 1] == [","]:
            apposition = NounPhrase(self.tokens[self.end + 1 :])
            if not apposition.pronoun:
                role = role | {n for _, last, n in apposition.classes if last <= apposition.end}
        if "former" in around:
            return "person:former"
        if not _SPEAKS.isdisjoint(self.lower):
            if around & _NOT_STATE:
                return "person:speaks for organisation"
            return "person:speaks for state" if around & _STATE else "person:speaks"
        if role & {"title_one", "title_many"}:
            if role & _NOT_STATE:
                return "person:title:organisation"
            return "person:title" + ":elsewhere" * self._title_elsewhere()
        if any(_PARTY.match(token) for token in self.tokens[self.end : self.end + 2]):
            return "person:title"
        source_of = self.lower[self.end : self.end + 1] in (["of"], ["from"])
        if role & _MEDIA or (source_of and tail & {"outlet", "agency"}):
            return "person:media"
        known = self.head_classes | inside
        for standing in ("official", "figure", "media"):
            if f"known_{standing}" in known:
                return f"person:{standing}"
        if role & {"private", "anonymous", "witness"}:
            return f"person:private:{self.owner}"
        if len(self.name) == 1 or self.lower[self.end - 2] in ("mr", "mrs", "ms"):
            for standing in ("official", "figure"):
                if f"surname_{standing}" in self.head_classes:
                    return f"person:surname of {standing}"
        return "person"

    def _title_elsewhere(self) -> bool:
        """Whether the title may be one outside states: "Acme President Ann Tan"."""
        titles = [t for t in self.classes if t[2].startswith("title_")]
        words = {self.lower[last - 1] for _, last, _ in titles}
        if not words <= _ANY_BODY or "state" in self.owner:
            return False
        first = min(first for first, _, _ in titles)
        before = self.tokens[:first] if first < self.end else []
        after = self.lower[max(last for _, last, _ in titles) :][:1]
        named = any(token[0].isupper() for token in before[self.lower[0] in ARTICLES :])
        return named or after in (["of"], ["at"], ["and"])

    @functools.cached_property
    def foremost(self) -> bool:
        """Whether it is the only one of its sort: "the country's top diplomat"."""
        before = self.lower[: self.end - 1]
        if is_plural(self.head) or _FOREMOST.isdisjoint(before):
            return False
        return before[0] == "the" or "'s" in before

    def _read_description(self, around: set[str]) -> str:
        number = "many" if is_plural(self.head) else "one"
        article = self.lower[0] if self.lower[0] in ARTICLES else ""
        if self.head in _SPEAKS:
            owner = "nobody"
            if around & _NOT_STATE:
                owner = "organisation"
            elif around & _STATE:
                owner = "state"
            elif any(t[0].isupper() for t in self.tokens[bool(article) : self.end - 1]):
                owner = "name"
            return f"speaks for {owner}:{number}:{article}"
        if self.foremost and self.head_classes & {"title_many", "title_one"}:
            return "title_one:one:foremost"
        for name in _DESCRIPTIONS:
            if name in self.head_classes:
                if name == "document" and around & _MEDIA:
                    name = "document of media"
                return f"{name}:{number}:{article}" + ":former" * ("former" in around)
        return f"noun:{number}:{article}"

    @functools.cached_property
    def owner(self) -> str:
        """What a role belongs to: "state", "organisation", "media", both of two, or ""."""
        around = {name for first, last, name in self.classes if not first < self.end <= last}
        owners = {
            "state": around & _STATE_NAME or not _PUBLIC.isdisjoint(self.lower),
            "organisation": around & _NOT_STATE,
            "media": around & _MEDIA,
        }
        return "+".join(name for name, found in owners.items() if found)

    @functools.cached_property
    def part_of(self) -> NounPhrase | None:
        """The phrase after *of*: "residents" in "a group of residents"."""
        if self.lower[self.end : self.end + 1] != ["of"]:
            return None
        return NounPhrase(self.tokens[self.end + 1 :])
