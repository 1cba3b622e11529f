"""PURE: replaces an ended preview, and answers presses that came too late."""

from bot.messages.document import ChannelName, CommandText, Line, When
from bot.messages.layout import comments, small_print, story
from bot.messages.message import Message
from bot.messages.render import render
from bot.messages.view_models import RequestFacts
from bot.messages.words import orders, paragraph, show_command, standing
from storage.enums import RequestState


def went_ahead(facts: RequestFacts) -> Message:
    """Replaces the preview once its requester confirmed."""
    return about(facts, f"Confirmed: cancelling {orders(facts.order_count)}", *where_to_watch(facts))


def withdrawn(facts: RequestFacts) -> Message:
    """Replaces the preview after "Keep them"."""
    return about(facts, "Kept. Nothing was sent.")


def expired(facts: RequestFacts) -> Message:
    """Replaces the preview when its time is up, or answers a press that came too late."""
    until: Line = ()
    if facts.expires_at is not None:
        decided = "decided" if facts.approvals_needed else "confirmed"
        until = (f"It could be {decided} until ", When(facts.expires_at), ". ")
    return about(facts, "Expired. Nothing was sent.", (*until, *ask_again("To go on")))


def ask_again(where: str) -> Line:
    """How to ask for the same orders once more."""
    return (f"{where}, ask again: type ", CommandText(), " and the order ids.")


def already_decided(facts: RequestFacts) -> Message:
    """Answers a press about a request that was decided before: who did it, when, and what came of it."""
    match facts.state:
        case RequestState.WITHDRAWN:
            word = "withdrawn" if facts.approvals_needed else "kept"
            return about(facts, f"Already {word}. Nothing was sent.")
        case RequestState.EXPIRED:
            return expired(facts)
        case RequestState.DECLINED:
            return about(facts, "Already declined. Nothing was sent.")
        case RequestState.REFUSED:
            return about(facts, "Refused. Nothing was sent.")
        case RequestState.PREPARING | RequestState.CONFIRMING | RequestState.WAITING:
            return about(facts, f"Not decided yet: it {standing(facts)}", *_waiting(facts))
        case RequestState.APPROVED | RequestState.EXECUTING | RequestState.FINISHED:
            return about(facts, "Already confirmed", (f"How it stands: {standing(facts)}.",), *where_to_watch(facts))


def older_revision(facts: RequestFacts) -> Message:
    """Answers a go-ahead pressed on an older version of the request."""
    look: Line = ("Look at it as it is now, and decide there: ", show_command(facts.public_id))
    changed = "This request has changed since. Nothing was sent."
    why: Line = ("Its orders, its reason or the approvals it needs are no longer those you saw.",)
    return about(facts, changed, why, look, named=True)


def about(facts: RequestFacts, what: str, *lines: Line, named: bool = False) -> Message:
    """A private answer about a request: what happened to it, what else is to be known, the small print. `named`: a
    line has its id already."""
    small = small_print(facts, links_to_live=True, named=not named)
    return render((paragraph(story(facts, what), *lines, *comments(facts)), small))


def _waiting(facts: RequestFacts) -> tuple[Line, ...]:
    if facts.state is not RequestState.WAITING:
        return ()
    return (("Whoever may approve presses Approve or Decline on its message; its requester may press Withdraw.",),)


def where_to_watch(facts: RequestFacts) -> tuple[Line, ...]:
    """Where its live message will be, as long as the small print has no link to it."""
    if facts.permalink:
        return ()
    if facts.in_direct_message:
        return (("Watch it in the bot's direct message to its requester.",),)
    # Slack has not taken it yet, so that it may still turn out to be a direct message.
    other = facts.live_channel is not None and facts.live_channel != facts.channel_id
    where: Line = ("Watch it in ", ChannelName(facts.live_channel or "")) if other else ("Watch it in the channel",)
    return ((*where, ", or in the bot's direct message to its requester if the bot cannot post there."),)
