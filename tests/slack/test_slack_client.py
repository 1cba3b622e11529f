"""The Slack client over real HTTP, against a small server that answers as each test says."""

import json
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import pytest
from pydantic import SecretStr
from slack_sdk.errors import SlackApiError

from bot.messages.message import Message
from bot.sandbox.slack.http import SlackServer
from bot.sandbox.slack.workspace import SlackWorkspace
from bot.slack.client import PostedMessage, SlackClient
from bot.slack.results import Answer, Ok, RateLimited, Refused, SlackReply, Unanswered
from bot.slack.transport import SdkTransport, web_client

TOKEN = "xoxb-1234-very-secret"
A_MESSAGE = Message("Cancelled 2 orders", ({"type": "divider"},))


@dataclass(slots=True)
class Seen:
    path: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> dict[str, Any]:
        parsed: dict[str, Any] = json.loads(self.body)
        return parsed

    def form(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(self.body.decode()).items()}


@dataclass(slots=True)
class Given:
    """One answer of the server; `hold` keeps the connection silent until it is set, `drop` closes it instead,
    `drip` sends a byte every 10 ms."""

    body: bytes | dict[str, Any] = field(default_factory=lambda: {"ok": True})
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    hold: threading.Event | None = None
    drop: bool = False
    drip: bool = False


class LittleServer:
    """Answers each path with what `answers` holds for it, and remembers what it was sent."""

    def __init__(self) -> None:
        self.answers: dict[str, Given] = {}
        self.seen: list[Seen] = []
        self._stopped = threading.Event()
        owner = self

        class StubHandler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                owner.answer(self)

            do_GET = do_POST

            def log_message(self, format: str, *args: object) -> None:
                pass

        class StubServer(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 64

            def handle_error(self, request: object, client_address: object) -> None:
                """A client that goes away in the middle is what some tests are about."""

        self._http = StubServer(("127.0.0.1", 0), StubHandler)
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in handler.headers.items()}
        self.seen.append(Seen(handler.path, headers, body))
        given = self.answers.get(handler.path, Given())
        if given.hold is not None:
            given.hold.wait(10)
        handler.close_connection = True
        if given.drop:
            return
        content = given.body if isinstance(given.body, bytes) else json.dumps(given.body).encode()
        handler.send_response(given.status)
        for name, value in ({"Content-Length": str(len(content))} | given.headers).items():
            handler.send_header(name, value)
        handler.end_headers()
        for byte in content if given.drip else ():
            handler.wfile.write(bytes([byte]))
            self._stopped.wait(0.01)
        if not given.drip:
            handler.wfile.write(content)

    def stop(self) -> None:
        self._stopped.set()
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()


@pytest.fixture
def server() -> Iterator[LittleServer]:
    server = LittleServer()
    yield server
    server.stop()


@pytest.fixture
def elsewhere() -> Iterator[LittleServer]:
    server = LittleServer()
    yield server
    server.stop()


@pytest.fixture
def transport(server: LittleServer) -> Iterator[SdkTransport]:
    transport = SdkTransport(SecretStr(TOKEN), f"{server.url}/api/")
    yield transport
    transport.close()


@pytest.fixture
def slack(transport: SdkTransport) -> SlackClient:
    return SlackClient(transport)


# What is sent


def test_a_post_is_json_that_slack_formats_nowhere(server: LittleServer, slack: SlackClient) -> None:
    server.answers["/api/chat.postMessage"] = Given({"ok": True, "channel": "C1", "ts": "1.2"})

    slack.post_message("C1", A_MESSAGE)

    expected = {
        "channel": "C1",
        "text": "Cancelled 2 orders",
        "blocks": [{"type": "divider"}],
        "parse": "none",
        "link_names": False,
        "mrkdwn": False,
        "unfurl_links": False,
        "unfurl_media": False,
    }
    assert expected == server.seen[0].json()


def test_a_post_answers_where_the_message_stands(server: LittleServer, slack: SlackClient) -> None:
    server.answers["/api/chat.postMessage"] = Given({"ok": True, "channel": "D9", "ts": "1.2"})

    assert Ok(PostedMessage("D9", "1.2")) == slack.post_message("U1", A_MESSAGE)


