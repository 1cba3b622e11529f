"""The stand-in Fincart: the documented answers, the faults on demand, and both shells around it."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from pydantic import SecretStr

from bot.fincart.client import Answer, AnswerKind, CallLimits, FincartClient, LogKind
from bot.sandbox.fincart.faults import Applied, Endpoint, Fault, FaultKind, IdPolicy
from bot.sandbox.fincart.orders import MALFORMED
from bot.sandbox.fincart.shells import FincartServer, StandInTransport
from bot.sandbox.fincart.standin import FincartStandIn, StandInSettings

A, B, C = "6864fecda075914a1b1e353c", "6877b613a665f49134ef0001", "6877b613a665f49134ef0002"
UNKNOWN = "6877b613a665f49134ef0bad"


class StandInClock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_seconds(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> StandInClock:
    return StandInClock()


@pytest.fixture
def fincart(clock: StandInClock) -> FincartStandIn:
    standin = FincartStandIn(clock)
    standin.add(A, B, C)
    return standin


@pytest.fixture(params=["transport", "http"])
def client(request: pytest.FixtureRequest, fincart: FincartStandIn, clock: StandInClock) -> Iterator[FincartClient]:
    """The same client over each of the two shells."""
    token = SecretStr(fincart.settings.token)
    if request.param == "transport":
        transport = StandInTransport(fincart, clock.pass_seconds)
        yield FincartClient("http://fincart.test", token, CallLimits(0.4), transport=transport, now=clock)
        return
    with FincartServer(fincart) as server:
        client = FincartClient(server.url, token, CallLimits(0.4, 0.4), now=clock)
        yield client
        client.close()


def cancel(client: FincartClient, *ids: str) -> Answer:
    answer = client.cancel(ids)
    assert answer is not None
    return answer


def statuses(fincart: FincartStandIn) -> list[str]:
    return [fincart.status(i) for i in (A, B, C)]


ALL, NONE = ["Cancelled"] * 3, ["Pending"] * 3


def test_pending_orders_are_cancelled_and_their_logs_say_so(client: FincartClient, fincart: FincartStandIn) -> None:
    answer = cancel(client, A, B, C)
    reading = client.read_log(A)

    assert (AnswerKind.OK, ALL, "Cancelled") == (answer.kind, statuses(fincart), reading.status)


@pytest.mark.parametrize(
    ("fault", "kind", "left"),
    [
        pytest.param(Fault(FaultKind.FORBIDDEN), "token", NONE, id="403"),
        pytest.param(Fault(FaultKind.BAD_ID, order_id=B), "refused", NONE, id="400 for one bad id"),
        pytest.param(
            Fault(FaultKind.BAD_ID, order_id=B, applied=Applied.REST),
            "refused",
            ["Cancelled", "Pending", "Cancelled"],
            id="a refusal that applied the rest",
        ),
        pytest.param(Fault(FaultKind.RATE_LIMITED, retry_after="7"), "unacted", NONE, id="429"),
        pytest.param(Fault(FaultKind.SERVER_ERROR), "lost", NONE, id="500 before applying"),
        pytest.param(Fault(FaultKind.SERVER_ERROR, applied=Applied.ALL), "lost", ALL, id="500 after applying"),
        pytest.param(Fault(FaultKind.SLOW, seconds=0.05), "ok", ALL, id="slow"),
        pytest.param(Fault(FaultKind.SLOW, seconds=0.8), "lost", ALL, id="too slow"),
        pytest.param(Fault(FaultKind.HANG), "lost", NONE, id="hang before applying"),
        pytest.param(Fault(FaultKind.HANG, applied=Applied.ALL), "lost", ALL, id="hang after applying"),
        pytest.param(Fault(FaultKind.DROP), "lost", NONE, id="dropped before applying"),
        pytest.param(Fault(FaultKind.DROP, applied=Applied.ALL), "lost", ALL, id="dropped after applying"),
        pytest.param(
            Fault(FaultKind.DROP, applied=Applied.FIRST_HALF),
            "lost",
            ["Cancelled", "Pending", "Pending"],
            id="dropped after applying a part",
        ),
        pytest.param(Fault(FaultKind.GARBAGE), "lost", NONE, id="garbage"),
        pytest.param(Fault(FaultKind.GATEWAY_PAGE), "lost", NONE, id="a gateway page"),
        pytest.param(Fault(FaultKind.REDIRECT), "lost", NONE, id="a redirect"),
        pytest.param(Fault(FaultKind.SAYS_FAILURE), "refused", NONE, id="200 that says failure"),
        pytest.param(Fault(FaultKind.SAYS_SUCCESS), "ok", NONE, id="200 that did nothing"),
    ],
)
def test_a_fault_is_answered_and_applied_as_it_says(
    client: FincartClient, fincart: FincartStandIn, fault: Fault, kind: str, left: list[str]
) -> None:
    fincart.inject(fault)
    answer = cancel(client, A, B, C)

    assert (kind, left) == (answer.kind, statuses(fincart))


def test_a_one_shot_fault_is_gone_after_it_happened(client: FincartClient, fincart: FincartStandIn) -> None:
    fincart.inject(Fault(FaultKind.SERVER_ERROR))
    cancel(client, A)

    assert AnswerKind.OK is cancel(client, A).kind


def test_a_standing_fault_meets_every_call_with_its_order_until_cleared(
    client: FincartClient, fincart: FincartStandIn
) -> None:
    fincart.inject(Fault(FaultKind.BAD_ID, order_id=B, times=None))
    before = [cancel(client, A, B).kind, cancel(client, B).kind, cancel(client, A).kind]
    fincart.clear_faults()

    assert ["refused", "refused", "ok", "ok"] == [*before, cancel(client, B).kind]


def test_a_hanging_call_is_answered_when_released(fincart: FincartStandIn) -> None:
    fincart.inject(Fault(FaultKind.HANG, applied=Applied.ALL))
    answers: list[Answer] = []
    with FincartServer(fincart) as server:
        client = FincartClient(server.url, SecretStr(fincart.settings.token), CallLimits(30))
        thread = threading.Thread(target=lambda: answers.append(cancel(client, A)))
        thread.start()
        assert fincart.wait_for(lambda it: len(it.calls) == 1)
        fincart.release()
        thread.join()
        client.close()

    assert [AnswerKind.OK] == [answer.kind for answer in answers]


def test_stopping_the_server_ends_what_hangs(fincart: FincartStandIn) -> None:
    fincart.inject(Fault(FaultKind.HANG))
    answers: list[Answer] = []
    server = FincartServer(fincart).start()
    client = FincartClient(server.url, SecretStr(fincart.settings.token), CallLimits(30))
    thread = threading.Thread(target=lambda: answers.append(cancel(client, A)))
    thread.start()
    assert fincart.wait_for(lambda it: len(it.calls) == 1)
    server.stop()
    thread.join()
    client.close()

    assert [AnswerKind.INDETERMINATE] == [answer.kind for answer in answers]


def test_a_call_whose_caller_died_in_the_middle_of_it_is_none(fincart: FincartStandIn) -> None:
    with FincartServer(fincart) as server:
        address = urlsplit(server.url)
        with socket.create_connection((address.hostname or "", address.port or 0), 5) as connection:
            connection.sendall(b'POST /v4/orders/cancel HTTP/1.1\r\nContent-Length: 40\r\n\r\n{"ids"')
            connection.shutdown(socket.SHUT_WR)
            answer = connection.recv(1024)

    assert b"" == answer
    assert [] == list(fincart.calls)


def test_no_connection_is_not_even_received(fincart: FincartStandIn) -> None:
    client = FincartClient("http://fincart.test", SecretStr("fincart-token"), transport=StandInTransport(fincart))
    fincart.inject(Fault(FaultKind.NO_CONNECTION))

    assert (AnswerKind.NOT_APPLIED, 0) == (cancel(client, A).kind, len(fincart.calls))


@pytest.mark.parametrize(
    ("policy", "kind", "left"),
    [
        (IdPolicy.REFUSE_CALL, "refused", "Pending"),
        (IdPolicy.REFUSE_AFTER_REST, "refused", "Cancelled"),
        (IdPolicy.SKIP, "ok", "Cancelled"),
    ],
)
@pytest.mark.parametrize("bad", [UNKNOWN, B])
def test_an_id_that_is_unknown_or_not_pending_is_met_by_the_policy(
    client: FincartClient, fincart: FincartStandIn, bad: str, policy: IdPolicy, kind: str, left: str
) -> None:
    fincart.settings.unknown_ids = fincart.settings.not_pending = policy
    fincart.move(B, "Processing", "At Courier Hub")
    answer = cancel(client, A, bad)

    assert (kind, left) == (answer.kind, fincart.status(A))


def test_a_log_that_lags_shows_the_past(client: FincartClient, fincart: FincartStandIn, clock: StandInClock) -> None:
    fincart.settings.log_lag = 10
    cancel(client, A)
    early = client.read_log(A)
    clock.pass_seconds(10)
    later = client.read_log(A)

    assert ("Pending", "Cancelled") == (early.status, later.status)


@pytest.mark.parametrize("kind", [FaultKind.SERVER_ERROR, FaultKind.HANG, FaultKind.DROP, FaultKind.GARBAGE])
def test_logs_can_be_made_unreadable(client: FincartClient, fincart: FincartStandIn, kind: FaultKind) -> None:
    fincart.inject(Fault(kind, Endpoint.LOGS, order_id=A))

    silent = (FaultKind.SERVER_ERROR, FaultKind.HANG, FaultKind.DROP)

    assert (LogKind.UNAVAILABLE if kind in silent else LogKind.UNREADABLE) is client.read_log(A).kind
    assert LogKind.READ is client.read_log(A).kind


def test_an_unknown_orders_log_is_absent(client: FincartClient) -> None:
    assert LogKind.ABSENT is client.read_log(UNKNOWN).kind


def test_a_log_is_as_documented_newest_first_with_main_status_and_sub_status(fincart: FincartStandIn) -> None:
    fincart.add(UNKNOWN, title="Pending", description="Missing Area", age=0)
    fincart.move(UNKNOWN, "Processing")
    reply = fincart.handle("GET", f"/v4/orders/{UNKNOWN}/logs", GOOD, b"")
    body = json.loads(reply.response.body)
    logs = body["data"]["logs"]

    assert {"statusCode": 200, "data": {"logs": logs}} == body
    assert {("title", "description", "createdAt", "by")} == {tuple(each) for each in logs}
    assert [("Processing", "Picked Up"), ("Pending", "Missing Area"), ("Pending", "New")] == [
        (each["title"], each["description"]) for each in logs
    ]


def test_a_malformed_id_fails_a_whole_call_and_has_no_log(client: FincartClient, fincart: FincartStandIn) -> None:
    fincart.settings.unknown_ids = IdPolicy.SKIP
    answer, reading = cancel(client, A, "1001"), client.read_log("1001")

    assert (AnswerKind.REFUSED, 400, MALFORMED) == (answer.kind, answer.http_status, answer.words)
    assert (LogKind.UNREADABLE, 400) == (reading.kind, reading.http_status)
    assert "Pending" == fincart.status(A)


def test_anothers_order_draws_the_403_of_a_wrong_token(client: FincartClient, fincart: FincartStandIn) -> None:
    fincart.settings.foreign.append(B)
    answer, foreign, own = cancel(client, A, B), client.read_log(B), client.read_log(A)

    assert (AnswerKind.TOKEN, 403, "User is not authorized") == (answer.kind, answer.http_status, answer.words)
    assert (403, LogKind.READ, "Pending") == (foreign.http_status, own.kind, fincart.status(A))


def test_a_token_may_read_and_not_cancel(client: FincartClient, fincart: FincartStandIn) -> None:
    fincart.settings.may_cancel = False

    assert (AnswerKind.TOKEN, LogKind.READ) == (cancel(client, A).kind, client.read_log(A).kind)


def test_a_rejected_token_is_rejected_everywhere(client: FincartClient, fincart: FincartStandIn) -> None:
    fincart.settings.token_rejected = True

    assert (AnswerKind.TOKEN, 403) == (cancel(client, A).kind, client.read_log(A).http_status)


def test_calls_larger_than_the_limit_are_too_large(client: FincartClient, fincart: FincartStandIn) -> None:
    fincart.settings.max_ids = 2
    answer = cancel(client, A, B, C)

    assert (413, NONE) == (answer.http_status, statuses(fincart))


def test_fincarts_clock_may_differ_from_ours(
    client: FincartClient, fincart: FincartStandIn, clock: StandInClock
) -> None:
    fincart.settings.clock_offset = 90
    cancel(client, A)

    assert client.started_at is not None
    told = client.started_at + timedelta(seconds=time.monotonic())
    assert 87 < (told - clock()).total_seconds() < 93


def test_every_call_is_recorded_with_what_it_changed(client: FincartClient, fincart: FincartStandIn) -> None:
    fincart.inject(Fault(FaultKind.DROP, applied=Applied.FIRST_HALF))
    cancel(client, A, B)
    call = fincart.cancel_calls[0]

    assert ((A, B), (A,), "drop", None) == (call.ids, call.applied, call.answer, call.wrong)


GOOD = {"authorization": "fincart-token", "Content-Type": "application/json"}
BODY = json.dumps({"filters": {"ids": [A]}}).encode()


@pytest.mark.parametrize(
    ("method", "path", "headers", "body", "status", "wrong"),
    [
        ("POST", "/v4/orders/cancel", {**GOOD, "authorization": "Bearer fincart-token"}, BODY, 403, "Bearer"),
        ("POST", "/v4/orders/cancel", {**GOOD, "authorization": "other"}, BODY, 403, "token"),
        ("POST", "/v4/orders/cancel", {"authorization": "fincart-token"}, BODY, 400, "Content-Type"),
        ("POST", "/v4/orders/cancel", GOOD, b"{}", 400, "body"),
        ("POST", "/v4/orders/cancel", GOOD, b"\xff", 400, "body"),
        ("POST", "/v4/orders/cancel", GOOD, b'{"filters":{"ids":[]}}', 400, "body"),
        ("POST", "/v4/orders/cancel", GOOD, b'{"filters":{"ids":["1","1"]}}', 400, "body"),
        ("POST", "/v4/orders/cancel", GOOD, b'{"filters":{"ids":["1"]},"x":1}', 400, "body"),
        ("GET", "/v4/orders/cancel", GOOD, b"", 404, "route"),
        ("POST", f"/v4/orders/{A}/logs", GOOD, b"", 404, "route"),
        ("GET", f"/v4/orders/{A}/logs", {}, b"", 403, "token"),
        ("GET", f"/v4/orders/{A}/logs", GOOD, b"x", 400, "body"),
    ],
)
def test_a_call_that_is_not_as_documented_is_refused_and_recorded(
    fincart: FincartStandIn,
    method: str,
    path: str,
    headers: dict[str, str],
    body: bytes,
    status: int,
    wrong: str,
) -> None:
    reply = fincart.handle(method, path, headers, body)

    assert (status, [wrong]) == (reply.response.status, [call.wrong for call in fincart.wrong_calls])


def test_the_whole_state_survives_saving(fincart: FincartStandIn, clock: StandInClock) -> None:
    fincart.settings.not_pending = IdPolicy.SKIP
    fincart.inject(Fault(FaultKind.DROP, applied=Applied.ALL), Fault(FaultKind.BAD_ID, order_id=B, times=None))
    fincart.handle("POST", "/v4/orders/cancel", GOOD, BODY)
    saved = fincart.to_json()
    again = FincartStandIn.from_json(saved, clock)

    assert saved == again.to_json()
    assert (fincart.calls, fincart.lines(A), fincart.settings) == (again.calls, again.lines(A), again.settings)
    assert {"drop": 1} == dict(again.faults_met)


def test_slow_answers_pass_virtual_time_in_one_thread(fincart: FincartStandIn, clock: StandInClock) -> None:
    fincart.settings.latency = 2.5
    start = clock()
    transport = StandInTransport(fincart, clock.pass_seconds)
    client = FincartClient("http://fincart.test", SecretStr("fincart-token"), transport=transport, now=clock)
    cancel(client, A)

    assert timedelta(seconds=2.5) == clock() - start


def test_settings_default_to_the_strict_reading() -> None:
    assert (IdPolicy.REFUSE_CALL, IdPolicy.REFUSE_CALL) == (
        StandInSettings().unknown_ids,
        StandInSettings().not_pending,
    )
