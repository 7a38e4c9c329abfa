"""Saving and loading trained models safely.

A model is a folder: a manifest, the files of its parts, and a card for people. The manifest holds
the class, the sha256 and size of each file, the versions of the libraries and the measured
figures; the parameters are in the parts. Loading reads data and never runs code that comes with
it: fitted scikit-learn objects are stored with skops and rebuilt from an explicit list of types,
arrays are npz without pickles, everything else is JSON. A file that was changed, truncated, or
written by something else is refused.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import platform
import re
import struct
import warnings
import zipfile
from collections.abc import Mapping
from functools import cache
from importlib import metadata
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

from sourcescore._resources import shipped

if TYPE_CHECKING:
    from sourcescore.classify import AttributionClassifier
    from sourcescore.extract import AttributionExtractor
    from sourcescore.link import ClaimLinker
    from sourcescore.sources import SourceResolver
    from sourcescore.stance import StanceClassifier

__all__ = [
    "ModelFileError",
    "load_model",
    "load_skops",
    "load_stance",
    "load_words",
    "model_folder",
    "read_manifest",
    "save_model",
    "shipped_models",
]

FORMAT = "sourcescore-model"
FORMAT_VERSION = 1
MANIFEST = "manifest.json"

#: The classes that a manifest may name, and the module that each one lives in.
MODEL_CLASSES = {
    "AttributionExtractor": "sourcescore.extract",
    "TransformerExtractor": "sourcescore.extract",
    "SourceResolver": "sourcescore.sources",
    "AttributionClassifier": "sourcescore.classify",
    "StanceClassifier": "sourcescore.stance",
    "TransformerStanceClassifier": "sourcescore.stance",
    "ClaimLinker": "sourcescore.link",
    "ClaimScorer": "sourcescore.confidence",
    "WordVectors": "sourcescore.words",
}

#: The types beyond scikit-learn's own that a stored scikit-learn object may hold.
TRUSTED_TYPES: list[str] = []

_LIBRARIES = ("numpy", "scikit-learn", "pandas", "skops")
#: The name of a part: a file of the folder itself, on every system.
_PART_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
#: What reading a part that is not what it should be may raise.
_BAD_CONTENT = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    TypeError,
    ValueError,
    struct.error,
    zipfile.BadZipFile,
)


class ModelFileError(ValueError):
    """A model folder lacks a file, or holds one that was changed or that is not ours."""


def shipped_models(models: str = "fast") -> list[str]:
    """Names of the models that come with the package.

    Parameters
    ----------
    models : {"fast", "accurate"}, default="fast"
        Which of the shipped sets. The accurate one has a part of the models; for the others the
        fast ones stand in.

    Raises
    ------
    ValueError
        If there is no such set.

    Examples
    --------
    >>> from sourcescore.models import shipped_models
    >>> "extractor" in shipped_models()
    True
    """
    sets = {path.name: path for path in shipped("models").iterdir() if path.is_dir()}
    if not isinstance(models, str) or models not in sets:
        known = ", ".join(map(repr, sorted(sets)))
        raise ValueError(f"models must be one of {known}; got {models!r}.")
    return sorted(path.name for path in sets[models].iterdir() if (path / MANIFEST).is_file())


@overload
def load_model(name: Literal["extractor"], *, models: str = ...) -> AttributionExtractor: ...
@overload
def load_model(name: Literal["resolver"], *, models: str = ...) -> SourceResolver: ...
@overload
def load_model(name: Literal["classifier"], *, models: str = ...) -> AttributionClassifier: ...
@overload
def load_model(name: Literal["linker"], *, models: str = ...) -> ClaimLinker: ...
@overload
def load_model(name: Literal["stance"], *, models: str = ...) -> StanceClassifier: ...
@overload
def load_model(name: str | Path, *, models: str = ...) -> Any: ...
def load_model(name: str | Path, *, models: str = "fast") -> Any:
    """Load a trained model: one that is shipped, by name, or any other, by the path of its folder.

    Parameters
    ----------
    name : str or Path
        A name out of `shipped_models`, or a folder that `save_model` wrote.
    models : {"fast", "accurate"}, default="fast"
        Which of the shipped sets `name` is looked up in. The accurate models need the extra
        ``accurate``; a name that is not among them stands for the fast one.

    Returns
    -------
    estimator
        A fitted estimator of its own; changing it does not change what the next call returns.

    Raises
    ------
    FileNotFoundError
        If there is neither a shipped model of this name nor such a folder.
    TypeError
        If the name is neither a str nor a path.
    ValueError
        If there is no such set of models.
    ModelFileError
        If a file was changed, truncated, is missing or foreign.
    ImportError
        If an accurate model is asked for and the extra is missing.

    Examples
    --------
    >>> import sourcescore as ss
    >>> type(ss.load_model("extractor")).__name__
    'AttributionExtractor'
    """
    of_set, names = shipped_models(models), shipped_models()
    if isinstance(name, str) and name in {*of_set, *names}:
        return _load(shipped("models") / (models if name in of_set else "fast") / name)
    folder = _path(name)
    if not folder.is_dir():
        raise FileNotFoundError(
            f"no model {str(name)!r}: it is neither a folder nor one of the shipped models, "
            f"which are {', '.join(names)}."
        )
    return _load(folder)


@cache
def load_words() -> Any:
    """The shipped word vectors, loaded once: they are large and never change."""
    return _load(shipped("models") / "fast" / "words")


@cache
def load_stance(models: str) -> StanceClassifier:
    """A shipped stance classifier, loaded once for all that ask it; nobody changes it."""
    return load_model("stance", models=models)


def save_model(
    estimator: Any, path: str | Path, *, figures: Mapping[str, Any] | None = None
) -> Path:
    """Save a fitted estimator as a folder that `load_model` reads.

    Parameters
    ----------
    estimator : a fitted estimator of this package
    path : str or Path
        The folder: a new or empty one, or one that holds a model, which is then replaced; other
        files in it stay.
    figures : mapping, optional
        Measured figures to keep with the model; anything JSON can hold.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    FileExistsError
        If the folder holds files and none of them is the manifest of a model, or there is a file of
        this name. Nothing is written then.
    TypeError
        If the object is not an estimator of this package, or the figures cannot be JSON.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> import sourcescore as ss
    >>> with TemporaryDirectory() as folder:
    ...     type(ss.load_model(ss.save_model(ss.load_model("linker"), folder))).__name__
    'ClaimLinker'
    """
    kind = type(estimator).__name__
    if kind not in MODEL_CLASSES or not hasattr(estimator, "to_parts"):
        raise TypeError(
            f"cannot save a {kind}; estimators that can be saved: {', '.join(MODEL_CLASSES)}."
        )
    if not isinstance(figures, Mapping | None):
        raise TypeError(f"figures must be a mapping of names to figures; got {figures!r}.")
    folder = model_folder(path)
    parts = estimator.to_parts()
    manifest = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "class": kind,
        "files": {
            name: {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
            for name, content in parts.items()
        },
        "libraries": {name: _version(name) for name in _LIBRARIES},
        "python": platform.python_version(),
        "figures": dict(figures or {}),
    }
    try:  # before any file is written
        written = json.dumps(manifest, indent=1) + "\n"
    except (TypeError, ValueError, RecursionError) as error:
        raise TypeError(f"figures must be what JSON can hold: {error}.") from None
    folder.mkdir(parents=True, exist_ok=True)
    # the manifest first: if the rest cannot be written, the folder is known for one of ours, whose
    # checksums do not agree
    (folder / MANIFEST).write_text(written, encoding="utf8")
    for name, content in parts.items():
        (folder / name).write_bytes(content)
    return folder


def model_folder(path: str | PathLike[str]) -> Path:
    """Return the folder that a model may be written to, which need not be there yet.

    Raises
    ------
    FileExistsError
        If it holds files and none of them is the manifest of a model, or it is no folder.
    TypeError
        If it is no path.

    Examples
    --------
    >>> model_folder("no-such-folder").name
    'no-such-folder'
    """
    folder = _path(path)
    if not folder.is_dir():
        if folder.exists():
            raise FileExistsError(
                f"{folder} is a file; a model is a folder. Give the name of a new folder."
            )
        return folder
    entry = next(iter(sorted(folder.iterdir())), None)
    if entry is not None and not _is_manifest(folder / MANIFEST):
        raise FileExistsError(
            f"{folder} holds files that are no sourcescore model ({entry.name} for one), which "
            "would be mixed with the model's own. Give a new or empty folder, or one that a model "
            "was saved to, which is then replaced."
        )
    return folder


def _path(path: Any) -> Path:
    if not isinstance(path, str | PathLike) or not isinstance(fspath(path), str):
        raise TypeError(f"a folder must be a str or Path; got {path!r}.")
    if "\0" in fspath(path):
        raise ValueError(f"the name of a folder cannot have a NUL; got {fspath(path)!r}.")
    return Path(path)


def _is_manifest(path: Path) -> bool:
    """Whether a file is the manifest of a model, of whatever version."""
    try:
        manifest = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(manifest, dict) and manifest.get("format") == FORMAT


def read_manifest(folder: str | Path) -> dict[str, Any]:
    """Read the manifest of a model folder and check its form.

    Raises
    ------
    ModelFileError
        If it is missing or not one that `save_model` of this version wrote.
    """
    path = _path(folder) / MANIFEST
    if not path.is_file():
        raise ModelFileError(f"{path} is missing: {folder} is not a model folder.")
    try:
        manifest = json.loads(path.read_bytes())
        ours = manifest["format"] == FORMAT
        version = manifest["format_version"]
    except (ValueError, LookupError, TypeError, RecursionError):
        ours, version = False, None
    if not ours:
        raise ModelFileError(f"{path} is not the manifest of a sourcescore model.")
    if version != FORMAT_VERSION:
        raise ModelFileError(
            f"{path} has format version {version!r}; this version of sourcescore reads "
            f"{FORMAT_VERSION}. Retrain the model or update sourcescore."
        )
    kind, files = manifest.get("class"), manifest.get("files")
    if not isinstance(kind, str) or kind not in MODEL_CLASSES:
        raise ModelFileError(
            f"{path} names the class {kind!r}; allowed are {', '.join(MODEL_CLASSES)}."
        )
    if not isinstance(files, dict):
        raise ModelFileError(f"{path} lists no files.")
    for name, entry in files.items():
        if not _PART_NAME.fullmatch(name):
            raise ModelFileError(
                f"{path} lists the file {name!r}; only files of the folder itself are allowed, "
                "named with letters, digits, '_', '-' and '.'."
            )
        if not isinstance(entry, dict) or not (
            isinstance(entry.get("sha256"), str) and isinstance(entry.get("bytes"), int)
        ):
            raise ModelFileError(f"{path} lacks the sha256 or the size of {name}.")
    return manifest


def _load(folder: Path) -> Any:
    manifest = read_manifest(folder)
    parts = {}
    for name, entry in manifest["files"].items():
        path = folder / name
        if not path.is_file():
            raise ModelFileError(f"{path} is missing; the manifest lists it. Get the model anew.")
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() != entry["sha256"]:
            what = "truncated" if len(content) < entry["bytes"] else "changed"
            raise ModelFileError(
                f"{path} was {what}: its sha256 is not the one in the manifest. "
                "Get the model anew, or save it again with save_model."
            )
        parts[name] = content
    kind = manifest["class"]
    estimator_class = getattr(importlib.import_module(MODEL_CLASSES[kind]), kind)
    try:
        return estimator_class.from_parts(parts)
    except _BAD_CONTENT as error:
        reason = f"{error.args[0]!r} is missing" if isinstance(error, KeyError) else error
        raise ModelFileError(
            f"{folder} does not hold a {kind} of this version: {reason}"
        ) from error


def load_skops(content: bytes) -> Any:
    """Rebuild a scikit-learn object from bytes that skops wrote, from trusted types alone.

    Raises
    ------
    ModelFileError
        If it is not such an object, or holds a type that is not on the list.
    """
    from sklearn.exceptions import InconsistentVersionWarning
    from skops.io import get_untrusted_types, loads

    try:
        unknown = sorted(set(get_untrusted_types(data=content)) - set(TRUSTED_TYPES))
    except _BAD_CONTENT as error:
        raise ModelFileError(f"not an object that skops stored: {error}.") from error
    if unknown:
        raise ModelFileError(
            f"the stored object holds types that are not trusted: {', '.join(unknown)}."
        )
    with warnings.catch_warnings():
        # what is stored is coefficients, which mean the same in every version that is allowed
        warnings.simplefilter("ignore", InconsistentVersionWarning)
        return loads(content, trusted=TRUSTED_TYPES)


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "missing"