def test_an_update_repeats_what_slack_would_reset(server: LittleServer, slack: SlackClient) -> None:
    server.answers["/api/chat.update"] = Given({"ok": True, "channel": "C1", "ts": "1.2"})

    slack.update_message("C1", "1.2", A_MESSAGE)

    sent = server.seen[0].json()
    assert ("none", False) == (sent["parse"], sent["link_names"])


def test_a_post_in_a_thread_names_the_thread(server: LittleServer, slack: SlackClient) -> None:
    slack.post_message("C1", A_MESSAGE, thread_ts="1.0")

    assert "1.0" == server.seen[0].json()["thread_ts"]


def test_an_ephemeral_goes_to_one_person(server: LittleServer, slack: SlackClient) -> None:
    answer = slack.post_ephemeral("C1", "U1", A_MESSAGE)

    assert (Ok(None), "U1") == (answer, server.seen[0].json()["user"])


def test_an_answer_to_a_response_url_is_private_unless_said(server: LittleServer, slack: SlackClient) -> None:
    slack.respond(f"{server.url}/commands/1", A_MESSAGE)

    sent = server.seen[0].json()
    assert ("ephemeral", False) == (sent["response_type"], sent["replace_original"])


def test_an_answer_to_a_response_url_carries_no_token(server: LittleServer, slack: SlackClient) -> None:
    slack.respond(f"{server.url}/commands/1", A_MESSAGE)

    assert TOKEN not in repr(server.seen[0])


def test_opening_a_view_answers_its_id(server: LittleServer, slack: SlackClient) -> None:
    server.answers["/api/views.open"] = Given({"ok": True, "view": {"id": "V1"}})

    assert Ok("V1") == slack.open_view("trigger", {"type": "modal"})


def test_auth_test_reads_the_scopes_of_the_header(server: LittleServer, slack: SlackClient) -> None:
    body = {"ok": True, "team_id": "T1", "team": "Ops", "user_id": "UBOT", "bot_id": "B1"}
    server.answers["/api/auth.test"] = Given(body, headers={"X-OAuth-Scopes": "commands, chat:write"})

    answer = slack.auth_test()

    assert isinstance(answer, Ok)
    assert {"commands", "chat:write"} == answer.value.scopes


def test_a_look_up_is_sent_as_a_form_with_the_token_in_its_header(server: LittleServer, slack: SlackClient) -> None:
    server.answers["/api/users.info"] = Given({"ok": True, "user": {"id": "U1"}})

    slack.user_info("U1")

    seen = server.seen[0]
    assert ({"user": "U1"}, f"Bearer {TOKEN}") == (seen.form(), seen.headers["authorization"])


def test_a_file_is_sent_to_one_person(server: LittleServer, slack: SlackClient) -> None:
    place = {"ok": True, "upload_url": f"{server.url}/upload/1", "file_id": "F1"}
    server.answers["/api/conversations.open"] = Given({"ok": True, "channel": {"id": "D024BE91L"}})
    server.answers["/api/files.getUploadURLExternal"] = Given(place)
    server.answers["/upload/1"] = Given(b"OK - 3")

    answer = slack.upload_file("U1", "history.csv", b"a,b", "History")

    assert Ok("F1") == answer
    assert b"a,b" == server.seen[2].body
    assert "D024BE91L" == server.seen[3].form()["channel_id"]


def test_the_upload_itself_carries_no_token(server: LittleServer, transport: SdkTransport) -> None:
    transport.upload(f"{server.url}/upload/1", b"a,b", 5)

    assert TOKEN not in repr(server.seen[0])


# What is answered

