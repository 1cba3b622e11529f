"""PURE: the preview that only the requester sees, before anything is decided."""

from dataclasses import replace

from bot.domain.commands.typed_text import tidy
from bot.domain.policy.inputs import Absence
from bot.domain.slack_ids import is_direct
from bot.messages.actions import Action, request_value
from bot.messages.card import emergency_button
from bot.messages.document import (
    Bold,
    Bullets,
    Button,
    Buttons,
    ChannelName,
    CodeText,
    CommandText,
    Group,
    Line,
    Note,
    Part,
    Style,
    Typed,
    User,
    When,
)
from bot.messages.layout import MOST_NAMED, show_all, small_print
from bot.messages.message import Message
from bot.messages.moved import closed_lines
from bot.messages.order_statuses import status_parts
from bot.messages.render import render
from bot.messages.run_control import hold_lines
from bot.messages.view_models import RequestFacts
from bot.messages.words import (
    bold,
    counted,
    order_line,
    orders,
    paragraph,
    reason_of,
    to_have_it_there,
)

_SHOWN_DUPLICATES = 3
MOST_INCLUDED = 20
"""What is unlike the other ids can be included only where every word of it is shown."""
_LONGEST_NAMED = 40
"""Characters of an id that a button names beside what it does."""
_SHOWN_ABSENT = 5

ABSENT = {
    Absence.REQUESTER: "asks for it: nobody approves their own request",
    Absence.DEACTIVATED: "is deactivated",
    Absence.BOT: "is a bot",
    Absence.GUEST: "is a guest",
    Absence.OUTSIDER: "is of another organisation",
    Absence.UNKNOWN: "is not known to Slack",
    Absence.EMPTY: "has nobody in it",
    Absence.NO_SCOPE: "cannot be looked into: the app in Slack lacks the scope usergroups:read",
}
"""Why somebody who is named to approve cannot."""


def preview(facts: RequestFacts, bot_user: str | None = None) -> Message:
    """What would happen, and the two buttons that decide it. `bot_user` is the bot's own id, for how to invite it."""
    cancel = Bold(f"Cancel {orders(facts.order_count)}?")
    heading: Line = (cancel, " Only you see this. Nothing is sent until you press the button.")
    parts = status_parts(facts, heading, _why(facts))
    if held := hold_lines(facts):
        parts.append(paragraph(*held))
    parts += _read(facts, f"press {_include_label(facts)}.")
    if facts.in_direct_message:
        parts.append(paragraph(*cannot_post(facts, bot_user)))
    parts.append(paragraph("Cancelling cannot be undone.", *(_approval(facts) if facts.approvals_needed else ())))
    # A group of orders that stand alike is one line, however many it does not name.
    every = replace(show_all(facts), when_cut=facts.order_count <= MOST_NAMED)
    buttons = (*decide_buttons(facts).buttons, every)
    until: tuple[Line, ...] = (("confirm before ", When(facts.expires_at)),) if facts.expires_at is not None else ()
    return render((*parts, Buttons(buttons), small_print(facts, *until, names_requester=True)))


def dry_run(facts: RequestFacts) -> Message:
    """The same without a request: nothing can be pressed, nothing was kept."""
    heading: Line = (
        Bold(f"{orders(facts.order_count)}: what would happen"),
        ". Only you see this; nothing was asked for.",
    )
    parts: list[Part] = [
        *status_parts(facts, heading, _why(facts) if facts.reason else ()),
        *_read(facts, "ask, and press the button that includes them."),
    ]
    if facts.approvals_needed:
        parts.append(paragraph(*_approval(facts)))
    same = "the same ids and reason" if facts.reason else "the same ids"
    return render((*parts, Note((("to ask for it, type ", CommandText(), f" and {same}"),))))


def _why(facts: RequestFacts) -> Line:
    return ("Reason: ", reason_of(facts)) if facts.reason and tidy(facts.reason) else ("No reason given.",)


def _read(facts: RequestFacts, how: str) -> list[Part]:
    """What of the ids is unlike the others, and what was dropped."""
    parts = _set_aside(facts, how)
    if facts.unlike_count:
        parts.append(paragraph(_unlike(facts)))
    if dropped := _dropped(facts):
        parts += [paragraph(bold("What was read and dropped:")), Bullets(dropped)]
    return parts


def decide_buttons(facts: RequestFacts) -> Buttons:
    """Go ahead, with the act and the number on it, or keep the orders."""
    value = request_value(facts.public_id, facts.revision)
    label = f"Cancel {orders(facts.order_count)}"
    go_ahead: tuple[Button, ...] = (Button(label, Action.GO_AHEAD, value, Style.DANGER),)
    if facts.approvals_needed:
        label = f"Ask for approval: cancel {orders(facts.order_count)}"
        # What would wait for nobody is not asked for: it would only expire, hours later.
        there = facts.approvers_found is None
        go_ahead = (Button(label, Action.ASK_APPROVAL, value),) if there else ()
    left = len(facts.status.hopeless)
    out = (Button("Leave those out", Action.LEAVE_OUT, value),) if 0 < left < facts.order_count else ()
    can_include = 0 < len(facts.source.set_aside) <= MOST_INCLUDED
    odd = (Button(_include_label(facts), Action.INCLUDE, value),) if can_include else ()
    alone = (emergency_button(facts),) if facts.approvals_needed and facts.emergency_possible else ()
    return Buttons((*go_ahead, *alone, *out, *odd, Button("Keep them", Action.KEEP, value)))


