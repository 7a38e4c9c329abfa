"""What sort of mention a source is: a pronoun, a description of a person, of a body, and so on.

Comes in: the words of a source. Goes out: one of `CLASSES` for a mention that has to be resolved,
"" for one that names or describes a source by itself.
"""

from __future__ import annotations

import functools
import re

from sourcescore import lexicons
from sourcescore.sources.names import lexicon
from sourcescore.sources.source_names import SourceName

__all__ = ["CLASSES", "HEAD_CLASSES", "head_class", "head_noun", "mention_class"]

_PRONOUNS = {
    "he": ("he", "him", "his", "himself"),
    "she": ("she", "her", "hers", "herself"),
    "they": ("they", "them", "their", "themselves", "both", "the two"),
    "it": ("it", "its", "itself"),
    "i": ("i", "me", "my", "myself"),
    "we": ("we", "us", "our", "ourselves"),
    "who": ("who", "whom", "whose"),
    "which": ("which", "that"),
}
_CLASS_OF_PRONOUN = {form: kind for kind, forms in _PRONOUNS.items() for form in forms}
#: Class of a definite description to the kind of entity that it describes.
HEAD_CLASSES = {
    "the person": "person",
    "the body": "body",
    "the outlet": "outlet",
    "the document": "document",
    "the group": "group",
    "the other": "other",
}
#: The classes of mention that are resolved by ranking candidates.
CLASSES = (*_PRONOUNS, *HEAD_CLASSES)

_HEAD_END = re.compile(r",|\s(?:of|for|in|at|from|to|by|with|on|who|that|which|released)\s")
_DEFINITE = re.compile(r"(?:the|this|that|these|those)\s+(?=\S)", re.IGNORECASE)
_LAST_WORD = re.compile(r"[\w-]{1,60}$")
_MEDIA_PERSON = ("editor", "ist", "host", "blogger", "reporter", "anchor", "man", "woman", "critic")
# Nouns that are in lexicons of several classes, by what they mostly are after "the".
_SETTLED = {
    **dict.fromkeys(("report", "statement", "story", "article", "study", "post"), "the document"),
    **dict.fromkeys(("group", "team", "party", "company"), "the body"),
    **dict.fromkeys(("site", "paper", "website", "agency"), "the outlet"),
    **dict.fromkeys(("crowd", "audience", "public", "couple", "family", "two"), "the group"),
}


@functools.cache
def _class_of_head() -> dict[str, str]:
    """The class of a definite description by its head noun."""
    classes: dict[str, str] = dict.fromkeys(lexicons.load("document_nouns"), "the document")
    classes |= dict.fromkeys(lexicon().organisation | lexicon().kind_of_body, "the body")
    for noun in lexicons.load("media_nouns"):
        classes[noun] = "the person" if noun.endswith(_MEDIA_PERSON) else "the outlet"
    for noun in lexicons.load("anonymous_nouns") | lexicons.load("witness_nouns"):
        classes[noun] = "the group" if noun.endswith(("s", "people", "men")) else "the person"
    for noun in lexicon().titles | lexicons.load("person_nouns"):
        classes.setdefault(noun, "the group" if noun.endswith("s") else "the person")
    return classes | _SETTLED


def head_noun(description: str) -> str:
    """The noun that a description is about, in lower case.

    Examples
    --------
    >>> head_noun("the former head of the agency")
    'head'
    """
    end = _HEAD_END.search(description, 4)
    match = _LAST_WORD.search(description[: end.start()] if end else description)
    return match.group().lower() if match else ""


def head_class(head: str) -> str:
    """The class of a definite description with this head noun."""
    known = _class_of_head().get(head)
    if known:
        return known
    if head.endswith("year-old"):
        return "the person"
    if head.endswith("s") and not head.endswith(("ss", "us", "is")):
        return "the group"
    return "the other"


def mention_class(source: str, own: SourceName) -> str:
    """The class of a source, "" for one that needs no antecedent.

    Parameters
    ----------
    source : str
        Cleaned by `sourcescore.sources.source_names.clean_source`.
    own : SourceName
        What `sourcescore.sources.source_names.own_name` finds in it.

    Examples
    --------
    >>> from sourcescore.sources.source_names import own_name
    >>> [mention_class(s, own_name(s)) for s in ("She", "the newspaper", "an official")]
    ['she', 'the outlet', '']
    """
    low = source.lower()
    pronoun = _CLASS_OF_PRONOUN.get(low)
    if pronoun:
        return pronoun
    if _DEFINITE.match(low):
        return "" if own.names else head_class(head_noun(low))
    return "the person" if low in lexicons.load("bare_roles") else ""
