"""PURE: answers to people who asked for approval, approved, declined, withdrew or reminded, or could not."""

from collections.abc import Sequence

from bot.messages.archived import not_counted
from bot.messages.card import approvals_lines
from bot.messages.document import CodeText, CommandText, Heading, Line, Typed, When
from bot.messages.message import Message
from bot.messages.preview_ended import about, ask_again, where_to_watch
from bot.messages.render import render
from bot.messages.view_models import ArchiveFacts, RequestFacts, RulesFacts
from bot.messages.words import counted, duration, orders, paragraph, show_command

REMIND_AGAIN_SECONDS = 600
"""Between two reminders about one request."""


def asked_for_approval(facts: RequestFacts, rules: RulesFacts) -> Message:
    """Replaces the preview once others have been asked."""
    heading = f"Asked for approval: cancel {orders(facts.order_count)}"
    return about(facts, heading, *approvals_lines(facts, rules), *where_to_watch(facts))


def approved(facts: RequestFacts) -> Message:
    """Answers the last approval that was needed."""
    return about(facts, f"Approved: cancelling {orders(facts.order_count)}", *where_to_watch(facts))


def approved_more_needed(facts: RequestFacts) -> Message:
    """Answers an approval that is not the last one needed."""
    return about(facts, "Approved. More people must approve; nothing was sent yet.", *approvals_lines(facts))


def already_approved(facts: RequestFacts) -> Message:
    """Answers somebody who approves a second time."""
    return about(facts, "You have approved this already; somebody else must approve too", *approvals_lines(facts))


def declined(facts: RequestFacts) -> Message:
    """Answers the person who declined."""
    return about(facts, "Declined. Nothing was sent.", ("The requester is told directly.",))


def withdrawn(facts: RequestFacts) -> Message:
    """Answers a requester who took their waiting request back."""
    return about(facts, "Withdrawn. Nothing was sent.", ask_again("If the orders must still be cancelled"))


def number_needed(facts: RequestFacts) -> Message:
    """Answers a press that should have come with the number of orders typed, and did not."""
    press: Line = ("Press the button again: a form opens that asks for it. If none does, type ", *_show(facts))
    return about(facts, "The number of orders must be typed first. Nothing was sent.", press, named=True)


def reminded(facts: RequestFacts) -> Message:
    """Answers the person who reminded the approvers."""
    return about(facts, "Reminded, in the thread of its message", *approvals_lines(facts))


def reminded_lately(facts: RequestFacts) -> Message:
    """Answers a reminder too soon after the last."""
    last: Line = ("The last reminder was sent ", When(facts.reminded_at), ". ") if facts.reminded_at else ()
    often: Line = (f"One in {duration(REMIND_AGAIN_SECONDS)} is enough: try again then.",)
    return about(facts, "Somebody has just been reminded of this", (*last, *often), *approvals_lines(facts))


def not_posted_yet(facts: RequestFacts) -> Message:
    """Answers a reminder about a card that Slack does not show yet, or to nobody but its requester."""
    if facts.in_direct_message:
        ask: Line = ("The bot cannot post where others would see it. Let somebody who may approve type ", *_show(facts))
        return about(facts, "Nobody could be reminded", ask, named=True)
    return about(facts, "Its message is not posted yet", ("Slack has not taken it so far. Try again in a minute.",))


def exported(rows: int, cut: bool, of_figures: bool = False, lacks: Sequence[ArchiveFacts] = ()) -> Message:
    """Answers an export that was sent: of orders, or of a report's figures. Archives hold what it `lacks`."""
    what = f"{counted(rows, 'row')} of figures" if of_figures else f"{rows:,} rows, one for each order,"
    lines: list[Line] = [(f"A CSV file with {what} is in your direct message with the bot.",)]
    if cut:
        lines.append(
            ("That is as much as one file holds, the newest first. For the rest narrow it: ", _EXPORT, " until:30d")
        )
    return render((Heading("The export was sent to you"), paragraph(*lines, *not_counted(lacks))))


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
            ("The same is shown by ", CommandText("history"), "."),
        )
        return render((Heading("The export could not be sent"), paragraph(*lines)))
    return render(
        (
            Heading("The export could not be sent"),
            paragraph(
                ("Slack did not take the file: ", Typed(why, 80), "."),
                ("Try again in a minute; the same is shown by ", CommandText("history"), "."),
                ("If it happens again, ask ", Typed(contact), "."),
            ),
        )
    )


_EXPORT = CommandText("export")


def _show(facts: RequestFacts) -> Line:
    return (show_command(facts.public_id), ".")
