"""Slack's own clients, Bolt included, can talk to the stand-in over HTTP and Socket Mode."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from slack_bolt import App, BoltRequest
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.webhook import WebhookClient

from bot.sandbox.slack.faults import SlackFault, SlackFaultKind
from bot.sandbox.slack.http import SlackServer, deliver_http
from bot.sandbox.slack.socket import SlackSocket
from bot.sandbox.slack.workspace import SlackWorkspace

Json = dict[str, Any]
TOKEN = "xoxb-sandbox"
COMMAND = "/cancel-orders"
BUTTONS = [
    {
        "type": "actions",
        "elements": [{"type": "button", "action_id": "go", "text": {"type": "plain_text", "text": "Go"}}],
    }
]


@pytest.fixture
def server() -> Iterator[SlackServer]:
    workspace = SlackWorkspace(lambda: datetime.now(UTC), lambda kind, body, headers: (200, ""))
    workspace.add_person("U1", "ann")
    workspace.add_person("U2", "bo")
    workspace.add_usergroup("S1", "ops", "U1", "U2")
    workspace.add_channel("C1", "orders", "U1", "U2")
    with SlackServer(workspace) as running:
        yield running


@pytest.fixture
def client(server: SlackServer) -> WebClient:
    return WebClient(TOKEN, base_url=server.api_url, retry_handlers=[], timeout=5)


def test_slacks_own_client_posts_updates_and_looks_up(server: SlackServer, client: WebClient) -> None:
    ts = client.chat_postMessage(channel="C1", text="x", blocks=BUTTONS)["ts"]
    client.chat_update(channel="C1", ts=ts, text="done")
    people = client.usergroups_users_list(usergroup="S1")["users"]

    assert (server.workspace.messages("C1")[0].text, people) == ("done", ["U1", "U2"])


def test_slacks_own_client_reads_errors(client: WebClient) -> None:
    with pytest.raises(SlackApiError) as refused:
        client.chat_postMessage(channel="C9", text="x")

    assert refused.value.response["error"] == "channel_not_found"


def test_slacks_own_client_reads_retry_after(server: SlackServer, client: WebClient) -> None:
    server.workspace.fail("auth.test", SlackFault(SlackFaultKind.RATE_LIMITED, retry_after=9))
    with pytest.raises(SlackApiError) as refused:
        client.auth_test()

    assert (refused.value.response.status_code, refused.value.response.headers["Retry-After"]) == (429, "9")


def test_slacks_own_client_uploads_a_file_to_a_person(server: SlackServer, client: WebClient) -> None:
    direct = client.conversations_open(users="U1")["channel"]["id"]
    client.files_upload_v2(filename="x.csv", content="a,b", channel=direct, initial_comment="export")
    shared = server.workspace.dms("U1")[0]

    assert (shared.text, len(shared.files)) == ("export", 1)


def test_a_file_cannot_be_completed_into_a_persons_id(client: WebClient) -> None:
    with pytest.raises(SlackApiError) as refused:
        client.files_upload_v2(filename="x.csv", content="a,b", channel="U1")

    assert "invalid_arguments" == refused.value.response["error"]


def test_slacks_own_client_posts_to_a_response_url(server: SlackServer) -> None:
    url = server.workspace.type_command("U1", "C1", COMMAND).payload["response_url"]
    answer = WebhookClient(url).send(text="x", response_type="ephemeral")

    assert (answer.status_code, answer.body) == (200, "ok")
    assert [each.text for each in server.workspace.ephemerals("U1")] == ["x"]


@pytest.mark.parametrize(
    ("kind", "raised"), [(SlackFaultKind.DROP, ConnectionError), (SlackFaultKind.HANG, TimeoutError)]
)
def test_a_lost_answer_is_real_over_http(server: SlackServer, kind: SlackFaultKind, raised: type[Exception]) -> None:
    client = WebClient(TOKEN, base_url=server.api_url, retry_handlers=[], timeout=1)
    server.workspace.fail("auth.test", SlackFault(kind))

    with pytest.raises(raised):
        client.auth_test()


def test_nobody_listening_is_told(server: SlackServer) -> None:
    server.workspace.deliver = deliver_http("http://127.0.0.1:1/slack/events")

    assert server.workspace.type_command("U1", "C1", COMMAND).notice == "dispatch_failed"


def test_a_hanging_call_ends_when_the_faults_are_healed(server: SlackServer, client: WebClient) -> None:
    server.workspace.fail("auth.test", SlackFault(SlackFaultKind.HANG))
    failed: list[Exception] = []

    def ask() -> None:
        try:
            client.auth_test()
        except OSError as error:
            failed.append(error)

    asking = threading.Thread(target=ask)
    asking.start()
    server.workspace.wait_for(lambda: server.workspace.count("auth.test") == 1)
    server.workspace.heal()
    asking.join(5)

    assert [True] == [isinstance(error, ConnectionError) for error in failed]


def test_bolt_accepts_what_the_workspace_delivers(server: SlackServer) -> None:
    workspace, app = server.workspace, bolt(server)

    def to_bolt(kind: str, body: bytes, headers: dict[str, str]) -> tuple[int, str]:
        answer = app.dispatch(BoltRequest(body=body.decode(), headers=dict(headers)))
        return answer.status, answer.body

    workspace.deliver = to_bolt
    tell_the_story(workspace)

    assert workspace.messages("C1")[0].text == "pressed by U2"


def test_bolt_answers_over_http_with_the_signature_checked(server: SlackServer) -> None:
    with over_http(bolt(server)) as url:
        server.workspace.deliver = deliver_http(url)
        tell_the_story(server.workspace)

    assert server.workspace.messages("C1")[0].text == "pressed by U2"


def test_a_wrong_signing_secret_is_refused_by_bolt(server: SlackServer) -> None:
    with over_http(bolt(server)) as url:
        server.workspace.state.signing_secret = "another"
        server.workspace.deliver = deliver_http(url)
        delivery = server.workspace.type_command("U1", "C1", COMMAND)

    assert (delivery.status, delivery.notice) == (401, "dispatch_failed")


@pytest.fixture
def socket(server: SlackServer) -> Iterator[SlackSocket]:
    with SlackSocket(server.workspace) as running:
        yield running


@pytest.fixture
def connected(server: SlackServer, socket: SlackSocket) -> Iterator[SlackSocket]:
    handler: Any = SocketModeHandler(bolt(server), "xapp-sandbox", ping_interval=60)
    handler.connect()
    server.workspace.wait_for(lambda: socket.connections == 1)
    yield socket
    handler.client.auto_reconnect_enabled = False
    socket.drop()
    handler.close()


def test_bolt_answers_over_socket_mode(server: SlackServer, connected: SlackSocket) -> None:
    tell_the_story(server.workspace)

    assert server.workspace.messages("C1")[0].text == "pressed by U2"


def test_an_answer_over_socket_mode_is_shown(server: SlackServer, connected: SlackSocket) -> None:
    server.workspace.type_command("U1", "C1", f"{COMMAND} help")

    assert [each.text for each in server.workspace.ephemerals("U1")] == ["some help"]


def test_bolt_comes_back_after_a_disconnect(server: SlackServer, connected: SlackSocket) -> None:
    connected.disconnect("refresh_requested")
    server.workspace.wait_for(lambda: connected.connections == 1, 10)
    tell_the_story(server.workspace)

    assert server.workspace.messages("C1")[0].text == "pressed by U2"


def test_nobody_connected_is_told(server: SlackServer, socket: SlackSocket) -> None:
    assert server.workspace.type_command("U1", "C1", COMMAND).notice == "dispatch_failed"


def test_socket_mode_needs_the_app_level_token(socket: SlackSocket, client: WebClient) -> None:
    with pytest.raises(SlackApiError) as refused:
        client.api_call("apps.connections.open")

    assert refused.value.response["error"] == "not_allowed_token_type"


def tell_the_story(workspace: SlackWorkspace) -> None:
    """Ask, then press; the bot of `bolt` edits its card."""
    first = workspace.type_command("U1", "C1", f"{COMMAND} 1")
    second = workspace.click("U2", workspace.messages("C1")[0], "Go")
    assert (first.ok, second.ok) == (True, True)


def bolt(server: SlackServer) -> App:
    """A bot that posts a card, and edits it when its button is pressed."""
    app = App(
        client=WebClient(TOKEN, base_url=server.api_url),
        signing_secret="sandbox-signing-secret",
        process_before_response=True,
    )

    @app.command(COMMAND)
    def asked(ack: Any, body: Json, client: WebClient) -> None:
        if body["text"] == "help":
            ack("some help")
            return
        client.chat_postMessage(channel=body["channel_id"], text="card", blocks=BUTTONS)
        ack()

    @app.action("go")
    def pressed(ack: Any, body: Json, client: WebClient) -> None:
        client.chat_update(channel="C1", ts=body["message"]["ts"], text="pressed by " + body["user"]["id"])
        ack()

    return app


@contextmanager
def over_http(app: App) -> Iterator[str]:
    """The request URL of this app on a server of its own."""

    class WireHandler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            answer = app.dispatch(BoltRequest(body=body, headers=dict(self.headers)))
            self.send_response(answer.status)
            self.end_headers()
            self.wfile.write(answer.body.encode())

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), WireHandler) as listening:
        thread = threading.Thread(target=listening.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{listening.server_address[1]}/slack/events"
        listening.shutdown()
        thread.join()
