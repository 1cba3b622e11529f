"""PURE: messages while a request waits for other people: the card in the channel, the reminder, the notice of an
emergency."""

from bot.messages.actions import Action, request_value
from bot.messages.document import (
    Bold,
    Button,
    Buttons,
    ChannelName,
    Group,
    Line,
    Part,
    Style,
    User,
    When,
)
from bot.messages.layout import comments, named_orders, order_list, show_all, small_print, story
from bot.messages.message import Message
from bot.messages.moved import why_closed
from bot.messages.render import render
from bot.messages.view_models import RequestFacts, RulesFacts
from bot.messages.words import (
    counted,
    invitation,
    orders,
    paragraph,
    people,
    reason_of,
    show_command,
    standing,
)
from storage.enums import RequestState

_NAMED = 10


def card(facts: RequestFacts, rules: RulesFacts | None) -> tuple[Part, ...]:
    """The live message while it waits; `rules` say who may approve."""
    return (
        paragraph(_asks(facts), *approvals_lines(facts, rules), *comments(facts)),
        order_list(facts),
        paragraph("Cancelling cannot be undone."),
        Buttons((*approver_buttons(facts), withdraw_button(facts), show_all(facts))),
        small_print(facts),
    )


def unseen_card(facts: RequestFacts, rules: RulesFacts | None, bot_user: str | None) -> tuple[Part, ...]:
    """The live message while it waits, where the bot could post it to nobody but its requester."""
    channel = facts.closed.channel if facts.closed else facts.live_channel or facts.channel_id
    why: Line = (f" ({why_closed(facts.closed.why)})",) if facts.closed and facts.closed.why else ()
    return (
        paragraph(
            _asks(facts),
            (Bold("Nobody else sees this yet:"), " the bot cannot post in ", ChannelName(channel), *why, "."),
            ("Let somebody who may approve type ", show_command(facts.public_id), ": they can do it there."),
            ("Or type in the channel: ", *invitation(bot_user), "; then press Withdraw here, and ask again."),
            *approvals_lines(facts, rules),
            *comments(facts),
        ),
        order_list(facts),
        Buttons((withdraw_button(facts), show_all(facts))),
        small_print(facts, named=False),
    )


def _asks(facts: RequestFacts) -> Line:
    """`@ann asks to cancel 12 orders · warehouse fire`."""
    return (User(facts.requester), " ", Bold(f"asks to cancel {orders(facts.order_count)}"), " · ", reason_of(facts))


def approvals_lines(facts: RequestFacts, rules: RulesFacts | None = None) -> tuple[Line, ...]:
    """How many must approve and until when, who may, where `rules` say so, and who has."""
    others = "One other person" if facts.approvals_needed == 1 else f"{facts.approvals_needed} other people"
    line: Line = (Bold(f"{others} must approve"),)
    if facts.expires_at is not None:
        line += (", before ", When(facts.expires_at))
    if rules is not None:
        named = may_approve(rules, facts.never_asked())
        line += (": ", *(named or ("whoever may ask",)))
    approved = facts.approvers()
    line += () if rules else (".",)
    if not approved:
        return (line,)
    left = max(0, facts.approvals_needed - len(approved))
    return (line, (f"{len(approved)} approved so far, {left} more needed.",))


def may_approve(rules: RulesFacts, besides: tuple[str, ...] = ()) -> Line:
    """`@A, @B or @group`, at most so many; empty where the settings name nobody."""
    users, groups = rules.approvers
    others = [user for user in users if user not in besides]
    named = people(others[:_NAMED], ((Group(group),) for group in groups[:_NAMED]))
    more = max(0, len(others) - _NAMED) + max(0, len(groups) - _NAMED)
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
        over = story(facts, f"Nobody is waited for any more: it {standing(facts)}")
        return render((paragraph(over), small_print(facts, links_to_live=True)))
    named = may_approve(rules, facts.never_asked()) or ("Whoever may approve",)
    what: Line = (*named, ": ", Bold(f"please approve or decline cancelling {orders(facts.order_count)}"))
    return render((paragraph(story(facts, what), *approvals_lines(facts)), small_print(facts, links_to_live=True)))


def emergency_notice(facts: RequestFacts) -> Message:
    """Tells the audit channel that somebody went ahead alone."""
    needed = counted(facts.approvals_needed, "approval")
    alone = f"Its requester went ahead alone where the rules ask for {needed} of others."
    # The notice is posted once: how far a run has come would soon be wrong.
    over = facts.state in (RequestState.FINISHED, RequestState.WITHDRAWN)
    became = f"It {standing(facts)}." if over else "What becomes of each order is told in its live message."
    heading = f"Emergency: cancelling {orders(facts.order_count)} without approval"
    return render(
        (
            paragraph(story(facts, heading), alone, became),
            named_orders(facts),
            Buttons((show_all(facts),)),
            small_print(facts, links_to_live=True),
        )
    )
