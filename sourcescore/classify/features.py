"""What the classifier looks at: features of an attribution, as strings.

Comes in: the source, cue and content of attributions and the text around them. Goes out: for each
attribution two lists of feature names, those that tell who the source is (its kind) and those
that tell what it does with the content (its stance).

The kind is read off the words of the source, their classes in the lexicons, and how the text
introduces the same name elsewhere; the stance off the cue, the negations, hedges and moods of the
content, and how the two combine. Nothing here looks at a source name that somebody has resolved.
A feature that starts with ``~`` is a single word or piece of one: rare, so it counts half. One that
starts with ``!`` sums up many others, so it counts twice.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import pandas as pd

from sourcescore import lexicons
from sourcescore.classify.context import Attribution, Context, introductions, resolve_pronouns
from sourcescore.classify.entities import add_entities, same_sources
from sourcescore.classify.noun_phrases import ARTICLES, HEAD_STOP, PRONOUNS, NounPhrase, is_plural
from sourcescore.classify.phrases import classes_of, ngrams, stem, tokenize
from sourcescore.tables import span_lists, texts_beside

__all__ = ["attribution_features", "dismisses", "read_attributions", "rule_stance"]

_NEGATION = frozenset("not never no none nothing nobody neither nor without cannot hardly".split())
_MODAL = frozenset("would should must will shall can could may might ought".split())
_FINITE = frozenset(
    "is are was were be been being am has have had do does did will would should could may might "
    "must can 's 're 've".split()
)
#: What stands for the matter at hand in a dismissal: "this looks like one more fairy tale".
_MATTER = frozenset(
    "this that it it's that's these those they such all everything story report reports claim "
    "claims allegation allegations rumour rumours rumor rumors accusation accusations".split()
)
#: Words of a content that put forward a wish, a duty or a plan and no fact.
_WISHES = frozenset(
    "want wants wanted hope hopes hoped wish wishes prefer prefers need needs must should let "
    "let's please urge urges call calls demand demands ought deserve deserves love loves like "
    "likes hate thank thanks sorry glad proud grateful congratulations welcome pray".split()
)
_THIS = frozenset("this that it it's that's these such all".split())
_COPULAS = frozenset(
    "is was are were looks look looked sounds sound sounded seems seem appears smells 's".split()
)
_WISH_WORDS, _DISMISSAL_WORDS = 10, 14
_OPENS_CLAUSE = frozenset(("to", "that", "whether", "if", "for"))
_CUE_TOKENS = 14
_CONTENT_CHARACTERS = 1500
_ROLES = ("source", "cue", "content")


def read_attributions(
    attributions: pd.DataFrame,
    texts: Mapping[str, str] | pd.Series | None = None,
    resolver: Any = None,
) -> list[Attribution]:
    """Return the attributions in their contexts, in the order of the rows, pronouns resolved.

    Parameters
    ----------
    attributions : DataFrame with the columns source, cue, content
        ``doc_id``, ``sentence`` and the columns of spans are used where present.
    texts : mapping or Series of doc_id to text, optional
        By default the column ``text``, if there is one. Without a text, the sentences of a
        document's attributions stand in for it; where others have one, with a warning.
    resolver : SourceResolver, optional
        A fitted one that tells which attributions of a text have the same source; by default the
        shipped one.
    """
    n = len(attributions)
    columns = {name: _strings(attributions, name) for name in _ROLES}
    sentences = _strings(attributions, "sentence")
    docs = attributions["doc_id"].tolist() if "doc_id" in attributions.columns else list(range(n))
    spans = {role: span_lists(attributions, f"{role}_spans") for role in _ROLES}
    given = texts is not None
    texts = texts_beside(attributions, texts)
    rows_of: dict[Any, list[int]] = {}
    for i, doc in enumerate(docs):
        rows_of.setdefault(doc, []).append(i)
    found = {doc: texts.get(doc) for doc in rows_of} if texts is not None else {}
    known = {doc: text for doc, text in found.items() if isinstance(text, str)}
    if given and len(known) < len(found):
        lacking = next(doc for doc in found if doc not in known)
        warnings.warn(
            f"texts lacks {len(found) - len(known)} of the {len(found)} documents of the "
            f"attributions, {lacking!r} for one; the sentences of their attributions stand in. If "
            "scikit-learn has split the texts like rows, give them in a column text.",
            UserWarning,
            stacklevel=4,
        )
    resolved = same_sources(docs, known, spans["source"], spans["content"], resolver)
    out: list[Any] = [None] * n
    for doc, rows in rows_of.items():
        text = known.get(doc)
        passages = [
            sentences[i] or " ".join(filter(None, (columns[c][i] for c in columns))) for i in rows
        ]
        starts = {}
        if not isinstance(text, str):
            text = "\n".join(dict.fromkeys(passages))
            at = 0
            for passage in dict.fromkeys(passages):
                starts[passage] = at
                at += len(passage) + 1
        context = Context(text)
        ranges = []
        for i, passage in zip(rows, passages, strict=True):
            source, cue, content = (columns[c][i] for c in _ROLES)
            ss, cs, ts = (spans[role][i] for role in _ROLES)
            if not starts and (ss or cs):
                offsets = (
                    (ss[0][0], ss[-1][1]) if ss else (-1, -1),
                    cs[0][0] if cs else -1,
                )
                ranges.append((ts[0][0], ts[-1][1]) if ts else (-1, -1))
            else:
                begin = starts[passage] if starts else text.find(passage)
                offsets = (_find(passage, source, begin), _find(passage, cue, begin)[0])
                ranges.append(_find(passage, content, begin))
            phrase = NounPhrase.parse(source)
            tokens = tokenize(cue[:200])[:_CUE_TOKENS]
            out[i] = Attribution(phrase, tokens, content, context, (*offsets[0], offsets[1]))
        _nest([out[i] for i in rows], ranges)
        resolve_pronouns(sorted((out[i] for i in rows), key=lambda row: row.order))
        add_entities([out[i] for i in rows], [resolved[i] for i in rows])
    return out


def _strings(table: pd.DataFrame, name: str) -> list[str]:
    if name not in table.columns:
        return [""] * len(table)
    return [value if isinstance(value, str) else "" for value in table[name].tolist()]


def _find(passage: str, piece: str, begin: int) -> tuple[int, int]:
    at = passage.find(piece) if piece and begin >= 0 else -1
    return (begin + at, begin + at + len(piece)) if at >= 0 else (-1, -1)


def _nest(rows: list[Attribution], ranges: list[tuple[int, int]]) -> None:
    """Fill in `speaker`: the attribution with the shortest content around the source."""
    events = sorted(
        [(start, 0, j) for j, (start, _) in enumerate(ranges) if start >= 0]
        + [(row.order, 1, j) for j, row in enumerate(rows) if row.order >= 0]
    )
    around: list[int] = []
    for at, is_row, j in events:
        if is_row:
            around = [k for k in around[-8:] if ranges[k][1] > at]  # no text nests deeper
            others = [k for k in around if k != j]
            if others:
                best = min(others, key=lambda k: ranges[k][1] - ranges[k][0])
                rows[j].speaker = rows[best]
        else:
            around.append(j)


def attribution_features(row: Attribution) -> tuple[list[str], list[str]]:
    """Return the kind features and the stance features of an attribution."""
    return _kind_features(row), _stance_features(row)


def _kind_features(row: Attribution) -> list[str]:
    source, context = row.source, row.context
    if not source.tokens:
        return _sourceless_features(row)
    out: list[str] = []
    _own_words("", source, out)
    out += [f"~q={token.lower()}" for token in row.cue]
    if row.source_at >= 0:
        before = context.before(row.source_at, 4)
        after = context.after(row.source_end, 6)
        out += [f"~l={token.lower()}" for token in before]
        out += [f"~r={token.lower()}" for token in after]
        out += [f"r={name}" for _, _, name in classes_of(after)]
    if source.pronoun:
        out.append(f"pronoun={row.how}")
    if row.meant is not None and row.meant.tokens:
        if source.pronoun:
            _own_words("a:", row.meant, out)
        out += introductions(row.meant, context)
    return out + row.entity_features


def _sourceless_features(row: Attribution) -> list[str]:
    out = ["nosource", "ncue=" + "_".join(row.cue[:4]).lower()]
    out += [f"nq={token.lower()}" for token in row.cue]
    out += [f"nqc={name}" for _, _, name in classes_of(row.cue)]
    out += [f"nt={token.lower()}" for token in tokenize(row.content[:100])[:3]]
    if row.cue_at >= 0:
        before = row.context.before(row.cue_at, 5)
        out += [f"nb={token.lower()}" for token in before]
        out += [f"nbc={name}" for _, _, name in classes_of(before)]
        after = row.context.after(row.cue_at + len(row.cue), 4)
        out += [f"na={token.lower()}" for token in after]
    return out


def _shape(tokens: Sequence[str]) -> str:
    """Return the run of token sorts, repeats folded: "the defence chief" is "dx"."""
    shape = ""
    for token in tokens[:12]:
        low = token.lower()
        if low in ARTICLES:
            sort = "d"
        elif low in PRONOUNS:
            sort = "p"
        elif low in HEAD_STOP:
            sort = low[0]
        elif token[0].isdigit():
            sort = "9"
        elif token.isupper() and len(token) > 1:
            sort = "A"
        else:
            sort = "X" if token[0].isupper() else "x"
        if not shape.endswith(sort):
            shape += sort
    return shape


def _own_words(prefix: str, source: NounPhrase, out: list[str]) -> None:
    """Add the features of a source's own words; fewer for an antecedent, by its prefix."""
    tokens, lower, end = source.tokens, source.lower, source.end
    article = lower[0] if lower[0] in ARTICLES else ""
    plural = is_plural(source.head) and tokens[end - 1][0].islower()
    number = f"{'many' if plural else 'one'}:{article}"
    head = f"foremost {source.head}" if source.foremost else source.head
    out += [
        f"{prefix}head={head}",
        f"{prefix}headshape={_shape(tokens[:end])}",
        f"{prefix}number={number}",
        f"{prefix}name={min(len(source.name), 4)}",
    ]
    for first, last, name in source.classes:
        if first >= end:
            out.append(f"{prefix}tail={name}")
        elif last < end:
            out.append(f"{prefix}pre={name}")
        else:
            if source.foremost:
                name = f"foremost {name}"
            out += [f"{prefix}headclass={name}", f"{prefix}headclass={name}:{number}"]
            if last - first >= end - bool(article):
                out.append(f"{prefix}whole={name}")
    out.append(f"{prefix}owner={source.owner}")
    part = source.part_of
    if part is not None and part.tokens:
        out += [f"{prefix}of={name}" for name in part.head_classes]
        out += [f"{prefix}of={part.sort}", f"~{prefix}of={part.head}"]
    if prefix:
        return
    out += [f"shape={_shape(tokens)}", f"len={min(len(tokens), 6)}", f"~first={lower[0]}"]
    out += [f"~w={token}" for token in lower]
    out += [f"~b={a}_{b}" for a, b in pairwise(lower)]
    head = f"^{source.head[:20]}$"
    out += [f"~g={head[i : i + n]}" for n in (3, 4) for i in range(len(head) - n + 1)]


