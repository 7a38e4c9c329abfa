"""Write a report as HTML: the texts with their attributions marked, and the claims as cards.

Comes in: the tables of a report. Goes out: a fragment for notebooks, or a page of its own that
needs no network and runs no script (its content security policy forbids both). Everything that
came from a text is escaped, and the work is linear in the size of the tables.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Hashable, Mapping
from importlib.resources import files
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.special import expit

from sourcescore.report.markup import Piece, Voice, escape, mark_text
from sourcescore.report.palette import TypeStyle, called, definition, edge, type_styles
from sourcescore.tables import SPAN_COLUMNS

__all__ = ["counted", "fragment", "page"]

Record = dict[Hashable, Any]
"""A row of a table."""

# More than a reader would look at; a list that is cut says by how much.
_MAX_SOURCES = 25
_MAX_PLACES = 12
_MAX_STEPS = 25
_MAX_EXPLAINED = 200
_MAX_OPEN_DOCUMENTS = 3
_MAX_OPEN_CLAIMS = 20
_SHORT = 160
_SHORT_TITLE = 90
_SHORT_NAME = 40
# The papers that the style sheet prints on, by day and by night: lines must show on them.
_PAPERS = ("#FFFFFF", "#1B1D20")
# The least log-odds that a waterfall spans, so that small steps look small.
_REACH = 1.0

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; \
base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ margin: 0; background: light-dark(#f5f5f2, #131416); }}
/* Where there is room the claims stay beside the texts; a notebook scrolls as it likes. */
@media screen and (min-width: 58rem) and (min-height: 30rem) {{
  .sourcescore .claims {{
    position: sticky; top: 0; align-self: start; max-height: 100vh; overflow-y: auto;
    padding: .8rem .5rem; margin: -.8rem -.5rem;
  }}
}}
@media print {{ :root {{ color-scheme: light; }} body {{ background: none; }} }}
</style>
</head>
<body>
{body}
</body>
</html>
"""

_MARKS = """<ul>
<li><span class="s">source</span> who says it</li>
<li><span class="c">cue</span> the words that say so</li>
<li><mark class="x">content</mark> what is said: asserted,</li>
<li><mark class="x denies">denied</mark> (tag with \u2260),</li>
<li><mark class="x neither">neither</mark> (tag with ?)</li>
</ul>"""

# What a document says of a claim.
_SIDES = {
    "supports": '<span class="for" title="supports">▲</span>',
    "denies": '<span class="against" title="denies">▼</span>',
    "both": '<span title="both">◆</span>',
}


def counted(n: int, word: str) -> str:
    """A number with its noun.

    Examples
    --------
    >>> counted(1, "claim"), counted(1200, "claim")
    ('1 claim', '1,200 claims')
    """
    return f"{n:,} {word}{'' if n == 1 else 's'}"


def page(body: str, title: str) -> str:
    """Wrap a fragment into a page that stands alone."""
    return _PAGE.format(title=escape(title), body=body)


def fragment(
    *,
    texts: pd.Series,
    articles: pd.DataFrame | None,
    attributions: pd.DataFrame,
    claims: pd.DataFrame,
    evidence: pd.DataFrame,
    names: Mapping[str, str],
    stands: np.ndarray,
    explain: Callable[[str], pd.DataFrame],
    histories: Callable[[pd.DataFrame, int], pd.DataFrame],
) -> str:
    """Return the report as one HTML element that brings its own style.

    Parameters
    ----------
    texts, articles, attributions, claims, evidence
        As `sourcescore.Report` takes them.
    names : mapping of source_id to str
        "" for nobody.
    stands : bool array of shape (n_evidence,)
        Which statements count; the others were taken back by their source.
    explain : callable
        Gives the steps from prior to posterior of a claim id, as `Report.explain`.
    histories : callable
        Gives the history, as `Report.history`, of some rows of `claims` in at most so many steps.
    """
    shown = _Fragment(texts, articles, attributions, claims, evidence, names, stands)
    if len(texts) > 1:
        history = histories(claims.iloc[:_MAX_EXPLAINED], _MAX_STEPS - 1)
        shown.histories = {
            str(claim_id): steps.to_dict("records")
            for claim_id, steps in history.groupby("claim_id", sort=False)
            if steps["n_documents"].iloc[-1] > 1
        }
    return shown.write(explain)


