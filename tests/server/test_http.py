"""What arrives at /slack/events: signed and readable, or refused with the status that says why."""

import ctypes
import hashlib
import hmac
import http.client
import json
import re
import threading
import time
from urllib.parse import urlencode, urlsplit

import pytest
from world import ANN, FIRST, ORDERS, World

from bot.server.http import Rejection, Rejections

NOTHING: list[str] = []


def _signed(world: World, body: bytes, *, at: str | None = None, secret: str | None = None) -> dict[str, str]:
    stamp = at if at is not None else str(int(time.time()))
    key = (secret or world.slack.state.signing_secret).encode()
    digest = hmac.new(key, b"v0:" + stamp.encode("latin-1") + b":" + body, hashlib.sha256).hexdigest()
    return {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": f"v0={digest}",
    }


def _post(
    world: World, body: bytes, headers: dict[str, str], path: str = "/slack/events", method: str = "POST"
) -> tuple[int, str]:
    parts = urlsplit(world.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 0, timeout=5)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def _command(text: str = f"{FIRST} because duplicate") -> bytes:
    fields = {
        "command": "/cancel-orders",
        "text": text,
        "user_id": ANN,
        "channel_id": ORDERS,
        "team_id": "T0SANDBOX",
        "trigger_id": "1.2.3",
    }
    return urlencode(fields).encode()


def test_a_well_signed_command_is_taken(world: World) -> None:
    body = _command()
    status, _ = _post(world, body, _signed(world, body))
    world.until(lambda: "preview_shown" in world.kinds())

    assert 200 == status


def test_a_command_that_speaks_of_a_payload_is_taken_like_any_other(world: World) -> None:
    body = _command(f"{FIRST} because the payload was wrong")
    _post(world, body, _signed(world, body))
    world.until(lambda: "preview_shown" in world.kinds())

    assert [("the payload was wrong",)] == world.rows("SELECT reason FROM request")


@pytest.mark.parametrize("offset", [-290, 290])
def test_a_timestamp_a_little_off_is_taken(world: World, offset: int) -> None:
    body = _command()
    headers = _signed(world, body, at=str(int(time.time()) + offset))

    assert 200 == _post(world, body, headers)[0]


@pytest.mark.parametrize("offset", [-310, 310, -86400])
def test_an_old_or_future_timestamp_is_refused(world: World, offset: int) -> None:
    body = _command()
    headers = _signed(world, body, at=str(int(time.time()) + offset))

    assert 401 == _post(world, body, headers)[0]
    assert NOTHING == world.kinds()


@pytest.mark.parametrize("stamp", ["", "yesterday", "1e9", "-1", "١٢٣", "1" * 400, "nan", "12.5"])
def test_a_timestamp_that_is_no_number_is_refused(world: World, stamp: str) -> None:
    body = _command()
    headers = _signed(world, body)
    headers["X-Slack-Request-Timestamp"] = stamp.encode().decode("latin-1")

    assert 401 == _post(world, body, headers)[0]


def test_a_wrong_secret_is_refused(world: World) -> None:
    body = _command()

    assert 401 == _post(world, body, _signed(world, body, secret="somebody else's"))[0]
    assert NOTHING == world.kinds()


def test_a_signature_of_another_body_is_refused(world: World) -> None:
    assert 401 == _post(world, _command(FIRST + "0"), _signed(world, _command()))[0]
    assert NOTHING == world.kinds()


@pytest.mark.parametrize("missing", ["X-Slack-Signature", "X-Slack-Request-Timestamp"])
def test_a_missing_header_is_refused(world: World, missing: str) -> None:
    body = _command()
    headers = {name: value for name, value in _signed(world, body).items() if name != missing}

    assert 401 == _post(world, body, headers)[0]


def _logged(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if "rejected" in record.getMessage()]


