"""The Fincart client: its exact calls, and every answer and failure as one of the closed classes."""

import json
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from bot.domain.outcome.responses import (
    Exchange,
    LogEntry,
    LogReading,
    classify_cancel,
    classify_log_answer,
    clean,
    date_of,
    retry_after,
)
from bot.fincart.client import AnswerKind, CallLimits, FincartClient, LogKind, ProbeKind

TOKEN = "s3cret-merchant-token"
NOW = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC)
ID = "6864fecda075914a1b1e353c"
OK_BODY = (
    b'{"statusCode":200,"message":"Bulk Orders cancelled successfully",'
    b'"data":{"status":"success","msg":"Orders have been successfully canceled."}}'
)


def error_body(status: int, message: str) -> bytes:
    return json.dumps({"statusCode": status, "message": message, "errors": [message]}).encode()


def client_with(handler: Callable[[httpx.Request], httpx.Response], now: datetime = NOW) -> FincartClient:
    return FincartClient(
        "https://fincart.test",
        SecretStr(TOKEN),
        transport=httpx.MockTransport(handler),
        now=lambda: now,
    )


def answering(
    status: int, body: bytes, headers: dict[str, str] | None = None
) -> Callable[[httpx.Request], httpx.Response]:
    return lambda request: httpx.Response(status, headers=headers, content=body)


def raising(error: Exception) -> Callable[[httpx.Request], httpx.Response]:
    def handler(request: httpx.Request) -> httpx.Response:
        raise error

    return handler


def log_body(*entries: tuple[str, str]) -> bytes:
    logs = [{"title": t, "description": "", "createdAt": at, "by": "Fincart"} for t, at in entries]
    return json.dumps({"statusCode": 200, "data": {"logs": logs}}).encode()


def test_a_cancel_call_is_exactly_the_documented_one() -> None:
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, content=OK_BODY)

    client_with(handler).cancel([ID, "B-2"])
    call = seen[0]

    assert (
        "POST",
        "https://fincart.test/v4/orders/cancel",
        TOKEN,
        "application/json",
        {"filters": {"ids": [ID, "B-2"]}},
    ) == (
        call.method,
        str(call.url),
        call.headers["Authorization"],
        call.headers["Content-Type"],
        json.loads(call.content),
    )


@pytest.mark.parametrize(
    ("order_id", "path"),
    [
        (ID, f"/v4/orders/{ID}/logs"),
        ("a/b 1", "/v4/orders/a%2Fb%201/logs"),
        ("..", "/v4/orders/%2E%2E/logs"),
        ("1?x#y", "/v4/orders/1%3Fx%23y/logs"),
    ],
)
def test_a_log_read_quotes_the_order_id_into_the_documented_path(order_id: str, path: str) -> None:
    seen: list[bytes] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request.url.raw_path)
        return httpx.Response(500)

    client_with(handler).read_log(order_id)

    assert [path.encode()] == seen


