"""What listeners share: keep a delivery, answer at once, and leave what waits on Slack to other threads."""

import logging
import secrets
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

from bot.messages.answers import could_not_record, perhaps_recorded
from bot.messages.message import Message
from bot.settings.model import Settings
from bot.slack.client import SlackClient
from storage import deliveries
from storage.db.transactions import CommitUnanswered, Database, StorageUnavailable
from storage.deliveries import Incoming

log = logging.getLogger(__name__)

Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Intake:
    """The settings, the inbox, and threads for calls to Slack that cannot wait behind any other work."""

    settings: Settings
    database: Database
    slack: SlackClient
    at_once: Executor

    def keep(self, incoming: Incoming, *, due: bool = True) -> bool | Message:
        """Commit a delivery. False: a repeat of one kept before. A message: it failed; whoever asked is told so."""
        try:
            return deliveries.keep(self.database, incoming, due=due)
        except StorageUnavailable as unavailable:
            if due and isinstance(unavailable, CommitUnanswered):
                log.error("nobody knows whether a %s was recorded: %s", incoming.kind, unavailable)
                return perhaps_recorded(self.settings.contact)
            log.error("a %s could not be recorded and was not done: %s", incoming.kind, unavailable)
            return self.could_not_record()

    def could_not_record(self) -> Message:
        """What whoever asked is told where the database does not answer at all."""
        return could_not_record(self.settings.contact)

    def respond(self, response_url: str | None, message: Message) -> None:
        """Answer a click privately without keeping its acknowledgement waiting; best effort."""
        if response_url:
            self.soon(lambda: self.slack.respond(response_url, message))

    def soon(self, act: Callable[[], object]) -> None:
        """Do this now, on a thread that no other work waits for."""
        self.at_once.submit(_logged, act)


def inline(message: Message) -> dict[str, Any]:
    """A message as the body of a command's acknowledgement (docs.slack.dev, implementing slash commands)."""
    return {"response_type": "ephemeral", "text": message.text, "blocks": list(message.blocks)}


def identity(body: Body, *what: object) -> tuple[str, ...]:
    """What tells a repeated delivery from a new one: trigger, response URL and the act itself.

    A delivery that carries neither trigger nor URL cannot be told from another: each counts as new.
    """
    told = [str(each) for each in (body.get("trigger_id"), body.get("response_url")) if each]
    return (*(told or [secrets.token_hex(16)]), *(str(each) for each in what))


def team_of(body: Body) -> str:
    """The workspace that a payload comes from; null for an organisation-wide install, where the person's counts."""
    team = body.get("team") or {}
    user = body.get("user") or {}
    return str(body.get("team_id") or team.get("id") or user.get("team_id") or "")


def _logged(act: Callable[[], object]) -> None:
    try:
        act()
    except Exception:
        log.exception("an answer to a person failed")
