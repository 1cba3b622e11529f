"""PURE: the bytes of an uploaded file into text, or what kind of file it is instead."""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NotText:
    """A file of another kind, named as people name it ("an Excel workbook")."""

    kind: str


@dataclass(frozen=True, slots=True)
class Undecodable:
    """Text in an encoding that is none of UTF-8, UTF-16, Windows-1252."""


_KINDS = (
    (b"PK\x03\x04", "an Excel workbook or another zip file"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (b"%PDF", "a PDF"),
    (b"\x1f\x8b", "a compressed file"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"{\\rtf", "a rich text document"),
)
_WEB_PAGE = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype html|html)", re.IGNORECASE)
_NO_TEXT_HAS = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")


def decode(data: bytes) -> str | NotText | Undecodable:
    """The text, without a byte order mark: UTF-8, UTF-16 that shows itself, or else Windows-1252."""
    for start, kind in _KINDS:
        if data.startswith(start):
            return NotText(kind)
    if _WEB_PAGE.match(data):
        return NotText("a web page")
    for encoding in _encodings(data):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        return (
            NotText("made of bytes that are no characters")
            if _NO_TEXT_HAS.search(text)
            else text.removeprefix("\ufeff")
        )
    return Undecodable()


def _encodings(data: bytes) -> tuple[str, ...]:
    """What to try. Without its mark, UTF-16 shows in every other byte of its first letters: no text has zeros else."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return ("utf-16",)
    start = data[:8]
    if len(start) >= 2 and len(data) % 2 == 0:
        if not any(start[1::2]) and all(start[::2]):
            return ("utf-16-le",)
        if not any(start[::2]) and all(start[1::2]):
            return ("utf-16-be",)
    return ("utf-8-sig", "cp1252")
