"""Connects the bot to the stand-in Slack without sockets, for simulations: one call after another, in one thread."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from bot.sandbox.slack.faults import ConnectionDropped, NoAnswer
from bot.sandbox.slack.workspace import SlackWorkspace
from bot.slack.results import Answer, Ok, Refused, SlackReply, Unanswered
from bot.slack.transport import answer_of

OK = 200


class WorkspaceTransport:
    """`SlackTransport` straight into a workspace. `wait` passes the time of a call that is never answered."""

    def __init__(self, workspace: SlackWorkspace, wait: Callable[[float], object] = lambda seconds: None) -> None:
        self._workspace = workspace
        self._wait = wait

    def call(self, method: str, params: Mapping[str, Any], deadline_seconds: float) -> Answer[SlackReply]:
        """See `SlackTransport.call`."""
        token = self._workspace.state.bot_token
        return self._answer(deadline_seconds, lambda: self._workspace.call(method, _plain(params), token))

    def post(self, url: str, body: Mapping[str, Any], deadline_seconds: float) -> Answer[SlackReply]:
        """See `SlackTransport.post`."""
        return self._answer(deadline_seconds, lambda: self._workspace.post_response_url(url, _plain(body)))

    def upload(self, url: str, content: bytes, deadline_seconds: float) -> Answer[SlackReply]:
        """See `SlackTransport.upload`."""

        def send() -> tuple[int, dict[str, str], dict[str, Any]]:
            status, _ = self._workspace.upload(url, content)
            return status, {}, {"ok": status == OK}

        return self._answer(deadline_seconds, send)

    def download(self, url: str, limit_bytes: int, deadline_seconds: float) -> Answer[bytes]:
        """See `SlackTransport.download`."""
        found: list[bytes] = []

        def fetch() -> tuple[int, dict[str, str], dict[str, Any]]:
            status, headers, content = self._workspace.download(url, self._workspace.state.bot_token)
            found.append(content)
            return status, headers, {"ok": status == OK}

        answer = self._answer(deadline_seconds, fetch)
        if not isinstance(answer, Ok):
            return answer
        return Refused("too_large") if len(found[0]) > limit_bytes else Ok(found[0])

    def _answer(
        self, deadline_seconds: float, ask: Callable[[], tuple[int, dict[str, str], dict[str, Any]]]
    ) -> Answer[SlackReply]:
        try:
            status, headers, data = ask()
        except ConnectionDropped:
            return Unanswered("dropped")
        except NoAnswer:
            self._wait(deadline_seconds)
            return Unanswered("no answer in time")
        return answer_of(status, headers, data)


def _plain(params: Mapping[str, Any]) -> dict[str, Any]:
    """Copy the parameters as they would arrive, so that workspace and bot share no objects."""
    plain: dict[str, Any] = json.loads(json.dumps(dict(params)))
    return plain
