"""PURE: the buttons of a run, what holds it, and the short answers to whoever steers it."""

from bot.domain.commands.parser import COMMAND
from bot.messages.actions import Action, request_value
from bot.messages.document import Button, Buttons, CodeText, Heading, Line, Part, Span, Typed, User, When
from bot.messages.message import Message
from bot.messages.outcome_words import TOKEN_REJECTED
from bot.messages.render import render
from bot.messages.view_models import HoldFacts, RequestFacts, RulesFacts
from bot.messages.words import asked_lines, orders, paragraph, show_command, standing
from storage.enums import RequestState


def run_buttons(facts: RequestFacts, *more: Button) -> tuple[Part, ...]:
    """What can be pressed about a request that runs or has run, and `more` that its message has."""
    buttons: list[Button] = []
    if facts.state in (RequestState.APPROVED, RequestState.EXECUTING) and facts.stop_why is None:
        if facts.can_undo:
            buttons.append(_button(facts, "Undo", Action.UNDO))
        buttons.append(_button(facts, "Stop", Action.STOP))
        held = any(hold.kind == "request" for hold in facts.holds)
        buttons.append(_button(facts, *(("Go on", Action.GO_ON) if held else ("Pause", Action.PAUSE))))
    if facts.state in (RequestState.EXECUTING, RequestState.FINISHED) and facts.figures.unknown:
        buttons.append(_button(facts, "Check again", Action.CHECK_AGAIN))
    again = facts.figures.rejected + facts.figures.not_sent
    if facts.state is RequestState.FINISHED and again:
        buttons.append(_button(facts, f"Retry {orders(again)}", Action.RETRY))
    buttons += more
    return (Buttons(tuple(buttons)),) if buttons else ()


def hold_lines(facts: RequestFacts, rules: RulesFacts | None = None) -> tuple[Line, ...]:
    """What keeps it from being sent, and until when; nothing where nothing does. `rules` say whom to ask."""
    return tuple(hold_line(hold, rules) for hold in facts.holds)


def checking_lines(facts: RequestFacts) -> tuple[Line, ...]:
    """That orders wait for what Fincart's logs say of them, and why that takes long."""
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


def hold_line(hold: HoldFacts, rules: RulesFacts | None = None) -> Line:
    """One hold in words: why, by whom, until when or until what."""
    why: tuple[Span, ...] = (" (", Typed(hold.why, 200), ")") if hold.why else ()
    until: tuple[Span, ...] = (" until ", When(hold.until, exact=True)) if hold.until else ()
    at: tuple[Span, ...] = (", next at ", When(hold.until, exact=True)) if hold.until else ()
    who: tuple[Span, ...] = (" by ", User(hold.who)) if hold.who else ()
    match hold.kind:
        case "request":
            return ("On hold", *who, *why, ": nothing more of it is sent until somebody presses Go on, or Stop.")
        case "pause":
            return ("All sending is paused", *who, *why, ", until somebody types ", CodeText(f"{COMMAND} resume"), ".")
        case "rate_limit":
            return ("Fincart asked the bot to wait", *until, "; it goes on by itself.")
        case "down":
            return (
                "Fincart does not answer",
                *why,
                ". The bot tries again by itself",
                *at,
                ", and goes on once it answers.",
            )
        case "token":
            return (
                TOKEN_REJECTED,
                *why,
                ": nothing is sent until somebody types ",
                CodeText(f"{COMMAND} resume"),
                ". Ask ",
                whom_to_ask(rules),
                " to renew FINCART_TOKEN and restart the bot first.",
            )
        case "slack":
            return (
                "Slack refuses the bot's token",
                *why,
                ": nothing is sent until Slack takes it again; then it goes on by itself. Ask ",
                whom_to_ask(rules),
                " to install the app again, or to correct SLACK_BOT_TOKEN and restart the bot.",
            )
        case _:
            return ("Nothing is sent just now", *why, ".")


