"""What people typed can never ping, link or format; every message is within Slack's limits; `text` says it all."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from messages_samples import every_message

from bot.messages.actions import Action
from bot.messages.document import Bullets, Button, Buttons, Heading, Link, Paragraph, Part, Typed, User
from bot.messages.inline import escape
from bot.messages.message import Message
from bot.messages.render import render
from bot.sandbox.gallery.facts import LINK, NAMES
from bot.sandbox.slack.blocks import Surface, block_problems

NASTY = (
    "<!channel> <!here> <@U0EVIL> <#C0EVIL|x> <!subteam^S0EVIL> <https://evil.example|bank> <!date^1^{date}|x> "
    "@here @channel @everyone *bold* _it_ ~s~ `code` https://evil.example mailto:e@evil.example :tada: & &lt;!here&gt; "
    "\u202eright to left\u2066 اطلب \u200b\u200d zero\u00a0width \U0001f600 \ud800 \x00\x07\x1b[31m\r\n> quote\n• item"
)
OURS = re.compile(
    r"<@(?P<user>[UW][A-Z0-9]+)>|<#(?P<channel>[CG][A-Z0-9]+)>|<!subteam\^(?P<group>S[A-Z0-9]+)>"
    r"|<!date\^[0-9]+\^\{date_short_pretty\} \{time(?:_secs)?\}\|[0-9: -]+ UTC>|<(?P<url>https?://[^<>|\s]+)\|[^<>|]+>"
)
"""Every control sequence the bot itself writes."""

KNOWN = {*(name for kind in NAMES.values() for name in kind), escape(LINK)}
OWN_WORDS = re.compile("[A-Za-z0-9 ·,.:;'/-]*")
"""What small print says in words besides mentions, times and links; with none of what Slack would format."""
CONTROLS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")

SIZES = {
    "nasty": (NASTY * 10, 5000),
    "all escaped": ("&<>" * 1000, 5000),
    "all emoji": ("\U0001f600" * 3000, 1000),
    "right to left": ("اطلب " * 1000, 5000),
    "invisible": ("\u200b" * 1000, 5000),
    "nothing": ("", 5000),
    "long": ("w" * 4000, 1000),
}
of_every_size = pytest.mark.parametrize("messages", SIZES, indirect=True)
Messages = dict[str, Message]


@pytest.fixture(scope="module")
def messages(request: pytest.FixtureRequest) -> Messages:
    """The messages of one size, made once for all tests of that size: they stand together, since the scope is wide."""
    return every_message(*SIZES[request.param])


def strings(block: Any) -> Iterator[str]:
    """Everything a reader of the blocks sees, as `text` has to say it."""
    match block:
        case list() | tuple():
            for part in block:
                yield from strings(part)
        case {"type": "table", "rows": [first, *_] as rows} if len(first) > 2:
            yield from strings(first[0])
            for name, *cells in rows[1:]:
                yield from strings([name, *(each for named in zip(first[1:], cells, strict=True) for each in named)])
        case {"type": "data_visualization"}:
            return  # It draws what the table beside it says.
        case {"type": "user", "user_id": user}:
            yield f"<@{user}>"
        case {"type": "channel", "channel_id": channel}:
            yield f"<#{channel}>"
        case {"type": "usergroup", "usergroup_id": group}:
            yield f"<!subteam^{group}>"
        case {"type": "date", "timestamp": at, "format": shown, "fallback": fallback}:
            yield f"<!date^{at}^{shown}|{fallback}>"
        case {"type": "link", "url": url, "text": label}:
            yield f"<{escape(url)}|{escape(label)}>"
        case {"type": "mrkdwn", "text": str(ours)}:
            yield ours
        case {"type": "text" | "plain_text" | "raw_text", "text": str(words)}:
            yield escape(words)
        case dict():
            yield from strings([part for part in block.values() if isinstance(part, dict | list)])


def elements(block: Any) -> Iterator[dict[str, Any]]:
    if isinstance(block, dict):
        yield block
    for part in block.values() if isinstance(block, dict) else block if isinstance(block, list | tuple) else ():
        yield from elements(part)


def shortcomings(message: Message) -> list[str]:
    """The strings of the blocks that `text` does not say, or not in the same order."""
    at, missing = 0, []
    for said in strings(message.blocks):
        found = message.text.find(said, at)
        if found < 0:
            missing.append(said)
        at = max(at, found + len(said))
    return missing


def names(message: Message) -> set[str]:
    """The people, channels, groups and addresses that blocks and text name."""
    keys = ("user_id", "channel_id", "usergroup_id", "url")
    in_blocks = {escape(part[key]) for part in elements(message.blocks) for key in keys if key in part}
    in_text = {name for match in OURS.finditer(message.text) for name in match.groups() if name}
    return in_blocks | in_text


@of_every_size
def test_slack_takes_every_message(messages: Messages) -> None:
    sent = {name: json.loads(json.dumps(message.blocks)) for name, message in messages.items()}
    problems = {name: found for name, blocks in sent.items() if (found := block_problems(blocks, Surface.MESSAGE))}

    assert {} == problems


@of_every_size
def test_every_message_is_within_the_length_we_promise(messages: Messages) -> None:
    def whole(message: Message) -> int:
        return len(message.text) + len(json.dumps(message.blocks, ensure_ascii=False, separators=(",", ":")))

    assert max(len(message.text) for message in messages.values()) <= 3900
    assert max(whole(message) for message in messages.values()) <= 12_000


@of_every_size
def test_no_message_is_empty(messages: Messages) -> None:
    assert [] == [name for name, message in messages.items() if not message.text or not message.blocks]


@of_every_size
def test_no_message_has_to_be_cut_off(messages: Messages) -> None:
    assert [] == [name for name, message in messages.items() if "shown in part" in message.text]


@of_every_size
def test_every_order_of_a_page_of_show_is_on_it(messages: Messages) -> None:
    pages = {name: len(re.findall(r"ORDER-0", made.text)) for name, made in messages.items() if name.startswith("Show")}

    assert {10} == set(pages.values())


@of_every_size
def test_text_says_all_that_the_blocks_say_in_the_same_order(messages: Messages) -> None:
    assert {} == {name: missing for name, message in messages.items() if (missing := shortcomings(message))}


@of_every_size
def test_text_has_no_control_sequence_but_the_bots_own(messages: Messages) -> None:
    assert [] == [name for name, message in messages.items() if set("<>") & set(OURS.sub("", message.text))]


@of_every_size
def test_nobody_is_named_but_whom_the_facts_name(messages: Messages) -> None:
    assert set() == set().union(*map(names, messages.values())) - KNOWN


@of_every_size
def test_slack_formats_nothing_but_the_bots_own_words_in_small_print(messages: Messages) -> None:
    parts = [part for message in messages.values() for part in elements(message.blocks)]
    formatted = {OURS.sub("", part["text"]) for part in parts if part.get("type") == "mrkdwn"}

    assert set() == {"markdown", "broadcast", "emoji", "section"} & {part.get("type") for part in parts}
    assert [] == [text for text in formatted if not OWN_WORDS.fullmatch(text)]


@of_every_size
def test_plain_text_never_turns_colons_into_emoji(messages: Messages) -> None:
    plain = [part for made in messages.values() for part in elements(made.blocks) if part.get("type") == "plain_text"]

    assert {False} == {part["emoji"] for part in plain}


@of_every_size
def test_no_control_character_reaches_a_message(messages: Messages) -> None:
    shown = {name: made.text + "".join(strings(made.blocks)) for name, made in messages.items()}

    assert [] == [name for name, text in shown.items() if CONTROLS.search(text)]


@of_every_size
def test_the_go_ahead_is_the_only_dangerous_button_and_there_once_at_most_of_a_request(messages: Messages) -> None:
    for message in messages.values():
        dangerous = [part for part in elements(message.blocks) if part.get("style") == "danger"]

        assert {Action.GO_AHEAD, Action.APPROVE} >= {part["action_id"] for part in dangerous}
        assert len(dangerous) == len({part["value"] for part in dangerous})


typed = st.text(st.characters(codec=None), max_size=80) | st.sampled_from([NASTY, "<!channel>", "<@U0EVIL>", "&lt;"])


@given(words=typed)
@settings(max_examples=300, deadline=None)
def test_whatever_is_typed_leaves_no_control_sequence(words: str) -> None:
    parts = (
        Heading(words),
        Paragraph((("Reason: ", Typed(words)), (User(words), Link(words, words), Link("https://a.example/", words)))),
        Bullets(((Typed(words),),) * 3, 1000),
        Buttons((Button(words, Action.KEEP, "R-7K3F9Q:1"),)),
    )
    message = render(parts)
    left = OURS.sub("", message.text.replace("<https://a.example/|", "").replace(f"<@{words}>", ""))

    assert "<" not in left
    assert [] == block_problems(json.loads(json.dumps(message.blocks)), Surface.MESSAGE)


@given(words=typed, count=st.integers(0, 10**6), items=st.integers(0, 60), most=st.integers(1, 5000))
@settings(max_examples=100, deadline=None)
def test_rendering_never_fails_and_a_list_always_accounts_for_all_its_items(
    words: str, count: int, items: int, most: int
) -> None:
    listed = Bullets(tuple((f"item{n};", Typed(words * 50, most)) for n in range(items)), count)
    message = render((Heading("List"), listed))
    shown = len(re.findall(r"item\d+;", message.text))
    more = re.search(r"^• (?:… and )?([\d,]+) (?:more|in all)$", message.text, re.MULTILINE)

    assert max(count, items) == shown + (int(more[1].replace(",", "")) if more else 0)
    assert len(message.text) <= 3900


def test_a_message_beyond_all_bounds_is_cut_and_says_so() -> None:
    parts: list[Part] = [
        *(Paragraph((("x" * 3000,),)) for _ in range(60)),
        Buttons((Button("Keep", Action.KEEP, "v"),)),
    ]
    message = render(parts)

    assert "This message was too long and is shown in part." in message.text
    assert "[Keep]" in message.text
    assert [] == block_problems(list(message.blocks), Surface.MESSAGE)
