"""Whatever is typed gets a clear answer, sends nothing by mistake, and pings nobody."""

import json
from typing import Any

import pytest
from world import ANN, FIRST, ORDERS, SECOND, StartWorld, World, go_ahead, order_ids, request_id

from bot.worker.inbox import TRIES
from storage.deliveries import Incoming, keep
from storage.slack_models import Delivery


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (", ; ,", "no order id"),
        ("because duplicate", "There is a reason but no order id."),
        (f"{FIRST} because", "Type the reason after it"),
        ("x" * 64 + "1", "too long for an order id (65 characters, at most 64)"),
        ("lamp sofa", "is not understood"),
        (f"{FIRST} lamp", "is not an order id: it has no digit"),
        (f"{FIRST} 😀1", "is not an order id"),
        (f"{FIRST} طلب1", "is not an order id"),
        (f"{FIRST} \u202e1234", "turns the direction of text"),
        (f"{FIRST} 12\u200e34", "turns the direction of text"),
        (f"{FIRST} DMA-\u200bEX-1", "an invisible character (U+200B zero width space)"),
        (f"{FIRST}\u200b1234", "an invisible character (U+200B zero width space)"),
        ("#1001", "Fincart wants its own order id: 24 letters and digits"),
        (f"{FIRST} #1800022D2", "“#1800022D2” is the order's number in your shop."),
        ("# 1001", "Fincart wants its own order id: 24 letters and digits"),
        (f"1. {FIRST}\n2. {SECOND}", "“1.” is not an order id"),
        (f"1) {FIRST}", "“1)” is not an order id"),
        (f"☐ {FIRST}", "“☐” is not understood"),
        ("5,551,234", "a number as a spreadsheet writes it"),
        (f"{FIRST} 6,86E+23", "a number as a spreadsheet writes it"),
        ("<tel:01001234567|0100 123 4567>", "a telephone number that your phone made a link of"),
        (f"{FIRST} @bo", "is a mention, not an order id"),
        (f"{FIRST} https://example.com/1", "is a link, not an order id"),
        (f"{FIRST} <!channel>", "not an order id"),
        ("R-7K3F9Q", "/cancel-orders show R-7K3F9Q"),
        (f"{FIRST} because {'x' * 1001}", "Shorten it to 1,000 or fewer."),
        (f"{FIRST} because dupli\x07cate", "The reason holds a character that cannot be seen and cannot be recorded"),
        ("pause because courier\x1bstrike", "(U+001B). Type the reason by hand"),
    ],
)
def test_what_cannot_be_read_is_answered_with_its_fix_and_what_was_typed(world: World, typed: str, said: str) -> None:
    answer = world.answer(ANN, typed)

    assert "That was not understood" in answer.text
    assert "Nothing was sent." in answer.text
    assert said in answer.text
    assert [] == world.kinds()
    assert () == world.fincart.calls


def test_what_was_typed_is_repeated_as_it_looked(world: World) -> None:
    answer = world.answer(ANN, f"{FIRST} <!channel> & co")

    assert [f"You typed: {FIRST} &lt;!channel&gt; &amp; co"] == [
        line for line in answer.text.splitlines() if line.startswith("You typed")
    ]


def test_only_duplicates_are_one_order(world: World) -> None:
    assert "Cancel 1 order?" in world.preview(ANN, f"{FIRST} {FIRST}, {FIRST}").text


def test_more_than_the_limit_is_refused_with_the_limit(world: World) -> None:
    answer = world.answer(ANN, " ".join(order_ids(1001)))

    assert "Refused: a request of 1,001 orders is too large" in answer.text
    assert "at most 1,000 orders each" in answer.text


@pytest.mark.parametrize(
    "typed",
    [
        f"“{FIRST}”\u00a0‘{SECOND}’",
        f"`{FIRST}`;\u200b{SECOND}",
        f"• {FIRST}\n• {SECOND}",
        f"{FIRST[:7]}\u200b{FIRST[7:]} {SECOND[:1]}\u2060{SECOND[1:20]}\u00ad{SECOND[20:]}",
        f"\u202a{FIRST}\u202c \u2068“{SECOND}\u200f”\u2069\ufeff",
        f"{FIRST}\u200c{SECOND}",
        f"> {FIRST}\n> {SECOND}",
        f"```\n{FIRST}\n{SECOND}```",
        f"_{FIRST}_ *{SECOND}*",
        f"{FIRST} {SECOND}".translate(dict(zip(map(ord, "0123456789"), "٠١٢٣٤٥٦٧٨٩", strict=True))),
        f"{FIRST} {SECOND}".translate(dict(zip(map(ord, "0123456789"), "۰۱۲۳۴۵۶۷۸۹", strict=True))),
        f"{FIRST.upper()},{SECOND}",
        f'"{FIRST}"\t{SECOND} —reason duplicate',
        f"{FIRST} {SECOND} REASON: duplicate",
    ],
)
def test_what_people_paste_is_read_as_they_mean_it(world: World, typed: str) -> None:
    preview = world.preview(ANN, typed)
    world.click(ANN, preview, go_ahead(preview))
    world.ended(request_id(preview))

    assert [(FIRST, SECOND)] == [call.ids for call in world.fincart.cancel_calls]


