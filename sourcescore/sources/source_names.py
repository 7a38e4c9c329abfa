"""By which name the words of a source call it.

Comes in: the words of a source (*Kremlin spokesperson Dmitry Peskov*). Goes out: the proper name
or names in it (*Dmitry Peskov*), or else the description, shorn of what does not identify it.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from sourcescore.sources.names import (
    CAPITAL,
    CHAIN,
    NAME_WORD,
    bare,
    is_common_noun,
    is_person,
    kept_titles,
    lexicon,
    split_titles,
)

__all__ = ["NameParts", "SourceName", "clean_source", "own_name"]

_STARTS_WITH_NAME = re.compile(CHAIN)
_ENDS_WITH_NAME = re.compile(rf"(?<![^\s\"“‘(]){CHAIN}$")
_NAME_INSIDE = re.compile(rf"(?<=\s){CHAIN}")
_BRACKETS = re.compile(r"[\[\]‘]|’(?!\w)(?<!s’)")
_SPACES = re.compile(r"\s+")
_PARENTHESIS = re.compile(r"\s*\([^()]{0,200}\)")
_TRAILING = re.compile(
    r"(?:[\s,;:\-–—.\"”“]|['’]s?(?=$|\s|,)"
    r"|\s(?:himself|herself|itself|themselves|both|also|all|too|who|which|that))+$"
)
_LEADING = re.compile(
    r"^(?:[\"“”,\-–—]\s*|(?:but|and|even|both|now|then|meanwhile|yet|so|while|as|by|from|of"
    r"|according to)\s+)+(?=\S)",
    re.IGNORECASE,
)
_ARTICLE = re.compile(r"(?:the|a|an)\s+", re.IGNORECASE)
_RELATIVE = re.compile(r",\s*(?:who|which|whose|whom|where|when)\b")
_DASH = re.compile(r"(?<=\w) +[—–-] +")
_BASED = re.compile(r"^((?:the\s+)?)[\w.]+-based\s+", re.IGNORECASE)
_AND = re.compile(r",? (?:and|or|&) ")
_AFTER_PERSON = re.compile(r"[ ,](?:(?:of|from|at|for|in|with|the|a|an|on|to)\b|\d)")
_FAMILY = re.compile(
    rf"({NAME_WORD})['’]s\s(?:[\w-]+\s){{0,3}}"
    r"(?:husband|wife|son|daughter|brother|sister|father|mother|widow|cousin|uncle|aunt)$"
)
_WRITTEN_BY = re.compile(
    r"^(?:[\w’'.-]+\s){0,4}(?:report|article|story|post|message|letter|tweet|statement)\s"
    rf"(?:from|by)\s(?:[Tt]he\s)?(?=[{CAPITAL}])(.+)$"
)
_KIND_BEHIND = re.compile(
    r"\s(?:(?:state |official )?news (?:agency|site|service|website)|newspaper|magazine|website"
    r"|newswire|broadcaster)$"
)
_LINK = frozenset(("of", "for", "in", "at", "from", "by", "with", "on", "to"))
_QUANTIFIER = frozenset(
    ("most", "many", "more", "few", "several", "some", "all", "each", "every", "other", "another")
)
_MAX_LENGTH = 1000  # a source is a phrase; what is longer is cut, which keeps the time linear


class NameParts(NamedTuple):
    """A name and the titles before it."""

    titles: tuple[str, ...]
    words: tuple[str, ...]


class SourceName(NamedTuple):
    """How the words of a source call it: by one name, by several, or by a description."""

    names: tuple[NameParts, ...]
    description: str


def clean_source(source: str) -> str:
    """The words of a source without parentheses, conjunctions before them, and what trails.

    Examples
    --------
    >>> clean_source("But Sen. Ann Lee (D-Ohio), who")
    'Sen. Ann Lee'
    """
    text = _SPACES.sub(" ", _BRACKETS.sub("", source[:_MAX_LENGTH]))
    text = _PARENTHESIS.sub("", text).strip() or text.strip("() ")
    text = _DASH.split(_LEADING.sub("", text), maxsplit=1)[0]
    return _TRAILING.sub("", text)


def own_name(source: str) -> SourceName:
    """The name by which the words of a source call it.

    Parameters
    ----------
    source : str
        Cleaned by `clean_source`.

    Returns
    -------
    SourceName
        Without names where the source is only described.

    Examples
    --------
    >>> own_name("Kremlin spokesperson Dmitry Peskov").names
    (NameParts(titles=(), words=('Dmitry', 'Peskov')),)
    >>> own_name("senior officials in Kyiv and Seoul")
    SourceName(names=(), description='senior officials in Kyiv and Seoul')
    """
    relative = _RELATIVE.search(source, 1)
    if relative:
        source = source[: relative.start()]
    source = _BASED.sub(r"\1", source)
    head, *appositions = source.split(", ")
    names = _joined(head) or _single(head) or _author(head) or _apposed(head, appositions)
    if names:
        return SourceName(names, head)
    article = _ARTICLE.match(source)
    if not article or article.group()[0] in "tT":
        without = _without_article(head)
        if _is_proper(without) and not is_common_noun(without):
            return SourceName((NameParts((), tuple(without.split(" "))),), head)
    return SourceName((), head if article or " " in head else source)


def _joined(phrase: str) -> tuple[NameParts, ...]:
    """Persons joined by *and*; nothing if any part is none."""
    if " and " not in phrase:
        return ()
    names = [_name_in(_without_article(part)) for part in _AND.split(phrase) if part]
    people = [n for n in names if n and is_person(("X", *n.words))]
    return tuple(people) if len(people) == len(names) and 2 <= len(names) <= 4 else ()


def _single(phrase: str) -> tuple[NameParts, ...]:
    name = _name_in(phrase)
    return (name,) if name else ()


def _author(phrase: str) -> tuple[NameParts, ...]:
    """Who wrote a document that names its author: *a report from Bloomberg News*."""
    written = _WRITTEN_BY.match(phrase)
    match = _STARTS_WITH_NAME.match(written.group(1)) if written else None
    if not match:
        return ()
    name = NameParts(*split_titles(match.group()))
    return (name,) if name.words[0].lower() not in lexicon().openers else ()


def _apposed(head: str, appositions: list[str]) -> tuple[NameParts, ...]:
    """The name behind a description: *the governor, Ann Lee*; *Lee's husband, Bo*."""
    for phrase in appositions[:2]:
        people = _joined(phrase)
        if people:
            return people
        match = _STARTS_WITH_NAME.match(phrase)
        if not match or " " not in head:
            continue
        name = NameParts(*split_titles(match.group()))
        rest = phrase[match.end() :]
        if is_person(name.words, name.titles) and (not rest or rest.startswith((" of", " from"))):
            return (name,)
        family = _FAMILY.match(head)
        if family and len(name.words) == 1 and not rest:
            return (NameParts((), (*name.words, family.group(1))),)
    return ()


