"""PURE: messages about a live message that Slack no longer lets the bot show: why, and where it is instead."""

from dataclasses import replace

from bot.messages.document import Bold, ChannelName, CommandText, Heading, Line, Link, Typed, When
from bot.messages.layout import small_print, story
from bot.messages.message import Message
from bot.messages.render import render
from bot.messages.view_models import ClosedFacts, RequestFacts
from bot.messages.words import invitation, paragraph, to_have_it_there

_ARCHIVED = frozenset({"is_archived", "is_inactive"})


def closed_lines(closed: ClosedFacts, bot_user: str | None) -> tuple[Line, ...]:
    """That a live message is a direct message now: where it was or belongs, why it is not there, what can be done."""
    channel = ChannelName(closed.channel)
    why: Line = (" (", why_closed(closed.why), ")") if closed.why else ()
    if not closed.was_there:
        first: Line = (Bold("The bot cannot post in"), " ", channel, *why)
        first += (": what happens is told to the requester in a direct message instead.",)
        return (first, to_have_it_there(bot_user))
    line: Line = (Bold("This message was in"), " ", channel, " until ", When(closed.at), ". ")
    line += ("The bot cannot edit it there any more", *why, ": it goes on here, and only here.")
    if closed.why in _ARCHIVED:
        return (line,)
    return (line, ("To have the bot in that channel for later requests, type there: ", *invitation(bot_user)))


def why_closed(code: str) -> str:
    """Slack's error code in words."""
    if code in _ARCHIVED:
        return f"the channel is archived: {code}"
    if code == "channel_not_found":
        return f"the bot was removed from it, or it is gone: {code}"
    if code == "not_in_channel":
        return f"the bot is not in it: {code}"
    if code.startswith("restricted_action"):
        return f"only some people may post there: {code}"
    return f"Slack says {code}"


def moved(facts: RequestFacts) -> Message:
    """Replaces a live message that moved, once Slack lets the bot edit it again."""
    since: Line = (" since ", When(facts.closed.at)) if facts.closed is not None else ()
    why: Line = (f" ({why_closed(facts.closed.why)})",) if facts.closed is not None and facts.closed.why else ()
    line: Line = ("The bot could not edit it here", *since, *why, ". What it said here was true until then only.")
    goes_on: Line = ("It goes on in the bot's direct message to its requester.",)
    return _not_the_one(facts, "This message has moved", line, goes_on)


def copied(facts: RequestFacts) -> Message:
    """Replaces the second copy of a live message, once the bot knows where it is."""
    link: Line = (Link(facts.permalink, "Go to the one that is kept up to date"), ".") if facts.permalink else ()
    line: Line = ("Slack shows it twice, and this one is not kept up to date. ", *link)
    return _not_the_one(facts, "This message is a copy", line)


def _not_the_one(facts: RequestFacts, what: str, *lines: Line) -> Message:
    """Leaves the link out of the small print: the live message is private, or linked above already."""
    here = replace(facts, permalink=None)
    return render((paragraph(story(facts, what), *lines), small_print(here, links_to_live=True)))


def not_shared(why: str, contact: str) -> Message:
    """Answers a person who shared a page of history in a channel in which Slack refuses it."""
    return render(
        (
            Heading("The page could not be shared"),
            paragraph(
                ("Slack does not let the bot post in that channel (", Typed(why_closed(why), 200), ")."),
                ("Everybody who may can see the same by ", CommandText("history"), "."),
                ("If the bot should be able to post there, ask ", Typed(contact, 200), "."),
            ),
        )
    )