def slack_gap_line(facts: RequestFacts) -> tuple[Line, ...]:
    """That sending was on hold while nobody could be told; nothing where it was not."""
    if facts.slack_gap is None:
        return ()
    gap = facts.slack_gap
    told: Line = ("Sending was on hold from ", When(gap.since, exact=True), " to ", When(gap.until, exact=True))
    return ((*told, ": Slack refused the bot's token (", Typed(gap.why, 60), ")."),)


def time_left(facts: RequestFacts) -> str:
    """` · about 40 s left`, while a run goes on unhindered and has gone on for long enough to tell."""
    if facts.seconds_left is None or facts.holds or facts.stop_why is not None:
        return ""
    seconds = max(1, facts.seconds_left)
    return f" · about {seconds} s left" if seconds < 120 else f" · about {round(seconds / 60):,} min left"


def steered(what: str, facts: RequestFacts) -> Message:
    """The private answer to whoever pressed a button of a run. `what` is the answer\'s stable code."""
    heading, words = _STEERED[what]
    line: Line = (words,)
    if what == "checking" and facts.logs_rest is not None:
        why: Span = Typed(facts.logs_rest, 100)
        line = ("Fincart did not answer when a log was read last (", why, "). " + _READ_ONCE_IT_ANSWERS)
    more: Line = ("How it stands: ", standing(facts), ". All about it: ", CodeText(show_command(facts.public_id)))
    return render((Heading(heading), paragraph(line, more, *asked_lines(facts))))


def all_steered(what: str) -> Message:
    """The private answer to `pause` and `resume`."""
    heading, line = _ALL_STEERED[what]
    return render((Heading(heading), paragraph(line)))


_READ_ONCE_IT_ANSWERS = "The logs of its unknown orders are read once it does, and its message then changes by itself."
_STEERED = {
    "stopped": ("Stopped", "Nothing more of it is sent. Calls in flight are waited for; the rest is not sent."),
    "already_stopped": ("It was stopped before", "Nothing more of it is sent."),
    "paused": ("Paused", "Nothing more of it is sent until somebody presses Go on. Its approval still runs out."),
    "already_paused": ("It is on hold already", "Press Go on in its message to let it run, or Stop to end it."),
    "going_on": ("It goes on", "The count of refused and unknown orders starts anew."),
    "not_held": ("It is not on hold", "Nothing was changed."),
    "undone": ("Undone. Nothing was sent.", "The request is withdrawn."),
    "too_late_to_undo": ("Too late to undo", "Sending may have begun. Press Stop to send nothing more of it."),
    "checking": (
        "Checking again",
        "The logs of its unknown orders are being read. If its message still says unknown in a minute, the logs cannot "
        "tell.",
    ),
    "nothing_unknown": ("Nothing is unknown", "Every order of it has an outcome."),
    "not_running": ("That cannot be done now", "This button is for another stage of the request. Nothing was changed."),
    "nothing_to_retry": (
        "Nothing to retry",
        "No order of it was refused or left unsent. Unknown ones are never sent again.",
    ),
    "nothing_to_leave_out": (
        "Nothing was left out",
        "Either every order can be cancelled as far as Fincart tells, or none would be left. Keep them, then.",
    ),
    "nothing_to_include": ("Nothing was included", "Nothing of it was left out for being unlike the other ids."),
}

_ALL_STEERED: dict[str, tuple[str, Line]] = {
    "all_paused": (
        "All sending is paused",
        ("Calls in flight are waited for. To go on, type ", CodeText(f"{COMMAND} resume"), ". Deadlines run on."),
    ),
    "all_paused_already": ("All sending was paused before", ("To go on, type ", CodeText(f"{COMMAND} resume"), ".")),
    "all_resumed": ("Sending goes on", ("Every message of a run says so.",)),
    "nothing_paused": ("Nothing is paused", ("What holds a run by itself ends by itself; its message says when.",)),
}

STEERED = frozenset(_STEERED)
ALL_STEERED = frozenset(_ALL_STEERED)


def _button(facts: RequestFacts, label: str, action: Action) -> Button:
    return Button(label, action, request_value(facts.public_id, facts.revision))
