"""PURE: what stands in a preview's place once it is over, and what somebody is told who pressed in vain."""

from bot.domain.commands.parser import COMMAND
from bot.messages.document import Bold, ChannelName, CodeText, Heading, Line, Link, Part, Typed, User, When
from bot.messages.message import Message
from bot.messages.render import render
from bot.messages.view_models import RequestFacts
from bot.messages.words import asked_lines, decided_line, orders, paragraph, show_command, standing
from storage.enums import RequestState


def went_ahead(facts: RequestFacts) -> Message:
    """Replaces the preview once its requester confirmed."""
    return _over(
        facts,
        f"Confirmed: cancelling {orders(facts.order_count)}",
        *decided_line(facts, "Confirmed"),
        where_to_watch(facts),
    )


def kept(facts: RequestFacts) -> Message:
    """Replaces the preview after "Keep them"."""
    return _over(facts, "Kept. Nothing was sent.", *decided_line(facts, "Kept"))


def expired(facts: RequestFacts) -> Message:
    """Replaces the preview when its time is up, or answers a click that came too late."""
    until: tuple[Line, ...] = ()
    decided = "decided" if facts.approvals_needed else "confirmed"
    if facts.expires_at is not None:
        until = ((f"It could be {decided} until ", When(facts.expires_at), "."),)
    again: Line = ("To go on, ask again: type ", CodeText(COMMAND), " and the order ids.")
    return _over(facts, "Expired. Nothing was sent.", *until, again)


def already_decided(facts: RequestFacts) -> Message:
    """Answers a click on a request that was decided before: who did it, when, and what came of it."""
    match facts.state:
        case RequestState.WITHDRAWN:
            word = "Withdrawn" if facts.approvals_needed else "Kept"
            return _over(facts, f"Already {word.lower()}. Nothing was sent.", *decided_line(facts, word))
        case RequestState.EXPIRED:
            return expired(facts)
        case RequestState.DECLINED:
            return _over(facts, "Already declined. Nothing was sent.", *decided_line(facts, "Declined"))
        case RequestState.REFUSED:
            return _over(facts, "Refused. Nothing was sent.", *_rule(facts))
        case RequestState.PREPARING | RequestState.CONFIRMING | RequestState.WAITING:
            return _over(facts, "Not decided yet", (f"It {standing(facts)}.",), *_waiting(facts), *_see(facts))
        case RequestState.APPROVED | RequestState.EXECUTING | RequestState.FINISHED:
            confirmed = decided_line(facts, "It was already confirmed")
            now: Line = ("It is now ", Bold(standing(facts)), ".")
            return _over(facts, "Already confirmed", *confirmed, now, where_to_watch(facts))


def older_revision(facts: RequestFacts) -> Message:
    """Answers a go-ahead pressed on an older version of the request."""
    return _over(
        facts,
        "This request has changed since. Nothing was sent.",
        ("Its orders, its reason or the approvals it needs are no longer those you saw.",),
        ("Look at it as it is now, and decide there: ", CodeText(show_command(facts.public_id))),
    )


def _over(facts: RequestFacts, heading: str, *lines: Line) -> Message:
    parts: list[Part] = [Heading(heading), paragraph(*lines, *asked_lines(facts))]
    return render(parts)


def _rule(facts: RequestFacts) -> tuple[Line, ...]:
    return (("The rule: ", Typed(facts.rule)),) if facts.rule else ()


def _waiting(facts: RequestFacts) -> tuple[Line, ...]:
    if facts.state is not RequestState.WAITING:
        return ()
    return (("Whoever may approve presses Approve or Decline on its message; its requester may press Withdraw.",),)


def _see(facts: RequestFacts) -> tuple[Line, ...]:
    return (("To see it, type: ", CodeText(show_command(facts.public_id))),)


def where_to_watch(facts: RequestFacts) -> Line:
    """Where its live message is."""
    if facts.permalink:
        return (Link(facts.permalink, "Watch it in its live message"), ".")
    if facts.in_direct_message:
        return ("Watch it in the bot's direct message to ", User(facts.requester), ".")
    # Slack has not taken it yet, so that it may still turn out to be a direct message.
    where: Line = ("Watch it in ", ChannelName(facts.live_channel or facts.channel_id))
    return (*where, ", or in its direct message to ", User(facts.requester), " if the bot cannot post there.")