UNAUTHORISED = "User is not authorized"
FAILED = b'{"statusCode":200,"message":"m","data":{"status":"failed","msg":"Could not."}}'


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        pytest.param(200, OK_BODY, "ok", id="the documented 200"),
        pytest.param(
            200, b'{"statusCode":200,"data":{"status":"success"},"x":[1]}', "ok", id="other fields are ignored"
        ),
        pytest.param(200, FAILED, "refused", id="200 that says failure"),
        pytest.param(200, b'{"data":{"status":"failed"}}', "refused", id="200 that says little but failure"),
        pytest.param(200, b'{"statusCode":200,"data":{"status":7}}', "lost", id="status is no text"),
        pytest.param(200, b'{"data":{"status":"success"}}', "lost", id="success without its statusCode"),
        pytest.param(200, b'{"statusCode":500,"data":{"status":"success"}}', "lost", id="200 that contradicts itself"),
        pytest.param(
            200, b'{"statusCode":500,"data":{"status":"failed"}}', "lost", id="failure that says 500 in a 200"
        ),
        pytest.param(200, b'{"statusCode":true,"data":{"status":"success"}}', "lost", id="true is no number"),
        pytest.param(200, OK_BODY[:-3], "lost", id="a body cut off"),
        pytest.param(200, b"", "lost", id="no body"),
        pytest.param(200, b"\xff\xfe\x00", "lost", id="no text at all"),
        pytest.param(200, b"[" * 60_000, "lost", id="nested without end"),
        pytest.param(200, b"9" * 6_000, "lost", id="a number without end"),
        pytest.param(200, b"[]", "lost", id="no object"),
        pytest.param(200, b"<html>nginx</html>", "lost", id="a gateway page"),
        pytest.param(200, OK_BODY + b" " * 70_000, "lost", id="a body larger than any of Fincart's"),
        pytest.param(201, OK_BODY, "lost", id="another 2xx"),
        pytest.param(302, b"", "lost", id="a redirect"),
        pytest.param(401, b"", "token", id="401 whatever the body"),
        pytest.param(403, error_body(403, UNAUTHORISED), "token", id="the documented 403"),
        pytest.param(403, error_body(403, "Order is locked"), "refused", id="403 with another message"),
        pytest.param(403, b"<html>Forbidden</html>", "lost", id="403 of somebody else"),
        pytest.param(403, error_body(200, UNAUTHORISED), "lost", id="403 whose statusCode differs"),
        pytest.param(400, error_body(400, "Order X is not pending"), "refused", id="400 with the error body"),
        pytest.param(400, b'{"statusCode":400,"message":["a"]}', "lost", id="400 whose message is no text"),
        pytest.param(400, b"Bad Request", "lost", id="400 of somebody else"),
        pytest.param(404, error_body(404, "Not found"), "refused", id="404 with the error body"),
        pytest.param(404, b"nope", "lost", id="404 of a wrong base URL"),
        pytest.param(408, error_body(408, "Request timeout"), "lost", id="408 even with the error body"),
        pytest.param(413, b"<html>too large</html>", "refused", id="413 whatever the body"),
        pytest.param(414, b"", "refused", id="414 whatever the body"),
        pytest.param(429, b"slow down", "unacted", id="429 whatever the body"),
        pytest.param(500, error_body(500, "Internal server error"), "lost", id="500"),
        pytest.param(503, b"", "lost", id="503"),
    ],
)
def test_an_answer_is_classed(status: int, body: bytes, kind: str) -> None:
    answer = client_with(answering(status, body)).cancel([ID])

    assert answer is not None
    assert (kind, status) == (answer.kind, answer.http_status)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (httpx.ConnectError("refused"), "unacted"),
        (httpx.ConnectTimeout("slow"), "unacted"),
        (httpx.PoolTimeout("full"), "unacted"),
        (httpx.ReadTimeout("slow"), "lost"),
        (httpx.WriteTimeout("slow"), "lost"),
        (httpx.ReadError("reset"), "lost"),
        (httpx.WriteError("reset"), "lost"),
        (httpx.RemoteProtocolError("closed"), "lost"),
        (httpx.LocalProtocolError("odd"), "lost"),
        (httpx.ProxyError("odd"), "lost"),
        (httpx.UnsupportedProtocol("odd"), "lost"),
        (RuntimeError("odd"), "lost"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else value,
)
def test_a_failure_is_unacted_only_where_nothing_can_have_been_sent(error: Exception, kind: str) -> None:
    answer = client_with(raising(error)).cancel([ID])

    assert answer is not None
    assert (kind, None) == (answer.kind, answer.http_status)


def test_fincarts_own_words_are_kept() -> None:
    answer = client_with(answering(400, error_body(400, "Order  X\n is not pending"))).cancel([ID])

    assert answer is not None
    assert "Order X is not pending" == answer.words


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (OK_BODY, "Orders have been successfully canceled."),
        (b'{"statusCode":200,"message":"m","data":{"status":"success"}}', "m"),
        (b'{"statusCode":200,"message":"","data":{"status":"success","msg":7}}', "success"),
        (b'{"statusCode":500,"data":{"status":"success"}}', "HTTP 200 whose body contradicts itself"),
        (FAILED, "Could not."),
        (b'{"data":{"status":"failed"}}', "status failed"),
        (b'{"statusCode":500,"data":{"status":"failed"}}', "HTTP 200 whose body contradicts itself"),
        (b"<html>", "HTTP 200 with a body that is not Fincart's"),
        (None, "HTTP 200, and the rest of the answer never came"),
    ],
)
def test_the_words_of_an_answer_are_fincarts_or_say_what_is_wrong_with_it(body: bytes | None, words: str) -> None:
    assert words == classify_cancel(Exchange(200, {}, body, NOW, 0.1), TOKEN).words


