"""`check`: asks Slack about every channel that the settings name. Posts nothing."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from bot.cli.finding import CheckResult, good, wrong
from bot.domain.policy.inputs import Sharing
from bot.domain.slack_ids import is_direct
from bot.settings.model import Settings
from bot.slack.client import SlackClient
from bot.slack.person_facts import sharing_of
from bot.slack.results import Answer, Ok, RateLimited, Refused

_WITHIN_SECONDS = 3.0

_INSIDE_ONLY = ("DIGEST_CHANNEL", "OPS_CHANNEL")
"""Nothing is posted there while the channel is shared with another organisation."""

_INVITE = "Type /invite and the bot's name there, or name another channel."


def channel_findings(slack: SlackClient, settings: Settings, scopes: frozenset[str]) -> Iterator[CheckResult]:
    """Report of each channel whether the bot can post there, as far as Slack says so without a post."""
    channels = list(_channels(settings))
    with ThreadPoolExecutor(8, "channel") as threads:
        answers = threads.map(lambda each: slack.conversation_info(each[1], _WITHIN_SECONDS), channels)
        for (name, channel), answer in zip(channels, answers, strict=True):
            problem = _problem(answer, joins_by_itself=not scopes or "chat:write.public" in scopes)
            if problem is None and name in _INSIDE_ONLY and not settings.allow_external and _is_shared(answer):
                fix = "Name another channel, or set ALLOW_EXTERNAL."
                problem = f"is shared with another organisation, and nothing is posted there. {fix}"
            where = f"{name}: the channel {channel}"
            yield good(f"{where} can be posted to") if problem is None else wrong(f"{where} {problem}")


def _channels(settings: Settings) -> Iterator[tuple[str, str]]:
    """Each setting's name with a channel in it; a direct message is never looked up."""
    named = (
        ("RESULTS_CHANNEL", settings.results_channel),
        ("AUDIT_CHANNEL", settings.audit_channel),
        ("DIGEST_CHANNEL", settings.digest_channel),
        ("OPS_CHANNEL", settings.ops_channel),
        *(("ALLOWED_CHANNELS", channel) for channel in settings.allowed_channels),
    )
    yield from ((name, channel) for name, channel in named if channel is not None and not is_direct(channel))


def _problem(answer: Answer[Mapping[str, Any]], joins_by_itself: bool) -> str | None:
    """What keeps the bot from posting, with Slack's word and the fix; None: nothing."""
    match answer:
        case Ok(channel) if channel.get("is_archived"):
            return "is archived (is_archived). Unarchive it and invite the bot again, or name another channel."
        case Ok(channel) if channel.get("is_member") is False and (channel.get("is_private") or not joins_by_itself):
            return f"does not have the bot in it (not_in_channel). {_INVITE}"
        case Ok():
            return None
        case Refused("channel_not_found"):
            return f"is not there, or private and without the bot (channel_not_found). Correct the id. {_INVITE}"
        case Refused("missing_scope", scope):
            fix = "Add it under OAuth & Permissions and install the app again."
            return f"cannot be looked up without the scope {scope} (missing_scope). {fix}"
        case Refused(code):
            return f"is refused by Slack ({code}). {_INVITE}"
        case RateLimited(seconds):
            return f"could not be looked up: Slack wants to be left alone for {seconds} seconds. Try again then."
        case _:
            return f"could not be looked up ({answer.why}). Try again once Slack answers."


def _is_shared(answer: Answer[Mapping[str, Any]]) -> bool:
    return isinstance(answer, Ok) and sharing_of(Ok(answer.value)) is Sharing.SHARED
