"""The slash command: what can be answered from the text alone is, at once; the rest is kept for the worker."""

from typing import Any

from slack_bolt import Ack, App

from bot.domain.commands.filters import History
from bot.domain.commands.parser import Ask, Export, Help, OpenForm, Pause, Preview, Resume, Show, Waiting, parse
from bot.listeners.intake import Body, Intake, identity, inline, team_of
from bot.listeners.modals import Opening, open_form
from bot.messages.answers import not_read
from bot.messages.help import help_message
from bot.messages.message import Message
from bot.outbox.read_model import rules_facts
from bot.reports.export import EXPORT
from bot.slack.manifest import COMMAND as NAME
from bot.worker.inbox import COMMAND
from storage.deliveries import Incoming


def listen(app: App, intake: Intake) -> None:
    """Handle the command."""

    @app.command(NAME)
    def typed(ack: Ack, body: dict[str, Any]) -> None:
        text = body.get("text") or ""
        command = parse(text)
        match command:
            case Help():
                ack(**inline(help_message(rules_facts(intake.settings))))
            case OpenForm():
                trouble = open_form(intake, _opening(body))
                ack(**inline(trouble)) if trouble else ack()
            case Ask() | Preview() | History() | Show() | Waiting() | Export() | Pause() | Resume():
                kept = intake.keep(_incoming(EXPORT if isinstance(command, Export) else COMMAND, body, text))
                ack(**inline(kept)) if isinstance(kept, Message) else ack()
            case _:
                ack(**inline(not_read(command, text)))


def _opening(body: Body) -> Opening:
    return Opening(
        trigger=str(body.get("trigger_id") or ""),
        identity=identity(body, body["user_id"]),
        person=str(body["user_id"]),
        team=team_of(body),
        channel=str(body["channel_id"]),
        response_url=body.get("response_url"),
    )


def _incoming(kind: str, body: Body, text: str) -> Incoming:
    return Incoming(
        kind,
        identity(body, body["user_id"], text),
        {"team": team_of(body), "user": body["user_id"], "channel": body["channel_id"], "text": text},
        body.get("response_url"),
    )
