"""What a text says in its own voice, as statements that can be linked to claims.

Comes in: texts and the attributions found in them. Goes out: the sentences that no source stands
behind, in the form of the attribution table.

A reader of a text that says *the bridge was closed* has a statement of the bridge being closed,
though nobody is named for it: the text itself vouches. Such sentences never make a claim of their
own; they count only where they state one that somebody makes or that was asked for.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pandas as pd

from sourcescore.classify.certainty import certainty
from sourcescore.tables import SPAN_COLUMNS, attributions_frame
from sourcescore.taxonomy import AttributionType, Stance
from sourcescore.text import parse

__all__ = ["own_sentences"]

#: A sentence is the text's own if attributions cover no more than this share of its tokens.
_MOST_COVERED = 0.2
#: Shorter ones are headings and bylines, longer ones are tables, lists and code.
_FEWEST_TOKENS, _MOST_TOKENS = 6, 200


def own_sentences(texts: pd.Series, attributions: pd.DataFrame) -> pd.DataFrame:
    """Find the sentences that a text says in its own voice.

    Parameters
    ----------
    texts : Series of str, index doc_id
    attributions : DataFrame
        With doc_id and the columns of spans.

    Returns
    -------
    DataFrame
        The attribution table: type ``own_voice``, stance ``asserts``, the sentence as content.
        Questions are left out. ``attribution_id`` is that of no attribution.
    """
    covered: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
    names = ["doc_id", *SPAN_COLUMNS]
    for doc_id, *roles in zip(*(attributions[name] for name in names), strict=True):
        for spans in roles:
            covered[doc_id] += spans
    columns: dict[str, list] = {name: [] for name in ("doc_id", "content", "content_spans")}
    for doc_id, text in texts.items():
        document = parse(text)
        if not len(document):
            continue
        change = np.zeros(len(document) + 1, dtype=np.int64)
        for start, end in covered[str(doc_id)]:
            first, last = document.tokens_in(start, end)
            change[first] += 1
            change[last] -= 1
        attributed = np.cumsum(change[:-1]) > 0
        n_tokens = np.bincount(document.sentence)
        n_attributed = np.bincount(document.sentence, attributed)
        for number in np.flatnonzero(
            (n_tokens >= _FEWEST_TOKENS)
            & (n_tokens <= _MOST_TOKENS)
            & (n_attributed <= _MOST_COVERED * n_tokens)
        ):
            start, end = document.sentence_spans[number]
            if not text[start:end].endswith("?"):
                columns["doc_id"].append(doc_id)
                columns["content"].append(text[start:end])
                columns["content_spans"].append([(start, end)])
    n = len(columns["doc_id"])
    ids = [f"{doc_id}/author" for doc_id in columns["doc_id"]]
    empty = [""] * n
    return attributions_frame(
        {
            **columns,
            "attribution_id": [f"s{i}" for i in range(1, n + 1)],
            "source": empty,
            "cue": empty,
            "sentence": columns["content"],
            "source_id": ids,
            "source_name": empty,
            "type": [str(AttributionType.OWN_VOICE)] * n,
            "stance": [str(Stance.ASSERTS)] * n,
            "certainty": certainty(empty, empty, columns["content"]).tolist(),
        },
        n,
    )
