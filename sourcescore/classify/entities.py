"""What the whole text says about a source, under all the names that it gives it.

Comes in: attributions with the spans of their sources, and the texts. Goes out: which of them have
the same source, and for each source the readings of all its mentions and introductions, so that
*she* and *Tan* know of *Ann Tan, the mayor*. Who is the same is told by a
`sourcescore.sources.SourceResolver`, from the spans and the text alone and in the same way in
training and afterwards; a name that somebody else has resolved is not looked at.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from sourcescore.classify.context import Attribution, coarse, introductions
from sourcescore.classify.noun_phrases import NounPhrase
from sourcescore.tables import string_array

__all__ = ["add_entities", "same_sources"]

_AUTHOR = frozenset(("i", "we"))
_TELLING = ("in=", "role=", "read=")


@functools.cache
def _shipped_resolver() -> Any:
    from sourcescore.models import load_model  # only with texts is it needed

    return load_model("resolver")


def same_sources(
    docs: Sequence[Any],
    texts: Mapping[str, str],
    sources: Sequence[Any],
    contents: Sequence[Any],
    resolver: Any = None,
) -> list[tuple[str, str] | None]:
    """Resolve the sources of attributions.

    Parameters
    ----------
    docs : sequence of length n
        The documents of the attributions.
    texts : mapping of document to text
        Those of some of the documents.
    sources, contents : sequences of length n
        Spans, or anything else where they are not known.
    resolver : SourceResolver, optional
        A fitted one; by default the shipped one.

    Returns
    -------
    list of (str, str) or None, length n
        Id and name of each source; None without a text or spans, without a source, and where the
        author speaks.
    """
    rows = [
        i
        for i, doc in enumerate(docs)
        if doc in texts and isinstance(sources[i], (list, tuple)) and sources[i]
    ]
    out: list[tuple[str, str] | None] = [None] * len(docs)
    if not rows:
        return out
    table = pd.DataFrame(
        {
            "doc_id": string_array([str(docs[i]) for i in rows]),
            "attribution_id": list(map(str, rows)),
            "source_spans": [sources[i] for i in rows],
            "content_spans": [contents[i] for i in rows],
        }
    )
    own_texts = {str(docs[i]): texts[docs[i]] for i in rows}
    found = (_shipped_resolver() if resolver is None else resolver).resolve(table, own_texts)
    for i, key, name in zip(rows, found["source_id"], found["source_name"], strict=True):
        if name and name.lower() not in _AUTHOR:
            out[i] = (key, name)
    return out


def add_entities(rows: Sequence[Attribution], resolved: Sequence[tuple[str, str] | None]) -> None:
    """Fill in `entity` and `entity_features` of the attributions of one document."""
    members: dict[str, list[Attribution]] = {}
    names: dict[str, str] = {}
    for row, source in zip(rows, resolved, strict=True):
        if source is not None:
            row.entity, names[row.entity] = source
            members.setdefault(row.entity, []).append(row)
    for key, mentions in members.items():
        features = _features(mentions, NounPhrase.parse(names[key]))
        for row in mentions:
            row.entity_features = features


def _features(mentions: Sequence[Attribution], name: NounPhrase) -> list[str]:
    found = {f"e:n={min(len(mentions), 4)}"}
    phrases = [row.source for row in mentions if row.source.tokens and not row.source.pronoun]
    if name.tokens:
        found |= {f"~e:head={name.head}", f"e:len={min(len(name.name), 3)}"}
        if not name.pronoun:
            phrases.append(name)
    for phrase in {" ".join(phrase.tokens): phrase for phrase in phrases}.values():
        found |= {f"e:hc={of_head}" for of_head in phrase.head_classes}
        found |= {f"e:read={phrase.reading}", f"e:co={coarse(phrase.reading)}"}
        if phrase.key:
            around = introductions(phrase, mentions[0].context)
            found |= {f"e:{feature}" for feature in around if feature.startswith(_TELLING)}
    return sorted(found)
