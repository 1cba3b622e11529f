"""PURE: finds the Fincart order ids that a person reads in a Slack message.

A message shows words in four places: its text, blocks, attachments (alert bots put everything there and leave the text
empty) and files. Only what is shown is searched, never the JSON: nobody reads a link's target, a button's value or an
app's metadata.
(docs.slack.dev/reference/block-kit/blocks, docs.slack.dev/messaging/formatting-message-text)
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from bot.domain.commands.typed_text import BIDI_CONTROLS, ZERO_WIDTH, ascii_digits, unescape

_WHERE = ("text", "blocks", "attachments", "files")

_SHOWN = frozenset(
    [
        "text",
        "title",
        "subtitle",
        "body",
        "description",
        "caption",
        "label",
        "hint",
        "header",
        "details",
        "alt_text",
        "alt_txt",
        "pretext",
        "fallback",
        "footer",
        "author_name",
        "author_subname",
        "subject",
        "plain_text",
        "preview",
    ]
)
"""Keys whose text is shown, in blocks, attachments and files alike."""

_NOT_SHOWN = frozenset({"metadata", "state", "confirm", "bot_profile", "user_profile"})
"""Keys below which nothing is shown, or not before something is pressed."""

_MENUS = frozenset({"static_select", "multi_static_select", "overflow", "select"})
"""Elements whose choices are shown only once they are opened; what is chosen already is shown."""

_CHOICES = frozenset({"options", "option_groups"})

_IN_ONE_LINE = frozenset({"rich_text_section", "rich_text_preformatted", "rich_text_quote"})
"""Their elements follow each other without a space: half an id may be bold."""

_DEEPEST = 50
"""Deeper than any message that Slack takes."""

_ANGLED = re.compile(r"<([^<>]*)>")
_EMPHASIS = re.compile(r"(?<![A-Za-z0-9_])(_{1,3})(?![\s_])([^\n]*?[^\s_])\1(?![A-Za-z0-9_])")
_MARKDOWN_TARGET = re.compile(r"\]\([^()\n]*\)")

_LATIN = "A-Za-zªºÀ-ÖØ-öø-ʯᴀ-ᶿḀ-ỿⱠ-ⱿꜢ-ꟿ"
_UNSEEN = ZERO_WIDTH + BIDI_CONTROLS
_RUN = re.compile(rf"[{_LATIN}0-9_{_UNSEEN}-]+")
_ID = re.compile(r"[0-9A-Fa-f]{24}")
_WHOLE = re.compile(rf"[{BIDI_CONTROLS}]*({_ID.pattern})[{BIDI_CONTROLS}]*")
_TURNED_ROUND = re.compile(r"\u202e[^\u202c\u2069\n]*")


def fincart_ids_in(message: Mapping[str, Any]) -> tuple[str, ...]:
    """Return every Fincart order id shown in a message, each once, in order, lower-cased.

    The payload's message may have any shape. An id beside a Latin letter, a digit, `-` or `_` is part of something
    else; a letter of another script may touch it, since no id contains one.
    """
    shown = {key: message.get(key) for key in _WHERE}
    return tuple(dict.fromkeys(each.lower() for text in _texts(shown, 0) for each in _ids_in(text)))


def _texts(part: object, depth: int) -> Iterator[str]:
    """Yield the shown texts below a part, separate where they are separate on the screen."""
    if depth > _DEEPEST:
        return
    if isinstance(part, list):
        for each in part:
            yield from _texts(each, depth + 1)
    elif isinstance(part, dict) and part.get("type") in _IN_ONE_LINE:
        elements = part.get("elements")
        yield "".join(map(_inline, elements if isinstance(elements, list) else ()))
    elif isinstance(part, dict):
        yield from _texts_of_fields(part, depth)


def _texts_of_fields(part: Mapping[str, Any], depth: int) -> Iterator[str]:
    shown = _SHOWN | {"value"} if _is_field(part) else _SHOWN
    hidden = _NOT_SHOWN | _CHOICES if part.get("type") in _MENUS else _NOT_SHOWN
    for key, value in part.items():
        if isinstance(value, str) and key in shown:
            yield _as_read(value, part.get("type"))
        elif key not in hidden:
            yield from _texts(value, depth + 1)


def _is_field(part: Mapping[str, Any]) -> bool:
    """Tell whether it is an attachment's field, whose value is shown; a button's or option's value is not."""
    return not part.keys() & {"type", "text", "name"}


def _inline(element: object) -> str:
    """Return the shown text of a rich text element: a link's words, or its address if it has none."""
    if not isinstance(element, dict):
        return " "
    shown = element.get("text") or element.get("url" if element.get("type") == "link" else "fallback")
    return shown if isinstance(shown, str) else " "


def _as_read(text: str, kind: object) -> str:
    """Return a text as shown; unchanged if Slack does not format its kind."""
    if kind in ("plain_text", "raw_text"):
        return unescape(text)
    if kind == "markdown":
        text = _MARKDOWN_TARGET.sub("]", text)
    return unescape(_ANGLED.sub(_link, _EMPHASIS.sub(r"\2", text)))


def _link(found: re.Match[str]) -> str:
    """Return the label of `<target|label>`; without one, a link's address, or nothing for a mention."""
    target, _, label = found[1].partition("|")
    return label or (" " if target[:1] in ("@", "#", "!") else target)


def _ids_in(text: str) -> Iterator[str]:
    text = ascii_digits(_TURNED_ROUND.sub(" ", text))
    for run in _RUN.findall(text):
        # Invisible characters around and between ids are dropped; inside an id they belong to it.
        parts = [part for part in re.split(f"[{_UNSEEN}]+", run) if part]
        if parts and all(map(_ID.fullmatch, parts)):
            yield from parts
        elif joined := _WHOLE.fullmatch(re.sub(f"[{ZERO_WIDTH}]", "", run)):
            yield joined[1]
