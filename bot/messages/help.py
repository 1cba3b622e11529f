"""PURE: `help`: every form with an example, and the rules in force here."""

from collections.abc import Sequence

from bot.domain.commands.parser import WORDS
from bot.domain.commands.reasons import LONGEST_REASON
from bot.domain.files.order_file import LARGEST_FILE
from bot.messages.card import may_approve
from bot.messages.document import Bullets, ChannelName, CommandText, Group, Heading, Line, Typed, User
from bot.messages.message import Message
from bot.messages.render import render
from bot.messages.view_models import RulesFacts
from bot.messages.words import bold, duration, listed, orders, paragraph
from storage.enums import Outcome, RequestState

_NAMED = 10

_DOES = {
    "preview": "shows what would happen, with no button that goes ahead",
    "history": "lists requests, newest first",
    "show": "tells all about one request",
    "waiting": "lists what waits for somebody",
    "report": "shows figures of the last seven days, or of the days you name",
    "export": "sends you the history as a file",
    "pause": "stops sending anything",
    "resume": "goes on sending",
    "help": "shows this",
}


def help_message(rules: RulesFacts) -> Message:
    """Every form that works, with an example, and the rules of this installation."""
    states = ", ".join(state.value for state in RequestState)
    outcomes = ", ".join(outcome.value for outcome in Outcome)
    return render(
        (
            Heading("Cancel orders at Fincart"),
            paragraph(
                "You ask, you see a preview that only you see, you confirm, and the channel is told what happened to "
                "every order. Cancelling cannot be undone.",
                bold("What you can type:"),
            ),
            Bullets(_forms(), whole=True),
            paragraph(
                f"status: is one of {states}.",
                f"outcome: is one of {outcomes}.",
                "reason: is one of the list, today's or an earlier one's.",
                "since: and until: are 2026-11-24, today, yesterday or 7d, in your own time zone.",
                bold("The rules here:"),
            ),
            Bullets(_rules(rules), whole=True),
        )
    )


def _forms() -> tuple[Line, ...]:
    ask: Line = (
        CommandText("ID [ID …] [because WHY]"),
        " asks to cancel orders, for example ",
        CommandText("6864fecda075914a1b1e353c because duplicate"),
        ". What is unlike the other ids is left out unless you press Include",
    )
    megabytes = LARGEST_FILE // (1024 * 1024)
    form: Line = (
        CommandText(),
        f" alone opens a form to paste ids into, or for a CSV or text file of up to {megabytes} MB",
    )
    return (ask, form, *(_form(name, word.usage, word.example) for name, word in WORDS.items()))


def _form(name: str, usage: str, example: str) -> Line:
    line: Line = (CommandText(usage), f" {_DOES[name]}")
    return line if usage == example else (*line, ", for example ", CommandText(example))


def _rules(rules: RulesFacts) -> tuple[Line, ...]:
    return (
        ("Who may ask: ", *_who(rules)),
        ("Where: ", *_listed([(ChannelName(channel),) for channel in rules.allowed_channels], "any channel")),
        (f"At most {orders(rules.max_orders)} in one request",),
        *_limits(rules),
        _reason(rules),
        (f"A preview can be confirmed for {duration(rules.preview_seconds)}",),
        *_approval(rules),
        (f"Nothing new is sent later than {duration(rules.approval_valid_seconds)} after it was confirmed",),
        ("Who may read the history: whoever may ask or approve", *_auditors(rules)),
        ("Whom to ask: ", Typed(rules.contact)),
    )


def _reason(rules: RulesFacts) -> Line:
    asked = "A reason is required" if rules.require_reason else "A reason is welcome, not required"
    most = f"; at most {LONGEST_REASON:,} characters"
    if not rules.reasons:
        return (f"{asked}{most}",)
    which = ", and begins with one of these: " if rules.require_reason else "; one that begins so counts as it: "
    return (f"{asked}{which}", listed(rules.reasons), most)


def _limits(rules: RulesFacts) -> tuple[Line, ...]:
    lines: list[Line] = []
    if rules.max_per_day is not None:
        lines.append((f"At most {orders(rules.max_per_day)} of one person's requests let run in one day (UTC)",))
    if rules.type_to_confirm_above is not None:
        above = f"With more than {orders(rules.type_to_confirm_above)}" if rules.type_to_confirm_above else "Always"
        lines.append((f"{above}, whoever lets it run types the number of orders",))
    if rules.undo_seconds:
        lines.append((f"Nothing is sent for {duration(rules.undo_seconds)} after the last go-ahead; Undo until then",))
    if rules.hold_after_failed:
        lines.append((f"After {orders(rules.hold_after_failed)} rejected or unknown, a run waits for Go on or Stop",))
    lines.append(("Who may stop or hold a run: who asked, and whoever may approve; pause and resume: the latter",))
    return tuple(lines)


def _approval(rules: RulesFacts) -> tuple[Line, ...]:
    if rules.second_approval_above is None:
        return ()
    above = f"With more than {orders(rules.second_approval_above)}" if rules.second_approval_above else "Always"
    others = "1 other person" if rules.approvals_needed == 1 else f"{rules.approvals_needed} other people"
    lines: list[Line] = [
        (f"{above}, {others} must approve, within {duration(rules.approval_seconds)}; nobody approves their own",),
        ("Who may approve: ", *(may_approve(rules) or ("everyone who may ask",))),
    ]
    if rules.emergency_users:
        named = _listed([(User(user),) for user in rules.emergency_users], "nobody")
        lines.append(("Who may go ahead alone in an emergency, told in the audit channel: ", *named))
    return tuple(lines)


def _who(rules: RulesFacts) -> Line:
    guests = "guests included" if rules.guests else "no guests"
    outsiders = "people of other organisations included" if rules.external else "nobody of another organisation"
    named: list[Line] = [(User(user),) for user in rules.allowed_users]
    named += [(Group(group),) for group in rules.allowed_usergroups]
    who: Line = ("everyone",) if rules.everyone else _listed(named, "nobody")
    return (*who, f" ({guests}, {outsiders})")


def _auditors(rules: RulesFacts) -> Line:
    return (", and ", *_listed([(User(user),) for user in rules.auditors], "")) if rules.auditors else ()


def _listed(named: Sequence[Line], nothing: str) -> Line:
    line: Line = ()
    for number, each in enumerate(named[:_NAMED]):
        line += (", " if number else "", *each)
    if len(named) > _NAMED:
        line += (f" and {len(named) - _NAMED:,} more",)
    return line or (nothing,)
