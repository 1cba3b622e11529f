"""The Home tab and the message shortcut."""

from typing import Any

import pytest
from world import ANN, BO, CY, FIRST, ORDERS, SECOND, StartWorld, World, order_ids, request_id

from bot.manifest import SHORTCUT
from bot.sandbox.slack_faults import Fault, FaultKind


def opened(world: World, person: str) -> str:
    """Open the Home tab, and read it."""
    before = world.slack.count("views.publish")
    world.slack.open_home(person)
    world.slack.wait_for(lambda: world.slack.count("views.publish") > before)
    home = world.slack.home(person)
    assert home is not None
    return home.rendered()


def test_home_shows_ones_own_last_results(world: World) -> None:
    ended = world.cancelled()

    shown = opened(world, ANN)

    assert f"{request_id(ended)} · 2 orders · finished: 2 cancelled" in shown


def test_home_says_to_whoever_may_nothing_whom_to_ask(start_world: StartWorld) -> None:
    world = start_world(CONTACT="the shift lead")

    shown = opened(world, CY)

    assert "You may not cancel orders" in shown
    assert "the shift lead" in shown


def test_home_names_the_scope_that_the_bot_lacks(world: World) -> None:
    world.slack.state.scopes.remove("users:read")
    shown = opened(world, ANN)

    assert "lacks the scope users:read" in shown
    assert "install the app again" in shown
    assert "You may not" not in shown


def test_home_says_where_slack_could_not_name_its_reader(world: World) -> None:
    world.slack.fail("users.info", Fault(FaultKind.ERROR, error="internal_error"), times=None)
    shown = opened(world, ANN)

    assert "Slack could not say who you are. Open this tab again in a minute." in shown
    assert "You may not" not in shown


def test_an_approval_from_the_home_tab_works_and_is_answered_directly(start_world: StartWorld) -> None:
    world = start_world(SECOND_APPROVAL_ABOVE="1")
    shown = world.told(ANN, lambda: world.type(ANN, f"{FIRST} {SECOND}"), with_button="ask_approval")
    world.click(ANN, shown, "Ask for approval: cancel 2 orders")
    public_id = request_id(shown)
    world.slack.wait_for(lambda: world.live(public_id))
    opened(world, BO)
    home = world.slack.home(BO)
    assert home is not None
    published = world.slack.count("views.publish")

    world.slack.click(BO, home, "Approve: cancel 2 orders")

    assert "Finished: 2 cancelled" in world.ended(public_id).text
    world.slack.wait_for(lambda: [post for post in world.slack.dms(BO) if public_id in post.text])
    world.slack.wait_for(lambda: world.slack.count("views.publish") > published)


def test_the_shortcut_opens_the_form_with_the_ids_of_the_message(world: World) -> None:
    post = world.slack.say(BO, ORDERS, f"please cancel {FIRST.upper()}, and {SECOND}; not 12")
    world.slack.shortcut(ANN, post, SHORTCUT)
    view = world.slack.wait_for(lambda: world.slack.open_view(ANN))
    assert view is not None

    shown = world.told(ANN, lambda: world.slack.submit(view, {}), with_button="go_ahead")

    assert FIRST in shown.text
    assert SECOND in shown.text
    assert "Cancel 2 orders" in [button.text for button in shown.buttons()]
    assert "shortcut" == world.rows("SELECT origin FROM request")[0][0]


def test_the_form_says_how_many_ids_the_message_held_and_how_many_are_not_in_it(world: World) -> None:
    def intro(text: str) -> str:
        world.slack.shortcut(ANN, world.slack.say(BO, ORDERS, text), SHORTCUT)
        view = world.slack.wait_for(lambda: world.slack.open_view(ANN))
        assert view is not None
        world.slack.close(view)
        return view.rendered()

    assert "No order id was found in the message." in intro("good morning")
    assert "2 order ids found in the message, filled in below." in intro(f"{FIRST} {SECOND}")
    many = intro(" ".join(order_ids(150)))
    assert "150 order ids found in the message: the first 120 are below, the other 30 are NOT" in many