@functools.cache
def _cues() -> Mapping[str, str]:
    return {term: values[0] for term, values in lexicons.table("cues").items()}


@functools.lru_cache(maxsize=50_000)
def _lemma(word: str) -> str:
    return stem(word, _cues())


@functools.cache
def _tags() -> Mapping[str, str]:
    return {word: values[0] for word, values in lexicons.table("word_tags").items()}


@functools.cache
def _denials() -> Mapping[str, str]:
    return {term: values[0] for term, values in lexicons.table("denial_words").items()}


def _is_negation(token: str) -> bool:
    return token in _NEGATION or token.endswith("n't")


def _cue_reading(cue: Sequence[str], stems: Sequence[str]) -> tuple[set[str], set[str]]:
    """Return the stances of the words of a cue and of its phrases in the lexicon."""
    known = _cues()
    words = {known[s] for s in stems if s in known}
    phrases = set()
    for k in (2, 3, 4):
        for i in range(len(cue) - k + 1):
            for phrase in (" ".join(cue[i : i + k]), " ".join((stems[i], *cue[i + 1 : i + k]))):
                if phrase in known:
                    phrases.add(known[phrase])
    return words, phrases


def _denials_in(lower: Sequence[str]) -> tuple[list[str], int, int]:
    table = _denials()
    found = [p for k in (1, 2, 3, 4) for p in ngrams(lower, k) if p in table]
    strong = sum(table[p] == "strong" for p in set(found))
    return found, strong, len(set(found)) - strong