def test_words_never_echo_the_token() -> None:
    answer = client_with(answering(400, error_body(400, f"bad token {TOKEN}!"))).cancel([ID])

    assert answer is not None
    assert "bad token [token]!" == answer.words


def test_a_failures_words_never_echo_the_token() -> None:
    answer = client_with(raising(httpx.ConnectError(f"no {TOKEN}"))).cancel([ID])

    assert answer is not None
    assert TOKEN not in answer.words


@given(st.text(), st.integers(0, 40))
def test_cleaned_words_are_one_bounded_plain_line_without_the_secret(text: str, place: int) -> None:
    words = clean(text[:place] + TOKEN + text[place:] + "\u202e\ud800\x00" + TOKEN[:9] + "\u200b" + TOKEN[9:], TOKEN)

    assert words.isprintable()
    assert len(words) <= 300
    assert TOKEN not in words
    assert words.encode()


@pytest.mark.parametrize(
    ("written", "kept"),
    [("x" * 300, "x" * 300), ("x" * 301, "x" * 299 + "…"), (" two\r\n lines ", "two lines")],
)
def test_words_are_cut_at_three_hundred_characters(written: str, kept: str) -> None:
    assert kept == clean(written, TOKEN)


def test_words_are_kept_as_they_are_where_there_is_no_secret() -> None:
    assert "bad id" == clean("bad id", "")


@given(st.integers(100, 599), st.binary(max_size=60) | st.just(OK_BODY) | st.just(error_body(400, "x")))
def test_any_answer_at_all_has_a_class(status: int, body: bytes) -> None:
    exchange = Exchange(status, {}, body, NOW, 0.0)

    assert (status == 200 and body == OK_BODY) == (classify_cancel(exchange, TOKEN).kind is AnswerKind.OK)
    assert classify_log_answer(exchange, TOKEN).kind is not LogKind.READ


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("7", 7.0),
        ("0", 0.0),
        ("999999999999", 3600.0),
        ("Tue, 24 Nov 2026 12:00:30 GMT", 20.0),
        ("Tue, 24 Nov 2026 12:00:30 -0000", 20.0),
        ("Tue, 24 Nov 2026 14:00:30 +0200", 20.0),
        ("Tue, 24 Nov 2020 12:00:30 GMT", 0.0),
        ("soon", None),
        ("-5", None),
        ("", None),
    ],
)
def test_retry_after_is_read_in_both_its_forms_and_bounded(written: str, seconds: float | None) -> None:
    headers = {"Retry-After": written, "Date": "Tue, 24 Nov 2026 12:00:10 GMT"}
    answer = client_with(answering(429, b"", headers)).cancel([ID])

    assert answer is not None
    assert seconds == answer.retry_after


def test_a_date_that_names_no_zone_is_in_utc_wherever_the_host_is(monkeypatch: pytest.MonkeyPatch) -> None:
    exchange = Exchange(429, {"retry-after": "Tue, 24 Nov 2026 12:00:30 -0000"}, b"", NOW, 0.1)
    with monkeypatch.context() as cairo:
        cairo.setenv("TZ", "Africa/Cairo")
        time.tzset()
        seconds = retry_after(exchange)
    time.tzset()

    assert 30.0 == seconds


DATE = "Tue, 24 Nov 2026 12:00:10 GMT"
TEN_PAST = datetime(2026, 11, 24, 12, 0, 10, tzinfo=UTC)
NO_ORDER = b'{"statusCode": 404, "message": "Order not found"}'


def timed_client(status: int, body: bytes, headers: dict[str, str], *times: float) -> FincartClient:
    """A client whose clock shows these seconds, one after another."""
    shown = list(times)
    return FincartClient(
        "https://fincart.test",
        SecretStr(TOKEN),
        transport=httpx.MockTransport(answering(status, body, headers)),
        uptime=lambda: shown.pop(0),
    )


