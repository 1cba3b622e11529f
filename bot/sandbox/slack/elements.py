"""What may stand inside a block: texts, options, buttons, inputs and rich text, with Slack's limits.

Limits are those of Slack's published block types. Unknown keys and types are refused, as Slack refuses them.
"""

from bot.sandbox.slack.checks import Check, both, by_type, fields, items, number, one_of, refuse, text, truth

DATE = r"\d{4}-\d{2}-\d{2}"
URL = r"(https?|mailto|slack)://?\S+|mailto:\S+"


def plain(high: int, low: int = 1) -> Check:
    """A `plain_text` object of at most `high` characters."""
    return by_type({"plain_text": fields({"text": text(low, high)}, {"emoji": truth})})


def any_text(high: int) -> Check:
    """A `plain_text` or `mrkdwn` object of at most `high` characters."""
    return by_type(
        {
            "plain_text": fields({"text": text(1, high)}, {"emoji": truth}),
            "mrkdwn": fields({"text": text(1, high)}, {"verbatim": truth}),
        }
    )


ACTION_ID = text(1, 255)
PLACEHOLDER = plain(150)
STYLE = one_of("primary", "danger")
CONFIRM = fields(
    {"title": plain(100), "text": any_text(300), "confirm": plain(30), "deny": plain(30)}, {"style": STYLE}
)
PLAIN_OPTION = fields({"text": plain(75), "value": text(1, 75)}, {"description": plain(75)})
RICH_OPTION = fields({"text": any_text(75), "value": text(1, 75)}, {"description": any_text(75)})
OPTION_GROUP = fields({"label": plain(75), "options": items(PLAIN_OPTION, 1, 100)})
COMMON = {"action_id": ACTION_ID}
FOCUS = {"focus_on_load": truth, "confirm": CONFIRM}

BUTTON = fields(
    {"text": plain(75), **COMMON},
    {
        "value": text(1, 2000),
        "style": STYLE,
        "confirm": CONFIRM,
        "url": text(1, 3000),
        "accessibility_label": text(1, 75),
    },
)
SELECT_CHOICES = refuse(
    "exactly one of options and option_groups is needed",
    lambda select: ("options" in select) == ("option_groups" in select),
)
SELECT_OPTIONS = {
    "options": items(PLAIN_OPTION, 1, 100),
    "option_groups": items(OPTION_GROUP, 1, 100),
    "placeholder": PLACEHOLDER,
    **FOCUS,
}
STATIC_SELECT = both(fields(COMMON, {**SELECT_OPTIONS, "initial_option": PLAIN_OPTION}), SELECT_CHOICES)
USERS_SELECT = fields(COMMON, {"placeholder": PLACEHOLDER, "initial_user": text(), **FOCUS})
OVERFLOW = fields({**COMMON, "options": items(PLAIN_OPTION, 1, 5)}, {"confirm": CONFIRM})
CHECKBOXES = fields(
    {**COMMON, "options": items(RICH_OPTION, 1, 10)}, {"initial_options": items(RICH_OPTION, 1, 10), **FOCUS}
)
RADIO_BUTTONS = fields({**COMMON, "options": items(RICH_OPTION, 1, 10)}, {"initial_option": RICH_OPTION, **FOCUS})
DATEPICKER = fields(COMMON, {"initial_date": text(pattern=DATE), "placeholder": PLACEHOLDER, **FOCUS})
PLAIN_TEXT_INPUT = both(
    fields(
        COMMON,
        {
            "initial_value": text(0, 3000),
            "multiline": truth,
            "min_length": number(0, 3000),
            "max_length": number(1, 3000),
            "placeholder": PLACEHOLDER,
            "dispatch_action_config": fields({}, {"trigger_actions_on": items(text(), 1, 2)}),
            "focus_on_load": truth,
        },
    ),
    refuse(
        "initial_value must be no longer than max_length",
        lambda box: len(str(box.get("initial_value", ""))) > _length(box.get("max_length", 3000)),
    ),
)
NUMBER_INPUT = fields(
    {**COMMON, "is_decimal_allowed": truth},
    {
        "initial_value": text(),
        "min_value": text(),
        "max_value": text(),
        "placeholder": PLACEHOLDER,
        "focus_on_load": truth,
    },
)
FILE_INPUT = fields(COMMON, {"filetypes": items(text(), 1), "max_files": number(1, 10)})
IMAGE_ELEMENT = fields({"image_url": text(1, 3000), "alt_text": text(1, 2000)})


