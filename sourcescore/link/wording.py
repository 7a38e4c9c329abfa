"""What a content says by itself: whether it has a proposition, which way it points, how it reads.

Comes in: the contents of attributions. Goes out: how many words of its own each has, whether it
answers something said before, and a readable claim made of it.
"""

from __future__ import annotations

import re
from functools import cache

import numpy as np

from sourcescore import lexicons
from sourcescore.compare import Statements, stem

__all__ = [
    "claim_text",
    "denial_cues",
    "is_clause",
    "is_negated_clause",
    "own_words",
    "points_back",
]

# Words of contents that name what somebody else said, or judge it, without saying it again.
_STANCE_WORDS = (
    "report claim allegation news story figure account version charge accusation suggestion idea "
    "notion talk word rumor rumour speculation statement assertion criticism something nothing "
    "anything everything thing kind way sort bit piece so true correct right garbage theatre pure "
    "ridiculous laughable absurd invent invention fiction propaganda mislead misleading inaccurate "
    "happen happened look like seem say tell call know think case matter issue question evidence "
    "proof prove fact truth reality simply complete completely total totally entire entirely "
    "absolute absolutely categorical categorically flat flatly otherwise yes confirm deny reject "
    "dismiss believe possible response comment detail information finding conclusion point "
    "another utter sheer outright gossip chatter anyone anybody everybody everyone"
)
_BACKWARD = re.compile(
    r"\b(?:it|this|these|those|them|which|such|so)\b|\bthat$|^that \w+$", re.IGNORECASE
)
# Where the pieces of an interrupted quotation meet.
_QUOTE_JOINT = re.compile(r"([,.!?]?)[\"”’'»]\s+[\"“‘'«](?=(\w))")
_FINITE = re.compile(
    r"\b(?:is|are|was|were|has|have|had|will|would|can|could|may|might|must|should|did|does|do)\b"
    r"|\w{2}ed\b|['’]s\b|n['’]t\b",
    re.IGNORECASE,
)
_FRAGMENT = re.compile(r"^(?:of|at|about|to|for|as|in|on|with|by|it as|he as|she as)\b", re.I)
# What somebody is accused of: "the firm of dumping acid" is said of the firm.
_ACCUSED_OF = re.compile(r"^((?:\w+ ){1,4}?)of (\w{3,}ing\b)(?=.)", re.IGNORECASE)
_QUOTES = "\"“”‘’'«»„` \t\n"
_LEAD_IN = re.compile(
    r"^(?:(?:the|any|all|some|earlier|recent|media|news|press|widespread|such|a|an|new|previous)\s+)*"
    r"(?:reports?|claims?|allegations?|rumou?rs?|suggestions?|accusations?|stories|story|"
    r"speculation|assertions?|charges?|notion|idea|talk|news|word|statements?|belief)\s+"
    r"(?:that\s+|which\s+(?:suggest|say|claim|said|suggested|claimed)(?:ed|s)?\s+(?:that\s+)?)",
    re.IGNORECASE,
)
_LEAD_NOUN = re.compile(
    r"^(?:(?:the|any|all|some|earlier|recent|media|news|press)\s+)*"
    r"(?:reports?|claims?|allegations?|rumou?rs?|suggestions?|accusations?|speculation|talk)\s+"
    r"(?:of|about)\s+",
    re.IGNORECASE,
)
_COMPLEMENTIZER = re.compile(r"^(?:that|how|as if)\s+(?=\S+\s+\S)", re.IGNORECASE)
_GERUND = re.compile(r"^(?:ever\s+|having\s+)?\w{2,}ing\b", re.IGNORECASE)
_NEGATIONS = (
    (
        re.compile(
            r"\b(did|do|does|is|are|was|were|has|have|had|will|would|can|could|should|may|might)"
            r"(?:n['’]t\b| not\b| never\b)(?: ever\b)?",
            re.IGNORECASE,
        ),
        r"\1",
    ),
    (re.compile(r"\bcannot\b", re.IGNORECASE), "can"),
    (re.compile(r"\bnever\s+", re.IGNORECASE), ""),
    (re.compile(r"\bnot a (?:single )?", re.IGNORECASE), "a "),
    (re.compile(r"\bno longer\b", re.IGNORECASE), "still"),
    (re.compile(r"\b(?:nobody|no one)\b", re.IGNORECASE), "somebody"),
    (re.compile(r"\bnothing\b", re.IGNORECASE), "something"),
    (re.compile(r"\bno\s+(?=\w)", re.IGNORECASE), ""),
)
_CLAUSE_NEGATION = re.compile(
    r"\b(?:not|never|no|none|nobody|nothing|neither|nor|without|cannot|no one)\b|n['’]t\b",
    re.IGNORECASE,
)
# "not only", "no longer than", "not yet clear" and "no doubt" leave the proposition as it is.
_NOT_NEGATIVE = re.compile(
    r"\b(?:not only|not just|not least|no doubt|no less|no fewer|no matter|nothing but)\b",
    re.IGNORECASE,
)