def _found(world: World, **message: Any) -> str:
    """What the form that the shortcut opens on another app's message says."""
    world.slack.shortcut(ANN, world.slack.alert(ORDERS, **message), SHORTCUT)
    view = world.slack.wait_for(lambda: world.slack.open_view(ANN))
    assert view is not None
    world.slack.close(view)
    return view.rendered()


def _rich(*elements: dict[str, Any], kind: str = "rich_text_section") -> list[dict[str, Any]]:
    return [{"type": "rich_text", "elements": [{"type": kind, "elements": list(elements)}]}]


def _said(text: str, **more: Any) -> dict[str, Any]:
    return {"type": "text", "text": text, **more}


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def _cell(text: str) -> dict[str, Any]:
    return {"type": "raw_text", "text": text}


ITS_LINK = f"https://shop.example/orders/{FIRST}"


def _option(words: str) -> dict[str, Any]:
    return {"text": _plain(words), "value": "x"}


def _choice(kind: str, groups: bool = False) -> dict[str, Any]:
    options = [_option(FIRST), _option("another")]
    if groups:
        return {"type": kind, "option_groups": [{"label": _plain("Orders"), "options": options}]}
    return {"type": kind, "options": options}


READ: dict[str, dict[str, Any]] = {
    "after a line break": {"text": f"orders\n{FIRST}"},
    "after a tab": {"text": f"order\t{FIRST}\tAnn"},
    "after a bullet": {"text": f"•{FIRST}"},
    "beside an Arabic letter": {"text": f"طلب{FIRST}رقم"},
    "beside a Cyrillic letter": {"text": f"заказ{FIRST}"},
    "in code": {"text": f"`{FIRST}`"},
    "in italics": {"text": f"_{FIRST}_"},
    "behind an escaped bracket": {"text": f"&lt;{FIRST}&gt;"},
    "as the words of a link": {"text": f"<https://shop.example|{FIRST}>"},
    "in an address that is shown": {"text": f"<{ITS_LINK}>"},
    "with direction marks around": {"text": f"\u2066{FIRST}\u2069"},
    "with a zero-width space inside": {"text": f"{FIRST[:9]}\u200b{FIRST[9:]}"},
    "in Arabic digits": {"text": FIRST.translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))},
    "in an attachment": {"attachments": [{"text": f"failed:\n{FIRST}"}]},
    "in an attachment's pretext": {"attachments": [{"pretext": f"order {FIRST}"}]},
    "in an attachment's title": {"attachments": [{"title": FIRST, "title_link": "https://shop.example"}]},
    "in an attachment's field": {"attachments": [{"fields": [{"title": "Order", "value": FIRST, "short": True}]}]},
    "in an attachment's field without a title": {"attachments": [{"fields": [{"value": FIRST}]}]},
    "in an attachment's fallback": {"attachments": [{"fallback": f"Order {FIRST}", "color": "danger"}]},
    "in an attachment's footer": {"attachments": [{"footer": f"id {FIRST}"}]},
    "in an attachment's block": {
        "attachments": [{"blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": f"*Order*\n{FIRST}"}}]}]
    },
    "in a message that an attachment shares": {
        "attachments": [{"is_share": True, "message_blocks": [{"message": {"blocks": _rich(_said(FIRST))}}]}]
    },
    "in a section's field": {"blocks": [{"type": "section", "fields": [_plain("Order"), _plain(FIRST)]}]},
    "in a header": {"blocks": [{"type": "header", "text": _plain(f"Order {FIRST}")}]},
    "in a context": {"blocks": [{"type": "context", "elements": [{"type": "mrkdwn", "text": f"id:{FIRST}"}]}]},
    "in rich text": {"blocks": _rich(_said("order\n"), _said(FIRST), _said("\nfailed"))},
    "half of it bold": {"blocks": _rich(_said(FIRST[:12], style={"bold": True}), _said(FIRST[12:]))},
    "in a preformatted part": {"blocks": _rich(_said(f"a\t{FIRST}"), kind="rich_text_preformatted")},
    "in a quote": {"blocks": _rich(_said(FIRST), kind="rich_text_quote")},
    "in a list": {
        "blocks": _rich({"type": "rich_text_section", "elements": [_said(FIRST)]}, kind="rich_text_list"),
    },
    "beside an emoji": {"blocks": _rich({"type": "emoji", "name": "x"}, _said(FIRST))},
    "in a link of rich text": {"blocks": _rich({"type": "link", "url": "https://a.example", "text": FIRST})},
    "in markdown": {"blocks": [{"type": "markdown", "text": f"| order |\n|---|\n|**{FIRST}**|"}]},
    "in a table": {"blocks": [{"type": "table", "rows": [[_cell("order")], [_cell(FIRST)]]}]},
    "in a table's rich text": {"blocks": [{"type": "table", "rows": [_rich(_said(FIRST))]}]},
    "in a data table": {"blocks": [{"type": "data_table", "caption": "Orders", "rows": [[_cell(FIRST)]]}]},
    "in a container": {
        "blocks": [
            {"type": "container", "title": _plain("Orders"), "elements": [{"type": "divider"}, *_rich(_said(FIRST))]}
        ]
    },
    "in a picture's words": {"blocks": [{"type": "image", "image_url": "https://a.example/x.png", "alt_text": FIRST}]},
    "in a picture's title": {"blocks": [{"type": "image", "alt_text": "x", "title": _plain(FIRST)}]},
    "on a button": {"blocks": [{"type": "actions", "elements": [{"type": "button", "text": _plain(f"Open {FIRST}")}]}]},
    "chosen in a menu": {
        "blocks": [
            {"type": "actions", "elements": [{"type": "static_select", "initial_option": _option(f"Order {FIRST}")}]}
        ]
    },
    "beside a radio button": {"blocks": [{"type": "actions", "elements": [_choice("radio_buttons")]}]},
    "in a file's title": {"files": [{"id": "F1", "title": f"Order {FIRST}.pdf", "name": "x.pdf"}]},
}


