"""What listeners share: stores a delivery, answers at once, and runs calls to Slack on other threads."""

import logging
import secrets
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from typing import Any

from bot.context import names_of
from bot.messages.answers import could_not_record, perhaps_recorded
from bot.messages.message import Message
from bot.messages.names import Names
from bot.messages.render import named, signed_view
from bot.settings.model import Settings
from bot.slack.client import SlackClient
from bot.slack.results import Ok
from storage import deliveries
from storage.db.transactions import CommitUnanswered, Database, StorageUnavailable
from storage.deliveries import Incoming
from storage.log_events import LogEvent, about

log = logging.getLogger(__name__)

Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Intake:
    """The settings, the inbox, and threads for urgent calls to Slack."""

    settings: Settings
    database: Database
    slack: SlackClient
    at_once: Executor

    @property
    def names(self) -> Names:
        """What messages call this installation."""
        return names_of(self.settings)

    def keep(self, incoming: Incoming, *, due: bool = True) -> bool | Message:
        """Commit a delivery. Returns False for a repeat, or a message for the person if it failed."""
        try:
            return deliveries.keep(self.database, incoming, due=due)
        except StorageUnavailable as unavailable:
            if due and isinstance(unavailable, CommitUnanswered):
                words = "nobody knows whether a %s was recorded: %s"
                log.error(words, incoming.kind, unavailable, extra=about(LogEvent.DELIVERY_NOT_RECORDED))
                return perhaps_recorded(self.settings.contact)
            words = "a %s could not be recorded and was not done: %s"
            log.error(words, incoming.kind, unavailable, extra=about(LogEvent.DELIVERY_NOT_RECORDED))
            return self.could_not_record()

    def could_not_record(self) -> Message:
        """Build the answer for the person when the database does not respond."""
        return could_not_record(self.settings.contact)

    def respond(self, response_url: str | None, message: Message) -> None:
        """Answer a click privately on another thread, so that its acknowledgement does not wait; best effort."""
        if response_url:
            self.soon(lambda: self.slack.respond(response_url, named(message, self.names)))

    def inline(self, message: Message) -> dict[str, Any]:
        """Return a message as the body of a command's acknowledgement (docs.slack.dev, implementing slash commands)."""
        shown = named(message, self.names)
        return {"response_type": "ephemeral", "text": shown.text, "blocks": list(shown.blocks)}

    def in_field(self, message: Message) -> str:
        """Return a message as text beside a form's field, which has no small print."""
        return named(message, replace(self.names, installation=None)).text

    def open_form(self, trigger: str, view: Body) -> bool:
        """Open a form, and return whether Slack took it."""
        return isinstance(self.slack.open_view(trigger, signed_view(view, self.names)), Ok)

    def soon(self, act: Callable[[], object]) -> None:
        """Run this now on a thread reserved for urgent calls."""
        self.at_once.submit(_logged, act)


def identity(body: Body, *what: object) -> tuple[str, ...]:
    """Return the deduplication key: trigger, response URL and the action itself.

    A delivery with neither trigger nor URL has no key: each counts as new.
    """
    parts = [str(each) for each in (body.get("trigger_id"), body.get("response_url")) if each]
    return (*(parts or [secrets.token_hex(16)]), *(str(each) for each in what))


def team_of(body: Body) -> str:
    """Return the payload's workspace; in an organisation-wide install, where Slack sends null, the person's."""
    team = body.get("team") or {}
    user = body.get("user") or {}
    return str(body.get("team_id") or team.get("id") or user.get("team_id") or "")


def _logged(act: Callable[[], object]) -> None:
    try:
        act()
    except Exception:
        log.exception("an answer to a person failed", extra=about(LogEvent.FAULT))
