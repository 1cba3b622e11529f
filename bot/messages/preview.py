"""PURE: the preview that only the requester sees, before anything is decided."""

from bot.domain.commands.parser import COMMAND
from bot.messages.actions import Action, request_value
from bot.messages.card import emergency_button
from bot.messages.document import (
    Bold,
    Bullets,
    Button,
    Buttons,
    ChannelName,
    CodeText,
    Group,
    Heading,
    Line,
    Part,
    Style,
    Typed,
    User,
    When,
)
from bot.messages.message import Message
from bot.messages.moved import closed_lines
from bot.messages.render import render
from bot.messages.steering import hold_lines
from bot.messages.view_models import RequestFacts
from bot.messages.words import (
    asked_lines,
    bold,
    counted,
    order_line,
    order_list,
    orders,
    paragraph,
    show_command,
    to_have_it_there,
)

_SHOWN_DUPLICATES = 3
MOST_INCLUDED = 20
"""What is unlike the other ids can be included only where every word of it is shown."""
_LONGEST_NAMED = 40
"""Characters of an id that a button names beside what it does."""
_SHOWN_ABSENT = 5

ABSENT = {
    "requester": "asks for it: nobody approves their own request",
    "deactivated": "is deactivated",
    "bot": "is a bot",
    "guest": "is a guest",
    "outsider": "is of another organisation",
    "unknown": "is not known to Slack",
    "empty": "has nobody in it",
    "no_scope": "cannot be looked into: the app in Slack lacks the scope usergroups:read",
}
"""Why somebody who is named to approve cannot."""


def preview(facts: RequestFacts, bot_user: str | None = None) -> Message:
    """What would happen, and the two buttons that decide it. `bot_user` is the bot's own id, for how to invite it."""
    many = facts.order_count != 1
    parts: list[Part] = [
        Heading(f"Cancel {orders(facts.order_count)}?"),
        paragraph(
            "Only you see this. Nothing has been sent to Fincart yet.",
            *asked_lines(facts),
        ),
        paragraph(bold(orders(facts.order_count).capitalize() + " would be sent to Fincart:")),
        order_list(facts),
    ]
    parts += _standing(facts)
    if held := hold_lines(facts):
        parts.append(paragraph(*held))
    parts += _set_aside(facts, f"press {_include_label(facts)}.")
    if facts.unlike_count:
        parts.append(paragraph(_unlike(facts)))
    if dropped := _dropped(facts):
        parts += [paragraph(bold("What was read and dropped:")), Bullets(dropped)]
    if facts.in_direct_message:
        parts.append(paragraph(*cannot_post(facts, bot_user)))
    stay = "Orders once cancelled stay" if many else "An order once cancelled stays"
    parts.append(paragraph((Bold("This cannot be undone."), f" {stay} cancelled at Fincart."), *_deadline(facts)))
    if facts.approvals_needed:
        parts.append(paragraph(*_approval(facts)))
    parts.append(decide_buttons(facts))
    return render(parts)


def look(facts: RequestFacts) -> Message:
    """The same without a request: nothing can be pressed, nothing was kept."""
    again: Line = ("To ask for it, type ", CodeText(COMMAND), " and the same ids.")
    parts: list[Part] = [
        Heading(f"{orders(facts.order_count)}: what would happen"),
        paragraph("Only you see this. Nothing was asked for and nothing is sent.", again),
        order_list(facts),
        *_standing(facts),
        *_set_aside(facts, "ask, and press the button that includes them."),
    ]
    if facts.unlike_count:
        parts.append(paragraph(_unlike(facts)))
    if dropped := _dropped(facts):
        parts += [paragraph(bold("What was read and dropped:")), Bullets(dropped)]
    if facts.approvals_needed:
        parts.append(paragraph(*_approval(facts)))
    return render(parts)


def decide_buttons(facts: RequestFacts) -> Buttons:
    """Go ahead, with the act and the number on it, or keep the orders."""
    value = request_value(facts.public_id, facts.revision)
    ahead: tuple[Button, ...] = (Button(f"Cancel {orders(facts.order_count)}", Action.GO_AHEAD, value, Style.DANGER),)
    if facts.approvals_needed:
        label = f"Ask for approval: cancel {orders(facts.order_count)}"
        # What would wait for nobody is not asked for: it would only expire, hours later.
        there = facts.approvers_found is None
        ahead = (Button(label, Action.ASK_APPROVAL, value),) if there else ()
    left = facts.status.hopeless
    out = (Button("Leave those out", Action.LEAVE_OUT, value),) if 0 < left < facts.order_count else ()
    can_include = 0 < len(facts.source.set_aside) <= MOST_INCLUDED
    odd = (Button(_include_label(facts), Action.INCLUDE, value),) if can_include else ()
    alone = (emergency_button(facts),) if facts.approvals_needed and facts.emergency_possible else ()
    return Buttons((*ahead, *alone, *out, *odd, Button("Keep them", Action.KEEP, value)))


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
        Bullets(tuple(map(order_line, aside[:MOST_INCLUDED])), len(aside), show_command(facts.public_id), whole=True),
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


def _standing(facts: RequestFacts) -> list[Part]:
    """How the orders stand at Fincart, as far as it could tell in time, and which another request has in hand."""
    status = facts.status
    if not status.checked:
        checked = "Fincart could not tell how they stand in time. They can be cancelled only while they are pending."
    elif status.checked < facts.order_count:
        checked = f"Looked up at Fincart: checked {status.checked:,} of {facts.order_count:,}."
    else:
        checked = "Looked up at Fincart: all of them." if facts.order_count != 1 else "Looked up at Fincart."
    parts: list[Part] = [paragraph(checked)]
    where = show_command(facts.public_id)
    if status.not_pending_count:
        cannot = f"{orders(status.not_pending_count)} cannot be cancelled, as Fincart has it:"
        parts.append(paragraph(bold(cannot)))
        items = tuple((*order_line(order), ": ", Typed(order.words or "", 60)) for order in status.not_pending)
        parts.append(Bullets(items, status.not_pending_count, where))
    if status.elsewhere:
        parts.append(paragraph(bold(f"{orders(len(status.elsewhere))} in another open request already:")))
        listed = tuple((CodeText(order_id), ": ", CodeText(request)) for order_id, request in status.elsewhere)
        parts.append(Bullets(listed, len(listed), where))
    return parts


def cannot_post(facts: RequestFacts, bot_user: str | None) -> tuple[Line, ...]:
    """That the live message is a direct message, and how to have it in the channel."""
    if facts.closed is not None and facts.closed.channel != facts.requester:
        return closed_lines(facts.closed, bot_user)
    if (facts.live_channel or facts.channel_id).startswith("D"):
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


def _deadline(facts: RequestFacts) -> tuple[Line, ...]:
    if facts.expires_at is None:
        return ()
    return (("It can be confirmed until ", When(facts.expires_at), "; after that nothing is sent."),)


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
    lacking = any(why == "no_scope" for _, why in facts.absent)
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
        said: Line = (f"{counted(len(source.duplicates), 'id')} given more than once, kept once: ",)
        for number, duplicate in enumerate(given):
            said += (", " if number else "", CodeText(duplicate))
        if more:
            said += (f" … and {more:,} more — all are in ", CodeText(show_command(facts.public_id)))
        lines.append(said)
    return tuple(lines)