@pytest.mark.parametrize("message", READ.values(), ids=READ.keys())
def test_the_shortcut_finds_the_id_that_a_person_reads(start_sqlite_world: StartWorld, message: dict[str, Any]) -> None:
    shown = _found(start_sqlite_world(), **message)

    assert "1 order id found in the message" in shown
    assert FIRST in shown


NOT_READ: dict[str, dict[str, Any]] = {
    "longer": {"text": f"{FIRST}0"},
    "part of a word": {"text": f"order-{FIRST}"},
    "beside a letter with an accent": {"text": f"é{FIRST}"},
    "beside an Arabic digit": {"text": f"٣{FIRST}"},
    "two that only a zero-width space cuts out of something else": {"text": f"ref\u200b{FIRST}"},
    "turned round": {"text": f"\u202e{FIRST}\u202c"},
    "where a link leads": {"text": f"<{ITS_LINK}|Order 1001>"},
    "where a link of rich text leads": {"blocks": _rich({"type": "link", "url": ITS_LINK, "text": "Order 1001"})},
    "where a link of markdown leads": {"blocks": [{"type": "markdown", "text": f"[Order 1001]({ITS_LINK})"}]},
    "where a title leads": {"attachments": [{"title": "Order 1001", "title_link": ITS_LINK}]},
    "what a button carries": {
        "blocks": [{"type": "actions", "elements": [{"type": "button", "text": _plain("Open"), "value": FIRST}]}]
    },
    "in a menu that is not open": {"blocks": [{"type": "actions", "elements": [_choice("static_select")]}]},
    "in a menu of groups that is not open": {
        "blocks": [{"type": "actions", "elements": [_choice("multi_static_select", groups=True)]}]
    },
    "behind three dots": {"blocks": [{"type": "section", "text": _plain("hello"), "accessory": _choice("overflow")}]},
    "in an attachment's menu": {
        "attachments": [{"text": "hello", "actions": [{"type": "select", "options": [{"text": FIRST, "value": "1"}]}]}]
    },
    "the metadata of an app": {
        "text": "hello",
        "metadata": {"event_type": "order", "event_payload": {"text": FIRST}},
    },
    "a message of strange parts": {"blocks": {"text": 5}, "attachments": "x", "files": [[None, 7]]},
}


@pytest.mark.parametrize("message", NOT_READ.values(), ids=NOT_READ.keys())
def test_the_shortcut_finds_no_id_that_nobody_reads(start_sqlite_world: StartWorld, message: dict[str, Any]) -> None:
    assert "No order id was found in the message." in _found(start_sqlite_world(), **message)
