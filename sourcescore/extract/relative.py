"""What a relative pronoun stands for: *the driver* in *the driver, who said he had seen it*.

Comes in: a document and the token of a pronoun. Goes out: the tokens of the noun phrase before it.
Nested annotation takes that phrase as the source, flat annotation the pronoun.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sourcescore.text import Document

__all__ = ["PRONOUNS", "noun_phrase_before"]

PRONOUNS = frozenset(["who", "which", "that"])
#: Parts of speech (Penn) of what a noun phrase is made of.
_HEADS = frozenset(["NN", "NNS", "NNP", "NNPS", "CD"])
_INSIDE = _HEADS | {"JJ", "JJR", "JJS", "POS"}
_STARTS = frozenset(["DT", "PDT", "PRP$", "WP$"])
_PREPOSITIONS = frozenset(["IN", "TO"])
_PARTICIPLES = frozenset(["VBN", "VBG"])
#: With these a phrase goes on; with the second as well where it is a person and there is a comma:
#: *a pharmacist in the town, who* is not the town.
_LINKS = frozenset(["of", "for", "&"])
_PLACES = frozenset(["in", "on", "at", "from", "near", "across"])


def noun_phrase_before(document: Document, pronoun: int, tags: Mapping[str, str]) -> list[int]:
    """The tokens of the noun phrase right before a token, or before the comma before it.

    Parameters
    ----------
    document : Document
    pronoun : int
    tags : mapping of lower-case word to str
        Its parts of speech, the commonest first, joined by ``|``. A word that it lacks is a noun.

    Returns
    -------
    list of int
        Empty where there is none in the same sentence.
    """
    words = document.words
    first = int(np.searchsorted(document.sentence, document.sentence[pronoun]))
    end = pronoun - 1
    links = _LINKS
    if end >= first and words[end] == ",":
        end -= 1
        if words[pronoun].lower() == "who":
            links = _LINKS | _PLACES

    def tag(token: int) -> str:
        word = words[token]
        if token < first:
            return ""
        if not word[0].isalnum():
            return "POS" if word[1:] == "s" else ""
        if word[0].isupper() and token > first:
            return "NNP"
        return (tags.get(word.lower()) or "NN").split("|")[0]

    if tag(end) not in _HEADS:
        return []
    start = end
    while True:
        before = tag(start - 1)
        participle = before in _PARTICIPLES and tag(start - 2) in _STARTS | _PREPOSITIONS
        if before in _INSIDE or participle:
            start -= 1
            continue
        if before in _STARTS:
            start -= 1
        if start > first and words[start - 1] in links and tag(start - 2) in _HEADS:
            start -= 2
        else:
            return list(range(start, end + 1))
