"""Slack's intake: a payload becomes a stored delivery and an acknowledgement. No calls that wait; the one
question that is asked first is whether a button opens a form (`bot.requests.confirm_form`)."""

import logging
import re
from collections.abc import Mapping
from typing import Any

from slack_bolt import App, BoltRequest, BoltResponse
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.error import BoltUnhandledRequestError

from bot.listeners import actions, block_actions, home, modals, slash_command
from bot.listeners.intake import Intake, inline
from bot.messages.answers import button_not_known, command_not_known
from bot.messages.form import form_not_known_view
from storage.db.foreground import Foreground

log = logging.getLogger(__name__)

ANYTHING = re.compile(r".*", re.DOTALL)


class _App(App):
    """Bolt's app, both of whose modes come in through `dispatch`: what is answered here goes first."""

    def __init__(self, acknowledgements: Foreground, **options: Any) -> None:
        super().__init__(**options)
        self._acknowledgements = acknowledgements

    def dispatch(self, req: BoltRequest) -> BoltResponse:
        # Slack leaves this out at its leisure, and Bolt reads it without asking.
        view = req.body.get("view")
        if isinstance(view, dict):
            view.setdefault("type", "modal")
        with self._acknowledgements.first():
            return super().dispatch(req)


def make_app(intake: Intake, token: str) -> App:
    """The Bolt app of both modes. It verifies no signature (bot.server does, before anything is parsed) and asks
    Slack nothing: listeners run in the thread that received, and are over in milliseconds."""
    for name in ("slack_bolt", "slack_sdk"):
        # At INFO and below they log bodies.
        logging.getLogger(name).setLevel(logging.ERROR)

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
    modals.listen(app, intake)
    actions.listen(app, intake)
    home.listen(app, intake)
    app.error(lambda error, body: _unhandled(intake, error, body))
    return app


def _unhandled(intake: Intake, error: Exception, body: Mapping[str, Any]) -> BoltResponse:
    """Nobody handles it: Slack is told that it arrived, since sending it again would change nothing, and the person,
    where there is one, that nothing was done."""
    if not isinstance(error, BoltUnhandledRequestError):
        log.error("a listener failed", exc_info=error)
        return BoltResponse(status=500, body="")
    log.info("nobody handles what Slack sent (%s)", body.get("type") or body.get("command"))
    if body.get("command"):
        return BoltResponse(status=200, body=inline(command_not_known(str(body["command"]))))
    if body.get("type") == "view_submission":
        told = {"response_action": "update", "view": form_not_known_view()}
        return BoltResponse(status=200, body=told)
    intake.respond(body.get("response_url"), button_not_known())
    return BoltResponse(status=200, body="")