CLASSES: dict[str, tuple[Given, Answer[SlackReply]]] = {
    "an error of Slack's": (Given({"ok": False, "error": "channel_not_found"}), Refused("channel_not_found")),
    "a missing scope is named": (
        Given({"ok": False, "error": "missing_scope", "needed": "users:read"}),
        Refused("missing_scope", "users:read"),
    ),
    "blocks Slack finds wrong, with its words": (
        Given({"ok": False, "error": "invalid_blocks", "response_metadata": {"messages": ["must be shorter"]}}),
        Refused("invalid_blocks", "must be shorter"),
    ),
    "429 with its Retry-After": (
        Given({"ok": False, "error": "ratelimited"}, 429, {"Retry-After": "7"}),
        RateLimited(7),
    ),
    "429 without a Retry-After": (Given(b"", 429), RateLimited(10)),
    "429 with a Retry-After that is no number": (Given(b"", 429, {"Retry-After": "soon"}), RateLimited(10)),
    "429 asking for no rest at all": (Given(b"", 429, {"Retry-After": "0"}), RateLimited(1)),
    "429 asking for a week": (Given(b"", 429, {"Retry-After": "604800"}), RateLimited(3600)),
    "a rate limit told as an error": (
        Given({"ok": False, "error": "rate_limited"}, 200, {"retry-after": "3"}),
        RateLimited(3),
    ),
    "500 in HTML": (Given(b"<html>oops", 500), Unanswered("HTTP 500")),
    "503 with a code": (
        Given({"ok": False, "error": "service_unavailable"}, 503),
        Unanswered("service_unavailable"),
    ),
    "200 that says internal_error": (
        Given({"ok": False, "error": "internal_error"}),
        Unanswered("internal_error"),
    ),
    "200 that is no JSON": (Given(b"<html>hello"), Unanswered("nonsense")),
    "200 with nothing": (Given(b""), Unanswered("nonsense")),
    "200 that says neither": (Given({}), Unanswered("nonsense")),
    "200 that is a list": (Given(b"[1]"), Unanswered("AttributeError")),
    "200 whose error is no code": (Given({"ok": False, "error": {"a": 1}}), Unanswered("nonsense")),
    "200 whose ok is no boolean": (Given({"ok": "yes"}), Unanswered("nonsense")),
    "200 cut short": (Given(b'{"ok": tr', headers={"Content-Length": "99"}), Unanswered("RemoteProtocolError")),
    "a dropped connection": (Given(drop=True), Unanswered("RemoteProtocolError")),
    "404 in HTML": (Given(b"<html>no", 404), Refused("http_404")),
    "a redirect": (Given(b"", 302, {"Location": "/api/elsewhere"}), Refused("redirected")),
}


@pytest.mark.parametrize(("given", "expected"), CLASSES.values(), ids=CLASSES.keys())
def test_every_answer_has_its_class(
    server: LittleServer, transport: SdkTransport, given: Given, expected: Answer[SlackReply]
) -> None:
    server.answers["/api/chat.postMessage"] = given

    assert expected == transport.call("chat.postMessage", {"channel": "C1", "text": "x"}, 5)


@pytest.mark.parametrize("name", ["a dropped connection", "500 in HTML", "429 without a Retry-After"])
def test_a_post_is_sent_once_whatever_comes_back(server: LittleServer, slack: SlackClient, name: str) -> None:
    server.answers["/api/chat.postMessage"] = CLASSES[name][0]

    slack.post_message("C1", A_MESSAGE)

    assert 1 == len(server.seen)


def test_a_call_that_hangs_ends_at_its_deadline(server: LittleServer, transport: SdkTransport) -> None:
    held = threading.Event()
    server.answers["/api/chat.postMessage"] = Given(hold=held)

    answer = transport.call("chat.postMessage", {"channel": "C1", "text": "x"}, 0.05)
    held.set()

    assert Unanswered("ReadTimeout") == answer


def test_a_call_whose_headers_trickle_in_ends_at_its_deadline() -> None:
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        trickling = threading.Thread(target=_trickle, args=(listening, over))
        trickling.start()
        slow = SdkTransport(SecretStr(TOKEN), f"http://127.0.0.1:{listening.getsockname()[1]}/api/")
        began = time.monotonic()
        answer = slow.call("auth.test", {}, 0.5)
        took = time.monotonic() - began
        over.set()
        trickling.join()
        slow.close()

    assert Unanswered("ReadTimeout") == answer
    assert took < 5