def rule_stance(row: Attribution) -> str:
    """Read the stance off the lexicons alone, for a classifier that has not learned stances.

    A phrase of the cue goes before its words, a denial before the rest; a negated denial asserts,
    and a content that says that something is false denies.
    """
    cue = [token.lower() for token in row.cue]
    words, phrases = _cue_reading(cue, list(map(_lemma, cue)))
    stances = phrases or words
    if "denies" in stances:
        return "asserts" if any(map(_is_negation, cue)) else "denies"
    if "asserts" in stances or not stances:
        content = [token.lower() for token in tokenize(row.content[:_CONTENT_CHARACTERS])]
        return "denies" if _denials_in(content[:40])[1] else "asserts"
    return "neither"


def dismisses(row: Attribution) -> bool:
    """Whether the content is nothing but a dismissal: "this looks like one more fairy tale"."""
    tokens = tokenize(row.content[:_CONTENT_CHARACTERS])
    words = [token.lower() for token in tokens if token[0].isalnum() or token == "'s"]
    if len(words) > _DISMISSAL_WORDS or any(map(_is_negation, words)):
        return False
    if (words[:1] and words[0] not in _THIS) or _COPULAS.isdisjoint(words[1:3]):
        return False
    return _denials_in(words)[1] > 0


def _stance_features(row: Attribution) -> list[str]:
    cue = [token.lower() for token in row.cue]
    stems = list(map(_lemma, cue))
    words, phrases = _cue_reading(cue, stems)
    reading = "+".join(sorted(words | phrases)) or "unknown"
    negated = any(map(_is_negation, cue))
    out = [f"q={token}" for token in cue]
    out += [f"s={token}" for token in set(stems)]
    out += [f"b={a}_{b}" for a, b in pairwise(stems)]
    out += [f"phrase={stance}" for stance in phrases]
    out += ["cue=" + "_".join(stems), f"reading={reading}", f"reading={reading}:{negated}"]
    if negated:
        out += ["negated", *(f"not_{token}" for token in set(stems))]
    if cue:
        out += [f"last={stems[-1]}", f"lastform={cue[-1][-3:]}"]
    out += _content_features(row, reading, stems)
    source = row.source
    out.append(f"src={source.head if source.pronoun else _shape(source.tokens[: source.end])}")
    out += [f"srcc={name}" for first, _, name in source.classes if first < source.end]
    if row.cue_at >= 0:
        out += [f"before={t.lower()}" for t in row.context.before(row.cue_at, 3)]
        out += [f"after={t.lower()}" for t in row.context.after(row.cue_at + len(cue), 3)]
    return out


