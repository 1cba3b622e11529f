"""Receives Slack's payloads: stores each as a delivery and acknowledges it, without network calls. Only a button that
opens a form (`bot.requests.form_needed`) runs a rule first."""

import logging
from collections.abc import Mapping
from typing import Any

from slack_bolt import App, BoltRequest, BoltResponse
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.error import BoltUnhandledRequestError

from bot.listeners import block_actions, confirm_modal, home_and_shortcut, request_modal, slash_command
from bot.listeners.intake import Intake
from bot.messages.answers import button_not_known, command_not_known
from bot.messages.render import signed_view
from bot.messages.request_form import form_not_known_view
from bot.settings.logging import quiet_libraries
from storage.db.foreground import Foreground
from storage.log_events import LogEvent, about

log = logging.getLogger(__name__)


class _App(App):
    """Bolt's app. HTTP and Socket Mode both call `dispatch`, which handles our deliveries before Bolt's own
    middleware."""

    def __init__(self, acknowledgements: Foreground, **options: Any) -> None:
        super().__init__(**options)
        self._acknowledgements = acknowledgements

    def dispatch(self, req: BoltRequest) -> BoltResponse:
        # Slack sometimes omits this key, and Bolt reads it unconditionally.
        view = req.body.get("view")
        if isinstance(view, dict):
            view.setdefault("type", "modal")
        with self._acknowledgements.first():
            return super().dispatch(req)


def make_app(intake: Intake, token: str) -> App:
    """Build the Bolt app of both modes. It verifies no signatures (bot.server does, before parsing) and calls no Slack
    method: listeners run in the receiving thread and return in milliseconds."""
    quiet_libraries()

    def authorize(enterprise_id: str | None, team_id: str | None) -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=enterprise_id, team_id=team_id, bot_token=token, bot_user_id="")

    app = _App(
        intake.database.acknowledgements,
        logger=logging.getLogger("slack_bolt"),
        authorize=authorize,
        process_before_response=True,
        request_verification_enabled=False,
        ignoring_self_events_enabled=False,
        raise_error_for_unhandled_request=True,
    )
    slash_command.listen(app, intake)
    block_actions.listen(app, intake)
    request_modal.listen(app, intake)
    confirm_modal.listen(app, intake)
    home_and_shortcut.listen(app, intake)
    app.error(lambda error, body: _unhandled(intake, error, body))
    return app


def _unhandled(intake: Intake, error: Exception, body: Mapping[str, Any]) -> BoltResponse:
    """Acknowledges what no listener handles, since a retry would change nothing, and tells its sender that nothing was
    done."""
    if not isinstance(error, BoltUnhandledRequestError):
        log.error("a listener failed", exc_info=error, extra=about(LogEvent.FAULT))
        return BoltResponse(status=500, body="")
    what, extra = body.get("type") or body.get("command"), about(LogEvent.DELIVERY_UNKNOWN)
    log.info("nobody handles what Slack sent (%s)", what, extra=extra)
    if body.get("command"):
        return BoltResponse(status=200, body=intake.inline(command_not_known(str(body["command"]))))
    if body.get("type") == "view_submission":
        update = {"response_action": "update", "view": signed_view(form_not_known_view(intake.names), intake.names)}
        return BoltResponse(status=200, body=update)
    intake.respond(body.get("response_url"), button_not_known())
    return BoltResponse(status=200, body="")
