"""Three invented stories, each told over weeks by many outlets, with the outcome of its claims.

Comes in: the shipped ``stories.jsonl`` and its two tables. Goes out: `Stories`, with the tables of
`sourcescore.tables`.
"""

from __future__ import annotations

import csv
import json
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from sourcescore._resources import shipped
from sourcescore.datasets.jsonl import read_jsonl
from sourcescore.tables import object_array, string_array
from sourcescore.taxonomy import AttributionType

__all__ = ["Stories", "load_stories"]

_TRUTH = {"true": True, "false": False, "": None}
#: Sources without a name of their own: "a nurse" of one story is nobody of another.
_NAMELESS = frozenset(
    {
        AttributionType.ANONYMOUS_SOURCE,
        AttributionType.WITNESS,
        AttributionType.HEARSAY,
        AttributionType.DOCUMENT,
    }
)
_NOT_WORD = re.compile(r"\W+")


@dataclass(frozen=True)
class Stories:
    """Articles that follow the same events, their claims, and who says what of these.

    Attributes
    ----------
    articles : DataFrame
        ``doc_id, text, title, outlet, published, story``, in order of time within a story: what
        `sourcescore.score_corpus` takes.
    claims : DataFrame, index claim_id
        ``claim`` (a sentence), ``story``, and ``truth``: True, False, or None where the story ends
        without telling; an object column, as `sourcescore.ClaimScorer.fit` takes it.
    evidence : DataFrame
        The evidence table, annotated by hand: ``claim_id, source_id, source_name, type, stance,
        via, doc_id, published``. ``via`` is a tuple, the outlet of the article first.
    """

    articles: pd.DataFrame
    claims: pd.DataFrame
    evidence: pd.DataFrame

    def __repr__(self) -> str:
        return (
            f"Stories({self.articles['story'].nunique()} stories, {len(self.articles)} articles, "
            f"{len(self.claims)} claims, {len(self.evidence)} statements)"
        )


def load_stories() -> Stories:
    """Load the three stories that come with the package.

    Each follows one invented event through 10 to 12 articles of several outlets and agencies, which
    copy, doubt and correct one another until most of its claims are settled. They were written for
    this project and are free to use (CC0). The outcomes are part of the invention: they say how the
    story ends, not how often such sources are right.

    Returns
    -------
    Stories

    Examples
    --------
    >>> import sourcescore as ss
    >>> stories = ss.datasets.load_stories()
    >>> stories
    Stories(3 stories, 34 articles, 12 claims, 218 statements)
    >>> stories.claims.loc["galdeni-drone", ["claim", "truth"]].tolist()
    ['The explosion at the Galdeni grain terminal was caused by a drone.', False]
    >>> of_claim = stories.evidence[stories.evidence["claim_id"] == "elmsworth-child-death"]
    >>> of_claim[["source_name", "type", "stance"]].head(3)
                     source_name          type    stance
    166  neighborhood Facebook pages       hearsay  supports
    167                  two mothers       hearsay  supports
    168                   Kwame Osei  state_denial    denies
    """
    folder = shipped("datasets")
    path = folder / "stories.jsonl"
    articles = read_jsonl(path).articles
    with path.open(encoding="utf-8") as lines:
        story_of = {line["doc"]: line["story"] for line in map(json.loads, lines)}
    articles["story"] = string_array(articles["doc_id"].map(story_of))
    return Stories(articles, _claims(folder), _evidence(folder, articles))


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def _claims(folder: Path) -> pd.DataFrame:
    rows = _rows(folder / "stories_claims.csv")
    return pd.DataFrame(
        {
            "claim": string_array(row["claim"] for row in rows),
            "story": string_array(row["story"] for row in rows),
            "truth": object_array([_TRUTH[row["truth"]] for row in rows]),
        },
        index=pd.Index([row["claim_id"] for row in rows], dtype=object, name="claim_id"),
    )


def _evidence(folder: Path, articles: pd.DataFrame) -> pd.DataFrame:
    rows = _rows(folder / "stories_statements.csv")
    by_doc = articles.set_index("doc_id")
    outlets, stories = by_doc["outlet"].to_dict(), by_doc["story"].to_dict()
    return pd.DataFrame(
        {
            "claim_id": string_array(row["claim_id"] for row in rows),
            "source_id": string_array(_source_id(row, stories[row["doc"]]) for row in rows),
            "source_name": string_array(row["source_name"] for row in rows),
            "type": string_array(row["type"] for row in rows),
            "stance": string_array(row["stance"] for row in rows),
            "via": object_array([_via(row, outlets[row["doc"]]) for row in rows]),
            "doc_id": string_array(row["doc"] for row in rows),
            "published": by_doc["published"].loc[[row["doc"] for row in rows]].to_numpy(),
        }
    )


def _source_id(row: dict[str, str], story: str) -> str:
    """The name in lower case, without accents, its words joined by hyphens."""
    decomposed = unicodedata.normalize("NFKD", row["source_name"].casefold())
    plain = "".join(c for c in decomposed if not unicodedata.combining(c))
    slug = _NOT_WORD.sub("-", plain).strip("-")
    return f"{story}/{slug}" if row["type"] in _NAMELESS else slug


def _via(row: dict[str, str], outlet: str) -> tuple[str, ...]:
    relays = tuple(name for name in row["via"].split(";") if name)
    # what an outlet says for itself comes to the reader directly
    return relays if row["source_name"] == outlet else (outlet, *relays)