class _Fragment:
    """The tables, and where in the page each of their rows is to be found."""

    def __init__(
        self,
        texts: pd.Series,
        articles: pd.DataFrame | None,
        attributions: pd.DataFrame,
        claims: pd.DataFrame,
        evidence: pd.DataFrame,
        names: Mapping[str, str],
        stands: np.ndarray,
    ) -> None:
        self.texts = texts
        self.articles = articles
        self.attributions = attributions.to_dict("records")
        self.claims = claims.assign(claim_id=claims.index).to_dict("records")
        self.names = names
        # several reports may stand in one notebook: their anchors must differ
        key = "\0".join([*map(str, claims.index), *(str(t)[:500] for t in texts)])
        self.prefix = f"ss{zlib.crc32(key.encode('utf-8', 'surrogatepass')):08x}"
        self.histories: dict[str, list[Record]] = {}
        self.document_rows = {doc_id: i for i, doc_id in enumerate(texts.index)}
        self.claim_rows = {claim_id: i for i, claim_id in enumerate(claims.index)}
        self.evidence: dict[str, list[Record]] = {}
        self.n_statements = len(evidence)
        # evidence that no attribution of these texts has given
        self.elsewhere = attributions.empty and not evidence.empty
        self.taken_back: dict[str, list[Record]] = {}
        self.gone: set[tuple[Any, Any]] = set()
        for statement, counts in zip(evidence.to_dict("records"), stands, strict=True):
            kept = self.evidence if counts else self.taken_back
            kept.setdefault(statement["claim_id"], []).append(statement)
            if not counts:
                self.gone.add((statement.get("doc_id"), statement.get("attribution_id")))
        labels = [*attributions["type"].dropna(), *evidence.get("type", pd.Series()).dropna()]
        self.styles: dict[str, TypeStyle] = type_styles(map(str, labels))
        self.places: dict[tuple[str, str, str], list[int]] = {}
        self.rows_of: dict[str, list[int]] = {}
        for row, a in enumerate(self.attributions):
            self.rows_of.setdefault(a["doc_id"], []).append(row)
            place = (a["claim_id"], a["source_id"], a["claim_stance"])
            self.places.setdefault(place, []).append(row)

    def write(self, explain: Callable[[str], pd.DataFrame]) -> str:
        css = files("sourcescore.report").joinpath("assets/report.css").read_text(encoding="utf-8")
        colours = sorted({style.colour for style in self.styles.values()})
        for colour in colours:
            by_day, by_night = (edge(colour, paper) for paper in _PAPERS)
            css += (
                f".sourcescore .{_class(colour)} "
                f"{{ --t: {colour}; --e: light-dark({by_day}, {by_night}); }}\n"
            )
        return (
            f'<div class="sourcescore">\n<style>\n{css}</style>\n<div class="report">\n'
            "<header><h1>Claims and their sources</h1>\n"
            f'<p class="lead">{self.summary()}. The confidence in a claim is how sure a reader can '
            "be of it, given who is said to say it; the band around it is the 90% interval.</p>"
            f'<nav class="jump"><a href="#{self.prefix}-texts">Jump to the texts</a></nav>\n'
            f'</header>\n<div class="columns">\n{self.claim_cards(explain)}\n{self.documents()}\n'
            "</div>\n</div>\n</div>"
        )

    def summary(self) -> str:
        found = counted(len(self.attributions), "attribution")
        if self.elsewhere:
            found = counted(self.n_statements, "statement")
        documents = counted(len(self.texts), "document")
        return ", ".join((counted(len(self.claims), "claim"), found, documents))

    def chip(self, label: Any, *, defined: bool = False) -> str:
        if label not in self.styles:
            return ""
        style = self.styles[label]
        title = f' title="{escape(definition(label))}"' if defined else ""
        return f'<span class="chip {_class(style.colour)}"{title}>{escape(style.tag)}</span>'

    # ---- the texts ----

    def documents(self) -> str:
        shown = [
            self.document(doc_id, text, is_open=i < _MAX_OPEN_DOCUMENTS)
            for i, (doc_id, text) in enumerate(self.texts.items())
        ]
        return (
            f'<section class="reading" id="{self.prefix}-texts" aria-label="Texts">\n'
            f"<h2>Who says what</h2>\n{self.legend()}\n" + "\n".join(shown) + "\n</section>"
        )

    def document(self, doc_id: Any, text: str, *, is_open: bool) -> str:
        rows = self.rows_of.get(doc_id, [])
        pieces = [
            Piece(int(start), int(end), column.removesuffix("_spans"), voice)
            for voice, row in enumerate(rows)
            for column in SPAN_COLUMNS
            for start, end in self.attributions[row][column]
        ]
        body = mark_text(text, pieces, [self.voice(row) for row in rows])
        if not text.strip():
            body = '<p class="soft">This document is empty.</p>'
        meta = " · ".join(f"<bdi>{escape(part)}</bdi>" for part in self.meta(doc_id))
        if len(self.texts) == 1:
            about = f'<div class="meta">{meta}</div>\n' if meta else ""
            if text.strip() and not rows and not self.elsewhere:
                body += '\n<p class="soft">Nothing is attributed to a source here.</p>'
            return f'<article class="doc">\n{about}{body}\n</article>'
        anchor = f"{self.prefix}-d{self.document_rows[doc_id]}"
        title = _short(text.strip().split("\n", 1)[0].strip(), _SHORT_TITLE)
        title = f' <bdi class="title">{escape(title)}</bdi>' if title else ""
        state = " open" if is_open else ""
        found = "" if self.elsewhere else f" · {counted(len(rows), 'attribution')}"
        return (
            f'<details class="doc" id="{anchor}"{state}>\n<summary>{meta}'
            f"{found}{title}</summary>\n{body}\n</details>"
        )

    def meta(self, doc_id: Any) -> list[str]:
        parts = []
        if self.articles is not None and doc_id in self.articles.index:
            article = self.articles.loc[doc_id]
            parts = [_text(article.get("outlet")), _date(article.get("published"))]
        if len(self.texts) > 1:
            parts.append(f"document {doc_id}")
        return [part for part in parts if part]

    def voice(self, row: int) -> Voice:
        a = self.attributions[row]
        label, stance = _text(a["type"]), _text(a["stance"])
        style = self.styles.get(label, TypeStyle("#8A8A8A", "SOURCE"))
        kind = "denies" if stance == "denies" else "neither" if stance == "neither" else "asserts"
        return Voice(
            anchor=f"{self.prefix}-a{row}",
            classes=f"{_class(style.colour)} {kind}",
            tag=style.tag + _mark(stance),
            card=self.attribution_card(a),
        )

    def attribution_card(self, a: Record) -> str:
        name = called(_text(a["source_name"]) or _text(a["source"]), _text(a["type"]))
        facts = [
            _with_probability(_text(a["type"]).replace("_", " "), a["type"], a["type_proba"]),
            _with_probability(_text(a["stance"]), a["stance"], a["stance_proba"]),
        ]
        if a["certainty"] > 0:  # missing is not
            facts.append(f"certainty {a['certainty']:.2f}")
        if _chain(a["via"]):
            facts.append(f"via {_chain(a['via'])}")
        line = " · ".join(escape(fact) for fact in facts if fact)
        html = (
            f"<b><bdi>{escape(_short(name))}</bdi></b>{self.chip(a['type'])}"
            f'<span class="facts">{line}</span>'
        )
        claim = _text(a["claim_id"])
        if claim:
            verb = {"supports": "supports", "denies": "denies"}.get(a["claim_stance"], "is about")
            gone = (a["doc_id"], a["attribution_id"]) in self.gone
            html += f'<span class="claim-link">{verb} {self.claim_link(claim)}'
            html += f"{' <em>(taken back since)</em>' if gone else ''}</span>"
        return html

    def claim_link(self, claim_id: str) -> str:
        if claim_id not in self.claim_rows:
            return f"<bdi>{escape(claim_id)}</bdi>"
        row = self.claim_rows[claim_id]
        words = _short(_text(self.claims[row]["claim"]))
        return f'<a href="#{self.prefix}-c{row}">{escape(claim_id)}</a> <bdi>{escape(words)}</bdi>'

    def legend(self) -> str:
        if not self.styles:
            return ""
        types = "".join(
            f"<li>{self.chip(label)} {escape(definition(label))}</li>\n" for label in self.styles
        )
        marks = _MARKS if self.attributions else ""
        return (
            f'<details class="legend">\n<summary>How to read the marks</summary>\n{marks}\n'
            f'<ul class="types">\n{types}</ul>\n</details>'
        )

    # ---- the claims ----

    def claim_cards(self, explain: Callable[[str], pd.DataFrame]) -> str:
        cards = []
        for row, claim in enumerate(self.claims):
            reasons = ""
            if row < _MAX_EXPLAINED:
                reasons = self.waterfall(explain(claim["claim_id"]))
                reasons += self.history(self.histories.get(str(claim["claim_id"]), []))
            cards.append(self.claim_card(row, claim, reasons))
        if not cards:
            cards = ['<p class="soft">No claims were found.</p>']
        if len(self.claims) > _MAX_EXPLAINED:
            cards.append(
                f'<p class="soft">The first {_MAX_EXPLAINED} claims show their reasons; '
                "<code>report.explain(claim_id)</code> gives those of any claim.</p>"
            )
        return (
            '<section class="claims" aria-label="Claims">\n<h2>Claims</h2>\n'
            + "\n".join(cards)
            + "\n</section>"
        )

    def claim_card(self, row: int, claim: Record, reasons: str) -> str:
        p, low, high = (float(claim[c]) for c in ("confidence", "low", "high"))
        side = "likely" if p >= 0.5 else "unlikely"
        said = f"confidence {_percent(p)}, 90% interval {_percent(low)} to {_percent(high)}"
        said_by = "".join(
            (self.side(claim, "supports"), self.side(claim, "denies"), self.changed(claim))
        )
        body = f'<dl class="sides">\n{said_by}</dl>\n{reasons}' if said_by else reasons
        if row >= _MAX_OPEN_CLAIMS and body:
            sides = f"▲ {claim['n_supporting']:,} for · ▼ {claim['n_denying']:,} against"
            body = f"<details>\n<summary>{sides}</summary>\n{body}</details>\n"
        long = ' class="long"' if len(_text(claim["claim"])) > _SHORT else ""
        return (
            f'<article class="claim" id="{self.prefix}-c{row}" tabindex="-1">\n'
            f'<h3{long}><span class="claim-id">{escape(claim["claim_id"])}</span>'
            f"<bdi>{escape(_text(claim['claim']))}</bdi></h3>\n"
            f'<p class="verdict"><strong>{_percent(p)}</strong> {escape(claim["verdict"])}</p>\n'
            f'<div class="scale {side}" role="img" aria-label="{said}" title="{said}" '
            f'style="--p:{100 * p:.2f}%;--low:{100 * low:.2f}%;--high:{100 * high:.2f}%">'
            '<i class="band"></i><i class="half"></i><i class="point"></i></div>\n'
            f'<div class="ends"><span>0%</span><span>{_percent(low)} – {_percent(high)}</span>'
            f"<span>100%</span></div>\n{body}</article>"
        )

    def side(self, claim: Record, stance: str) -> str:
        """List the sources that stand on one side of a claim, each with the places to jump to."""
        sources = _by_source(self.evidence.get(claim["claim_id"], []), stance)
        if not sources:
            return ""
        if stance == "supports":
            side, words, n_voices = "for", "▲ Supported", claim["n_supporting"]
        else:
            side, words, n_voices = "against", "▼ Denied", claim["n_denying"]
        heading = f"{words} by {counted(len(sources), 'source')}"
        if n_voices != len(sources):  # copies of one another, or the same in the same words
            heading += f", counted as {n_voices:,}"
        return f'<dt class="{side}">{heading}</dt>\n{self.listed(sources)}'

    def changed(self, claim: Record) -> str:
        """List what sources have taken back: it does not count."""
        statements = self.taken_back.get(claim["claim_id"], [])
        lists = [
            f'<dt class="soft">{words}, but taken back since</dt>\n{self.listed(sources)}'
            for stance, words in (("supports", "Supported"), ("denies", "Denied"))
            if (sources := _by_source(statements, stance))
        ]
        return "".join(lists)

    def listed(self, sources: list[Record]) -> str:
        items = [
            f"<li>{self.source(statement)}{self.links(statement)}</li>\n"
            for statement in sources[:_MAX_SOURCES]
        ]
        if len(sources) > _MAX_SOURCES:
            items.append(f'<li class="soft">and {len(sources) - _MAX_SOURCES:,} more</li>\n')
        return f"<dd><ul>\n{''.join(items)}</ul></dd>\n"

    def source(self, statement: Record) -> str:
        name = self.names.get(statement["source_id"], str(statement["source_id"]))
        relays = _chain(statement.get("via"))
        via = f' <span class="soft">via {escape(relays)}</span>' if relays else ""
        label = _text(statement.get("type"))
        name = escape(_short(called(name, label)))
        return f"<bdi>{name}</bdi> {self.chip(label, defined=True)}{via}"

    def links(self, statement: Record) -> str:
        place = (statement["claim_id"], statement["source_id"], statement["stance"])
        rows = self.places.get(place, [])
        links = " ".join(
            f'<a href="#{self.prefix}-a{row}" '
            f'title="{escape(_short(_text(self.attributions[row].get("sentence"))))}">'
            f"{escape(self.attributions[row]['attribution_id'])}</a>"
            for row in rows[:_MAX_PLACES]
        )
        more = f" +{len(rows) - _MAX_PLACES:,}" if len(rows) > _MAX_PLACES else ""
        return f' <span class="places">{links}{more}</span>' if links else ""

    def waterfall(self, explanation: pd.DataFrame) -> str:
        """Draw how the log-odds go from the prior to the posterior, one bar a step."""
        steps = _steps(explanation)
        if len(steps) == 1:
            return '<p class="soft">No source speaks on it: this is the claim prior.</p>\n'
        reached = np.cumsum([step.log_odds for step in steps])
        low, high = min(-_REACH, 1.05 * reached.min()), max(_REACH, 1.05 * reached.max())
        width = high - low

        def bar(start: float, end: float, kind: str) -> str:
            left, size = 100 * (min(start, end) - low) / width, 100 * abs(end - start) / width
            return (
                f'<td class="track"><i class="even" style="--from:{-100 * low / width:.2f}%"></i>'
                f'<i class="{kind}" style="--from:{left:.2f}%;--size:{size:.2f}%"></i></td>'
            )

        body = []
        before = 0.0
        for i, (step, after) in enumerate(zip(steps, reached, strict=True)):
            kind = "total" if i == 0 else "up" if step.log_odds >= 0 else "down"
            row = ' class="start"' if i == 0 else ""
            who = f"<bdi>{escape(_short(step.name))}</bdi> {self.chip(step.type)}"
            body.append(
                f'<tr{row}><th scope="row">{who}</th>'
                f'{bar(before, after, kind)}<td class="num">{_signed(step.log_odds)}</td>'
                f'<td class="num">{_percent(expit(after))}</td></tr>\n'
            )
            before = after
        return (
            "<details>\n<summary>What each source adds</summary>\n"
            '<table class="waterfall"><colgroup><col style="width:38%"><col>'
            '<col style="width:4.4em"><col style="width:3.6em"></colgroup>\n'
            '<thead><tr><th scope="col">step</th><td></td>'
            '<th scope="col" class="num">log-odds</th><th scope="col" class="num">so far</th></tr>'
            f'</thead>\n<tbody>\n{"".join(body)}<tr class="end"><th scope="row">Confidence</th>'
            f'{bar(0.0, before, "total")}<td class="num">{_signed(before)}</td>'
            f'<td class="num">{_percent(expit(before))}</td></tr>\n</tbody></table>\n</details>\n'
        )

    def history(self, steps: list[Record]) -> str:
        """Draw the confidence after each document with its interval, one row a document."""
        if not steps:
            return ""
        body = []
        before = 0
        for step in steps:
            p, low, high = (100 * float(step[c]) for c in ("confidence", "low", "high"))
            side = "up" if p >= 50 else "down"
            body.append(
                f'<tr><th scope="row">{self.document_link(step, before)}</th>'
                f'<td>{_SIDES.get(step["stance"], "")}</td><td class="track">'
                '<i class="even" style="--from:50%"></i>'
                f'<i class="band {side}" style="--from:{low:.2f}%;--size:{high - low:.2f}%"></i>'
                f'<i class="point {side}" style="--from:{p:.2f}%"></i></td>'
                f'<td class="num">{_percent(p / 100)}</td></tr>\n'
            )
            before = step["n_documents"]
        return (
            "<details>\n<summary>How it went, document by document</summary>\n"
            '<table class="waterfall"><colgroup><col style="width:42%"><col style="width:1.6em">'
            '<col><col style="width:3.6em"></colgroup>\n<thead><tr><th scope="col">after</th>'
            '<td></td><th scope="col"><span class="ends"><span>0%</span><span>100%</span></span>'
            '</th><th scope="col" class="num">then</th></tr></thead>\n'
            f"<tbody>\n{''.join(body)}</tbody></table>\n</details>\n"
        )

    def document_link(self, step: Record, before: int) -> str:
        if not step["n_documents"]:
            return "claim prior"
        doc_id = step["doc_id"]
        about = " ".join(
            f"<bdi>{escape(_short(part, _SHORT_NAME))}</bdi>"
            for part in (_date(step["published"]), _text(step["outlet"]) or _text(doc_id))
            if part
        )
        row = self.document_rows.get(doc_id)
        link = about if row is None else f'<a href="#{self.prefix}-d{row}">{about}</a>'
        more = step["n_documents"] - before - 1
        return f"{link or 'a document'}{f' and {more:,} before it' if more else ''}"


