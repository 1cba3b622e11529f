"""PURE: renders spans as rich text elements and as escaped plain text, with the same words."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC
from typing import Any, assert_never

from bot.domain.commands.typed_text import tidy
from bot.messages.document import Bold, ChannelName, CodeText, CommandText, Group, Line, Link, Span, Typed, User, When
from bot.messages.names import DEFAULT

Json = dict[str, Any]

DATE_FORMAT = "{date_short_pretty} {time}"
EXACT_FORMAT = "{date_short_pretty} {time_secs}"

_USER = re.compile(r"[UW][A-Z0-9]+")
_GROUP = re.compile(r"S[A-Z0-9]+")
_CHANNEL = re.compile(r"[CG][A-Z0-9]+")
_DIRECT = re.compile(r"D[A-Z0-9]+")
_URL = re.compile(r"https?://[^\s<>|\"]+")


AMPLE = 10_000


@dataclass(frozen=True, slots=True)
class Room:
    """How many characters and list items to show, and how many to keep whole; and which command is the bot's."""

    typed: int = AMPLE
    items: int = AMPLE
    whole_typed: int = AMPLE
    whole_items: int = AMPLE
    command: str = DEFAULT.command


def width(text: str) -> int:
    """Characters as Slack counts them: those beyond the basic plane, such as most emoji, count twice."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def cut(text: str, most: int) -> str:
    """The text, or as much of its beginning as fits with `…` after it."""
    counted = text.encode("utf-16-le", "surrogatepass")
    if len(counted) <= 2 * most:
        return text
    return counted[: 2 * (most - 1)].decode("utf-16-le", "ignore").rstrip() + "…"


def escape(text: str) -> str:
    """Escape for `text`, so that nothing in it is a control sequence of Slack's."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def elements(lines: Sequence[Line], room: Room) -> list[Json]:
    """Rich text elements of these lines; plain texts beside each other are one element."""
    made: list[Json] = []
    for number, line in enumerate(lines):
        for span in ("\n", *line) if number else line:
            element = _span_element(span, room)
            if element.get("text") == "":
                continue
            if made and _is_bare(element) and _is_bare(made[-1]):
                made[-1] = {"type": "text", "text": made[-1]["text"] + element["text"]}
            else:
                made.append(element)
    return made


def _is_bare(element: Json) -> bool:
    return element["type"] == "text" and "style" not in element


def _span_element(span: Span, room: Room) -> Json:
    match span:
        case Bold(text):
            return {"type": "text", "text": tidy(text), "style": {"bold": True}}
        case CodeText() | CommandText():
            return {"type": "text", "text": _words(span, room), "style": {"code": True}}
        case User(user_id) if _USER.fullmatch(user_id):
            return {"type": "user", "user_id": user_id}
        case Group(usergroup_id) if _GROUP.fullmatch(usergroup_id):
            return {"type": "usergroup", "usergroup_id": usergroup_id}
        case ChannelName(channel_id) if _CHANNEL.fullmatch(channel_id):
            return {"type": "channel", "channel_id": channel_id}
        case When():
            seconds = int(span.at.timestamp())
            return {"type": "date", "timestamp": seconds, "format": _format(span), "fallback": _utc(span)}
        case Link(url, label) if _URL.fullmatch(url):
            return {"type": "link", "url": url, "text": tidy(label)}
        case _:
            return {"type": "text", "text": _words(span, room)}


def span_text(span: Span, room: Room) -> str:
    """The span in `text`: the bot's own mentions, times and links as control sequences, all else escaped."""
    match span:
        case User(user_id) if _USER.fullmatch(user_id):
            return f"<@{user_id}>"
        case Group(usergroup_id) if _GROUP.fullmatch(usergroup_id):
            return f"<!subteam^{usergroup_id}>"
        case ChannelName(channel_id) if _CHANNEL.fullmatch(channel_id):
            return f"<#{channel_id}>"
        case When():
            return f"<!date^{int(span.at.timestamp())}^{_format(span)}|{_utc(span)}>"
        case Link(url, label) if _URL.fullmatch(url):
            return f"<{url.replace('&', '&amp;')}|{escape(tidy(label)).replace('|', '/')}>"
        case _:
            return escape(_words(span, room))


def context_elements(clauses: Sequence[Line], room: Room) -> list[Json]:
    """Elements of a context block. It takes no rich text: our own mentions, times and links need Slack's formatting,
    so that what somebody else wrote stands apart from them as plain text."""
    made: list[Json] = []
    for number, clause in enumerate(clauses):
        for span in (" · ", *clause) if number else clause:
            ours = isinstance(span, str | Bold | CodeText | CommandText) or span_text(span, room).startswith("<")
            kind, written = ("mrkdwn", span_text(span, room)) if ours else ("plain_text", _words(span, room))
            if made and made[-1]["type"] == kind:
                made[-1]["text"] += written
            elif written:
                made.append({"type": kind, "text": written, **({"verbatim": True} if ours else {"emoji": False})})
    return [{**element, "text": text} for element in made if (text := element["text"].strip())]


def is_cut(line: Line, room: Room) -> bool:
    """Whether something that was typed is shown in part."""
    typed = (span for span in line if isinstance(span, Typed))
    return any(_words(span, room) != _words(replace(span, most=AMPLE), Room()) for span in typed)


def _words(span: Span, room: Room) -> str:
    """Return the words of a span: the bot's own, typed text, or an invalid id or address."""
    match span:
        case str():
            return span
        case Typed(text, most, whole):
            return _beginning(text, min(most, room.whole_typed if whole else room.typed))
        case ChannelName(channel_id) if _DIRECT.fullmatch(channel_id):
            return "a direct message"
        case User(text) | Group(text) | ChannelName(text):
            return cut(tidy(text), 40)
        case Link(_, text) | Bold(text) | CodeText(text):
            return tidy(text)
        case CommandText(words):
            return tidy(f"{room.command} {words}")
        case When():
            return _utc(span)
        case _:
            assert_never(span)


def _beginning(text: str, most: int) -> str:
    """At most `most` characters of it, tidied. What is far beyond them is not even looked at."""
    near = text[: 4 * most]
    shown = tidy(near)
    return cut(shown if near == text else f"{shown}…", most)


def _format(when: When) -> str:
    return EXACT_FORMAT if when.exact else DATE_FORMAT


def _utc(when: When) -> str:
    at = when.at.astimezone(UTC)
    return f"{at:%Y-%m-%d %H:%M:%S} UTC" if when.exact else f"{at:%Y-%m-%d %H:%M} UTC"
