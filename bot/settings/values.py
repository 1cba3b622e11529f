"""Reads the value of one setting: text in, a checked value out, or `Wrong` with the fix in plain words.

Nothing here knows which setting it reads, and no message repeats a value that could be a secret.
"""

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Literal

_SHOWN_AT_MOST = 40
_TOKEN = re.compile(r"xox|xapp-|://|bearer|\s", re.IGNORECASE)


class Wrong(ValueError):
    """An invalid value: what is wrong with it, and what to write instead."""

    def __init__(self, what: str, fix: str) -> None:
        super().__init__(what)
        self.what = what
        self.fix = fix


def shown(value: str) -> str:
    """Return the value in quotes, or a placeholder if it is long or looks like a misplaced token."""
    if len(value) > _SHOWN_AT_MOST or _TOKEN.search(value):
        return "a value not shown here"
    return f"“{value}”"


_QUOTES = "\"'`´‘’‚‛‹›“”„‟«»″′＂＇"
_WITHIN = re.compile(rf"[{_QUOTES}]+(.*?)[{_QUOTES}]+", re.DOTALL)


def is_quoted(value: str) -> bool:
    """Tell whether the whole value is in quotation marks of any kind, which nothing strips later."""
    found = _WITHIN.fullmatch(value)
    return found is not None and not {value[0], value[-1]} & set(found[1])


def token(prefix: str, where: str) -> Callable[[object], object]:
    """Validate a Slack token with this prefix; `where` says where Slack's app settings show it."""

    def read(value: object) -> object:
        if not isinstance(value, str):
            return value
        _one_word(value)
        if not value.startswith(prefix) or len(value) == len(prefix):
            raise Wrong(f"does not start with {prefix}", f"Copy the token that starts with {prefix} from {where}.")
        return value

    return read


def signing_secret(value: object) -> object:
    """Validate Slack's signing secret; a token here by mistake gets its own message."""
    if not isinstance(value, str):
        return value
    _one_word(value)
    if value.startswith(("xox", "xapp-")):
        raise Wrong(
            "is a token, not the signing secret",
            "Copy the Signing Secret from Basic Information in Slack's app settings.",
        )
    return value


def fincart_token(value: object) -> object:
    """Validate Fincart's token, which its API takes without `Bearer`."""
    if not isinstance(value, str):
        return value
    if value.lower().startswith("bearer"):
        raise Wrong("starts with “Bearer”", "Give the token alone: Fincart wants it without “Bearer” in front.")
    _one_word(value)
    return value


def _one_word(secret: str) -> None:
    no_quote_at_one_end(secret, "Copy it again, without quotation marks.")
    if not secret.isascii() or not secret.isprintable() or " " in secret:
        raise Wrong("has a space, a line break or an unusual character in it", "Copy it again, as one word.")


def no_quote_at_one_end(text: str, fix: str) -> None:
    """Raise `Wrong` where the value begins or ends with a quotation mark."""
    if text.startswith(tuple(_QUOTES)) or text.endswith(tuple(_QUOTES)):
        raise Wrong("has a quotation mark at one end", fix)


_KINDS = {
    "person": ("UW", "a person's id (U… or W…)", "In Slack open the person's profile, ⋮, Copy member ID."),
    "group": ("S", "a user group's id (S…)", "In Slack open the user group, ⋯, Copy group ID."),
    "channel": (
        "CGD",
        "a channel's id (C…, G… or D…)",
        "In Slack open the channel's details: its id stands at the very bottom.",
    ),
}
_ID = re.compile(r"[A-Z][A-Z0-9]{1,30}")
Kind = Literal["person", "group", "channel"]


def one_id(kind: Kind) -> Callable[[object], object]:
    """Validate one Slack id of that kind."""

    def read(value: object) -> object:
        if isinstance(value, str):
            _check_ids(kind, [value])
        return value

    return read


def ids(kind: Kind) -> Callable[[object], object]:
    """Read Slack ids of that kind separated by commas and optional spaces; returns each once, in order."""

    def read(value: object) -> object:
        given = value.split(",") if isinstance(value, str) else value
        if not isinstance(given, Iterable):
            return value
        found = tuple(dict.fromkeys(word.strip() for word in map(str, given) if word.strip()))
        if not found and isinstance(value, str):
            raise Wrong("holds no id", "Give ids apart by commas, or remove the setting.")
        _check_ids(kind, found)
        return found

    return read


