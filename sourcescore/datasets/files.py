"""Opening annotation files, whatever the line ends, and writing them."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

__all__ = ["decoded", "encoded", "read_text"]

_UTF_8 = frozenset(("utf-8", "utf8", "utf-8-sig", "utf_8", "utf_8_sig"))


def read_text(path: str | PathLike[str], encoding: str = "utf-8") -> str:
    """The text of a file with its line ends as they are, without a byte order mark."""
    return decoded(Path(path).read_bytes(), encoding, str(path))


def decoded(content: bytes, encoding: str, name: str) -> str:
    """Decode bytes; lone surrogates, which `encoded` writes, are let through.

    Raises
    ------
    ValueError
        If the bytes are not of this encoding, or there is no such encoding.
    """
    plain = encoding.casefold() in _UTF_8
    try:
        text = content.decode(
            "utf-8" if plain else encoding, "surrogatepass" if plain else "strict"
        )
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{name} is not {encoding}: byte {content[error.start]:#04x} at offset {error.start} "
            "cannot be decoded. Name the encoding of the file, for example encoding='cp1252'."
        ) from None
    except LookupError:
        raise ValueError(
            f"there is no encoding {encoding!r}; examples are utf-8, cp1252, latin-1, utf-16."
        ) from None
    return text.removeprefix("\ufeff")


def encoded(text: str) -> bytes:
    """A text as UTF-8, lone surrogates included; a mark at its start is kept apart from a BOM."""
    return ("\ufeff" * text.startswith("\ufeff") + text).encode("utf-8", "surrogatepass")