def _trickle(listening: socket.socket, over: threading.Event) -> None:
    """Answer one request with a header every tenth of a second, for ever."""
    connection, _ = listening.accept()
    with connection, suppress(OSError):
        connection.recv(65_536)
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        while not over.wait(0.1):
            connection.sendall(b"X-Slow: 1\r\n")


def test_a_call_that_cannot_connect_was_not_applied(server: LittleServer, transport: SdkTransport) -> None:
    server.stop()

    answer = transport.call("chat.postMessage", {"channel": "C1", "text": "x"}, 5)

    assert Unanswered("not sent (ConnectError)") == answer


def test_an_ok_without_what_was_asked_for_is_no_answer(server: LittleServer, slack: SlackClient) -> None:
    server.answers["/api/users.info"] = Given({"ok": True})

    assert Unanswered("an answer without what was asked for") == slack.user_info("U1")


@pytest.mark.parametrize(
    ("answer", "posted"),
    [
        ({"ok": True}, None),
        ({"ok": True, "ts": "1.2"}, PostedMessage("C1", "1.2")),
        ({"ok": True, "ts": "1.2", "channel": "D1"}, PostedMessage("D1", "1.2")),
    ],
)
def test_a_post_that_slack_took_is_posted_whatever_else_it_says(
    server: LittleServer, slack: SlackClient, answer: dict[str, Any], posted: PostedMessage | None
) -> None:
    server.answers["/api/chat.postMessage"] = Given(answer)

    assert Ok(posted) == slack.post_message("C1", A_MESSAGE)


def test_a_form_that_slack_opened_is_open_whatever_else_it_says(server: LittleServer, slack: SlackClient) -> None:
    server.answers["/api/views.open"] = Given({"ok": True})

    assert Ok("") == slack.open_view("trigger", {"type": "modal"})


def test_a_method_that_does_not_exist_is_a_mistake_of_ours(transport: SdkTransport) -> None:
    with pytest.raises(AttributeError):
        transport.call("chat.shout", {}, 5)


RESPONSES: dict[str, tuple[Given, Answer[None]]] = {
    "the plain ok of Slack's hooks": (Given(b"ok"), Ok(None)),
    "a used URL": (Given({"ok": False, "error": "used_url"}, 404), Refused("used_url")),
    "an expired URL in plain text": (Given(b"expired_url", 404), Refused("expired_url")),
    "an error that is a 200": (Given({"ok": False, "error": "invalid_blocks"}), Refused("invalid_blocks")),
    "a wordless 410": (Given(b"", 410), Refused("http_410")),
    "429": (Given(b"", 429, {"Retry-After": "2"}), RateLimited(2)),
    "502": (Given(b"", 502), Unanswered("HTTP 502")),
    "a redirect": (Given(b"", 307, {"Location": "/elsewhere"}), Refused("redirected")),
    "a dropped connection": (Given(drop=True), Unanswered("RemoteProtocolError")),
}


@pytest.mark.parametrize(("given", "expected"), RESPONSES.values(), ids=RESPONSES.keys())
def test_every_answer_of_a_response_url_has_its_class(
    server: LittleServer, slack: SlackClient, given: Given, expected: Answer[None]
) -> None:
    server.answers["/commands/1"] = given

    assert expected == slack.respond(f"{server.url}/commands/1", A_MESSAGE)


def test_a_response_url_of_somebody_else_gets_nothing(elsewhere: LittleServer) -> None:
    answer = SlackClient(SdkTransport(SecretStr(TOKEN))).respond(f"{elsewhere.url}/commands/1", A_MESSAGE)

    assert (Refused("not_slacks_host"), []) == (answer, elsewhere.seen)


# Whose addresses