@pytest.mark.parametrize(("date", "read"), [(DATE, TEN_PAST), ("yesterday", None), ("", None)])
def test_fincarts_clock_is_held_against_ours(date: str, read: datetime | None) -> None:
    client = timed_client(200, OK_BODY, {"Date": date}, 100.0, 100.5)
    client.cancel([ID])

    assert client.started_at == (read and read - timedelta(seconds=100.5))


@pytest.mark.parametrize(("seconds", "read"), [(1.5, TEN_PAST), (1.6, None)])
def test_fincarts_time_is_believed_for_a_second_and_a_half(seconds: float, read: datetime | None) -> None:
    assert read == date_of(Exchange(200, {"date": DATE}, OK_BODY, NOW, seconds))


def test_headers_are_known_by_their_names_in_small_letters() -> None:
    headers = {"age": "7", "date": DATE, "retry-after": "Tue, 24 Nov 2026 12:00:30 GMT"}
    exchange = Exchange(200, headers, OK_BODY, NOW, 0.1)

    assert (None, 20.0) == (date_of(exchange), retry_after(exchange))


def test_fincarts_times_are_in_utc_wherever_the_host_is(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as cairo:
        cairo.setenv("TZ", "Africa/Cairo")
        time.tzset()
        date = date_of(Exchange(200, {"date": "Tue, 24 Nov 2026 14:00:10 +0200"}, OK_BODY, NOW, 0.1))
        body = log_body(("Pending", "2026-11-24T14:00:10+02:00"))
        created = classify_log_answer(Exchange(200, {}, body, NOW, 0.1), TOKEN).entries[0].created_at
    time.tzset()

    assert date is not None
    assert (TEN_PAST, TEN_PAST, UTC, UTC) == (date, created, date.tzinfo, created.tzinfo)


def test_the_log_tells_fincarts_clock_too() -> None:
    client = timed_client(404, NO_ORDER, {"Date": DATE}, 0.0, 1.0)
    client.read_log(ID)

    assert TEN_PAST - timedelta(seconds=1) == client.started_at


@pytest.mark.parametrize(
    ("body", "headers", "seconds"),
    [(OK_BODY, {"Age": "3600"}, 0.1), (b"<html>", {}, 0.1), (b"{}", {}, 0.1), (OK_BODY, {}, 40.0)],
    ids=["from a cache", "a gateway's page", "somebody else's", "long in coming, or long to be read"],
)
def test_what_may_not_be_fincarts_time_of_just_now_leaves_the_clocks_as_they_were_known(
    body: bytes, headers: dict[str, str], seconds: float
) -> None:
    client = timed_client(200, body, {"Date": DATE, **headers}, 0.0, seconds)
    client.cancel([ID])

    assert client.started_at is None


def test_a_closed_fence_sends_nothing_and_has_no_answer() -> None:
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, content=OK_BODY)

    answer = client_with(handler).cancel([ID], fence=lambda: False)

    assert (None, []) == (answer, seen)


def test_an_open_fence_lets_the_call_through_and_is_asked_once() -> None:
    asked: list[int] = []

    def fence() -> bool:
        asked.append(1)
        return True

    answer = client_with(answering(200, OK_BODY)).cancel([ID], fence=fence)

    assert answer is not None
    assert (AnswerKind.OK, [1]) == (answer.kind, asked)


def test_a_log_is_read_oldest_first_whatever_its_order() -> None:
    body = log_body(
        ("Processing", "2025-07-02T09:42:53.400Z"),
        ("Cancelled", "2025-07-02T12:45:00+02:00"),
        ("Pending", "2025-07-02T09:41:34.331Z"),
    )
    reading = client_with(answering(200, body)).read_log(ID)

    assert ["Pending", "Processing", "Cancelled"] == [entry.title for entry in reading.entries]


def test_entries_of_the_same_moment_keep_fincarts_newest_first() -> None:
    at = "2025-07-02T09:42:53.400Z"
    reading = client_with(answering(200, log_body(("Cancelled", at), ("Pending", at)))).read_log(ID)

    assert "Cancelled" == reading.status


