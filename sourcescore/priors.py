"""The configurable numbers behind a confidence: what each kind of source is worth.

Comes in: nothing (the shipped defaults), a TOML file or text, or a dict, each of which may name
only what it changes. Goes out: an immutable `Priors` that `sourcescore.confidence` computes with.

Each type of source has two Beta distributions, the probability that it supports a claim it speaks
on when the claim is true (the sensitivity) and when it is false (one minus the specificity), as
in the two-coin model of Raykar et al. (2010), *Learning from crowds*.

The numbers and the reason for each stand in ``priors.toml`` beside this module.
"""

from __future__ import annotations

import json
import math
import re
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources
from numbers import Real
from os import PathLike
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, NoReturn, Self

import pandas as pd

from sourcescore.messages import did_you_mean, shown

__all__ = ["ADMIRALTY", "BetaPrior", "Priors", "SourcePrior", "TypePrior", "default_toml"]


class BetaPrior(NamedTuple):
    """A Beta distribution: its mean in (0, 1) and its strength, the number of cases it is worth."""

    mean: float
    strength: float


class SourcePrior(NamedTuple):
    """How often a source supports a claim it speaks on, when it is true and when it is false."""

    supports_if_true: BetaPrior
    supports_if_false: BetaPrior


class TypePrior(NamedTuple):
    """As `SourcePrior`, for all sources of a type, with their correlation rho in [0, 1]."""

    supports_if_true: BetaPrior
    supports_if_false: BetaPrior
    rho: float


#: The letters of the NATO Admiralty scale (source reliability, AJP-2.1; US Army FM 2-22.3,
#: appendix B) as probabilities. The scale gives words, not numbers: the spacing is ours, even in
#: the log-odds. An E has failed before and says nothing (firmly). An F cannot be judged: somewhere
#: in the middle of the others, which its low strength leaves open.
ADMIRALTY: Mapping[str, SourcePrior] = MappingProxyType(
    {
        "A": SourcePrior(BetaPrior(0.92, 30.0), BetaPrior(0.15, 30.0)),  # completely reliable
        "B": SourcePrior(BetaPrior(0.84, 20.0), BetaPrior(0.28, 20.0)),  # usually reliable
        "C": SourcePrior(BetaPrior(0.74, 14.0), BetaPrior(0.40, 14.0)),  # fairly reliable
        "D": SourcePrior(BetaPrior(0.62, 14.0), BetaPrior(0.46, 14.0)),  # not usually reliable
        "E": SourcePrior(BetaPrior(0.50, 30.0), BetaPrior(0.50, 30.0)),  # unreliable
        "F": SourcePrior(BetaPrior(0.65, 4.0), BetaPrior(0.45, 4.0)),  # cannot be judged
    }
)

# What a new type or source gets where its entry names only the means.
_NEW_STRENGTH = 10.0
_NEW_RHO = 0.2

_BETAS = ("supports_if_true", "supports_if_false")
_TYPE_KEYS = ("reliability", *_BETAS, "rho")
_SOURCE_KEYS = ("reliability", *_BETAS)
_SECTIONS = (
    "claim_prior",
    "claim_prior_strength",
    "types",
    "fidelity",
    "outlets",
    "sources",
    "hedges",
)

#: What the entries of a section are, for errors.
_ENTRIES = {
    "types": ("a table for each type",),
    "fidelity": ("a number for each type of relay",),
    "outlets": ("a number for each outlet",),
    "sources": ("a table for each source",),
    "hedges": ("a number for each hedge",),
}
_DECIMAL_COMMA = re.compile(r"=\s*\d+,\d+\s*(#.*)?$", re.MULTILINE)
_LONG = 80
_LONGEST_PATH = 500


class _Range(NamedTuple):
    """The numbers that a key allows; `text` is how an error names them."""

    low: float
    high: float
    open_low: bool
    open_high: bool
    text: str

    def holds(self, value: float) -> bool:
        above = value > self.low if self.open_low else value >= self.low
        below = value < self.high if self.open_high else value <= self.high
        return above and below


_PROBABILITY = _Range(0, 1, True, True, "strictly between 0 and 1")
_SHARE = _Range(0, 1, False, False, "between 0 and 1")
_CERTAINTY = _Range(0, 1, True, False, "above 0 and at most 1")
_STRENGTH = _Range(0, 1e12, True, False, "above 0 and at most 1e12")


