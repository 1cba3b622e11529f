"""The slash command: answers at once what the text alone decides, and stores the rest for the worker."""

from typing import Any

from slack_bolt import Ack, App

from bot.deliveries.payloads import CommandTyped, ExportAsked
from bot.domain.commands.filters import History
from bot.domain.commands.parser import (
    Ask,
    Export,
    Help,
    OpenForm,
    Pause,
    Preview,
    Resume,
    Show,
    Waiting,
    parse,
)
from bot.domain.commands.report import Report
from bot.listeners.intake import Body, Intake, identity, team_of
from bot.listeners.request_modal import Opening, open_form
from bot.messages.answers import not_read
from bot.messages.help import help_message
from bot.messages.message import Message
from bot.outbox.read_model import rules_facts


def listen(app: App, intake: Intake) -> None:
    """Handle the command."""

    @app.command(intake.settings.command_name)
    def typed(ack: Ack, body: dict[str, Any]) -> None:
        text = body.get("text") or ""
        command = parse(text)
        match command:
            case Help():
                ack(**intake.inline(help_message(rules_facts(intake.settings))))
            case OpenForm():
                trouble = open_form(intake, _opening(body))
                ack(**intake.inline(trouble)) if trouble else ack()
            case Export():
                _keep(intake, ack, ExportAsked(**_sender(body), command=command), body)
            case Ask() | Preview() | History() | Show() | Waiting() | Report() | Pause() | Resume():
                _keep(intake, ack, CommandTyped(**_sender(body), command=command), body)
            case _:
                ack(**intake.inline(not_read(command, text, intake.names.command)))


def _opening(body: Body) -> Opening:
    return Opening(
        trigger=str(body.get("trigger_id") or ""),
        identity=identity(body, body["user_id"]),
        person=str(body["user_id"]),
        team=team_of(body),
        channel=str(body["channel_id"]),
        response_url=body.get("response_url"),
    )


def _keep(intake: Intake, ack: Ack, payload: CommandTyped | ExportAsked, body: Body) -> None:
    """Store the command for the worker and acknowledge it."""
    same = identity(body, body["user_id"], body.get("text") or "")
    result = intake.keep(payload.incoming(same, body.get("response_url")))
    ack(**intake.inline(result)) if isinstance(result, Message) else ack()


def _sender(body: Body) -> dict[str, str]:
    return {"team": team_of(body), "user": body["user_id"], "channel": body["channel_id"]}