@pytest.mark.parametrize("days", [(1, 2, 2), (1, 1, 2), (1, 2, 3)])
def test_a_log_that_is_oldest_first_stays_so_where_times_are_equal(days: tuple[int, ...]) -> None:
    body = log_body(*((title, f"2025-07-0{day}T09:00:00Z") for title, day in zip("abc", days, strict=True)))
    reading = client_with(answering(200, body)).read_log(ID)

    assert ["a", "b", "c"] == [entry.title for entry in reading.entries]


@pytest.mark.parametrize("title", ["cancelled", "CANCELED", " Cancelled "])
def test_cancelled_is_known_in_every_spelling_and_under_later_entries(title: str) -> None:
    body = log_body(("Returned", "2025-07-03T09:42:53Z"), (title, "2025-07-02T09:42:53Z"))
    reading = client_with(answering(200, body)).read_log(ID)

    assert reading.cancelled is not None
    assert (False, "Returned") == (reading.is_pending, reading.status)


GOOD_ENTRY = {"title": "Pending", "description": "New", "createdAt": "2025-07-02T09:42:53Z", "by": "M"}


@pytest.mark.parametrize(
    "entry",
    [
        pytest.param(7, id="no object"),
        pytest.param({**GOOD_ENTRY, "title": ""}, id="no title"),
        pytest.param({**GOOD_ENTRY, "title": None}, id="a null title"),
        pytest.param({**GOOD_ENTRY, "createdAt": "yesterday"}, id="no time"),
        pytest.param({**GOOD_ENTRY, "createdAt": "2025-07-02T09:42:53"}, id="a time without its zone"),
        pytest.param({**GOOD_ENTRY, "createdAt": "0001-01-01T00:00:00+09:00"}, id="a time before time"),
    ],
)
def test_a_log_with_one_entry_out_of_shape_is_unreadable(entry: object) -> None:
    body = json.dumps({"statusCode": 200, "data": {"logs": [GOOD_ENTRY, entry]}}).encode()
    reading = client_with(answering(200, body)).read_log(ID)

    assert LogKind.UNREADABLE is reading.kind


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        pytest.param(404, error_body(404, "Order not found"), "absent", id="404 with the error body"),
        pytest.param(404, b"not here", "unreadable", id="404 of somebody else"),
        pytest.param(403, error_body(403, UNAUTHORISED), "unreadable", id="403"),
        pytest.param(500, error_body(500, "oh"), "unavailable", id="500"),
        pytest.param(200, log_body(), "unreadable", id="no entries"),
        pytest.param(200, b"<html>", "unreadable", id="a page"),
    ],
)
def test_a_log_that_is_not_there_or_not_as_documented(status: int, body: bytes, kind: str) -> None:
    assert kind == client_with(answering(status, body)).read_log(ID).kind


PENDING_AT = ("Pending", "2026-11-24T12:00:10Z")
PENDING = LogEntry("Pending", "New", TEN_PAST, "Mona")
BARE = LogEntry("Pending", "", TEN_PAST, "")


def log_of(**more: object) -> bytes:
    line = {"title": "Pending", "createdAt": "2026-11-24T12:00:10Z", **more}
    return json.dumps({"statusCode": 200, "data": {"logs": [line]}}).encode()


@pytest.mark.parametrize(
    ("status", "body", "reading"),
    [
        (200, log_of(description="New", by="Mona"), LogReading(LogKind.READ, (PENDING,), "", 200, 7.0)),
        (200, log_of(description=7), LogReading(LogKind.READ, (BARE,), "", 200, 7.0)),
        (404, error_body(404, "No such order"), LogReading(LogKind.ABSENT, (), "No such order", 404, 7.0)),
        (200, log_body(), LogReading(LogKind.UNREADABLE, (), "the log has no entries", 200, 7.0, is_empty=True)),
        (200, b"{}", LogReading(LogKind.UNREADABLE, (), "the log is not as Fincart documents it", 200, 7.0)),
        (201, log_body(PENDING_AT), LogReading(LogKind.UNREADABLE, (), "Fincart answered HTTP 201", 201, 7.0)),
        (429, error_body(429, "Busy"), LogReading(LogKind.UNAVAILABLE, (), "Busy", 429, 7.0)),
        (499, b"", LogReading(LogKind.UNREADABLE, (), "Fincart answered HTTP 499", 499, 7.0)),
    ],
)
def test_a_reading_has_all_that_the_answer_said(status: int, body: bytes, reading: LogReading) -> None:
    assert reading == classify_log_answer(Exchange(status, {"retry-after": "7"}, body, NOW, 0.1), TOKEN)