class Priors:
    """The numbers that turn evidence into confidence. Immutable.

    Parameters
    ----------
    changes : mapping, optional
        What differs from the shipped defaults, in the shape of the TOML file; may be partial.

    Attributes
    ----------
    claim_prior : float in (0, 1)
        Probability that a claim is true before anybody is heard.
    claim_prior_strength : float > 0
        The number of known claims that the prior is worth when it is learned.
    types : mapping of str to TypePrior
    fidelity : mapping of str to float in [0, 1]
        Probability that a relay passes on faithfully, by type of relay, and ``"default"``.
    outlets : mapping of str to float in [0, 1]
        The same by the name of the relay, which goes before its type. Case and a leading ``www.``
        do not matter.
    sources : mapping of str to SourcePrior
        Sources with numbers of their own, by ``source_id`` or name. Case and a leading ``www.``
        do not matter.
    hedges : mapping of str to float in (0, 1]
        Certainty of a content that is put with these words. Lower case.

    Raises
    ------
    ValueError
        If a key is unknown, a number is missing, NaN or out of range; it names both.

    Examples
    --------
    >>> priors = Priors({"claim_prior": 0.3, "types": {"hearsay": {"rho": 1.0}}})
    >>> priors.claim_prior, priors.types["hearsay"].rho
    (0.3, 1.0)
    >>> priors = priors.replace(types={"satellite_image": {"reliability": "A"}})
    >>> priors.types["satellite_image"].supports_if_true
    BetaPrior(mean=0.92, strength=30.0)
    >>> Priors({"claim_prior": 1.3})
    Traceback (most recent call last):
        ...
    ValueError: priors: claim_prior must be a number strictly between 0 and 1; got 1.3.
    >>> Priors({"clame_prior": 0.3})  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    ValueError: priors: unknown key clame_prior; did you mean claim_prior? Allowed are ...
    """

    claim_prior: float
    claim_prior_strength: float
    types: Mapping[str, TypePrior]
    fidelity: Mapping[str, float]
    outlets: Mapping[str, float]
    sources: Mapping[str, SourcePrior]
    hedges: Mapping[str, float]

    def __init__(self, changes: Mapping[str, Any] | None = None) -> None:
        self._set(_merge(_defaults(), {} if changes is None else changes))

    def _set(self, values: Mapping[str, Any]) -> None:
        for name, value in values.items():
            self.__dict__[name] = MappingProxyType(value) if isinstance(value, dict) else value

    @classmethod
    def default(cls) -> Self:
        """Return the shipped defaults, the same as ``Priors()``."""
        return cls()

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Return the defaults with these values, a dict in the shape of the TOML file."""
        return cls(values)

    @classmethod
    def from_toml(cls, source: str | PathLike[str]) -> Self:
        """Read priors from a TOML file or text.

        Parameters
        ----------
        source : str or path
            A path; a str that holds a line break, ``=`` or ``[`` is the TOML text itself.

        Raises
        ------
        TypeError
            If it is neither a str nor a path.
        OSError
            If there is no such file, or it cannot be read.
        ValueError
            If it is not UTF-8 or not TOML, or as for `Priors`; it names the file.

        Examples
        --------
        >>> Priors.from_toml("claim_prior = 0.4").claim_prior
        0.4
        """
        if not isinstance(source, str | PathLike):
            raise TypeError(
                f"from_toml takes the path of a TOML file, or TOML text; got {shown(source)}."
            )
        where = "the TOML text"
        if isinstance(source, str) and any(mark in source for mark in "\n=["):
            text = source
        else:
            where = str(source)
            text = _read(Path(source))
        try:
            return cls(tomllib.loads(text))
        except tomllib.TOMLDecodeError as error:
            hint = ". Numbers take a point: 0.5" if _DECIMAL_COMMA.search(text) else ""
            raise ValueError(f"priors: {where} is not valid TOML: {error}{hint}.") from None
        except RecursionError:
            raise ValueError(f"priors: {where} is nested too deeply.") from None
        except ValueError as error:
            reason = str(error).removeprefix("priors: ")
            raise ValueError(f"priors: in {where}: {reason}") from None

    @classmethod
    def check(cls, priors: Priors | Mapping[str, Any] | str | PathLike[str] | None) -> Priors:
        """Return priors from what a user may pass: None, Priors, a dict, or a path or TOML text.

        Raises
        ------
        TypeError
            If it is none of these.

        Examples
        --------
        >>> Priors.check(None) == Priors()
        True
        """
        if isinstance(priors, Priors):
            return priors
        if priors is None or isinstance(priors, Mapping):
            return cls(priors)
        if isinstance(priors, str | PathLike):
            return cls.from_toml(priors)
        raise TypeError(
            "priors must be None (the defaults), a Priors, a dict, or the path of a TOML file; "
            f"got {type(priors).__name__}."
        )

    def replace(self, **changes: Any) -> Self:
        """Return priors in which these values differ; mappings may be partial.

        Examples
        --------
        >>> Priors().replace(outlets={"example.org": 0.99}).outlets["example.org"]
        0.99
        """
        new = object.__new__(type(self))
        new._set(_merge({name: getattr(self, name) for name in _SECTIONS}, changes))
        return new

    def to_dict(self) -> dict[str, Any]:
        """Return the values as plain dicts in the shape of the TOML file."""
        return {name: _plain(getattr(self, name)) for name in _SECTIONS}

    def to_toml(self) -> str:
        """Return the values as TOML text; ``Priors.from_toml`` reads it back unchanged.

        The shipped defaults with a reason for each number are `default_toml`.
        """
        values = self.to_dict()
        lines = [f"{name} = {values[name]!r}" for name in ("claim_prior", "claim_prior_strength")]
        for name, entry in values["types"].items():
            lines += ["", f"[types.{_toml_key(name)}]", *_toml_betas(entry)]
            lines.append(f"rho = {entry['rho']!r}")
        for section in ("fidelity", "outlets", "hedges"):
            lines += ["", f"[{section}]"]
            lines += [f"{_toml_key(key)} = {value!r}" for key, value in values[section].items()]
        for name, entry in values["sources"].items():
            lines += ["", f"[sources.{_toml_key(name)}]", *_toml_betas(entry)]
        return "\n".join(lines) + "\n"

    def with_outlets(
        self, reliability: Mapping[str, float] | pd.Series, type: str = "media_report"
    ) -> Self:
        """Return priors that know how reliable outlets are, by a rating of your own choice.

        A reliability r moves the log-odds of the type's numbers: a by r - 1/2, b by 1/2 - r; an
        outlet in the middle keeps those of its type. So far apart are the 526 headlines in
        Emergent that take a side and whose outlets are rated (reliable 1, mixed 0.5, questionable
        0.25, worse 0): per unit of r the log-odds of support are 0.98 less on false rumours (90 %
        interval 0.37 to 1.64) and 0.96 more on true ones. The fidelity as a relay moves as a
        does, which is a judgement.

        Parameters
        ----------
        reliability : mapping or Series of outlet to float in [0, 1]
            The outlet as in ``source_id`` or ``via``, most often a domain.
        type : str, default="media_report"
            Type of the outlets.

        Returns
        -------
        Priors
            With an entry for each in ``sources`` and ``outlets``.

        Raises
        ------
        ValueError
            If a reliability is outside [0, 1], or there is no such type.

        Examples
        --------
        >>> priors = Priors().with_outlets({"example.org": 1.0, "example.com": 0.0})
        >>> [round(priors.sources[name].supports_if_false.mean, 2) for name in priors.sources]
        [0.4, 0.64]
        """
        if not isinstance(type, str) or type not in self.types:
            raise ValueError(
                f"priors: there is no type {shown(type)}{did_you_mean(type, self.types)} Known are "
                f"{', '.join(self.types)}."
            )
        base = self.types[type]
        passes_on = self.fidelity.get(type, self.fidelity["default"])
        sources, outlets = {}, {}
        if not isinstance(reliability, Mapping | pd.Series):
            raise TypeError(
                "the reliability of outlets must be a mapping or Series of outlet to a number; got "
                f"{reliability.__class__.__name__}."
            )
        for name, value in reliability.items():
            _check_name(name, "the reliability of outlets")
            name = outlet_key(str(name))
            if name in outlets:
                raise ValueError(f"priors: the reliability of {name!r} is given more than once.")
            shift = _number(value, f"the reliability of {name!r}", _SHARE) - 0.5
            sources[name] = {
                "supports_if_true": _shifted(base.supports_if_true, shift),
                "supports_if_false": _shifted(base.supports_if_false, -shift),
            }
            outlets[name] = _shift(passes_on, shift)
        return self.replace(sources=sources, outlets=outlets)

    def fit(
        self, evidence: pd.DataFrame, truth: pd.Series | Mapping[str, Any] | None = None
    ) -> Priors:
        """Return priors with the claim prior and the types estimated anew from evidence.

        The means, how much sources of a type differ (the strengths) and how much they repeat one
        another (rho), each with the present number as prior: those that
        `sourcescore.ClaimScorer` learns, without the track records of single sources.

        Parameters
        ----------
        evidence : DataFrame
            As for `sourcescore.ClaimScorer.fit`.
        truth : Series or mapping of claim_id to bool, optional

        Examples
        --------
        >>> import pandas as pd
        >>> rows = [(f"c{i}", f"s{i}", "witness", "supports") for i in range(40)]
        >>> evidence = pd.DataFrame(rows, columns=["claim_id", "source_id", "type", "stance"])
        >>> learned = Priors().fit(evidence, {f"c{i}": i < 30 for i in range(40)})
        >>> round(learned.claim_prior, 2), round(learned.types["witness"].supports_if_true.mean, 2)
        (0.7, 0.92)
        """
        # learning builds on the priors, not the other way round; only this shorthand looks back
        from sourcescore.confidence import ClaimScorer

        return ClaimScorer(self).fit(evidence, truth).priors_

    def relay_fidelity(self, relay: str, relay_type: str | None = None) -> float:
        """Return the probability that a relay passes on faithfully.

        Looked up by the relay's name among the outlets, then by its type; a relay that is itself
        the name of a type counts as one of that type; else ``fidelity["default"]``.

        Examples
        --------
        >>> priors = Priors({"outlets": {"dw.com": 0.97}})
        >>> priors.relay_fidelity("www.DW.com"), priors.relay_fidelity("Yonhap", "agency_report")
        (0.97, 0.98)
        """
        if not (isinstance(relay, str) and isinstance(relay_type, str | None)):
            raise TypeError(
                f"a relay goes by its name, and its type by a str or None; got {shown(relay)} and "
                f"{shown(relay_type)}."
            )
        outlet = self.outlets.get(outlet_key(relay))
        if outlet is not None:
            return outlet
        kind = relay if relay_type is None else relay_type
        return self.fidelity.get(kind, self.fidelity["default"])

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("Priors are immutable; use priors.replace(...).")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError("Priors are immutable; use priors.replace(...).")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Priors) and self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        # order of the sections is fixed, that of the entries is not part of equality
        return hash((self.claim_prior, frozenset(self.types.items())))

    def __reduce__(self) -> tuple[type[Priors], tuple[dict[str, Any]]]:
        # mapping proxies cannot be pickled or deep-copied, which sklearn.clone and joblib do
        return type(self), (self.to_dict(),)

    def __repr__(self) -> str:
        default = type(self)()
        changed = [
            f"{name}={_plain(value)!r}"
            for name in _SECTIONS
            if (value := _difference(getattr(self, name), getattr(default, name))) is not None
        ]
        return f"Priors({', '.join(changed)})"


def default_toml() -> str:
    """Return the default priors as TOML text, with a comment that gives each number's reason.

    Examples
    --------
    >>> print(default_toml().splitlines()[0])
    # The default priors of sourcescore. Copy this file, change what you know better, and pass its
    """
    return resources.files(__package__).joinpath("priors.toml").read_text(encoding="utf-8")


@cache
def _defaults() -> Mapping[str, Any]:
    empty: dict[str, Any] = {name: {} for name in _SECTIONS}
    return _merge(empty, tomllib.loads(default_toml()))


def _read(path: Path) -> str:
    """Return the text of a file of priors."""
    name = str(path)[:_LONGEST_PATH]
    try:
        if not path.exists() or path.is_dir():
            raise FileNotFoundError(
                f"priors: there is no file {name}; `python -m sourcescore priors` prints the "
                "default priors to start from."
            )
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"priors: {name} is not UTF-8 ({error}).") from None
    except OSError as error:
        if error.strerror is None:  # our own
            raise
        raise type(error)(f"priors: {name} cannot be read: {error.strerror}.") from None


def _merge(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return `base` with validated `changes`."""
    changes = _mapping(changes, "the priors", _SECTIONS)
    _check_keys(changes, _SECTIONS, "")
    merged = {k: dict(v) if isinstance(v, Mapping) else v for k, v in base.items()}
    for name, given in changes.items():
        if name == "claim_prior":
            merged[name] = _number(given, name, _PROBABILITY)
        elif name == "claim_prior_strength":
            merged[name] = _number(given, name, _STRENGTH)
        else:
            _check_dots(_mapping(given, name, _ENTRIES[name]), name)
    for name, given in changes.get("types", {}).items():
        _check_name(name, "types")
        merged["types"][name] = _type(given, f"types.{name}", merged["types"].get(name), merged)
    for name, given in changes.get("sources", {}).items():
        _check_name(name, "sources")
        key = outlet_key(name)
        merged["sources"][key] = _source(given, f"sources.{name}", merged["sources"].get(key))
    fidelity = changes.get("fidelity", {})
    _check_keys(fidelity, ("default", *merged["types"]), "fidelity.")
    for name, given in fidelity.items():
        merged["fidelity"][name] = _number(given, f"fidelity.{name}", _SHARE)
    for name, given in changes.get("outlets", {}).items():
        _check_name(name, "outlets")
        merged["outlets"][outlet_key(name)] = _number(given, f"outlets.{name}", _SHARE)
    for name, given in changes.get("hedges", {}).items():
        _check_name(name, "hedges")
        merged["hedges"][name.casefold()] = _number(given, f"hedges.{name}", _CERTAINTY)
    return merged


def _type(given: Any, key: str, old: TypePrior | None, merged: Mapping[str, Any]) -> TypePrior:
    given = _mapping(given, key, _TYPE_KEYS)
    _check_keys(given, _TYPE_KEYS, f"{key}.")
    if old is None and "reliability" not in given and not all(b in given for b in _BETAS):
        name = key.removeprefix("types.")
        raise ValueError(
            f"priors: {key} is a new type{did_you_mean(name, merged['types'])} A new type needs "
            "supports_if_true and supports_if_false, or a reliability from A to F."
        )
    if "rho" in given:
        rho = _number(given["rho"], f"{key}.rho", _SHARE)
    else:
        rho = _NEW_RHO if old is None else old.rho
    return TypePrior(*_betas(given, key, None if old is None else SourcePrior(*old[:2])), rho)


def _source(given: Any, key: str, old: SourcePrior | None) -> SourcePrior:
    given = _mapping(given, key, _SOURCE_KEYS)
    _check_keys(given, _SOURCE_KEYS, f"{key}.")
    if old is None and "reliability" not in given and not all(b in given for b in _BETAS):
        raise ValueError(
            f"priors: {key} needs supports_if_true and supports_if_false, or a reliability from "
            "A to F."
        )
    return _betas(given, key, old)


def _betas(given: Mapping[str, Any], key: str, old: SourcePrior | None) -> SourcePrior:
    if "reliability" in given:
        letter = given["reliability"]
        if any(name in given for name in _BETAS):
            raise ValueError(
                f"priors: {key} gives both a reliability and supports_if_...; keep one of them."
            )
        if not isinstance(letter, str) or letter.upper() not in ADMIRALTY:
            raise ValueError(
                f"priors: {key}.reliability must be a letter of the Admiralty scale, "
                f"{', '.join(ADMIRALTY)}; got {letter!r}."
            )
        return ADMIRALTY[letter.upper()]
    return SourcePrior(
        *(
            _beta(given.get(name, {}), f"{key}.{name}", None if old is None else old[i])
            for i, name in enumerate(_BETAS)
        )
    )


def _beta(given: Any, key: str, old: BetaPrior | None) -> BetaPrior:
    given = _mapping(given, key, BetaPrior._fields)
    _check_keys(given, BetaPrior._fields, f"{key}.")
    if old is None and "mean" not in given:
        raise ValueError(f"priors: {key}.mean is missing; it must be {_PROBABILITY.text}.")
    mean, strength = (0.5, _NEW_STRENGTH) if old is None else old
    return BetaPrior(
        _number(given.get("mean", mean), f"{key}.mean", _PROBABILITY),
        _number(given.get("strength", strength), f"{key}.strength", _STRENGTH),
    )


def _mapping(value: Any, key: str, names: Iterable[str]) -> Mapping[str, Any]:
    if isinstance(value, TypePrior | SourcePrior | BetaPrior):
        return value._asdict()
    if not isinstance(value, Mapping):
        raise ValueError(
            f"priors: {key} must be a table (a dict) with {', '.join(names)}; got {shown(value)}."
        )
    return value


def _number(value: Any, key: str, allowed: _Range) -> float:
    try:
        number = float(value) if isinstance(value, Real) else math.nan
    except OverflowError:
        number = math.inf
    # a bool is a Real, but never meant as a number here
    if isinstance(value, bool) or not allowed.holds(number):
        hint = ", a text: write it without quotes, with a point" if isinstance(value, str) else ""
        raise ValueError(
            f"priors: {key} must be a number {allowed.text}; got {shown(value)}{hint}."
        )
    return number


def _check_keys(given: Mapping[str, Any], allowed: Iterable[str], prefix: str) -> None:
    allowed = list(allowed)
    for key in given:
        if key not in allowed:
            raise ValueError(
                f"priors: unknown key {prefix}{_short(key)}{did_you_mean(key, allowed)} "
                f"Allowed are {', '.join(allowed)}."
            )


def _check_name(name: Any, section: str) -> None:
    if not isinstance(name, str) or not name.strip():
        raise ValueError(f"priors: the keys of {section} must be non-empty strings; got {name!r}.")
    try:
        name.encode()
    except UnicodeEncodeError:
        raise ValueError(
            f"priors: the key {name!r} of {section} holds a lone surrogate, which TOML cannot."
        ) from None


def _check_dots(section: Mapping[str, Any], key: str) -> None:
    """Say so where TOML has made tables of a name that holds a dot, such as a domain."""
    allowed = {"types": _TYPE_KEYS, "sources": _SOURCE_KEYS}.get(key, ())
    for name, value in section.items():
        path, inner = [str(name)], value
        while isinstance(inner, Mapping) and inner and not any(k in inner for k in allowed):
            part, inner = next(iter(inner.items()))
            path.append(str(part))
        # of types and sources only what ends in an entry was meant for one
        if len(path) < 2 or (allowed and not isinstance(inner, Mapping)):
            continue
        quoted = json.dumps(".".join(path), ensure_ascii=False)
        line = f"[{key}.{quoted}]" if allowed else f"[{key}] and below it {quoted} = {inner!r}"
        raise ValueError(
            f"priors: {key}.{'.'.join(path)} must have its name in quotes, for TOML makes a table "
            f"at each dot; write {line}."
        )


def _short(name: Any) -> str:
    return name if isinstance(name, str) and len(name) < _LONG else shown(name)


def _shift(probability: float, by: float) -> float:
    if probability in (0, 1):
        return probability
    return 1 / (1 + math.exp(-by) * (1 - probability) / probability)


def _shifted(prior: BetaPrior, by: float) -> BetaPrior:
    return BetaPrior(_shift(prior.mean, by), prior.strength)


def outlet_key(name: str) -> str:
    return name.strip().casefold().removeprefix("www.")


def _plain(value: Any) -> Any:
    if isinstance(value, TypePrior | SourcePrior | BetaPrior):
        value = value._asdict()
    if isinstance(value, Mapping):
        return {key: _plain(v) for key, v in value.items()}
    return value


def _difference(value: Any, default: Any) -> Any:
    """Return what differs from the default, None if nothing does."""
    if not isinstance(value, Mapping):
        return None if value == default else value
    return {k: v for k, v in value.items() if default.get(k) != v} or None


def _toml_key(name: str) -> str:
    bare = name.isascii() and name.replace("_", "").replace("-", "").isalnum()
    # JSON strings are TOML basic strings, but for DEL, which TOML wants escaped
    return name if bare else json.dumps(name, ensure_ascii=False).replace("\x7f", "\\u007f")


def _toml_betas(entry: Mapping[str, Any]) -> list[str]:
    return [
        f"{name} = {{ mean = {entry[name]['mean']!r}, strength = {entry[name]['strength']!r} }}"
        for name in _BETAS
    ]