def _without_article(phrase: str) -> str:
    article = _ARTICLE.match(phrase)
    return phrase[article.end() :] if article else phrase


def _is_proper(phrase: str) -> bool:
    """Whether every word is capitalised, but for links, and the last is no mere role."""
    words = phrase.split(" ")
    capitalised = all(
        w[:1].isupper() or w[:1].isdigit() or (i and w in lexicon().function_words)
        for i, w in enumerate(words)
    )
    return capitalised and not (len(words) <= 4 and bare(words[-1]) in lexicon().titles)


def _name_in(phrase: str) -> NameParts | None:
    """The person or body that a phrase without commas names, if it names one."""
    phrase = _without_kind_behind(phrase)
    match = _STARTS_WITH_NAME.match(phrase)
    if match:
        name = NameParts(*split_titles(match.group()))
        if name.titles and name.titles[0].lower() in _QUANTIFIER:
            return None
        rest = phrase[match.end() :]
        if not rest:
            role = bare(name.words[-1]) in lexicon().titles
            return None if role or is_common_noun(phrase) else name
        if is_person(name.words, name.titles) and _AFTER_PERSON.match(rest):
            return name
        if rest[0] in "'’" and " " in rest:
            return _possessed(rest.split(" ", 1)[1])
    return _after_role(phrase) or _at_end(phrase)


def _possessed(phrase: str) -> NameParts | None:
    """The name behind a possessive: *Esquire's Ben Lee*, *South Korea's Yonhap News*."""
    name = _name_in(phrase)
    if name and (
        is_person(name.words, name.titles) or bare(name.words[-1]) in lexicon().outlet_words
    ):
        return name
    return None


def _after_role(phrase: str) -> NameParts | None:
    """A person between role and place: *volcanologist Ann Lee from the institute*."""
    match = _NAME_INSIDE.search(phrase)
    if not match:
        return None
    name = NameParts(*split_titles(match.group()))
    if is_person(name.words, name.titles) and _AFTER_PERSON.match(phrase, match.end()):
        before = phrase[: match.start()].lower().split()
        if before and before[-1] not in lexicon().function_words and _LINK.isdisjoint(before):
            return name
    return None


def _at_end(phrase: str) -> NameParts | None:
    """A name at the end: behind any role for a person, behind its kind for a body."""
    match = _ENDS_WITH_NAME.search(phrase)
    if not match or match.start() == 0:
        return None
    name = NameParts(*split_titles(match.group()))
    lex = lexicon()
    if bare(name.words[-1]) in lex.titles:
        return None
    before = phrase[: match.start()].rstrip(' "“‘').lower().split(" ")
    if is_person(name.words, name.titles):
        if before[-1] == "the":
            return name if kept_titles(name.titles) else None
        by_role = before[-1] not in lexicon().function_words and not before[-1].endswith("ing")
        return name if by_role else None
    kind = before[-2:-1] if before[-1] == "the" else before[-1:]
    return name if kind and kind[0] in lex.kind_of_body and _LINK.isdisjoint(before) else None


def _without_kind_behind(phrase: str) -> str:
    """Drop the noun behind a known outlet: *the Reuters news agency* is Reuters."""
    kind = _KIND_BEHIND.search(phrase)
    if kind:
        name = _ENDS_WITH_NAME.search(phrase[: kind.start()])
        outlets = lexicon().outlets
        if name and (name.group() in outlets or name.group().removeprefix("The ") in outlets):
            return name.group()
    return phrase