@cache
def _without_proposition() -> frozenset[str]:
    words = set(_STANCE_WORDS.split()) | {
        word for term in lexicons.load("denial_words") for word in term.lower().split()
    }
    return frozenset(map(stem, words)) | frozenset(words)


@cache
def denial_cues() -> re.Pattern[str]:
    """Matches a cue that denies by itself (*dismissed*, *has always denied*)."""
    forms = set()
    for cue, values in lexicons.table("cues").items():
        if values[0] == "denies":
            forms.add(cue)
    stems = sorted({re.escape(form) for form in forms}, key=len, reverse=True)
    return re.compile(rf"\b(?:{'|'.join(stems)}|denie[sd]|denying|calle?[ds]?)\w{{0,3}}\b", re.I)


def own_words(statements: Statements) -> np.ndarray:
    """How many terms of each statement are more than a name for, or a verdict on, another's words.

    Returns
    -------
    int array of shape (n,)
        0 and 1 mark contents without a proposition of their own (*This is pure invention*).
    """
    empty = _without_proposition()
    own = np.array([name not in empty for name in statements.stem_names] + [False])
    return own[statements.stems].sum(axis=1)


def points_back(contents: list[str]) -> np.ndarray:
    """Whether each content has a word that stands for something said before."""
    return np.array([bool(_BACKWARD.search(c.strip(_QUOTES))) for c in contents], dtype=bool)


def is_clause(content: str) -> bool:
    """Whether a content reads as a whole clause: it has a finite verb and no loose beginning.

    Examples
    --------
    >>> is_clause("two workers were hurt"), is_clause("of a noise like a moped")
    (True, False)
    """
    text = _COMPLEMENTIZER.sub("", content.strip(_QUOTES))
    return bool(_FINITE.search(text)) and not _FRAGMENT.match(text)


def is_negated_clause(content: str) -> bool:
    """Whether the clause as a whole is negated: an odd number of negations.

    Examples
    --------
    >>> is_negated_clause("it had never sent troops"), is_negated_clause("not only rifles came")
    (True, False)
    """
    kept = _NOT_NEGATIVE.sub(" ", content)
    return len(_CLAUSE_NEGATION.findall(kept)) % 2 == 1


def claim_text(content: str, *, positive: bool, source: str = "") -> str:
    """Word a content as a claim that can stand alone.

    Parameters
    ----------
    content : str
    positive : bool
        Whether to take the negation out: for a denied content, whose claim is what it denies.
    source : str, default=""
        Who denies; the one who acts in a content without a subject (*denied using weapons*).

    Examples
    --------
    >>> claim_text("reports that the bank had run out of cash", positive=True)
    'The bank had run out of cash'
    >>> claim_text("that no chlorine had escaped", positive=True)
    'Chlorine had escaped'
    >>> claim_text("paying bribes", positive=True, source="Delmar")
    'Delmar was paying bribes'
    """
    text = _QUOTE_JOINT.sub(_join_quotes, " ".join(content.split())).strip(_QUOTES + ",;:-–—")
    if text.count('"') % 2 or text.count("“") != text.count("”"):
        text = re.sub(r"[\"“”]", "", text)
    for lead in (_LEAD_IN, _LEAD_NOUN, _COMPLEMENTIZER):
        text = lead.sub("", text, count=1).strip()
    if positive:
        for pattern, replacement in _NEGATIONS:
            text, found = pattern.subn(replacement, text, count=1)
            if found:
                break
        if source and _GERUND.match(text):
            text = re.sub(r"^ever\s+", "", text, flags=re.IGNORECASE)
            having = re.match(r"having\s+", text, re.IGNORECASE)
            text = f"{source} had {text[having.end() :]}" if having else f"{source} was {text}"
    if not _FINITE.search(text.partition(" to have ")[0]):
        text = text.replace(" to have ", " had ", 1)
    text = _ACCUSED_OF.sub(r"\1\2", text)
    text = text.strip().rstrip(".,;: ")
    return text[:1].upper() + text[1:]


def _join_quotes(joint: re.Match[str]) -> str:
    """What stands where a quotation was taken up again: a new sentence, or the same one."""
    return ". " if joint[2].isupper() else f"{joint[1]} "