@pytest.mark.parametrize(
    "url",
    [
        "https://files.slack.com/files-pri/T1-F1/orders.csv",
        "https://ops.enterprise.slack.com/files/orders.csv",
        "https://hooks.slack.com/commands/T1/1/x",
        "https://hooks.slack-gov.com/commands/T1/1/x",
        "https://FILES.SLACK.COM/x",
        "https://files.slack.com:443/x",
    ],
)
def test_slacks_own_addresses_are_known(transport: SdkTransport, url: str) -> None:
    assert transport.may_have_token(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://files.slack.com/x",
        "https://files.slack.com.example.org/x",
        "https://evilslack.com/x",
        "https://slack-files.com/x",
        "https://files.slack.com@example.org/x",
        "https://user:pass@files.slack.com/x",
        "https://files.slack.com:8443/x",
        "https://example.org/https://files.slack.com/x",
        "https://example.org\\.slack.com/x",
        "//files.slack.com/x",
        "file:///etc/passwd",
        "",
        "https://[",
        "https://127.0.0.1/x",
    ],
)
def test_any_other_address_is_not_slacks(url: str) -> None:
    slack = SdkTransport(SecretStr(TOKEN))

    assert (False, False) == (slack.may_have_token(url), slack.is_slacks(url))


def test_where_the_web_api_is_on_this_machine_response_urls_may_be_anywhere_on_it_and_have_no_token(
    elsewhere: LittleServer, slack: SlackClient
) -> None:
    slack.respond(f"{elsewhere.url}/commands/1", A_MESSAGE)

    assert [None] == [seen.headers.get("authorization") for seen in elsewhere.seen]


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:3001/x",
        "http://127.0.0.2:3000/x",
        "http://localhost:3000/x",
        "http://[::1]:3000/x",
        "https://127.0.0.1:3000/x",
        "http://127.0.0.1/x",
        "http://user@127.0.0.1:3000/x",
        "http://files.slack.com/x",
    ],
)
def test_where_the_web_api_is_on_this_machine_the_token_goes_to_its_very_origin_alone(url: str) -> None:
    slack = SdkTransport(SecretStr(TOKEN), "http://127.0.0.1:3000/api/")

    assert (True, False) == (slack.may_have_token("http://127.0.0.1:3000/files/1"), slack.may_have_token(url))


def test_a_file_at_another_port_of_this_machine_is_not_fetched(elsewhere: LittleServer, slack: SlackClient) -> None:
    answer = slack.download_file(f"{elsewhere.url}/files/1", 100)

    assert (Refused("not_slacks_host"), []) == (answer, elsewhere.seen)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_the_app_token_is_not_carried_along_a_redirect(
    server: LittleServer, elsewhere: LittleServer, status: int
) -> None:
    place = {"Location": f"{elsewhere.url}/api/apps.connections.open"}
    server.answers["/api/apps.connections.open"] = Given(b"", status, place)
    client = web_client(f"{server.url}/api/", 5)

    with pytest.raises(SlackApiError):
        client.apps_connections_open(app_token="xapp-1-very-secret")
    client.close()

    assert (1, []) == (len(server.seen), elsewhere.seen)


# Downloads


def test_a_file_is_fetched_with_the_token(server: LittleServer, slack: SlackClient) -> None:
    server.answers["/files/1"] = Given(b"6864fecda075914a1b1e353c\n", headers={"Content-Type": "text/csv"})

    answer = slack.download_file(f"{server.url}/files/1", 100)

    assert Ok(b"6864fecda075914a1b1e353c\n") == answer
    assert f"Bearer {TOKEN}" == server.seen[0].headers["authorization"]


def test_a_file_elsewhere_is_not_fetched(elsewhere: LittleServer) -> None:
    answer = SlackClient(SdkTransport(SecretStr(TOKEN))).download_file(f"{elsewhere.url}/files/1", 100)

    assert (Refused("not_slacks_host"), []) == (answer, elsewhere.seen)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_never_followed(
    server: LittleServer, elsewhere: LittleServer, slack: SlackClient, status: int
) -> None:
    server.answers["/files/1"] = Given(b"", status, {"Location": f"{elsewhere.url}/files/1"})

    answer = slack.download_file(f"{server.url}/files/1", 100)

    assert (Refused("redirected"), []) == (answer, elsewhere.seen)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_of_the_api_is_never_followed(
    server: LittleServer, elsewhere: LittleServer, slack: SlackClient, status: int
) -> None:
    server.answers["/api/users.info"] = Given(b"", status, {"Location": f"{elsewhere.url}/api/users.info"})

    answer = slack.user_info("U1")

    assert (Refused("redirected"), []) == (answer, elsewhere.seen)