def _set_aside(facts: RequestFacts, how: str) -> list[Part]:
    """What is unlike the other ids, by name, and how to have it sent too."""
    aside = facts.source.set_aside
    if not aside:
        return []
    if len(aside) > MOST_INCLUDED:
        how = "ask for them in a request of their own: they are too many to be looked at here."
    words, them, are = (counted(len(aside), "word"), *(("it", "is") if len(aside) == 1 else ("they", "are")))
    return [
        paragraph(
            bold(f"{words} {are} unlike the other ids and {are} left out:"),
        ),
        Bullets(tuple(map(order_line, aside[:MOST_INCLUDED])), len(aside), whole=True),
        paragraph(
            "The others are Fincart order ids (24 letters and digits). A telephone number or a cell of another column "
            f"may have been copied with them. If {them} really {are} to be cancelled too, {how}"
        ),
    ]


def _include_label(facts: RequestFacts) -> str:
    aside = facts.source.set_aside
    if len(aside) > 1:
        return f"Include those {len(aside):,} too"
    named = f": {aside[0].order_id}" if aside and len(aside[0].order_id) <= _LONGEST_NAMED else ""
    return f"Include it too{named}"


def cannot_post(facts: RequestFacts, bot_user: str | None) -> tuple[Line, ...]:
    """That the live message is a direct message, and how to have it in the channel."""
    if facts.closed is not None and facts.closed.channel != facts.requester:
        return closed_lines(facts.closed, bot_user)
    if is_direct(facts.live_channel or facts.channel_id):
        return (("What happens is told to the requester in a direct message from the bot.",),)
    return (
        (
            Bold("The bot cannot post in"),
            " ",
            ChannelName(facts.live_channel or facts.channel_id),
            ": what happens is told to the requester in a direct message instead.",
        ),
        to_have_it_there(bot_user),
    )


def _approval(facts: RequestFacts) -> tuple[Line, ...]:
    others = "1 other person" if facts.approvals_needed == 1 else f"{facts.approvals_needed} other people"
    lines: list[Line] = [
        (Bold(f"{others} must approve so many orders."), " Asking posts a card in the channel; nothing is sent before.")
    ]
    if facts.approvers_found is not None:
        lines = [*_too_few(facts, others)]
    if facts.emergency_possible:
        lines.append(
            ("In an emergency you may go ahead alone: with a reason, told in the audit channel and marked for ever.",)
        )
    return tuple(lines)


def _too_few(facts: RequestFacts, others: str) -> tuple[Line, ...]:
    """That nobody would be there to approve it, and why: said before anything waits for them."""
    found = facts.approvers_found
    can = "nobody who may can" if not found else f"only {found:,} of those who may can"
    lines: list[Line] = [(Bold(f"{others} must approve so many orders, and {can}."), " So it cannot be asked for now.")]
    for each, why in facts.absent[:_SHOWN_ABSENT]:
        lines.append((Group(each) if each.startswith("S") else User(each), f" {ABSENT[why]}"))
    if len(facts.absent) > _SHOWN_ABSENT:
        lines.append((f"… and {len(facts.absent) - _SHOWN_ABSENT:,} more who cannot",))
    lacking = any(why is Absence.NO_SCOPE for _, why in facts.absent)
    fix = "Have the scope added and the app installed again" if lacking else "Have somebody named who can approve"
    lines.append((f"{fix}, then ask again. Whom to ask: ", Typed(facts.ask_whom), "."))
    return tuple(lines)


def _unlike(facts: RequestFacts) -> Line:
    be = "is" if facts.unlike_count == 1 else "are"
    return (
        Bold(f"{orders(facts.unlike_count)} {be} unlike a Fincart order id"),
        " (24 hexadecimal characters). Each is sent exactly as typed; Fincart may refuse it.",
    )


def _dropped(facts: RequestFacts) -> tuple[Line, ...]:
    source = facts.source
    lines: list[Line] = []
    if source.file_name is not None:
        read: Line = ("Read from the file ", Typed(source.file_name, 80))
        lines.append((*read, ", ", Typed(source.column, 60), " only") if source.column else read)
    if source.blank_rows:
        lines.append((f"{counted(source.blank_rows, 'blank row')} left out",))
    if source.duplicates:
        given = source.duplicates[:_SHOWN_DUPLICATES]
        more = len(source.duplicates) - len(given)
        repeated: Line = (f"{counted(len(source.duplicates), 'id')} given more than once, kept once: ",)
        for number, duplicate in enumerate(given):
            repeated += (", " if number else "", CodeText(duplicate))
        if more:
            repeated += (f" … and {more:,} more",)
        lines.append(repeated)
    return tuple(lines)