def _by_source(statements: list[Record], stance: str) -> list[Record]:
    """The first statement of each source on one side."""
    sources: dict[Any, Record] = {}
    for statement in statements:
        if statement["stance"] == stance:
            sources.setdefault(statement["source_id"], statement)
    return list(sources.values())


class _Step(NamedTuple):
    name: str
    type: str
    log_odds: float


def _steps(explanation: pd.DataFrame) -> list[_Step]:
    """The rows of an explanation; the weakest beyond `_MAX_STEPS` become one."""
    columns = (explanation[name] for name in ("source_name", "type", "log_odds"))
    steps = [
        _Step(called(_text(name), _text(label)), _text(label), float(log_odds))
        for name, label, log_odds in zip(*columns, strict=True)
    ]
    if len(steps) <= _MAX_STEPS:
        return steps
    strongest = sorted(range(1, len(steps)), key=lambda i: -abs(steps[i].log_odds))
    keep = {0, *strongest[: _MAX_STEPS - 2]}
    rest = [step.log_odds for i, step in enumerate(steps) if i not in keep]
    kept = [step for i, step in enumerate(steps) if i in keep]
    return [*kept, _Step(f"{len(rest):,} weaker ones", "", sum(rest))]


def _class(colour: str) -> str:
    return f"t{colour.removeprefix('#')}"


def _mark(stance: str) -> str:
    return {"denies": " \u2260", "neither": " ?"}.get(stance, "")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _short(text: str, most: int = _SHORT) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _chain(via: Any) -> str:
    """The relays between reader and origin; evidence from elsewhere may have none, or NaN."""
    return _short(" → ".join(map(str, via))) if isinstance(via, tuple | list) else ""


def _date(value: Any) -> str:
    return "" if pd.isna(value) else pd.Timestamp(value).strftime("%Y-%m-%d")


def _percent(p: float) -> str:
    """A probability as a reader wants it: never 0% nor 100%, for it is neither.

    Examples
    --------
    >>> _percent(0.724), _percent(0.0004), _percent(0.998)
    ('72%', '&lt;1%', '&gt;99%')
    """
    if np.isnan(p):
        return "?"
    return "&lt;1%" if p < 0.005 else "&gt;99%" if p > 0.995 else f"{100 * p:.0f}%"


def _signed(x: float) -> str:
    return f"{x:+.2f}".replace("-", "\u2212")


def _with_probability(words: str, label: Any, probabilities: Any) -> str:
    if not words or not isinstance(probabilities, dict) or label not in probabilities:
        return words
    return f"{words} {100 * probabilities[label]:.0f}%"