@pytest.mark.parametrize("label", ["1805551234", "180-555-1234"])
def test_digits_that_a_phone_made_a_telephone_link_of_are_what_was_typed(world: World, label: str) -> None:
    world.fincart.add(label)
    world.slack.state.phone_links = True
    preview = world.preview(ANN, label)
    world.click(ANN, preview, "Cancel 1 order")
    world.ended(request_id(preview))

    assert "unlike a Fincart order id" in preview.text
    assert [(label,)] == [call.ids for call in world.fincart.cancel_calls]


def test_an_id_unlike_fincarts_is_marked_and_sent_exactly_as_typed(world: World) -> None:
    world.fincart.add("DMA-EX-0001")
    preview = world.preview(ANN, "DMA-EX-0001")
    world.click(ANN, preview, go_ahead(preview))
    world.ended(request_id(preview))

    assert "unlike a Fincart order id" in preview.text
    assert [("DMA-EX-0001",)] == [call.ids for call in world.fincart.cancel_calls]


@pytest.mark.parametrize(
    "reason",
    [
        "<!channel> look",
        "@here and @everyone",
        "<https://evil.example|the refund page>",
        "*bold* _italic_ `code` ~gone~ > quote",
        "مكرر \u202ereversed",
        "😀😀",
        "<@U0000002> said so",
        "<!date^0^{date}|never> <!subteam^S0000001>",
    ],
)
def test_a_reason_can_neither_ping_nor_link_nor_format(world: World, reason: str) -> None:
    end = world.cancelled(ANN, f"{FIRST} because {reason}")
    history = world.answer(ANN, "history")

    for post in (end, history):
        for forbidden in ("<!channel>", "<!here>", "<!everyone>", "<https://evil", "<!subteam", "<!date^0", "\u202e"):
            assert forbidden not in post.text
        assert "<@U0000002>" not in post.text
        assert [] == [part for part in formatted(post.blocks) if reason.split()[0] in part]
    assert 1 == len(world.slack.messages(ORDERS))


def formatted(blocks: list[dict[str, Any]]) -> list[str]:
    """What Slack formats of these blocks: the bot's own mentions and times, in small print."""
    parts = [part for block in blocks if block["type"] == "context" for part in block["elements"]]
    ours = [part["text"] for part in parts if part["type"] == "mrkdwn"]

    assert len(ours) == str(blocks).count("mrkdwn")
    return ours


def test_a_button_of_another_version_is_told_so(world: World) -> None:
    preview = world.preview()
    answer = world.told(
        ANN, lambda: world.slack.forge_click(ANN, preview, {"action_id": "confirm_v0", "value": "everything"})
    )

    assert "This button is too old. Nothing was done." in answer.text
    assert () == world.fincart.cancel_calls


def test_what_keeps_failing_by_a_fault_of_ours_is_said_plainly(world: World) -> None:
    kept = Incoming(
        "command", ("trigger", ANN), json.dumps({"text": None, "user": ANN, "channel": ORDERS, "team": "T"})
    )

    def fail_for_the_last_time() -> None:
        keep(world.bot.context.database, kept, due=False)
        with world.bot.context.database.write() as transaction:
            transaction.session.get_one(Delivery, kept.id()).tries = TRIES - 1
            transaction.session.get_one(Delivery, kept.id()).due_at = transaction.now()
            transaction.wake("inbox")

    assert "The bot failed at this" in world.told(ANN, fail_for_the_last_time).text


def test_a_token_that_fincart_rejects_is_said_plainly(start_world: StartWorld) -> None:
    world = start_world()
    world.fincart.settings.token_rejected = True
    end = world.cancelled(ANN, f"{FIRST} {SECOND}")

    assert "2 not sent" in end.text
    assert "User is not authorized" in end.text