@pytest.mark.parametrize(("kind", "entries"), [(LogKind.READ, ()), (LogKind.ABSENT, (BARE,))])
def test_a_log_has_entries_exactly_where_it_was_read(kind: LogKind, entries: tuple[LogEntry, ...]) -> None:
    with pytest.raises(ValueError, match=r"^a log that was read has entries, and only such a log has$"):
        LogReading(kind, entries)


def test_a_log_that_is_not_answered_is_no_reading_and_says_why() -> None:
    reading = client_with(raising(httpx.ReadTimeout("x"))).read_log(ID)

    assert (LogKind.UNAVAILABLE, "Fincart did not answer in time") == (reading.kind, reading.why)


@pytest.mark.parametrize(
    ("handler", "kind"),
    [
        (answering(404, error_body(404, "Order not found")), ProbeKind.GOOD),
        (answering(400, error_body(400, "Bad id")), ProbeKind.GOOD),
        (answering(429, error_body(429, "Busy")), ProbeKind.GOOD),
        (answering(403, error_body(403, UNAUTHORISED)), ProbeKind.TOKEN),
        (answering(401, b""), ProbeKind.TOKEN),
        (answering(200, b"<html>"), ProbeKind.STRANGE),
        (answering(404, b"<html>"), ProbeKind.STRANGE),
        (answering(500, b""), ProbeKind.DOWN),
        (answering(503, error_body(503, "Service unavailable")), ProbeKind.DOWN),
        (raising(httpx.ConnectError("no")), ProbeKind.UNREACHABLE),
    ],
)
def test_the_probe_tells_a_good_address_and_token_from_bad_ones(
    handler: Callable[[httpx.Request], httpx.Response], kind: ProbeKind
) -> None:
    assert kind is client_with(handler).probe().kind


def test_the_probe_cancels_nothing() -> None:
    seen: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request.method)
        return httpx.Response(500)

    client_with(handler).probe()

    assert ["GET"] == seen


def test_no_repr_shows_the_token() -> None:
    client = client_with(answering(200, OK_BODY))

    assert TOKEN not in repr(client) + repr(vars(client))


def test_nothing_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        client_with(answering(200, OK_BODY)).cancel([ID])

    assert [] == caplog.records


@pytest.mark.parametrize("token", ["", " t", "tök", "a\nb"])
def test_a_token_no_header_can_carry_is_refused_at_once(token: str) -> None:
    with pytest.raises(ValueError, match="printable ASCII"):
        FincartClient("https://fincart.test", SecretStr(token))


# Real sockets


@contextmanager
def tcp_server(serve: Callable[[socket.socket, threading.Event], None]) -> Iterator[str]:
    """One thread per connection runs `serve`; the event is set at the end."""
    stop = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))
    threads: list[threading.Thread] = []

    def one(connection: socket.socket) -> None:
        with connection:
            try:
                serve(connection, stop)
            except OSError:
                return

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threads.append(threading.Thread(target=one, args=(connection,)))
            threads[-1].start()

    acceptor = threading.Thread(target=accept)
    acceptor.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        stop.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for thread in [acceptor, *threads]:
            thread.join()


def answer_bytes(status: str, body: bytes, extra: str = "") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{extra}\r\n".encode() + body


