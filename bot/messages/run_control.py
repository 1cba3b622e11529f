"""PURE: the buttons of a run, its holds, and the short answers to people who control it."""

from bot.messages.actions import Action, request_value
from bot.messages.document import Button, CommandText, Heading, Line, Span, Typed, When
from bot.messages.layout import person
from bot.messages.message import Message
from bot.messages.outcome_words import TOKEN_REJECTED
from bot.messages.preview_ended import about
from bot.messages.render import render
from bot.messages.view_models import HoldFacts, RequestFacts, RulesFacts
from bot.messages.words import orders, paragraph, standing
from storage.enums import BEGUN, RUNNING, AnswerCode, HoldKind, RequestState


def run_buttons(facts: RequestFacts) -> tuple[Button, ...]:
    """What can be pressed about a request that runs or has run."""
    buttons: list[Button] = []
    if facts.state in RUNNING and facts.stop_why is None:
        if facts.can_undo:
            buttons.append(_button(facts, "Undo", Action.UNDO))
        buttons.append(_button(facts, "Stop", Action.STOP))
        held = any(hold.kind is None for hold in facts.holds)
        buttons.append(_button(facts, *(("Go on", Action.GO_ON) if held else ("Pause", Action.PAUSE))))
    if facts.state in BEGUN and facts.figures.unknown:
        buttons.append(_button(facts, "Check again", Action.CHECK_AGAIN))
    again = facts.figures.rejected + facts.figures.not_sent
    if facts.state is RequestState.FINISHED and again:
        buttons.append(_button(facts, f"Retry {orders(again)}", Action.RETRY))
    return tuple(buttons)


def hold_lines(facts: RequestFacts, rules: RulesFacts | None = None) -> tuple[Line, ...]:
    """Say what keeps the request from being sent, and until when; empty if nothing does. `rules` say whom to ask."""
    return tuple(hold_line(hold, rules, facts) for hold in facts.holds)


def checking_lines(facts: RequestFacts) -> tuple[Line, ...]:
    """Say that orders wait for Fincart's logs, and why that takes long."""
    if not facts.checking:
        return ()
    whether = "whether it was" if facts.checking == 1 else "whether they were"
    line: Line = (f"{orders(facts.checking)}: checking with Fincart {whether} cancelled.",)
    if facts.logs_rest is None:
        return (line,)
    why: tuple[Span, ...] = (" Fincart does not answer that just now (", Typed(facts.logs_rest, 100), "). ")
    return ((*line, *why, "The bot asks again by itself; after five minutes they count as unknown until it does."),)


def whom_to_ask(rules: RulesFacts | None) -> Typed:
    """CONTACT, as the settings have it."""
    return Typed(rules.contact if rules else "an administrator", 200)


def changed(setting: str, rules: RulesFacts | None) -> str:
    """What is done about a setting that was changed, so that it is in force."""
    return setting if rules and setting in rules.read_anew else f"{setting} and restart the bot"


def hold_line(hold: HoldFacts, rules: RulesFacts | None = None, facts: RequestFacts | None = None) -> Line:
    """One hold in words: why, by whom, until when or until what; `facts`: what it is said of."""
    why: tuple[Span, ...] = (" (", Typed(hold.why, 200), ")") if hold.why else ()
    until: tuple[Span, ...] = (" until ", When(hold.until, exact=True)) if hold.until else ()
    at: tuple[Span, ...] = (", next at ", When(hold.until, exact=True)) if hold.until else ()
    who: tuple[Span, ...] = (" by ", person(facts, hold.who)) if hold.who else ()
    match hold.kind:
        case None:
            held: Line = ("Paused", *who, *why) if hold.who else ("Put on hold by the bot", *why)
            return (*held, ": nothing more of it is sent until somebody presses Go on, or Stop.")
        case HoldKind.PAUSE:
            return ("All sending is paused", *who, *why, ", until somebody types ", CommandText("resume"), ".")
        case HoldKind.RATE_LIMIT:
            return ("Fincart asked the bot to wait", *until, "; it goes on by itself.")
        case HoldKind.DOWN:
            return (
                "Fincart does not answer",
                *why,
                ". The bot tries again by itself",
                *at,
                ", and goes on once it answers.",
            )
        case HoldKind.TOKEN:
            return (
                TOKEN_REJECTED,
                *why,
                ": nothing is sent until somebody types ",
                CommandText("resume"),
                ". Ask ",
                whom_to_ask(rules),
                f" to renew {changed('FINCART_TOKEN', rules)} first.",
            )
        case HoldKind.SLACK:
            return (
                "Slack refuses the bot's token",
                *why,
                ": nothing is sent until Slack takes it again; then it goes on by itself. Ask ",
                whom_to_ask(rules),
                f" to install the app again, or to correct {changed('SLACK_BOT_TOKEN', rules)}.",
            )


