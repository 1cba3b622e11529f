"""PURE: what is shown while a request waits for other people: the card in the channel, the reminder, the notice of
an emergency."""

from bot.messages.actions import Action, request_value
from bot.messages.document import (
    Bold,
    Button,
    Buttons,
    ChannelName,
    CodeText,
    Group,
    Heading,
    Line,
    Link,
    Part,
    Style,
    User,
    When,
)
from bot.messages.message import Message
from bot.messages.moved import why_closed
from bot.messages.render import render
from bot.messages.view_models import RequestFacts, RulesFacts
from bot.messages.words import (
    asked_lines,
    bold,
    counted,
    decided_line,
    invitation,
    order_list,
    orders,
    paragraph,
    people,
    show_command,
    standing,
)
from storage.enums import RequestState

_NAMED = 10


def card(facts: RequestFacts, rules: RulesFacts | None) -> tuple[Part, ...]:
    """The live message while it waits; `rules` say who may approve."""
    stay = "Orders once cancelled stay cancelled" if facts.order_count != 1 else "An order once cancelled stays so"
    return (
        Heading(f"Waiting for approval: cancel {orders(facts.order_count)}"),
        paragraph(
            "Nothing has been sent to Fincart yet.",
            *asked_lines(facts),
            *wanted_lines(facts),
            *may_approve_lines(rules, facts),
        ),
        paragraph(bold(f"{orders(facts.order_count)} would be sent to Fincart:")),
        order_list(facts),
        paragraph((Bold("This cannot be undone."), f" {stay} at Fincart.")),
        Buttons((*approver_buttons(facts), withdraw_button(facts))),
    )


def unseen_card(facts: RequestFacts, rules: RulesFacts | None, bot_user: str | None) -> tuple[Part, ...]:
    """The live message while it waits, where the bot could post it to nobody but its requester."""
    channel = facts.closed.channel if facts.closed else facts.live_channel or facts.channel_id
    why: Line = (f" ({why_closed(facts.closed.why)})",) if facts.closed and facts.closed.why else ()
    return (
        Heading(f"Nobody else sees this request yet: cancel {orders(facts.order_count)}"),
        paragraph(
            ("Nothing has been sent to Fincart. ", Bold("The bot cannot post in "), ChannelName(channel), *why, "."),
            (
                "Let somebody who may approve type ",
                CodeText(show_command(facts.public_id)),
                ": they can approve there.",
            ),
            ("Or type in the channel: ", *invitation(bot_user), "; then press Withdraw here, and ask again."),
            *asked_lines(facts),
            *wanted_lines(facts),
            *may_approve_lines(rules, facts),
        ),
        Buttons((withdraw_button(facts),)),
    )


def wanted_lines(facts: RequestFacts) -> tuple[Line, ...]:
    """How many must approve, who has, and until when."""
    others = "1 other person" if facts.approvals_needed == 1 else f"{facts.approvals_needed} other people"
    approved = facts.approvers()
    so_far: Line = ("Nobody has approved so far.",)
    if approved:
        left = max(0, facts.approvals_needed - len(approved))
        so_far = (f"Approved so far, {left} more needed: ", *_and(approved), ".")
    lines: list[Line] = [(Bold(f"{others} must approve"), ", never ", User(facts.requester), "."), so_far]
    if facts.expires_at is not None:
        lines.append(("It can be approved until ", When(facts.expires_at), "; after that nothing is sent."))
    return tuple(lines)


def may_approve_lines(rules: RulesFacts | None, facts: RequestFacts | None = None) -> tuple[Line, ...]:
    """Who may approve this request, by name where the settings name anybody."""
    if rules is None:
        return ()
    named = may_approve(rules, (facts.requester, *facts.requester_ids) if facts is not None else ())
    return (("Who may approve: ", *(named or ("everyone who may ask",)), "."),)


def may_approve(rules: RulesFacts, besides: tuple[str, ...] = ()) -> Line:
    """`@A, @B or @group`, at most so many; empty where the settings name nobody."""
    users, groups = rules.approvers
    wanted = [user for user in users if user not in besides]
    named = people(wanted[:_NAMED], ((Group(group),) for group in groups[:_NAMED]))
    more = max(0, len(wanted) - _NAMED) + max(0, len(groups) - _NAMED)
    return (*named, f" and {more:,} more") if named and more else named


def approver_buttons(facts: RequestFacts) -> tuple[Button, ...]:
    """For whoever may approve."""
    value = request_value(facts.public_id, facts.revision)
    return (
        Button(f"Approve: cancel {orders(facts.order_count)}", Action.APPROVE, value, Style.DANGER),
        Button("Decline", Action.DECLINE, value),
    )


def withdraw_button(facts: RequestFacts) -> Button:
    """For the requester."""
    return Button("Withdraw", Action.WITHDRAW, request_value(facts.public_id, facts.revision))


def waiting_buttons(facts: RequestFacts, rules: RulesFacts, viewer: str | None, approves: bool) -> tuple[Button, ...]:
    """The buttons of a waiting request for this viewer; `approves` says whether they may approve others'."""
    value = request_value(facts.public_id, facts.revision)
    remind = Button("Remind", Action.REMIND, value)
    if facts.is_of(viewer):
        alone = (emergency_button(facts),) if {viewer, *facts.requester_ids} & set(rules.emergency_users) else ()
        return (*alone, withdraw_button(facts), remind)
    return (*approver_buttons(facts), remind) if approves else ()


def emergency_button(facts: RequestFacts) -> Button:
    """For a requester who may go ahead alone."""
    value = request_value(facts.public_id, facts.revision)
    return Button(f"Emergency: cancel {orders(facts.order_count)}", Action.EMERGENCY, value)


def reminder(facts: RequestFacts, rules: RulesFacts) -> Message:
    """Asks those who may approve, by name, in the card's thread. Whoever has approved is not asked again."""
    if facts.state is not RequestState.WAITING:
        return render(
            (paragraph(("Nobody is waited for any more: it ", Bold(standing(facts)), "."), *asked_lines(facts)),)
        )
    named = may_approve(rules, facts.never_asked())
    asked: Line = (*named, ": please ") if named else ("Whoever may approve: please ",)
    question: Line = (
        *asked,
        f"approve or decline cancelling {orders(facts.order_count)}, asked by ",
        User(facts.requester),
        ". The buttons are on the message above.",
    )
    return render((paragraph(question, *wanted_lines(facts), *asked_lines(facts)),))


def emergency_notice(facts: RequestFacts) -> Message:
    """Tells the audit channel that somebody went ahead alone."""
    link: tuple[Line, ...] = ((Link(facts.permalink, "Its live message"),),) if facts.permalink else ()
    needed = counted(facts.approvals_needed, "approval")
    return render(
        (
            Heading(f"Emergency: cancelling {orders(facts.order_count)} without approval"),
            paragraph(
                (User(facts.requester), f" went ahead alone where the rules ask for {needed} of others."),
                *_ended(facts),
                *asked_lines(facts),
                *decided_line(facts, "Confirmed"),
                *link,
                ("All about it: ", CodeText(show_command(facts.public_id))),
            ),
        )
    )


def _ended(facts: RequestFacts) -> tuple[Line, ...]:
    # The notice is posted once: how far a run has come would soon be wrong.
    if facts.state not in (RequestState.FINISHED, RequestState.WITHDRAWN):
        return (("What becomes of each order is told in its live message.",),)
    return ((f"It {standing(facts)}.",),)


def _and(users: tuple[str, ...]) -> Line:
    line: Line = ()
    for number, user in enumerate(users):
        line += (", " if number else "", User(user))
    return line
