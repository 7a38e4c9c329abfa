"""Tokens, and the terms of the lexicons in them.

Comes in: a text. Goes out: its tokens in a normal form, and which classes of the lexicons
(*agency*, *title*, *witness* ...) their terms belong to. One dictionary lookup a token finds all
terms of all lexicons, so the time is linear in the text.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence

from sourcescore import lexicons

__all__ = ["TOKEN", "classes_of", "normal", "ngrams", "stem", "tokenize"]

#: Abbreviations and initials with their full stop, clitics, words, single marks, line ends.
TOKEN = re.compile(
    r"(?:[A-Za-z]\.){2,8}"
    r"|[A-Z]\.(?=\s[A-Z])"
    r"|(?:Mrs?|Ms|Dr|Sens?|Reps?|Gov|Gen|Lt|Col|Sgt|Capt|Maj|Adm|Cmdr|Rev|Prof|St|Jr|Sr|No)\."
    r"|['’][sS]\b"
    r"|[^\W_]+(?:[-&][^\W_]+|['’](?!s\b)[^\W_]+|\.(?=\w\w)[^\W_]+){0,8}"
    r"|[^\w\s]|\n"
)

_LEXICON_CLASSES = {
    "outlet": "outlets",
    "media": "media_nouns",
    "document": "document_nouns",
    "anonymous": "anonymous_nouns",
    "anonymity": "anonymity_phrases",
    "witness": "witness_nouns",
    "hearsay": "hearsay_cues",
    "private": "private_roles",
    "former": "former_markers",
    "body": "government_bodies",
    "organisation": "organisation_markers",
    "company": "companies",
    "armed": "armed_groups",
    "metonym": "metonyms",
}
# The endings of a regular inflection, and what stands in the lemma for them.
_INFLECTIONS = (
    ("ing", ""),
    ("ing", "e"),
    ("ied", "y"),
    ("ies", "y"),
    ("ed", ""),
    ("ed", "e"),
    ("es", ""),
    ("s", ""),
    ("d", ""),
)


def normal(token: str) -> str:
    """Return a token without full stops and with plain apostrophes.

    Examples
    --------
    >>> normal("U.S."), normal("didn’t")
    ('US', "didn't")
    """
    if token.isalnum() or len(token) == 1:
        return token
    return token.replace(".", "").replace("’", "'")


def tokenize(text: str) -> list[str]:
    """Return the tokens of a text in their normal form.

    Examples
    --------
    >>> tokenize("Sen. Tan's aide")
    ['Sen', 'Tan', "'s", 'aide']
    """
    return [normal(token) for token in TOKEN.findall(text)]


@functools.cache
def _terms() -> Mapping[str, list[tuple[tuple[str, ...], str]]]:
    """Return all terms with their class, by their first token."""
    pairs = [(term, "agency") for term in lexicons.aliases()]
    for name, lexicon in _LEXICON_CLASSES.items():
        pairs += [(term, name) for term in lexicons.load(lexicon)]
    for term, (holders,) in lexicons.table("official_titles").items():
        pairs.append((term, f"title_{holders}"))
    for term, (_, sort) in lexicons.countries().items():
        pairs.append((term, f"country_{sort}"))
    for term, (role,) in lexicons.table("politicians").items():
        pairs.append((term, f"known_{role}"))
        if term.count(" ") == 1:
            pairs.append((term.split()[1], f"surname_{role}"))
    for term, (role,) in lexicons.table("known_people").items():
        pairs.append((term, f"known_{role}"))
    by_first: dict[str, list[tuple[tuple[str, ...], str]]] = {}
    for term, name in sorted(set(pairs)):
        tokens = tuple(tokenize(normal(term)))
        by_first.setdefault(tokens[0], []).append((tokens, name))
    return by_first


def classes_of(tokens: Sequence[str]) -> list[tuple[int, int, str]]:
    """Find the lexicon terms in normalised tokens.

    Returns
    -------
    list of (int, int, str)
        First token, the one past the last, class. Of terms that end at the same token only the
        longest count: a *fire chief* is no *chief*.

    Examples
    --------
    >>> classes_of(["the", "fire", "chief"])
    [(1, 3, 'title_one')]
    """
    terms = _terms()
    n = len(tokens)
    lower = [token.lower() for token in tokens]
    found: list[tuple[int, int, str]] = []
    first_of = [n] * (n + 1)
    for i, low in enumerate(lower):
        cased = tokens[i]
        for row, key in ((lower, low), (tokens, cased)):
            for term, name in terms.get(key, ()):
                k = len(term)
                whole = k == 1 or (i + k <= n and tuple(row[i : i + k]) == term)
                if whole and i <= first_of[i + k]:
                    first_of[i + k] = i
                    found.append((i, i + k, name))
            if cased == low:
                break
    return found


def stem(word: str, known: Mapping[str, object]) -> str:
    """Return the lemma of a regularly inflected word if it is known, else the word.

    Examples
    --------
    >>> stem("denied", {"deny": 1}), stem("dogs", {"deny": 1})
    ('deny', 'dogs')
    """
    if word in known:
        return word
    for ending, put in _INFLECTIONS:
        if word.endswith(ending):
            base = word[: -len(ending)] + put
            if base in known:
                return base
            if len(base) > 3 and base[-1] == base[-2] and base[:-1] in known:
                return base[:-1]
    return word


def ngrams(words: Sequence[str], n: int) -> list[str]:
    """Return the runs of n words, joined by spaces."""
    return [" ".join(words[i : i + n]) for i in range(len(words) - n + 1)]