def slack_gap_line(facts: RequestFacts) -> tuple[Line, ...]:
    """Say that sending was on hold while Slack could show nothing; empty if it was not."""
    if facts.slack_gap is None:
        return ()
    gap = facts.slack_gap
    line: Line = ("Sending was on hold from ", When(gap.since, exact=True), " to ", When(gap.until, exact=True))
    return ((*line, ": Slack refused the bot's token (", Typed(gap.why, 60), ")."),)


def time_left(facts: RequestFacts) -> str:
    """` · about 40 s left`, while a run goes on unhindered and has gone on for long enough to tell."""
    if facts.seconds_left is None or facts.holds or facts.stop_why is not None:
        return ""
    seconds = max(1, facts.seconds_left)
    return f" · about {seconds} s left" if seconds < 120 else f" · about {round(seconds / 60):,} min left"


def control_answer(code: AnswerCode, facts: RequestFacts) -> Message:
    """The private answer to a press of a button of a run."""
    heading, words = CONTROL_ANSWERS[code]
    line: Line = (words,)
    if code is AnswerCode.CHECKING and facts.logs_rest is not None:
        why: Span = Typed(facts.logs_rest, 100)
        line = ("Fincart did not answer when a log was read last (", why, "). " + _READ_ONCE_IT_ANSWERS)
    over = facts.state is RequestState.WITHDRAWN
    return about(facts, heading, line if over else (*line, f" How it stands: {standing(facts)}."))


def pause_answer(code: AnswerCode) -> Message:
    """The private answer to `pause` and `resume`."""
    heading, line = PAUSE_ANSWERS[code]
    return render((Heading(heading), paragraph(line)))


_READ_ONCE_IT_ANSWERS = "The logs of its unknown orders are read once it does, and its message then changes by itself."
CONTROL_ANSWERS = {
    AnswerCode.STOPPED: (
        "Stopped",
        "Nothing more of it is sent. Calls in flight are waited for; the rest is not sent.",
    ),
    AnswerCode.ALREADY_STOPPED: ("It was stopped before", "Nothing more of it is sent."),
    AnswerCode.PAUSED: (
        "Paused",
        "Nothing more of it is sent until somebody presses Go on. Its approval still runs out.",
    ),
    AnswerCode.ALREADY_PAUSED: (
        "It is on hold already",
        "Press Go on in its message to let it run, or Stop to end it.",
    ),
    AnswerCode.GOING_ON: ("It goes on", "The count of rejected and unknown orders starts anew."),
    AnswerCode.NOT_HELD: ("It is not on hold", "Nothing was changed."),
    AnswerCode.UNDONE: ("Undone. Nothing was sent.", "The request is withdrawn."),
    AnswerCode.TOO_LATE_TO_UNDO: ("Too late to undo", "Sending may have begun. Press Stop to send nothing more of it."),
    AnswerCode.CHECKING: (
        "Checking again",
        "The logs of its unknown orders are being read. If its message still says unknown in a minute, the logs cannot "
        "tell.",
    ),
    AnswerCode.NOTHING_UNKNOWN: ("Nothing is unknown", "Every order of it has an outcome."),
    AnswerCode.NOT_RUNNING: (
        "That cannot be done now",
        "This button is for another stage of the request. Nothing was changed.",
    ),
    AnswerCode.NOTHING_TO_RETRY: (
        "Nothing to retry",
        "No order of it was rejected or not sent. Unknown ones are never sent again.",
    ),
    AnswerCode.NOTHING_TO_LEAVE_OUT: (
        "Nothing was left out",
        "Either every order can be cancelled as far as Fincart tells, or none would be left. Keep them, then.",
    ),
    AnswerCode.NOTHING_TO_INCLUDE: (
        "Nothing was included",
        "Nothing of it was left out for being unlike the other ids.",
    ),
}

PAUSE_ANSWERS: dict[AnswerCode, tuple[str, Line]] = {
    AnswerCode.ALL_PAUSED: (
        "All sending is paused",
        ("Calls in flight are waited for. To go on, type ", CommandText("resume"), ". Deadlines run on."),
    ),
    AnswerCode.ALL_PAUSED_ALREADY: (
        "All sending was paused before",
        ("To go on, type ", CommandText("resume"), "."),
    ),
    AnswerCode.ALL_RESUMED: ("Sending goes on", ("Every message of a run says so.",)),
    AnswerCode.NOTHING_PAUSED: (
        "Nothing is paused",
        ("What holds a run by itself ends by itself; its message says when.",),
    ),
    AnswerCode.MOVED_AWAY: (
        "Nothing goes on here",
        ("The record was moved to another database, and this bot still works on the old one. Tell whoever runs it.",),
    ),
}


def _button(facts: RequestFacts, label: str, action: Action) -> Button:
    return Button(label, action, request_value(facts.public_id, facts.revision))
