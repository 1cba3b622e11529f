"""The gallery's messages about other people's say, and about controlling a run; the Home tab."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from bot.domain.policy.decide import Asked, VerdictCode
from bot.messages import approval_answers, card, confirm_form, home, live, moved, run_control, waiting
from bot.messages.actions import Action
from bot.messages.message import Message
from bot.messages.view_models import RequestFacts
from bot.sandbox.gallery import facts
from bot.sandbox.gallery.facts import Made
from bot.sandbox.gallery.reports import NOTHING, WEEK
from storage.enums import AnswerCode

CONTROL_ANSWERS: Mapping[AnswerCode, RequestFacts] = {
    AnswerCode.STOPPED: facts.STOPPED,
    AnswerCode.ALREADY_STOPPED: facts.STOPPED,
    AnswerCode.PAUSED: facts.PAUSED,
    AnswerCode.ALREADY_PAUSED: facts.PAUSED,
    AnswerCode.GOING_ON: facts.RUNNING,
    AnswerCode.NOT_HELD: facts.RUNNING,
    AnswerCode.UNDONE: facts.WITHDRAWN,
    AnswerCode.TOO_LATE_TO_UNDO: facts.RUNNING,
    AnswerCode.CHECKING: facts.MIXED,
    AnswerCode.NOTHING_UNKNOWN: facts.ALL_WELL,
    AnswerCode.NOT_RUNNING: facts.MIXED,
    AnswerCode.NOTHING_TO_RETRY: facts.ALL_WELL,
    AnswerCode.NOTHING_TO_LEAVE_OUT: facts.ASKED,
    AnswerCode.NOTHING_TO_INCLUDE: facts.ASKED,
}
"""What a button of a run is answered with, and a request that it is answered about."""

PAUSE_ANSWERS = (
    AnswerCode.ALL_PAUSED,
    AnswerCode.ALL_PAUSED_ALREADY,
    AnswerCode.ALL_RESUMED,
    AnswerCode.NOTHING_PAUSED,
    AnswerCode.MOVED_AWAY,
)
"""What `pause` and `resume` are answered with."""

ASKED_IN_A_FORM = (Action.GO_AHEAD, Action.ASK_APPROVAL, Action.APPROVE, Action.DECLINE, Action.EMERGENCY)

CONDITIONS: Mapping[str, RequestFacts] = {
    "on hold": facts.HELD,
    "can be undone": facts.UNDOABLE,
    "stopped": facts.STOPPED,
    "Fincart wants the bot to wait": facts.SLOWED,
    "Fincart is down": facts.DOWN,
    "the token is rejected": facts.TOKEN_REJECTED,
    "Slack refuses the token": facts.SLACK_REFUSED,
    "Slack has refused the token": facts.SLACK_GAP,
    "ended by a rejected token": facts.TOKEN_ENDED,
    "emergency": facts.EMERGENCY,
}


def made() -> Iterator[Made]:
    """Every one of them."""
    yield from _cards()
    yield from _answers()
    for name, condition in CONDITIONS.items():
        yield f"Live message: {name}", partial(live.live, condition, facts.BOT, facts.RULES)
    yield "Notice of a correction", partial(live.correction_notice, facts.MIXED, facts.CORRECTIONS[:1], 1)
    yield "Notice of corrections", partial(live.correction_notice, facts.MIXED, facts.CORRECTIONS, 40)
    for what, condition in CONTROL_ANSWERS.items():
        yield f"Answer: {what.replace('_', ' ')}", partial(run_control.control_answer, what, condition)
    for what in PAUSE_ANSWERS:
        yield f"Answer: {what.replace('_', ' ')}", partial(run_control.pause_answer, what)
    yield from _waiting_and_home()


def _cards() -> Iterator[Made]:
    yield "Card", partial(live.live, facts.WAITING, facts.BOT, facts.RULES)
    yield "Card, one of two has approved", partial(live.live, facts.HALF_APPROVED, facts.BOT, facts.RULES)
    yield "Card where the bot cannot post", partial(live.live, facts.UNSEEN, facts.BOT, facts.RULES)
    yield "Reminder", partial(card.reminder, facts.HALF_APPROVED, facts.RULES)
    yield "Reminder, too late", partial(card.reminder, facts.MIXED, facts.RULES)
    yield "Notice of an emergency, as it begins", partial(card.emergency_notice, facts.EMERGENCY_BEGUN)
    yield "Notice of an emergency", partial(card.emergency_notice, facts.EMERGENCY)
    for action in ASKED_IN_A_FORM:
        with_number = action is not Action.DECLINE
        reasons = facts.LONG_LIST.reasons
        view = partial(
            confirm_form.confirm_view, action, facts.WAITING, "draft", with_number=with_number, reasons=reasons
        )
        yield f"Form of a button: {action.value.replace('_', ' ')}", view


def _answers() -> Iterator[Made]:
    yield "Preview, asked for approval", partial(approval_answers.asked_for_approval, facts.WAITING, facts.RULES)
    about: tuple[tuple[str, Callable[[RequestFacts], Message], RequestFacts], ...] = (
        ("Approved", approval_answers.approved, facts.APPROVED),
        ("Approved, more needed", approval_answers.approved_more_needed, facts.HALF_APPROVED),
        ("Approved already", approval_answers.already_approved, facts.HALF_APPROVED),
        ("Declined", approval_answers.declined, facts.DECLINED),
        ("Withdrawn", approval_answers.withdrawn, facts.WITHDRAWN),
        ("Number needed", approval_answers.number_needed, facts.WAITING),
        ("Reminded", approval_answers.reminded, facts.WAITING),
        ("Reminded lately", approval_answers.reminded_lately, facts.HALF_APPROVED),
        ("Not posted yet", approval_answers.not_posted_yet, facts.WAITING),
        ("Nobody could be reminded", approval_answers.not_posted_yet, facts.UNSEEN),
    )
    for name, builder, condition in about:
        yield name, partial(builder, condition)
    yield "Exported", partial(approval_answers.exported, 12_000, True)
    yield "Report exported", partial(approval_answers.exported, 16, False, of_figures=True)
    contact = facts.RULES.contact
    yield "Not exported", partial(approval_answers.not_exported, "ratelimited", contact)
    yield (
        "Not exported: a scope",
        partial(approval_answers.not_exported, "missing_scope", contact, "im:write"),
    )
    yield "Not shared", partial(moved.not_shared, "restricted_action_read_only_channel", contact)
    yield "Moved", partial(moved.moved, facts.MOVED)
    yield "A copy", partial(moved.copied, facts.MIXED)


def _waiting_and_home() -> Iterator[Made]:
    entries = (facts.WAITING, facts.ASKED, facts.PAUSED)
    for name, viewer in (("for an approver", facts.BEN), ("for its requester", facts.ANN)):
        yield (
            f"What waits, {name}",
            partial(waiting.waiting_message, entries, 9, facts.RULES, viewer, True, facts.HELD.holds[1:]),
        )
    yield "Nothing waits", partial(waiting.waiting_message, (), 0, facts.RULES, facts.ANN, False)
    own = (facts.MIXED, facts.ALL_WELL, facts.RUNNING)
    full = home.HomeFacts(WEEK, entries, 9, own)
    yield "Home tab", partial(home.home_view, full, facts.RULES, facts.BEN, True)
    yield "Home tab, nothing there", partial(home.home_view, home.HomeFacts(NOTHING), facts.RULES, facts.ANN, False)
    asked = Asked((), (), facts.RULES.contact)
    for who, code, rule in (
        ("who may nothing", VerdictCode.NOT_A_READER, "ALLOWED_USERS"),
        (
            "whom Slack could not name",
            VerdictCode.COULD_NOT_BE_CHECKED,
            "people may do nothing while Slack cannot say who",
        ),
        ("whom the bot may not look up", VerdictCode.MISSING_SCOPE, "the app in Slack lacks the scope users:read"),
    ):
        yield f"Home tab of somebody {who}", partial(home.closed_home_view, rule, asked, code)
