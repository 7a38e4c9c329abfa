"""The lexicons: what English news calls agencies, offices, documents, denials, hedges and so on.

A lexicon is a data file in this folder: ``NAME.txt`` holds a term a line, ``NAME.tsv`` a term and
its columns; lines that start with ``#`` say what the file is and where it comes from. README.md
lists them all. Countries, capitals and demonyms come from the package countryinfo (MIT licence),
and from ``country_aliases.tsv`` where it lacks a form that the news uses.

Terms are spelt as the news spells them. By convention a term in lower case stands for any case,
a term with a capital only for itself ("WHO" is no pronoun).
"""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Mapping
from importlib import resources
from types import MappingProxyType

__all__ = ["aliases", "countries", "hedges", "load", "table"]


def _lines(file_name: str) -> list[str]:
    path = resources.files(__package__).joinpath(file_name)
    if not path.is_file():
        have = sorted(p.name for p in resources.files(__package__).iterdir() if "." in p.name)
        known = ", ".join(name for name in have if name.endswith((".txt", ".tsv")))
        raise ValueError(f"There is no lexicon {file_name!r}; there are {known}.")
    text = path.read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]


@functools.cache
def load(name: str) -> frozenset[str]:
    """Return the terms of a lexicon, of one without columns or of the first column of another.

    Parameters
    ----------
    name : str
        The file's name without its ending, say ``"outlets"``.

    Raises
    ------
    ValueError
        If there is no such lexicon.

    Examples
    --------
    >>> "eyewitness" in load("witness_nouns")
    True
    """
    if resources.files(__package__).joinpath(f"{name}.tsv").is_file():
        return frozenset(table(name))
    return frozenset(line.strip() for line in _lines(f"{name}.txt"))


@functools.cache
def table(name: str) -> Mapping[str, tuple[str, ...]]:
    """Return a lexicon with columns: each term with the values of its other columns.

    Raises
    ------
    ValueError
        If there is no such lexicon.

    Examples
    --------
    >>> table("cues")["deny"]
    ('denies', '1')
    """
    rows: dict[str, tuple[str, ...]] = {}
    for line in _lines(f"{name}.tsv"):
        term, *values = line.split("\t")
        rows.setdefault(term.strip(), tuple(value.strip() for value in values))
    return MappingProxyType(rows)


@functools.cache
def aliases() -> Mapping[str, str]:
    """Return every spelling of a news agency with the agency's name.

    Examples
    --------
    >>> aliases()["The AP"]
    'Associated Press'
    """
    names: dict[str, str] = {}
    for name, (others, _) in ((k, (*v, "", "")[:2]) for k, v in table("agencies").items()):
        for alias in (name, *filter(None, others.split(";"))):
            names.setdefault(alias, name)
    return MappingProxyType(names)


@functools.cache
def hedges() -> Mapping[str, float]:
    """Return hedge words and phrases with the certainty that they leave, in (0, 1].

    Examples
    --------
    >>> hedges()["may have"] < hedges()["likely"] < 1
    True
    """
    return MappingProxyType({term: float(values[0]) for term, values in table("hedges").items()})


@functools.cache
def countries() -> Mapping[str, tuple[str, str]]:
    """Return names, capitals and demonyms with their country and their sort.

    Returns
    -------
    mapping of str to (str, str)
        Term to (country, sort), where sort is ``name``, ``capital`` or ``demonym``. Where a term
        is two of them (Singapore) it is a name first, then a demonym.

    Examples
    --------
    >>> countries()["Seoul"], countries()["Danes"]
    (('South Korea', 'capital'), ('Denmark', 'demonym'))
    """
    from countryinfo import all_countries  # 40 ms, and only when a text is read

    terms: dict[str, tuple[str, str]] = {}
    found: dict[str, list[tuple[str, str]]] = {"name": [], "demonym": [], "capital": []}
    for country in all_countries():
        name = country.name()
        found["name"].append((name.removeprefix("The "), name))
        for demonym in (country.demonym() or "").replace("/", ",").split(","):
            found["demonym"].append((demonym.strip(), name))
        capital = country.capital()
        found["capital"].append((capital if isinstance(capital, str) else "", name))
    for alias, (name, sort) in table("country_aliases").items():
        found[sort].append((alias, name))
    for sort, pairs in found.items():
        for term, name in pairs:
            for form in _spellings(term, plural=sort == "demonym"):
                terms.setdefault(form, (name, sort))
    return MappingProxyType(terms)


def _spellings(term: str, *, plural: bool) -> set[str]:
    """Return a term, the term without accents, and the plural of a demonym."""
    if not term:
        return set()
    decomposed = unicodedata.normalize("NFD", term)
    forms = {term, "".join(c for c in decomposed if not unicodedata.combining(c))}
    if plural and not term.endswith(("s", "sh", "ch", "ese")):
        forms |= {f"{form}s" for form in forms}
    return forms