def _content_features(row: Attribution, reading: str, stems: Sequence[str]) -> list[str]:
    known = _cues()
    tokens = tokenize(row.content[:_CONTENT_CHARACTERS])
    lower = [token.lower() for token in tokens]
    words = [token for token in lower if token[0].isalnum()]
    first = words[0] if words else ""
    quote = row.content[:1] in ("'", "‘") or not {'"', "“", "”"}.isdisjoint(tokens[:30])
    finite = not _FINITE.isdisjoint(lower) or any(t.endswith("ed") for t in words)
    negations = sum(map(_is_negation, lower))
    found, strong, weak = _denials_in(lower[:100])
    opening = first if first in _OPENS_CLAUSE else "no" if first in _NEGATION else ""
    out = [
        f"f={first}",
        f"f2={'_'.join(words[:2])}",
        f"end={' '.join(words[-2:])}",
        f"quote={quote}",
        f"length={min(len(words) // 4, 5)}",
        f"finite={finite}",
        f"{reading}:{opening}:{finite}",
        f"neg={min(negations, 3)}",
        f"{reading}:neg={min(negations, 2)}",
        f"strong={min(strong, 2)}",
        f"weak={min(weak, 2)}",
        f"{reading}:denials={min(strong, 2)}:{min(weak, 1)}",
        f"{reading}:strong={min(strong, 1)}:{negations > 0}",
    ]
    out += [mark for mark in "?!" if mark in tokens]
    tags = _tags().get(first, "-")
    out += [f"ftag={tags}", f"{reading}:{quote}:ftag={tags}"]
    wishes = _WISHES.intersection(words[:_WISH_WORDS])
    if wishes:
        out += [f"wish:{reading}", f"wish:{reading}:{first}"]
    if strong and not negations:
        opens = not _MATTER.isdisjoint(words[:2])
        short = len(words) <= _DISMISSAL_WORDS
        out += [f"dismissal:{opens}:{short}", f"dismissal:{reading}:{quote}:{short}"]
        if opens and (short or _denials_in(words[:_DISMISSAL_WORDS])[1]):
            out.append(f"!dismissal:{reading}")
    if quote:
        out.append(f"{reading}:quote:f={first}")
    if first in _OPENS_CLAUSE:
        out += [f"s={token}:f={first}" for token in set(stems)]
    subject = first in PRONOUNS
    for word in words[:9]:
        lemma = _lemma(word)
        if lemma in known:
            out += [f"cs={known[lemma]}:{subject}", f"csw={lemma}"]
    out += [f"m={token}" for token in lower if token in _MODAL]
    out += [f"t={token}" for token in set(words[:60])]
    out += [f"tb={a}_{b}" for a, b in pairwise(lower[:31])]
    out += [f"d={term}" for term in found]
    return out