@pytest.mark.parametrize(
    ("offset", "said"), [(-421, "42[0-9] seconds old"), (86400, "86(400|399) seconds in the future")]
)
def test_the_log_says_by_how_much_a_timestamp_was_stale(
    world: World, caplog: pytest.LogCaptureFixture, offset: int, said: str
) -> None:
    body = _command()
    _post(world, body, _signed(world, body, at=str(int(time.time()) + offset)))
    (line,) = _logged(caplog)

    assert re.search(f"its timestamp is {said}, and 300 are allowed", line)
    assert FIRST not in line


def test_the_log_says_that_the_signature_was_wrong(world: World, caplog: pytest.LogCaptureFixture) -> None:
    body = _command()
    headers = _signed(world, body, secret="somebody else's")
    _post(world, body, headers)
    (line,) = _logged(caplog)

    assert "its signature is not made with SLACK_SIGNING_SECRET" in line
    assert [] == [secret for secret in (FIRST, "v0=", world.slack.state.signing_secret) if secret in line]


@pytest.mark.parametrize("missing", ["X-Slack-Signature", "X-Slack-Request-Timestamp"])
def test_the_log_names_a_header_that_is_missing(world: World, caplog: pytest.LogCaptureFixture, missing: str) -> None:
    body = _command()
    _post(world, body, {name: value for name, value in _signed(world, body).items() if name != missing})
    (line,) = _logged(caplog)

    assert f"it lacks the header {missing.lower()}" in line


def test_the_log_has_one_line_for_many_rejected_deliveries(world: World, caplog: pytest.LogCaptureFixture) -> None:
    body = _command()
    for _ in range(20):
        _post(world, body, _signed(world, body, secret="somebody else's"))
    _post(world, b"x", _signed(world, b"x"))

    assert 1 == len(_logged(caplog))


def test_the_next_line_counts_those_that_had_none(caplog: pytest.LogCaptureFixture) -> None:
    at = [0.0]
    rejections = Rejections(lambda: at[0])
    for seconds, kind in ((0.0, "stale"), (1.0, "stale"), (59.0, "stale"), (59.9, "unsigned"), (60.1, "stale")):
        at[0] = seconds
        rejections.tell(Rejection(kind, "why"))

    assert [
        "a delivery was rejected: why",
        "a delivery was rejected: why (and since the last such line: 2 stale, 1 unsigned)",
    ] == _logged(caplog)


def test_a_delivery_that_is_taken_leaves_no_such_line(world: World, caplog: pytest.LogCaptureFixture) -> None:
    body = _command()
    _post(world, body, _signed(world, body))

    assert NOTHING == _logged(caplog)


def test_a_body_over_one_megabyte_is_refused(world: World) -> None:
    body = b"x=" + b"y" * (1024 * 1024)

    assert 413 == _post(world, body, _signed(world, body))[0]


def test_a_body_of_one_megabyte_is_not_too_large(world: World) -> None:
    body = b"x=" + b"y" * (1024 * 1024 - 2)

    assert 400 == _post(world, body, _signed(world, body))[0]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe\x00",
        b"nothing like it",
        b"payload=%7Bnot+json",
        b"payload=[]",
        b"payload=%7B%7D",
        b"payload=null",
        b"command=/cancel-orders",
        b"command=/cancel-orders&user_id=U0000001",
    ],
)
def test_a_well_signed_body_that_cannot_be_read_is_400(world: World, body: bytes) -> None:
    assert 400 == _post(world, body, _signed(world, body))[0]


@pytest.mark.parametrize("body", [b"{", b"[]", b"null", b"1", b'"text"', b"\xff"])
def test_a_well_signed_event_that_cannot_be_read_is_400(world: World, body: bytes) -> None:
    headers = _signed(world, body) | {"Content-Type": "application/json"}

    assert 400 == _post(world, body, headers)[0]


@pytest.mark.parametrize("kind", ["block_actions", "view_submission", "shortcut", "of_next_year"])
def test_an_interaction_without_what_it_is_about_is_200_and_does_nothing(world: World, kind: str) -> None:
    body = urlencode({"payload": json.dumps({"type": kind})}).encode()

    assert 200 == _post(world, body, _signed(world, body))[0]
    assert NOTHING == world.kinds()