def drip(data: bytes) -> Callable[[socket.socket, threading.Event], None]:
    def serve(connection: socket.socket, stop: threading.Event) -> None:
        connection.recv(65536)
        for byte in data:
            connection.sendall(bytes([byte]))
            if stop.wait(0.05):
                return

    return serve


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(answer_bytes("200 OK", OK_BODY), id="headers dripping"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n" + OK_BODY, id="a body dripping"),
    ],
)
def test_a_server_that_drips_does_not_hold_a_call_longer_than_its_time(data: bytes) -> None:
    with tcp_server(drip(data)) as url:
        client = FincartClient(url, SecretStr(TOKEN), CallLimits(0.3))
        start = time.monotonic()
        answer = client.cancel([ID])
        took = time.monotonic() - start
        client.close()

    assert answer is not None
    assert AnswerKind.INDETERMINATE is answer.kind
    assert took < 1.5


def test_a_log_read_ends_by_its_own_shorter_time() -> None:
    with tcp_server(drip(b"HTTP/1.1 200 OK\r\n" * 50)) as url:
        client = FincartClient(url, SecretStr(TOKEN), CallLimits(60, 0.2))
        start = time.monotonic()
        reading = client.read_log(ID)
        took = time.monotonic() - start
        client.close()

    assert LogKind.UNAVAILABLE is reading.kind
    assert took < 1.5


def closing(data: bytes) -> Callable[[socket.socket, threading.Event], None]:
    def serve(connection: socket.socket, stop: threading.Event) -> None:
        connection.recv(65536)
        connection.sendall(data)

    return serve


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        pytest.param(b"", "lost", id="closed without a byte"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Le", "lost", id="closed in the headers"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n" + OK_BODY, "lost", id="closed in the body"),
        pytest.param(b"HTTP/1.1 429 Busy\r\nContent-Length: 900\r\n\r\nx", "unacted", id="a 429 closed in the body"),
        pytest.param(b"SSH-2.0-OpenSSH_9.6\r\n", "lost", id="no HTTP"),
        pytest.param(answer_bytes("302 Found", b"", "Location: /v4/x\r\n"), "lost", id="a redirect"),
        pytest.param(answer_bytes("200 OK", OK_BODY), "ok", id="all of it"),
    ],
)
def test_an_answer_cut_off_on_the_wire(data: bytes, kind: str) -> None:
    with tcp_server(closing(data)) as url:
        client = FincartClient(url, SecretStr(TOKEN), CallLimits(5))
        answer = client.cancel([ID])
        client.close()

    assert answer is not None
    assert kind == answer.kind


def test_a_failed_tls_handshake_has_sent_nothing() -> None:
    with tcp_server(closing(b"this is not TLS\r\n")) as url:
        client = FincartClient(url.replace("http:", "https:"), SecretStr(TOKEN), CallLimits(5))
        answer = client.cancel([ID])
        client.close()

    assert answer is not None
    assert AnswerKind.NOT_APPLIED is answer.kind


def test_a_refused_connection_has_sent_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    client = FincartClient(f"http://127.0.0.1:{port}", SecretStr(TOKEN))
    answer = client.cancel([ID])
    client.close()

    assert answer is not None
    assert AnswerKind.NOT_APPLIED is answer.kind


def test_the_fence_is_asked_when_a_connection_stands_and_before_any_byte() -> None:
    received: list[bytes] = []
    connected = threading.Event()

    def serve(connection: socket.socket, stop: threading.Event) -> None:
        connected.set()
        received.append(connection.recv(65536))

    def fence() -> bool:
        assert connected.wait(5)
        return False

    with tcp_server(serve) as url:
        client = FincartClient(url, SecretStr(TOKEN))
        answer = client.cancel([ID], fence=fence)
        client.close()

    assert (None, [b""]) == (answer, received)


def test_with_every_connection_taken_a_call_is_unacted_by_its_time() -> None:
    arrived = threading.Event()

    def serve(connection: socket.socket, stop: threading.Event) -> None:
        connection.recv(65536)
        arrived.set()
        stop.wait(30)

    with tcp_server(serve) as url:
        client = FincartClient(url, SecretStr(TOKEN), CallLimits(0.2, 30, 1))
        occupant = threading.Thread(target=client.read_log, args=(ID,))
        occupant.start()
        assert arrived.wait(5)
        answer = client.cancel([ID])
    occupant.join()
    client.close()

    assert answer is not None
    assert AnswerKind.NOT_APPLIED is answer.kind