def _length(value: object) -> int:
    return value if isinstance(value, int) else 0


SELECTS = {
    "static_select": STATIC_SELECT,
    "users_select": USERS_SELECT,
    "overflow": OVERFLOW,
    "datepicker": DATEPICKER,
    "checkboxes": CHECKBOXES,
    "radio_buttons": RADIO_BUTTONS,
}
ACTION_ELEMENT = by_type({"button": BUTTON, **SELECTS})
ACCESSORY = by_type({"button": BUTTON, "image": IMAGE_ELEMENT, **SELECTS})
_INPUTS = {
    **{name: check for name, check in SELECTS.items() if name != "overflow"},
    "plain_text_input": PLAIN_TEXT_INPUT,
}
INPUT_ELEMENT = by_type(_INPUTS)
MODAL_INPUT_ELEMENT = by_type({**_INPUTS, "file_input": FILE_INPUT, "number_input": NUMBER_INPUT})
CONTEXT_ELEMENT = by_type(
    {
        "plain_text": fields({"text": text(1, 3000)}, {"emoji": truth}),
        "mrkdwn": fields({"text": text(1, 3000)}, {"verbatim": truth}),
        "image": IMAGE_ELEMENT,
    }
)

TEXT_STYLE = fields({}, {"bold": truth, "italic": truth, "strike": truth, "code": truth, "underline": truth})
MENTION_STYLE = fields({}, {"bold": truth, "italic": truth, "strike": truth, "highlight": truth, "unlink": truth})
INLINE = by_type(
    {
        "text": fields({"text": text()}, {"style": TEXT_STYLE}),
        "user": fields({"user_id": text(pattern=r"[UW][A-Z0-9]+")}, {"style": MENTION_STYLE}),
        "usergroup": fields({"usergroup_id": text(pattern=r"S[A-Z0-9]+")}, {"style": MENTION_STYLE}),
        "channel": fields({"channel_id": text(pattern=r"[CDG][A-Z0-9]+")}, {"style": MENTION_STYLE}),
        "link": fields({"url": text(pattern=URL)}, {"text": text(), "unsafe": truth, "style": TEXT_STYLE}),
        "date": fields(
            {"timestamp": number(0, 10**10), "format": text(pattern=r".*\{\w+\}.*")},
            {"url": text(pattern=URL), "fallback": text(), "style": TEXT_STYLE},
        ),
        "emoji": fields(
            {"name": text(pattern=r"[a-z0-9_+'-]+")},
            {"unicode": text(), "skin_tone": number(1, 6), "style": TEXT_STYLE},
        ),
        "broadcast": fields({"range": one_of("here", "channel", "everyone")}, {"style": TEXT_STYLE}),
        "color": fields({"value": text(pattern=r"#[0-9A-Fa-f]{6}")}),
    }
)
RICH_SECTION = fields({"elements": items(INLINE, 1)})
RICH_ELEMENT = by_type(
    {
        "rich_text_section": RICH_SECTION,
        "rich_text_list": fields(
            {"style": one_of("bullet", "ordered"), "elements": items(by_type({"rich_text_section": RICH_SECTION}))},
            {"indent": number(0, 8), "offset": number(0, 10**6), "border": number(0, 1)},
        ),
        "rich_text_preformatted": fields({"elements": items(INLINE, 1)}, {"border": number(0, 1), "language": text()}),
        "rich_text_quote": fields({"elements": items(INLINE, 1)}, {"border": number(0, 1)}),
    }
)
RICH_TEXT = fields({"elements": items(RICH_ELEMENT)}, {"block_id": text(1, 255)})
