"""PURE: undoes what phones, spreadsheets and chat programs do to copied ids, where that is certain.

No rule here splits one order into two or invents one: uncertain text stays as it is and is an error later.
"""

import re

from bot.domain.commands.typed_text import DIRECTION_MARKS, QUOTES, ZERO_WIDTH, ascii_digits

_ID_CHARACTER = "[A-Za-z0-9_-]"
_FINCART_ID = "[0-9A-Fa-f]{24}"
_WRAP = re.escape(QUOTES) + DIRECTION_MARKS

_APART = re.compile(
    rf"(?<!{_ID_CHARACTER})({_FINCART_ID})(?:[{_WRAP}]*+[{ZERO_WIDTH}]++)++[{_WRAP}]*+"
    rf"(?={_FINCART_ID}(?!{_ID_CHARACTER}))"
)
"""A whole Fincart order id, and what stands between it and the next, nothing of it to be seen but quotes."""

_PIECES = re.compile(rf"(?<!{_ID_CHARACTER}){_ID_CHARACTER}++(?:[{ZERO_WIDTH}]++{_ID_CHARACTER}++)++")
"""Characters of ids with some of no width between them: they look like one word."""

_NO_WIDTH = re.compile(f"[{ZERO_WIDTH}]+")
_TELEPHONE = re.compile(r"<tel:([^<>|]*)(?:\|([^<>|]*))?>", re.IGNORECASE)
_AS_DIGITS = re.compile("[0-9]+(?:-[0-9]+)*")
_QUOTE_MARK = re.compile(r"(?m)^[ \t\xa0]*+>+")
_IN_ITALICS = re.compile(rf"(?<!{_ID_CHARACTER})_+({_FINCART_ID})_+(?!{_ID_CHARACTER})")

# It begins with a plain character set, which lets a search skip what is no digit.
_NUMBER = re.compile(
    r"[0-9](?<![A-Za-z0-9_,.-][0-9])(?:"
    # 5,551,234 and 5 551 234: one number with separated thousands, whose first group is shorter than the others.
    r"[0-9]?(?:,[0-9]{3})+(?![A-Za-z0-9_-]|,[0-9])"
    r"|[0-9]?(?:[\xa0\u2009\u202f][0-9]{3})+(?![A-Za-z0-9_-]|[\xa0\u2009\u202f][0-9])"
    # 6.86E+23, also with a decimal comma.
    r"|[0-9]*+(?:[.,][0-9]++)?[eE]\+[0-9]++(?![A-Za-z0-9_-])"
    r"|[0-9]*+[.,][0-9]++[eE][0-9]++(?![A-Za-z0-9_-])"
    # Twenty-four digits rounded to seventeen or fifteen.
    r"|(?<!0)[0-9]{16}0{7}(?![A-Za-z0-9_-])"
    r")"
)


def clean(text: str) -> str:
    """Return the text as its writer sees it, unescaped, with as many lines as before, ready to parse ids from.

    - Arabic, Persian and full-width digits are ASCII digits.
    - Zero-width characters between two whole Fincart order ids become a space; inside one they are dropped.
    - A telephone link that a phone made becomes the typed number.
    - Quote marks at the start of a line, and underscores around a Fincart order id, are dropped.
    """
    if not text.isascii():
        text = ascii_digits(text)
        if _NO_WIDTH.search(text):
            text = _PIECES.sub(_joined, _APART.sub(r"\1 ", text))
    if "<" in text:
        text = _TELEPHONE.sub(_dialled, text)
    if ">" in text:
        text = _QUOTE_MARK.sub(" ", text)
    return _IN_ITALICS.sub(r"\1", text) if "_" in text else text


def spreadsheet_number(text: str) -> str | None:
    """Return the first number that a spreadsheet altered, so that its id is lost; None if there is none."""
    found = _NUMBER.search(text)
    return found[0] if found else None


def _joined(found: re.Match[str]) -> str:
    together = _NO_WIDTH.sub("", found[0])
    return together if re.fullmatch(_FINCART_ID, together) else found[0]


def _dialled(found: re.Match[str]) -> str:
    number, typed = found[1], found[1] if found[2] is None else found[2]
    same = _AS_DIGITS.fullmatch(typed) and typed.replace("-", "") == re.sub("[^0-9]", "", number)
    return typed if same else found[0]
