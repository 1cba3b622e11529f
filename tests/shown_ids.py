"""Messages of anybody's in Slack, and whether a person reads the order id in them."""

from typing import Any

FIRST = "6864fecda075914a1b1e353c"


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
