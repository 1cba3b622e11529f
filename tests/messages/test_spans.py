"""Spans as elements of rich text and as escaped text: the same words in both, and nothing that was typed formats."""

import time
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.messages.document import Bold, ChannelName, CodeText, Group, Line, Link, Span, Typed, User, When
from bot.messages.inline import Room, cut, elements, escape, span_text, width

AMPLE = Room()
NOON = datetime(2026, 11, 24, 14, 0, 7, tzinfo=timezone(timedelta(hours=2)))
SECONDS = int(NOON.timestamp())
TO_THE_MINUTE, TO_THE_SECOND = "{date_short_pretty} {time}", "{date_short_pretty} {time_secs}"


def text(words: str, **style: bool) -> dict[str, Any]:
    return {"type": "text", "text": words} | ({"style": style} if style else {})


def date(shown: str, fallback: str) -> dict[str, Any]:
    return {"type": "date", "timestamp": SECONDS, "format": shown, "fallback": fallback}


SPANS: list[tuple[Span, dict[str, Any], str]] = [
    ("a <b> & c", text("a <b> & c"), "a &lt;b&gt; &amp; c"),
    (Bold("a\n<b>"), text("a <b>", bold=True), "a &lt;b&gt;"),
    (CodeText("R-1\x00<"), text("R-1<", code=True), "R-1&lt;"),
    (Typed("<!here>\n&"), text("<!here> &"), "&lt;!here&gt; &amp;"),
    (User("U0ANN"), {"type": "user", "user_id": "U0ANN"}, "<@U0ANN>"),
    (User("W0ANN"), {"type": "user", "user_id": "W0ANN"}, "<@W0ANN>"),
    (User("ann<"), text("ann<"), "ann&lt;"),
    (User("U0ANN>"), text("U0ANN>"), "U0ANN&gt;"),
    (Group("S0OPS"), {"type": "usergroup", "usergroup_id": "S0OPS"}, "<!subteam^S0OPS>"),
    (Group("here\n" + "x" * 60), text("here " + "x" * 34 + "…"), "here " + "x" * 34 + "…"),
    (ChannelName("C0SHOP"), {"type": "channel", "channel_id": "C0SHOP"}, "<#C0SHOP>"),
    (ChannelName("G0SHOP"), {"type": "channel", "channel_id": "G0SHOP"}, "<#G0SHOP>"),
    (ChannelName("D0ANN"), text("a direct message"), "a direct message"),
    (ChannelName("shop&"), text("shop&"), "shop&amp;"),
    (
        When(NOON),
        date(TO_THE_MINUTE, "2026-11-24 12:00 UTC"),
        f"<!date^{SECONDS}^{TO_THE_MINUTE}|2026-11-24 12:00 UTC>",
    ),
    (
        When(NOON, exact=True),
        date(TO_THE_SECOND, "2026-11-24 12:00:07 UTC"),
        f"<!date^{SECONDS}^{TO_THE_SECOND}|2026-11-24 12:00:07 UTC>",
    ),
    (
        Link("https://a.example/?a=1&b=2", "this|\n<one>"),
        {"type": "link", "url": "https://a.example/?a=1&b=2", "text": "this| <one>"},
        "<https://a.example/?a=1&amp;b=2|this/ &lt;one&gt;>",
    ),
    (Link("javascript:x", "a\n<b>"), text("a <b>"), "a &lt;b&gt;"),
    (Link("https://a.example|x", "a"), text("a"), "a"),
]


@pytest.mark.parametrize(("span", "element", "_"), SPANS)
def test_a_span_is_one_element(span: Span, element: dict[str, Any], _: str) -> None:
    assert [element] == elements([(span,)], AMPLE)


@pytest.mark.parametrize(("span", "_", "words"), SPANS)
def test_a_span_is_escaped_text(span: Span, _: dict[str, Any], words: str) -> None:
    assert words == span_text(span, AMPLE)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([], []),
        ([("a", "b")], [text("ab")]),
        ([("a",), ("b",), ("c",)], [text("a\nb\nc")]),
        ([("a", Bold("b"), "c", Typed("d"))], [text("a"), text("b", bold=True), text("cd")]),
        ([(Bold("a"), Bold("b"))], [text("a", bold=True), text("b", bold=True)]),
        ([("", Bold("")), (CodeText("a"), "")], [text("\n"), text("a", code=True)]),
        ([("", Bold("a"))], [text("a", bold=True)]),
        ([(User("U1"), " asks")], [{"type": "user", "user_id": "U1"}, text(" asks")]),
    ],
)
def test_plain_words_beside_each_other_are_one_element_and_nothing_is_empty(
    lines: list[Line], expected: list[dict[str, Any]]
) -> None:
    assert expected == elements(lines, AMPLE)


ROOM = Room(typed=5, whole_typed=8)


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (Typed("12345"), "12345"),
        (Typed("123456"), "1234…"),
        (Typed("12345678", whole=True), "12345678"),
        (Typed("123456789", whole=True), "1234567…"),
        (Typed("123456", most=3), "12…"),
        (Typed("123456", most=3, whole=True), "12…"),
        (Typed("\x00" * 19 + "1"), "1"),
        (Typed("\x00" * 20 + "1"), "…"),
        (Typed("\x00" * 18 + "123"), "12…"),
        (Bold("a long word"), "a long word"),
    ],
)
def test_what_was_typed_is_cut_to_the_room_there_is(span: Span, words: str) -> None:
    assert (words, [words]) == (span_text(span, ROOM), [each["text"] for each in elements([(span,)], ROOM)])


@pytest.mark.parametrize(
    ("whole", "most", "shown"),
    [
        ("abc", 3, "abc"),
        ("abcd", 3, "ab…"),
        ("a cd", 3, "a…"),
        ("\U0001f600b", 3, "\U0001f600b"),
        ("a\U0001f600b", 3, "a…"),
        ("\U0001f600\U0001f600", 3, "\U0001f600…"),
        ("ab\ud800", 3, "ab\ud800"),
        ("a\ud800cd", 3, "a…"),
    ],
)
def test_a_text_is_cut_as_slack_counts_and_never_inside_an_emoji(whole: str, most: int, shown: str) -> None:
    assert shown == cut(whole, most)


@given(st.text(), st.integers(1, 50))
def test_what_is_cut_is_never_wider_than_its_room(whole: str, most: int) -> None:
    assert width(cut(whole, most)) <= max(most, 1)
    assert cut(whole, width(whole)) == whole


@pytest.mark.parametrize(("words", "wide"), [("", 0), ("aé", 2), ("\U0001f600", 2), ("\ud800", 1)])
def test_an_emoji_counts_twice(words: str, wide: int) -> None:
    assert wide == width(words)


def test_escaping_leaves_nothing_that_slack_takes_for_a_control_sequence() -> None:
    assert "&lt;!here&gt; &amp;lt; &lt;&gt;" == escape("<!here> &lt; <>")


def test_a_moment_is_told_in_utc_whatever_its_zone_and_the_hosts(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as cairo:
        cairo.setenv("TZ", "Africa/Cairo")
        time.tzset()
        told = span_text(When(NOON), AMPLE)
    time.tzset()

    assert told == span_text(When(NOON.astimezone(UTC)), AMPLE)
    assert "2026-11-24 12:00 UTC" in told
