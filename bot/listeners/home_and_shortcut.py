"""The Home tab and the message shortcut."""

from typing import Any

from slack_bolt import Ack, App

from bot.deliveries.payloads import HomeOpened
from bot.domain.commands.message_ids import fincart_ids_in
from bot.listeners.intake import Intake, identity, team_of
from bot.listeners.request_modal import Opening, open_form
from bot.slack.manifest import SHORTCUT
from storage.enums import Origin


def listen(app: App, intake: Intake) -> None:
    """Handle the opened Home tab and the shortcut."""

    @app.event("app_home_opened")
    def home_opened(ack: Ack, body: dict[str, Any]) -> None:
        event = body["event"]
        if event.get("tab", "home") == "home":
            trigger = {"trigger_id": body.get("event_id") or event.get("event_ts")}
            opened = HomeOpened(user=event["user"], team=team_of(body))
            intake.keep(opened.incoming(identity(trigger, event["user"])))
        ack()

    @app.shortcut(SHORTCUT)
    def chosen(ack: Ack, body: dict[str, Any]) -> None:
        ack()
        opening = Opening(
            trigger=str(body.get("trigger_id") or ""),
            identity=identity(body, body["user"]["id"]),
            person=str(body["user"]["id"]),
            team=team_of(body),
            channel=str(body["channel"].get("id") or ""),
            response_url=body.get("response_url"),
            origin=Origin.SHORTCUT,
            ids=fincart_ids_in(body.get("message") or {}),
        )
        if trouble := open_form(intake, opening):
            intake.respond(body.get("response_url"), trouble)
