"""PURE: what somebody is told who asked for approval, approved, declined, withdrew or reminded, or did so in vain."""

from bot.domain.commands.parser import COMMAND
from bot.messages.card import may_approve_lines, wanted_lines
from bot.messages.document import CodeText, Heading, Line, Part, Typed, When
from bot.messages.message import Message
from bot.messages.preview_ended import where_to_watch
from bot.messages.render import render
from bot.messages.view_models import RequestFacts, RulesFacts
from bot.messages.words import asked_lines, decided_line, duration, orders, paragraph, show_command

REMIND_AGAIN_SECONDS = 600
"""Between two reminders about one request."""


def asked_for_approval(facts: RequestFacts, rules: RulesFacts) -> Message:
    """Replaces the preview once others have been asked."""
    lines = (*wanted_lines(facts), *may_approve_lines(rules, facts))
    heading = f"Asked for approval: cancel {orders(facts.order_count)}"
    return _about(facts, heading, "Nothing has been sent to Fincart yet.", *lines, where_to_watch(facts))


def approved(facts: RequestFacts) -> Message:
    """Answers the last approval that was needed."""
    heading = f"Approved: cancelling {orders(facts.order_count)}"
    return _about(facts, heading, *decided_line(facts, "Confirmed"), where_to_watch(facts))


def approved_more_needed(facts: RequestFacts) -> Message:
    """Answers an approval that is not the last one needed."""
    return _about(facts, "Approved. More people must approve.", "Nothing was sent yet.", *wanted_lines(facts))


def already_approved(facts: RequestFacts) -> Message:
    """Answers somebody who approves a second time."""
    heading = "You have approved this already; it counts once"
    return _about(facts, heading, "Somebody else must approve too.", *wanted_lines(facts))


def declined(facts: RequestFacts) -> Message:
    """Answers whoever declined."""
    told = "The requester is told directly."
    return _about(facts, "Declined. Nothing was sent.", *decided_line(facts, "Declined"), told)


def withdrawn(facts: RequestFacts) -> Message:
    """Answers a requester who took their waiting request back."""
    again: Line = ("If the orders must still be cancelled, ask again: type ", CodeText(COMMAND), " and their ids.")
    return _about(facts, "Withdrawn. Nothing was sent.", *decided_line(facts, "Withdrawn"), again)


def number_needed(facts: RequestFacts) -> Message:
    """Answers a press that should have come with the number of orders typed, and did not."""
    return _about(
        facts,
        "The number of orders must be typed first. Nothing was sent.",
        ("Press the button again: a form opens that asks for it. If none does, type ", *_show(facts)),
    )


def reminded(facts: RequestFacts) -> Message:
    """Answers whoever had the others reminded."""
    return _about(facts, "Reminded, in the thread of its message", *wanted_lines(facts))


def reminded_lately(facts: RequestFacts) -> Message:
    """Answers a reminder too soon after the last."""
    last: tuple[Line, ...] = (
        (("The last reminder was sent ", When(facts.reminded_at), "."),) if facts.reminded_at else ()
    )
    often = f"One in {duration(REMIND_AGAIN_SECONDS)} is enough: try again then."
    return _about(facts, "Somebody has just been reminded of this", *last, often, *wanted_lines(facts))


def not_posted_yet(facts: RequestFacts) -> Message:
    """Answers a reminder about a card that Slack does not show yet, or to nobody but its requester."""
    if facts.in_direct_message:
        ask: Line = ("Let somebody who may approve type ", *_show(facts))
        return _about(facts, "Nobody could be reminded", "The bot cannot post where others would see it.", ask)
    return _about(facts, "Its message is not posted yet", "Slack has not taken it so far. Try again in a minute.")


def exported(rows: int, cut: bool) -> Message:
    """Answers an export that was sent."""
    lines: list[Line] = [
        (f"A CSV file with {rows:,} rows, one for each order, is in your direct message with the bot.",)
    ]
    if cut:
        lines.append(
            ("That is as much as one file holds, the newest first. For the rest narrow it: ", _EXPORT, " until:30d")
        )
    return render((Heading("The export was sent to you"), paragraph(*lines)))


def not_exported(why: str, contact: str, scope: str = "") -> Message:
    """Answers an export that Slack did not take. `scope` is the one that the bot lacks."""
    if scope:
        ask: Line = (
            "Ask ",
            Typed(contact),
            " to give the Slack app the scope ",
            CodeText(scope),
            " and install it again.",
        )
        lines: tuple[Line, ...] = (
            (f"The Slack app lacks a permission ({why}), so trying again does not help.",),
            ask,
            ("The same is shown by ", CodeText(f"{COMMAND} history"), "."),
        )
        return render((Heading("The export could not be sent"), paragraph(*lines)))
    return render(
        (
            Heading("The export could not be sent"),
            paragraph(
                ("Slack did not take the file: ", Typed(why, 80), "."),
                ("Try again in a minute; the same is shown by ", CodeText(f"{COMMAND} history"), "."),
                ("If it happens again, ask ", Typed(contact), "."),
            ),
        )
    )


_EXPORT = CodeText(f"{COMMAND} export")


def _show(facts: RequestFacts) -> Line:
    return (CodeText(show_command(facts.public_id)), ".")


def _about(facts: RequestFacts, heading: str, *lines: Line | str) -> Message:
    parts: list[Part] = [Heading(heading), paragraph(*lines, *asked_lines(facts))]
    return render(parts)
