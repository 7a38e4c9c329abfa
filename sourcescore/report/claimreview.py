"""A report as ClaimReview, the schema.org form in which reviews of claims are published.

Comes in: claims, the evidence on them, what is known of the documents. Goes out: one object per
claim, made of what JSON knows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any
from urllib.parse import quote, urlsplit

import pandas as pd

from sourcescore.sources.names import is_person, split_titles
from sourcescore.taxonomy import AttributionType

__all__ = ["as_url", "claim_review", "read_author", "read_date", "read_url"]

#: schema.org and those who read it take numbers from 1 on; 1 is a confidence of 0, 5 of 1.
_WORST, _BEST = 1, 5
_ASPECT = "Support by the sources that are cited"
_ORGANISATIONS = {AttributionType.AGENCY_REPORT, AttributionType.MEDIA_REPORT}
#: Types whose sources have a name of their own and can be the author of a claim.
_NAMED = {
    AttributionType.NAMED_OFFICIAL,
    AttributionType.STATE_DENIAL,
    AttributionType.NAMED_SOURCE,
    *_ORGANISATIONS,
}
_MAX_AUTHORS = 25


def as_url(value: Any) -> str | None:
    """Return a web address, None for anything else.

    Examples
    --------
    >>> as_url("https://example.org/review"), as_url("javascript:alert(1)")
    ('https://example.org/review', None)
    """
    if not isinstance(value, str):
        return None
    try:
        parts = urlsplit(value.strip())
    except ValueError:  # an IPv6 address without its bracket
        return None
    return value.strip() if parts.scheme in ("http", "https") and parts.netloc else None


def read_url(value: Any, name: str) -> str:
    """Return a web address, or say that it is none."""
    url = as_url(value)
    if url is None:
        raise ValueError(
            f"{name} must be a full web address such as 'https://example.org/review'; "
            f"got {value!r}."
        )
    return url


def read_author(author: Any) -> dict[str, Any]:
    """Return the author as schema.org has it; a plain name is that of an organisation.

    Examples
    --------
    >>> read_author("Lowen Desk")
    {'@type': 'Organization', 'name': 'Lowen Desk'}
    """
    if isinstance(author, str) and author.strip():
        return {"@type": "Organization", "name": author.strip()}
    if isinstance(author, Mapping) and author.get("name"):
        return {"@type": "Organization", **author}
    raise ValueError(
        "author must be the name of who publishes the review, or a mapping such as "
        f"{{'@type': 'Person', 'name': 'Ann Lee', 'url': 'https://...'}}; got {author!r}."
    )


def read_date(value: Any) -> str:
    """Return a date as ISO 8601 has it; None is today.

    Examples
    --------
    >>> read_date("14 March 2025")
    '2025-03-14'
    """
    if value is None:
        return date.today().isoformat()
    try:
        # a bare number would be nanoseconds since 1970, and NaT has no date
        if isinstance(value, int | float) or pd.isna(value):
            raise ValueError
        return pd.Timestamp(value).date().isoformat()
    except (ValueError, TypeError):
        raise ValueError(
            f"date_published must be a date such as '2025-03-14'; got {value!r}."
        ) from None


def claim_review(
    claim_id: Any,
    claim: pd.Series,
    evidence: pd.DataFrame,
    documents: pd.DataFrame,
    names: Mapping[str, str],
    *,
    author: Mapping[str, Any],
    url: str,
    date_published: str,
) -> dict[str, Any]:
    """Return the ClaimReview of one claim.

    Parameters
    ----------
    claim_id : str
    claim : Series
        The row of the claim table.
    evidence : DataFrame
        The statements on it that count.
    documents : DataFrame
        ``doc_id, outlet, published, url`` of those that speak on it.
    names : mapping of source_id to str
    author, url, date_published
        As read; a fragment names the claim in the address.
    """
    confidence = float(claim["confidence"])
    item: dict[str, Any] = {"@type": "Claim", "name": str(claim["claim"])}
    if authors := [*_authors(evidence, names)]:
        item["author"] = authors
    works = (_work(*row) for row in documents.itertuples(index=False))
    if appearance := [work for work in works if "url" in work or "publisher" in work]:
        item["appearance"] = appearance
    return {
        "@context": "https://schema.org",
        "@type": "ClaimReview",
        "claimReviewed": str(claim["claim"]),
        "url": url if "#" in url else f"{url}#{quote(str(claim_id), errors='replace')}",
        "datePublished": date_published,
        "author": dict(author),
        "reviewAspect": _ASPECT,
        "reviewRating": {
            "@type": "Rating",
            "ratingValue": round(_WORST + (_BEST - _WORST) * confidence, 2),
            "worstRating": _WORST,
            "bestRating": _BEST,
            "alternateName": str(claim["verdict"]),
            "reviewAspect": _ASPECT,
            "ratingExplanation": (
                f"Confidence {confidence:.2f} (90 % interval {claim['low']:.2f} to "
                f"{claim['high']:.2f}); sources for the claim: {int(claim['n_supporting'])}, "
                f"against it: {int(claim['n_denying'])}. It says how far those who are cited "
                "support the claim, under stated assumptions about kinds of sources. It was "
                "computed and is not a finding of fact."
            ),
        },
        "itemReviewed": item,
    }


def _authors(evidence: pd.DataFrame, names: Mapping[str, str]) -> Iterable[dict[str, str]]:
    """Those with a name who make the claim."""
    made = evidence[evidence["stance"] == "supports"].drop_duplicates("source_id")
    kinds = made.get("type", pd.Series(index=made.index, dtype=object))
    found = 0
    for source_id, kind in zip(made["source_id"], kinds, strict=True):
        name = names.get(source_id, str(source_id))
        if name and kind in _NAMED and found < _MAX_AUTHORS:
            found += 1
            titles, words = split_titles(name)
            person = kind not in _ORGANISATIONS and is_person(words, titles)
            yield {"@type": "Person" if person else "Organization", "name": name}


def _work(doc_id: Any, outlet: Any, published: Any, url: Any) -> dict[str, Any]:
    work: dict[str, Any] = {"@type": "CreativeWork"}
    if isinstance(url, str):
        work["url"] = url
    else:
        work.update({} if doc_id is None else {"identifier": doc_id})
    if not pd.isna(published):
        work["datePublished"] = pd.Timestamp(published).date().isoformat()
    if isinstance(outlet, str) and outlet:
        work["publisher"] = {"@type": "Organization", "name": outlet}
    return work