def _check_ids(kind: Kind, words: Iterable[str]) -> None:
    letters, expected, where = _KINDS[kind]
    bad = [word for word in words if not _ID.fullmatch(word) or word[0] not in letters]
    if bad:
        raise Wrong("; ".join(f"{shown(word)} {_why_no_id(word, expected)}" for word in bad), where)


def _why_no_id(word: str, expected: str) -> str:
    if is_quoted(word):
        return f"is in quotation marks: {expected} alone is needed"
    if word.startswith(("@", "#")):
        return f"is a name, and names can change hands: {expected} is needed"
    if word.startswith("<") or "/" in word:
        return f"is a mention or a link: {expected} alone is needed"
    for letters, other, _ in _KINDS.values():
        if _ID.fullmatch(word) and word[0] in letters:
            return f"is {other}, not {expected}"
    if _ID.fullmatch(word.upper()) and not word.isupper():
        return f"has small letters: {expected} is in capitals"
    if len(word.split()) > 1:
        return "is more than one id: put commas between them"
    return f"is not {expected}"


def whole(least: int, most: int) -> Callable[[object], object]:
    """Read a whole number from `least` to `most`, both included; None stays None."""

    def read(value: object) -> object:
        if value is None:
            return None
        text = str(value).strip()
        if not re.fullmatch(r"-?[0-9]{1,18}", text):
            raise Wrong(f"{shown(text)} is not a whole number", f"Give a number from {least} to {most}, in digits.")
        if not least <= int(text) <= most:
            raise Wrong(f"{text} is out of range", f"Give a number from {least} to {most}.")
        return int(text)

    return read


def seconds(least: float, most: float) -> Callable[[object], object]:
    """Read seconds, a fraction allowed, from `least` to `most`; None stays None."""

    def read(value: object) -> object:
        if value is None:
            return None
        text = str(value).strip()
        if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,6})?", text):
            raise Wrong(
                f"{shown(text)} is not a number of seconds",
                f"Give seconds from {least:g} to {most:g}, like 20 or 2.5.",
            )
        if not least <= float(text) <= most:
            raise Wrong(f"{text} is out of range", f"Give seconds from {least:g} to {most:g}.")
        return float(text)

    return read


def yes_or_no(value: object) -> object:
    """Read `true` or `false` in the usual spellings; raises `Wrong` for anything else."""
    if not isinstance(value, str):
        return value
    word = value.lower()
    if word in ("true", "yes", "on", "1"):
        return True
    if word in ("false", "no", "off", "0"):
        return False
    raise Wrong(f"{shown(value)} is neither true nor false", "Write true or false.")


def one_of(*words: str) -> Callable[[object], object]:
    """Read one of these words, in any case."""

    def read(value: object) -> object:
        for word in words:
            if str(value).lower() == word.lower():
                return word
        raise Wrong(f"{shown(str(value))} is not known here", f"Write one of: {', '.join(words)}.")

    return read


def line(most: int) -> Callable[[object], object]:
    """Read one line of text of at most `most` characters."""

    def read(value: object) -> object:
        text = str(value)
        if len(text) > most or not text.isprintable():
            raise Wrong(f"is longer than {most} characters or more than one line", "Give one short line of text.")
        return text

    return read


def file_to_write(value: object) -> object:
    """Validate the path of a file in a folder that exists."""
    if not isinstance(value, str):
        return value
    path = Path(value)
    if path.is_dir() or not path.parent.is_dir():
        raise Wrong("does not name a file in a folder that exists", "Give the path of a file, and make its folder.")
    return path


def command_name(value: object) -> object:
    """Validate a slash command's name as Slack takes it (docs.slack.dev/reference/app-manifest)."""
    text = str(value)
    if not re.fullmatch(r"/[a-z0-9_-]{1,31}", text):
        what = f"{shown(text)} is not a slash command's name: a slash, then small letters, digits, - and _"
        raise Wrong(f"{what}, 32 characters in all at most", "Write it like /cancel-orders-staging.")
    return text


def installation_name(value: object) -> object:
    """Validate the name of an installation: one short line of which something can be seen."""
    if value is not None and not re.search(r"[^\W_]", str(line(40)(value))):
        raise Wrong("has neither a letter nor a digit", "Give a short name like staging.")
    return value


def host(value: object) -> object:
    """Validate a host name or address to listen on."""
    text = str(value)
    fix = "Write an address of this machine, like 127.0.0.1, or 0.0.0.0 for all of them."
    no_quote_at_one_end(text, fix)
    if not re.fullmatch(r"[A-Za-z0-9._:%-]{1,255}", text):
        raise Wrong("is not the name or the address of a machine", fix)
    return text
