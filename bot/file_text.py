"""PURE: the bytes of an uploaded file into text, or what kind of file it is instead."""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NotText:
    """A file of another kind, named as people name it ("an Excel workbook")."""

    kind: str


@dataclass(frozen=True, slots=True)
class Undecodable:
    """Text in an encoding that is none of UTF-8, UTF-16 with its mark, Windows-1252."""


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
    """The text, without a byte order mark: UTF-8, UTF-16 with its mark, or else Windows-1252."""
    for start, kind in _KINDS:
        if data.startswith(start):
            return NotText(kind)
    if _WEB_PAGE.match(data):
        return NotText("a web page")
    utf16 = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ("utf-16",) if utf16 else ("utf-8-sig", "cp1252"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        return NotText("no text file") if _NO_TEXT_HAS.search(text) else text.removeprefix("\ufeff")
    return Undecodable()
