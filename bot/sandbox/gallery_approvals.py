"""The gallery's messages about other people's say, and about steering a run; the Home tab."""

from collections.abc import Callable, Iterator
from typing import Any

from bot.messages import approval_answers, card, confirm_form, home, live, steering, waiting
from bot.messages.actions import Action
from bot.messages.facts import RequestFacts
from bot.messages.message import Message
from bot.policy import Asked
from bot.sandbox import gallery_facts as facts

Made = tuple[str, Callable[..., Any], Message | dict[str, Any]]

STEERED = (
    "stopped",
    "already_stopped",
    "paused",
    "already_paused",
    "going_on",
    "not_held",
    "undone",
    "too_late_to_undo",
    "checking",
    "nothing_unknown",
    "not_running",
    "nothing_to_retry",
    "nothing_to_leave_out",
)
"""What a button of a run is answered with."""

ALL_STEERED = ("all_paused", "all_paused_already", "all_resumed", "nothing_paused")
"""What `pause` and `resume` are answered with."""

ASKED_IN_A_FORM = (Action.GO_AHEAD, Action.ASK_APPROVAL, Action.APPROVE, Action.DECLINE, Action.EMERGENCY)

CONDITIONS: dict[str, RequestFacts] = {
    "on hold": facts.HELD,
    "can be undone": facts.UNDOABLE,
    "stopped": facts.STOPPED,
    "Fincart wants the bot to wait": facts.SLOWED,
    "emergency": facts.EMERGENCY,
}


def made() -> Iterator[Made]:
    """Every one of them: its name, its builder, and what that builds."""
    yield from _cards()
    yield from _answers()
    for name, condition in CONDITIONS.items():
        yield f"Live message: {name}", live.live, live.live(condition, facts.BOT, facts.RULES)
    yield "Notice of a correction", live.correction_notice, live.correction_notice(facts.MIXED, 2)
    for what in STEERED:
        yield f"Steered: {what.replace('_', ' ')}", steering.steered, steering.steered(what, facts.RUNNING)
    for what in ALL_STEERED:
        yield f"Steered: {what.replace('_', ' ')}", steering.all_steered, steering.all_steered(what)
    yield from _waiting_and_home()


def _cards() -> Iterator[Made]:
    yield "Card", live.live, live.live(facts.WAITING, facts.BOT, facts.RULES)
    yield "Card, one of two has approved", live.live, live.live(facts.HALF_APPROVED, facts.BOT, facts.RULES)
    yield "Reminder", card.reminder, card.reminder(facts.HALF_APPROVED, facts.RULES)
    yield "Reminder, too late", card.reminder, card.reminder(facts.MIXED, facts.RULES)
    yield "Notice of an emergency", card.emergency_notice, card.emergency_notice(facts.EMERGENCY)
    for action in ASKED_IN_A_FORM:
        view = confirm_form.confirm_view(action, facts.WAITING, "draft", with_number=action is not Action.DECLINE)
        yield f"Form of a button: {action.value.replace('_', ' ')}", confirm_form.confirm_view, view


def _answers() -> Iterator[Made]:
    asked = approval_answers.asked_for_approval(facts.WAITING, facts.RULES)
    yield "Preview, asked for approval", approval_answers.asked_for_approval, asked
    about: tuple[tuple[str, Callable[[RequestFacts], Message], RequestFacts], ...] = (
        ("Approved", approval_answers.approved, facts.CONFIRMED),
        ("Approved, more needed", approval_answers.approved_more_needed, facts.HALF_APPROVED),
        ("Approved already", approval_answers.already_approved, facts.HALF_APPROVED),
        ("Declined", approval_answers.declined, facts.DECLINED),
        ("Withdrawn", approval_answers.withdrawn, facts.WITHDRAWN),
        ("Number needed", approval_answers.number_needed, facts.WAITING),
        ("Reminded", approval_answers.reminded, facts.WAITING),
        ("Reminded lately", approval_answers.reminded_lately, facts.HALF_APPROVED),
        ("Not posted yet", approval_answers.not_posted_yet, facts.WAITING),
    )
    for name, builder, condition in about:
        yield name, builder, builder(condition)
    yield "Exported", approval_answers.exported, approval_answers.exported(12_000, True)
    yield "Not exported", approval_answers.not_exported, approval_answers.not_exported("missing_scope", "Ann Okafor")


def _waiting_and_home() -> Iterator[Made]:
    entries = (facts.WAITING, facts.ASKED)
    for name, viewer in (("for an approver", facts.BEN), ("for its requester", facts.ANN)):
        told = waiting.waiting_message(entries, 9, facts.RULES, viewer, True)
        yield f"What waits, {name}", waiting.waiting_message, told
    yield "Nothing waits", waiting.waiting_message, waiting.waiting_message((), 0, facts.RULES, facts.ANN, False)
    tab = home.home_view(entries, (facts.MIXED, facts.ALL_WELL, facts.RUNNING), facts.RULES, facts.BEN, True)
    yield "Home tab", home.home_view, tab
    yield "Home tab, nothing there", home.home_view, home.home_view((), (), facts.RULES, facts.ANN, False)
    closed = home.closed_home_view("ALLOWED_USERS", Asked((), (), facts.RULES.contact))
    yield "Home tab of somebody who may nothing", home.closed_home_view, closed