@pytest.mark.parametrize(
    "page",
    [
        Given(b"<p>sign in", headers={"Content-Type": "text/html; charset=utf-8"}),
        Given(b"\n <!DOCTYPE html><html>sign in"),
        Given(b"\xef\xbb\xbf<HTML>sign in", headers={"Content-Type": "text/plain"}),
    ],
)
def test_slacks_login_page_names_the_scope_that_is_missing(
    server: LittleServer, slack: SlackClient, page: Given
) -> None:
    server.answers["/files/1"] = page

    assert Refused("missing_scope", "files:read") == slack.download_file(f"{server.url}/files/1", 1000)


def test_a_file_of_exactly_the_limit_is_taken(server: LittleServer, slack: SlackClient) -> None:
    server.answers["/files/1"] = Given(b"x" * 100)

    assert Ok(b"x" * 100) == slack.download_file(f"{server.url}/files/1", 100)


def test_a_file_beyond_the_limit_is_refused(server: LittleServer, slack: SlackClient) -> None:
    server.answers["/files/1"] = Given(b"x" * 101)

    assert Refused("too_large") == slack.download_file(f"{server.url}/files/1", 100)


def test_a_file_is_not_read_beyond_the_limit(server: LittleServer, transport: SdkTransport) -> None:
    # The server sends only a part of what it declares: whoever waits for the rest runs into the deadline.
    server.answers["/files/1"] = Given(b"x" * 300_000, headers={"Content-Length": "9000000"})

    assert Refused("too_large") == transport.download(f"{server.url}/files/1", 1000, 5)


def test_a_file_that_comes_to_less_than_declared_is_not_taken(server: LittleServer, slack: SlackClient) -> None:
    server.answers["/files/1"] = Given(b"1\n2", headers={"Content-Length": "50"})

    assert Unanswered("RemoteProtocolError") == slack.download_file(f"{server.url}/files/1", 100)


def test_a_download_that_hangs_ends_at_its_deadline(server: LittleServer, transport: SdkTransport) -> None:
    held = threading.Event()
    server.answers["/files/1"] = Given(hold=held)

    answer = transport.download(f"{server.url}/files/1", 100, 0.5)
    held.set()

    assert Unanswered("ReadTimeout") == answer


def test_a_download_that_drips_ends_at_its_deadline(server: LittleServer, transport: SdkTransport) -> None:
    server.answers["/files/1"] = Given(b"x" * 1000, drip=True)

    assert Unanswered("ReadTimeout") == transport.download(f"{server.url}/files/1", 5000, 0.5)


def test_a_call_that_drips_ends_at_its_deadline(server: LittleServer, transport: SdkTransport) -> None:
    server.answers["/api/chat.postMessage"] = Given(b" " * 1000, drip=True)

    answer = transport.call("chat.postMessage", {"channel": "C1", "text": "x"}, 0.1)

    assert Unanswered("ReadTimeout") == answer


# Secrets

ENCOUNTERS: dict[str, Callable[[SlackClient, LittleServer], object]] = {
    "a post": lambda slack, _: slack.post_message("C1", A_MESSAGE),
    "a refused look-up": lambda slack, _: slack.user_info("U1"),
    "a download": lambda slack, server: slack.download_file(f"{server.url}/files/1", 100),
    "an answer": lambda slack, server: slack.respond(f"{server.url}/commands/very-secret", A_MESSAGE),
    "an upload": lambda slack, _: slack.upload_file("U1", "a.csv", b"a", "A"),
}


