"""PURE: decodes an uploaded file's bytes into text, or says what kind of file it is."""

import re
from contextlib import suppress
from dataclasses import dataclass

from charset_normalizer import from_bytes


@dataclass(frozen=True, slots=True)
class NotText:
    """A file of another kind, in everyday words ("an Excel workbook")."""

    kind: str


@dataclass(frozen=True, slots=True)
class Undecodable:
    """Text that is not certainly UTF-8, UTF-16, Windows-1252 or Windows-1256."""


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
_OF_LANGUAGES_MET = re.compile(r"[\x00-\x7f\u00a0-\u017f\u0600-\u06ff\u2000-\u206f€]*")
_REPLACED = "\ufffd"
"""What an earlier program wrote for characters that it could not read."""

_OF_WINDOWS = ("cp1252", "cp1256")
"""What Excel saves as CSV on Windows in English, French and Arabic, where nobody asks it for UTF-8."""
_MISREAD_AS = (*_OF_WINDOWS, "latin-1")
_UTF_8, _UTF_16 = "utf-8", "utf-16"
_BY_THEIR_ZEROS = (("utf-16-le", 0), ("utf-16-be", 1))
"""In UTF-16 one of the two bytes of an ASCII character is zero, and the other, at this offset, never is."""
_LOOKED_AT = 20_000
_NOT_ASCII = re.compile(rb"[^\r\n]*[\x80-\xff][^\r\n]*")

# Letters of western languages; not š and ž, which are misread letters of other encodings.
_UPPER = "À-ÏÑ-ÖØ-ÜŒŸ"
_LOWER = "ß-ïñ-öø-üÿœ"
_LATIN = f"A-Za-z{_UPPER}{_LOWER}"
_ARABIC = "\u0621-\u063a\u0640-\u0652پٹچڈڑژکگںھہے"
_OTHERS = "€£¥©®™°±²³½¼¾·•–—…‘’“”«»§ªº×¿¡،؛؟\u00a0\u200c-\u200f"
_NO_WORD_HAS = re.compile(
    rf"[^\x00-\x7f{_UPPER}{_LOWER}{_ARABIC}{_OTHERS}]"
    rf"|[{_LATIN}][{_ARABIC}]|[{_ARABIC}][{_LATIN}]"  # one word in two scripts
    rf"|[{_LATIN}]×[{_ARABIC}]|[{_ARABIC}]×[{_LATIN}]"
    rf"|[{_LATIN}][\u200c\u200d]|[\u200c\u200d][{_LATIN}]"  # joiners in a script that does not join letters
    rf"|[{_LATIN}][–—](?![{_LATIN}{_ARABIC}\s\d])"  # a dash that ends a word
    r"|ة[\u0621-\u063a\u0641-\u064a]"  # a word-final letter inside a word
    rf"|[a-z{_LOWER}][{_UPPER}]|[{_LATIN}][{_UPPER}][a-z{_LOWER}]"  # a capital inside
    rf"|[{_UPPER}{_LOWER}]{{3}}"  # accents alone
    rf"|[{_LATIN}{_ARABIC}](?![’·–—×\u00a0\u200c-\u200f])[{_OTHERS}]+[{_LATIN}{_ARABIC}]"  # a sign inside
)
"""What shows that letters were read in a wrong encoding."""


def decode(data: bytes) -> str | NotText | Undecodable:
    """Decode without a byte order mark: UTF-8, recognisable UTF-16, else Windows-1252 or Windows-1256.

    If it is not certainly one of these, return `Undecodable`: a misread label is wrong information.
    """
    for start, kind in _KINDS:
        if data.startswith(start):
            return NotText(kind)
    if _WEB_PAGE.match(data):
        return NotText("a web page")
    text = _text(data)
    if text is None:
        return Undecodable()
    if _NO_TEXT_HAS.search(text):
        return NotText("made of bytes that are no characters")
    return Undecodable() if _REPLACED in text or _is_garbled(text) else text.removeprefix("\ufeff")


def _is_garbled(text: str) -> bool:
    """Tell whether another program read UTF-8 as a Windows encoding and saved that (`CafÃ©`): then all non-ASCII text
    is itself UTF-8 of letters used here."""
    text = text.removeprefix("\ufeff")
    if text.isascii():
        return False
    for encoding in _MISREAD_AS:
        with suppress(UnicodeError):
            meant = text.encode(encoding).decode()
            return _OF_LANGUAGES_MET.fullmatch(meant) is not None
    return False


def _text(data: bytes) -> str | None:
    try:
        return data.decode(_unicode(data))
    except UnicodeDecodeError:
        return _of_windows(data)


def _unicode(data: bytes) -> str:
    """Decodes UTF-8 or UTF-16. UTF-16 without a mark has a zero in every other byte of its ASCII characters; no other
    text has zeros."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _UTF_16
    start = data[:1000]
    if b"\0" in start and len(data) % 2 == 0:
        for encoding, never_zero in _BY_THEIR_ZEROS:
            if b"\0" not in start[never_zero::2]:
                return encoding
    return _UTF_8


def _of_windows(data: bytes) -> str | None:
    """Decode in the encoding that the library detects, if every word looks plausible in it."""
    sample = b"\n".join(line[0] for line in _NOT_ASCII.finditer(data))[:_LOOKED_AT]
    # The library always names its best guess, which for a few words in a third encoding may be one of these two.
    for found in from_bytes(sample, cp_isolation=list(_OF_WINDOWS)):
        with suppress(UnicodeDecodeError):
            text = data.decode(found.encoding)
            if not _NO_WORD_HAS.search(text):
                return text
    return None
