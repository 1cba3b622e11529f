"""The order ids that a person reads in a message."""

from typing import Any

import pytest
from shown_ids import FIRST, NOT_READ, READ

from bot.domain.commands.message_ids import fincart_ids_in

SECOND = "6877b613a665f49134ef0001"
THIRD = "6877b613a665f49134ef0002"


def rich(*elements: Any, kind: str = "rich_text_section") -> dict[str, Any]:
    return {"blocks": [{"type": "rich_text", "elements": [{"type": kind, "elements": list(elements)}]}]}


@pytest.mark.parametrize("message", READ.values(), ids=READ.keys())
def test_an_id_that_a_person_reads_is_found_once(message: dict[str, Any]) -> None:
    assert (FIRST,) == fincart_ids_in(message)


@pytest.mark.parametrize("message", NOT_READ.values(), ids=NOT_READ.keys())
def test_an_id_that_nobody_reads_is_not_found(message: dict[str, Any]) -> None:
    assert () == fincart_ids_in(message)


@pytest.mark.parametrize(
    ("message", "ids"),
    [
        ({}, ()),
        ({"text": f"<@U1>{FIRST}<#C1>"}, (FIRST,)),
        ({"text": f"<#{FIRST}> <@{FIRST}> <!{FIRST}>"}, ()),
        (rich(None, {"text": FIRST}, None), (FIRST,)),
        (rich({"type": "user"}, {"text": FIRST}, {"type": "user"}), (FIRST,)),
        ({"text": f"{SECOND.upper()} {FIRST}\n{SECOND}"}, (SECOND, FIRST)),
        ({"blocks": [{"type": "header", "text": {"text": SECOND}}], "text": FIRST}, (FIRST, SECOND)),
        ({"text": f"{FIRST}\u200b{SECOND}"}, (FIRST, SECOND)),
        ({"text": f"\u200e{FIRST}\u200f\u200b{SECOND}"}, (FIRST, SECOND)),
        ({"text": f"\u202e{FIRST}\n{SECOND}"}, (SECOND,)),
        ({"text": f"\u202e{FIRST}\u202c{SECOND}"}, (SECOND,)),
        ({"text": f"__{FIRST}__ ___{SECOND}___"}, (FIRST, SECOND)),
        ({"text": f"<@{FIRST}> <#{FIRST}|{SECOND}> <!date^1^{FIRST}>"}, (SECOND,)),
        ({"text": f"{FIRST[:12]}<@U1>{FIRST[12:]}"}, ()),
        ({"text": f"{FIRST[:12]}<https://a.example|{FIRST[12:]}>"}, (FIRST,)),
        (
            {
                "blocks": [
                    {"type": "header", "text": {"type": "plain_text", "text": f"<https://a.example|x> _{FIRST}_"}}
                ]
            },
            (),
        ),
        ({"blocks": [{"type": "header", "text": {"type": "plain_text", "text": f"<x|{FIRST}>"}}]}, (FIRST,)),
        ({"blocks": [{"type": "table", "rows": [[{"type": "raw_text", "text": f"&lt;<{FIRST}|x>"}]]}]}, (FIRST,)),
        ({"blocks": [{"type": "markdown", "text": f"[{SECOND}](https://a.example/{FIRST}) {THIRD}"}]}, (SECOND, THIRD)),
        ({"blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": f"[x]({FIRST})"}}]}, (FIRST,)),
        (rich({"type": "text", "text": FIRST[:12]}, {"type": "text", "text": FIRST[12:]}), (FIRST,)),
        (rich({"type": "text", "text": FIRST[:12]}, {"type": "user"}, {"type": "text", "text": FIRST[12:]}), ()),
        (rich({"type": "text", "text": FIRST[:12]}, None, {"type": "text", "text": FIRST[12:]}), ()),
        (rich({"type": "text", "text": FIRST[:12]}, {"text": 7}, {"type": "text", "text": FIRST[12:]}), ()),
        (rich({"type": "link", "url": FIRST}), (FIRST,)),
        (rich({"type": "emoji", "url": FIRST}), ()),
        (rich({"type": "date", "fallback": FIRST}), (FIRST,)),
        ({"blocks": [{"type": "rich_text_section", "elements": 7}]}, ()),
        ({"attachments": [{"type": "x", "value": FIRST}, {"text": "x", "value": FIRST}]}, ()),
        ({"attachments": [{"name": "x", "value": FIRST}]}, ()),
    ],
)
def test_all_that_is_shown_is_read_in_its_order_and_nothing_else(message: dict[str, Any], ids: tuple[str, ...]) -> None:
    assert ids == fincart_ids_in(message)


@pytest.mark.parametrize(("depth", "ids"), [(49, (FIRST,)), (50, ())])
def test_what_is_deeper_than_any_message_of_slacks_is_left(depth: int, ids: tuple[str, ...]) -> None:
    part: Any = {"text": FIRST}
    for _ in range(depth):
        part = [part]

    assert ids == fincart_ids_in({"blocks": part})