@pytest.mark.parametrize("wrong", [5, "x", [], [1], {"id": 5}, "\ud800", None], ids=repr)
def test_an_interaction_with_a_part_of_another_shape_is_no_fault_of_ours(world: World, wrong: object) -> None:
    press = {"type": "block_actions", "user": {"id": ANN}, "actions": [{"action_id": "keep"}], "trigger_id": "1.2"}
    filled: dict[str, object] = {"type": "view_submission", "user": {"id": ANN}}
    values = [{"values": wrong}, {"values": {"ids": wrong}}, {"values": {"ids": {"ids_typed": wrong}}}]
    payloads: list[dict[str, object]] = [
        press | {part: wrong} for part in ("user", "team", "enterprise", "channel", "container", "actions")
    ]
    payloads += [filled | {"view": {"callback_id": "cancel_form", "state": state}} for state in [wrong, *values]]
    bodies = [urlencode({"payload": json.dumps(payload)}).encode() for payload in payloads]

    assert {200} == {_post(world, body, _signed(world, body))[0] for body in bodies}
    assert NOTHING == world.kinds()


def test_a_submitted_form_that_does_not_say_it_is_a_modal_is_read(world: World) -> None:
    view = {"callback_id": "cancel_form", "state": {"values": {}}}
    payload = {"type": "view_submission", "user": {"id": ANN}, "team": {"id": "T0SANDBOX"}, "view": view}
    body = urlencode({"payload": json.dumps(payload)}).encode()
    status, answer = _post(world, body, _signed(world, body))

    assert 200 == status
    assert "Paste at least one order id" in answer


def test_an_event_that_nobody_handles_is_200(world: World) -> None:
    event = {"type": "event_callback", "team_id": "T0SANDBOX", "event": {"type": "reaction_added", "user": ANN}}
    body = json.dumps(event).encode()
    headers = _signed(world, body) | {"Content-Type": "application/json"}

    assert 200 == _post(world, body, headers)[0]


def test_slacks_check_of_the_address_is_answered_with_its_challenge(world: World) -> None:
    body = json.dumps({"type": "url_verification", "challenge": "3eZbrw1aB"}).encode()
    headers = _signed(world, body) | {"Content-Type": "application/json"}
    status, answer = _post(world, body, headers)

    assert 200 == status
    assert "3eZbrw1aB" in answer


def test_a_check_of_the_certificate_is_200(world: World) -> None:
    body = b"ssl_check=1&token=x"

    assert 200 == _post(world, body, _signed(world, body))[0]


def test_a_button_that_nobody_handles_is_200_and_the_person_is_told(world: World) -> None:
    preview = world.preview()
    delivered = []

    def forge() -> None:
        delivered.append(world.slack.forge_click(ANN, preview, {"action_id": "of_version_0", "value": "7"}))

    answer = world.told(ANN, forge)

    assert 200 == delivered[0].status
    assert "This button is too old. Nothing was done." in answer.text


@pytest.mark.parametrize(("path", "method"), [("/", "POST"), ("/slack/events", "GET"), ("/slack", "POST")])
def test_nothing_else_is_served(world: World, path: str, method: str) -> None:
    body = _command()

    assert _post(world, body, _signed(world, body), path, method)[0] in (404, 405)


def test_the_health_pages_answer(world: World) -> None:
    assert (200, "ok\n") == _post(world, b"", {}, "/healthz", "GET")
    assert (200, "ready\n") == _post(world, b"", {}, "/readyz", "GET")


def test_a_bot_whose_worker_has_stopped_is_not_ready(world: World) -> None:
    world.bot.worker.stop()

    assert 503 == _post(world, b"", {}, "/readyz", "GET")[0]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_bot_of_which_a_single_lane_is_dead_is_not_ready(world: World) -> None:
    lane = next(thread for thread in threading.enumerate() if thread.name == "logs-0")
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(lane.ident or 0), ctypes.py_object(SystemExit))
    world.bot.worker.wake("logs")
    lane.join(10)

    assert not lane.is_alive()
    assert 503 == _post(world, b"", {}, "/readyz", "GET")[0]