@pytest.mark.parametrize("status", [200, 302, 429, 500])
@pytest.mark.parametrize("encounter", ENCOUNTERS.values(), ids=ENCOUNTERS.keys())
def test_no_secret_is_logged_at_debug(
    server: LittleServer,
    slack: SlackClient,
    caplog: pytest.LogCaptureFixture,
    encounter: Callable[[SlackClient, LittleServer], object],
    status: int,
) -> None:
    caplog.set_level(logging.DEBUG)
    place = {"ok": True, "upload_url": f"{server.url}/upload/very-secret", "file_id": "F1"}
    server.answers["/api/files.getUploadURLExternal"] = Given(place)
    for path in ("/api/users.info", "/api/chat.postMessage", "/files/1", "/commands/very-secret"):
        server.answers[path] = Given(b"some body of Slack's", status)

    answer = encounter(slack, server)

    told = [word for word in (TOKEN, "very-secret", "Bearer", "some body") if word in caplog.text]
    assert server.seen
    assert ([], False) == (told, TOKEN in repr(answer))


def test_a_token_no_header_can_carry_is_not_quoted(server: LittleServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    transport = SdkTransport(SecretStr(f"{TOKEN}\nX: y"), f"{server.url}/api/")
    called = transport.call("auth.test", {}, 5)
    fetched = transport.download(f"{server.url}/files/1", 100, 5)
    transport.close()

    assert [] == server.seen
    assert TOKEN not in caplog.text + repr((called, fetched))


def test_no_repr_shows_the_token(transport: SdkTransport, slack: SlackClient) -> None:
    assert TOKEN not in repr(transport) + repr(slack) + repr(vars(transport)) + repr(vars(slack))


def test_many_threads_share_one_client(server: LittleServer, slack: SlackClient) -> None:
    server.answers["/api/users.info"] = Given({"ok": True, "user": {"id": "U1"}})
    answers: list[object] = []
    threads = [threading.Thread(target=lambda: answers.append(slack.user_info("U1"))) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [Ok({"id": "U1"})] * 16 == answers


# Against the stand-in, which refuses what Slack would refuse


@pytest.fixture
def workspace() -> SlackWorkspace:
    workspace = SlackWorkspace(lambda: datetime.now(UTC))
    workspace.add_person("U1", "ann")
    workspace.add_channel("C1", "ops", "U1", workspace.state.bot_user)
    return workspace


@pytest.fixture
def client(workspace: SlackWorkspace) -> Iterator[SlackClient]:
    with SlackServer(workspace) as server:
        transport = SdkTransport(SecretStr(workspace.state.bot_token), server.api_url)
        yield SlackClient(transport)
        transport.close()


def test_a_message_is_posted_edited_and_linked(client: SlackClient, workspace: SlackWorkspace) -> None:
    posted = client.post_message("C1", Message("Cancelling 2 orders"))
    assert isinstance(posted, Ok)
    assert posted.value is not None
    edited = client.update_message(posted.value.channel, posted.value.ts, Message("2 cancelled"))
    linked = client.permalink(posted.value.channel, posted.value.ts)

    assert (posted, Ok) == (edited, type(linked))
    assert ["2 cancelled"] == [post.text for post in workspace.messages("C1")]


def test_a_private_message_is_seen_by_one(client: SlackClient, workspace: SlackWorkspace) -> None:
    client.post_ephemeral("C1", "U1", Message("Only you see this"))

    assert ["Only you see this"] == [post.text for post in workspace.ephemerals("U1")]


def test_a_home_tab_is_published(client: SlackClient, workspace: SlackWorkspace) -> None:
    answer = client.publish_home("U1", {"type": "home", "blocks": [{"type": "divider"}]})

    assert isinstance(answer, Ok)
    assert workspace.home("U1") is not None


def test_an_export_arrives_in_the_persons_own_messages(client: SlackClient, workspace: SlackWorkspace) -> None:
    answer = client.upload_file("U1", "history.csv", b"seq,at\n", "History", "Your export")

    assert isinstance(answer, Ok)
    assert 1 == len(workspace.dms("U1"))


def test_the_bot_knows_itself_and_its_scopes(client: SlackClient, workspace: SlackWorkspace) -> None:
    answer = client.auth_test()

    assert isinstance(answer, Ok)
    assert frozenset(workspace.state.scopes) == answer.value.scopes
