"""Fincart behind TLS and behind a proxy, as companies have them: over real sockets, with a certificate authority of the
tests' own."""

import io
import logging
import ssl
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from connect_proxy import ConnectProxy
from pydantic import SecretStr
from world import ANN, FINCART_TOKEN, FIRST, SECOND, StartWorld, World, go_ahead, request_id

from bot.cli.check import findings
from bot.fincart.client import AnswerKind, CallLimits, FincartClient, LogKind
from bot.network import UnusableProxyError, proxy_for
from bot.sandbox.demo.world import open_world
from bot.sandbox.fincart.faults import Fault, FaultKind
from bot.sandbox.fincart.shells import FincartServer
from bot.sandbox.fincart.standin import FincartStandIn
from bot.settings.logging import set_up_logging
from bot.settings.model import Need, load_settings
from bot.slack.results import Unanswered
from bot.slack.transport import SdkTransport

TLS = Path(__file__).parents[1] / "data" / "tls"
FINCART = "https://fincart.example"
"""Its certificate has this name too, which nobody but the proxy can resolve."""
PASSWORD = "p%40ss-of-the-proxy"
NAMES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR")


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the tests may have a proxy of their own."""
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine trusts whoever issued Fincart's certificate."""
    monkeypatch.setenv("SSL_CERT_FILE", str(TLS / "ca.pem"))


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[ConnectProxy]:
    """A proxy that the environment names."""
    proxy = ConnectProxy()
    monkeypatch.setenv("HTTPS_PROXY", f"http://{proxy.address}")
    yield proxy
    proxy.stop()


@pytest.fixture
def fincart() -> Iterator[FincartStandIn]:
    """A stand-in Fincart, to be served."""
    fincart = FincartStandIn(lambda: datetime.now(UTC))
    fincart.settings.token = FINCART_TOKEN
    fincart.add(FIRST, SECOND)
    yield fincart
    fincart.clear_faults()


@pytest.fixture
def server(fincart: FincartStandIn) -> Iterator[FincartServer]:
    """It, behind TLS."""
    with FincartServer(fincart, tls=behind_tls()) as server:
        yield server


@pytest.fixture
def behind(proxy: ConnectProxy, server: FincartServer) -> ConnectProxy:
    """The proxy, with that Fincart behind it."""
    proxy.leads_to = port_of(server)
    return proxy


def behind_tls() -> ssl.SSLContext:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(TLS / "fincart.pem")
    return tls


def port_of(server: FincartServer) -> int:
    port = httpx.URL(server.url).port
    assert port is not None
    return port


def client_of(url: str = FINCART, timeout_seconds: float = 5.0) -> FincartClient:
    return FincartClient(url, SecretStr(FINCART_TOKEN), CallLimits(timeout_seconds))


def kind_of(client: FincartClient) -> AnswerKind:
    answer = client.cancel([FIRST])
    client.close()
    assert answer is not None
    return answer.kind


def words_of(client: FincartClient) -> str:
    answer = client.cancel([FIRST])
    client.close()
    assert answer is not None
    return answer.words


def checked(url: str = FINCART) -> str:
    """What `check` says about Fincart."""
    given = {"FINCART_TOKEN": FINCART_TOKEN, "FINCART_BASE_URL": url, "DATABASE_URL": "sqlite:////nowhere/bot.db"}
    settings = load_settings(given, None, need=Need.CHECK)
    return next(str(each) for each in findings(settings) if "Fincart" in str(each))


def started(start: StartWorld, proxy: ConnectProxy) -> World:
    """A world whose Fincart is reached by its name, which the proxy alone knows."""
    world = start(fincart_tls=behind_tls(), FINCART_BASE_URL=FINCART)
    proxy.leads_to = port_of(world.fincart_server)
    return world


# Through the proxy


@pytest.mark.usefixtures("trusted")
def test_orders_are_cancelled_through_the_proxy(start_sqlite_world: StartWorld, proxy: ConnectProxy) -> None:
    world = started(start_sqlite_world, proxy)
    end = world.cancelled()

    assert "2 cancelled" in end.text
    assert ["Cancelled", "Cancelled"] == world.statuses(FIRST, SECOND)
    assert {"CONNECT fincart.example:443 HTTP/1.1"} == set(proxy.targets())


@pytest.mark.usefixtures("trusted")
def test_the_proxy_never_sees_the_token(behind: ConnectProxy) -> None:
    kind = kind_of(client_of())

    assert AnswerKind.OK is kind
    assert 1 == len(behind.asked)
    assert FINCART_TOKEN not in behind.asked[0]
    assert "authorization" not in behind.asked[0].lower()


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
@pytest.mark.parametrize("scheme", ["http://", ""])
def test_the_proxy_may_be_named_in_each_usual_way(
    behind: ConnectProxy, monkeypatch: pytest.MonkeyPatch, name: str, scheme: str
) -> None:
    monkeypatch.delenv("HTTPS_PROXY")
    monkeypatch.setenv(name, f"{scheme}{behind.address}")

    assert (AnswerKind.OK, 1) == (kind_of(client_of()), len(behind.asked))


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("name", ["NO_PROXY", "no_proxy"])
@pytest.mark.parametrize("hosts", ["127.0.0.1", "slack.com, 127.0.0.1", "*", "127.0.0.1:{port}"])
def test_a_host_in_no_proxy_is_called_directly(
    behind: ConnectProxy, server: FincartServer, monkeypatch: pytest.MonkeyPatch, name: str, hosts: str
) -> None:
    monkeypatch.setenv(name, hosts.format(port=port_of(server)))

    assert (AnswerKind.OK, []) == (kind_of(client_of(server.url)), behind.asked)


@pytest.mark.parametrize(
    ("hosts", "direct"),
    [
        ("fincart.example", True),
        ("FINCART.EXAMPLE", True),
        (".example", True),
        ("example", True),
        ("cart.example", False),
        ("fincart.example:8443", False),
        ("other.example", False),
    ],
)
def test_no_proxy_names_hosts_and_domains(monkeypatch: pytest.MonkeyPatch, hosts: str, direct: bool) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", hosts)

    assert direct is (proxy_for(httpx.URL(FINCART)) is None)


@pytest.mark.usefixtures("trusted")
def test_many_calls_go_through_one_tunnel(behind: ConnectProxy) -> None:
    client = client_of()
    read = [client.read_log(FIRST).kind for _ in range(3)]
    client.close()

    assert ([LogKind.READ] * 3, 1) == (read, len(behind.asked))


@pytest.mark.usefixtures("trusted")
def test_the_fence_is_asked_when_the_tunnel_stands_and_before_any_byte(
    behind: ConnectProxy, fincart: FincartStandIn
) -> None:
    seen: list[int] = []

    def fence() -> bool:
        seen.append(len(behind.asked))
        return False

    client = client_of()
    answer = client.cancel([FIRST], fence=fence)
    client.close()

    assert (None, [1], ()) == (answer, seen, fincart.calls)


# A proxy that does not let the call through


@pytest.mark.parametrize(
    "refusal",
    ["407 Proxy Authentication Required", "403 Forbidden", "502 Bad Gateway", "503 Busy", "302 Found\r\nLocation: /"],
)
def test_a_proxy_that_does_not_connect_has_sent_nothing(behind: ConnectProxy, refusal: str) -> None:
    behind.refuses = refusal
    client = client_of()
    answer = client.cancel([FIRST])
    client.close()

    assert answer is not None
    assert (AnswerKind.NOT_APPLIED, None) == (answer.kind, answer.http_status)
    assert f"the proxy does not connect to Fincart: it answers HTTP {refusal[:3]}" == answer.words
    assert {"CONNECT fincart.example:443 HTTP/1.1"} == set(behind.targets())


def test_a_proxy_that_cannot_be_reached_has_sent_nothing(behind: ConnectProxy) -> None:
    behind.stop()
    client = client_of()
    answer = client.cancel([FIRST])
    client.close()

    assert answer is not None
    assert AnswerKind.NOT_APPLIED is answer.kind
    assert answer.words.startswith("the proxy does not connect to Fincart: it cannot be reached (")


@pytest.mark.usefixtures("trusted")
def test_after_many_failures_behind_the_proxy_a_call_goes_through_again(behind: ConnectProxy) -> None:
    behind.answers_with = b"HTTP/1.1 200 Established\r\n\r\n"
    client = FincartClient(FINCART, SecretStr(FINCART_TOKEN), CallLimits(5.0, max_connections=2))
    failed = [client.cancel([FIRST]) for _ in range(4)]
    behind.answers_with = None
    answer = client.cancel([FIRST])
    client.close()

    assert [AnswerKind.NOT_APPLIED] * 4 == [each.kind for each in failed if each is not None]
    assert answer is not None
    assert AnswerKind.OK is answer.kind


@pytest.mark.parametrize(
    "answer", ["", "HTTP/1.1 2", "SSH-2.0-OpenSSH_9.6\r\n", "HTTP/1.1 200 Established\r\n\r\nno TLS at all\r\n"]
)
def test_a_proxy_that_breaks_off_has_sent_nothing(proxy: ConnectProxy, answer: str) -> None:
    proxy.answers_with = answer.encode()

    assert AnswerKind.NOT_APPLIED is kind_of(client_of())


def test_a_proxy_that_never_answers_holds_no_call_longer_than_its_time(proxy: ConnectProxy) -> None:
    proxy.is_silent = True
    start = time.monotonic()
    kind = kind_of(client_of(timeout_seconds=0.3))
    took = time.monotonic() - start

    assert AnswerKind.NOT_APPLIED is kind
    assert took < 1.5


@pytest.mark.usefixtures("trusted", "behind")
def test_a_bad_gateway_within_the_tunnel_may_have_been_applied(fincart: FincartStandIn) -> None:
    fincart.inject(Fault(FaultKind.SERVER_ERROR))

    assert AnswerKind.INDETERMINATE is kind_of(client_of())


@pytest.mark.usefixtures("trusted")
def test_orders_behind_a_proxy_that_refuses_wait_and_are_sent_once_it_lets_them(
    start_sqlite_world: StartWorld, proxy: ConnectProxy
) -> None:
    world = started(start_sqlite_world, proxy)
    shown = world.preview()
    proxy.refuses = "502 Bad Gateway"
    world.restart()  # no tunnel that stands is used
    before = len(proxy.asked)
    world.click(ANN, shown, go_ahead(shown))
    world.until(lambda: len(proxy.asked) > before)
    proxy.refuses = ""
    end = world.ended(request_id(shown))

    assert "2 cancelled" in end.text
    assert [(FIRST, SECOND)] == [call.ids for call in world.fincart.cancel_calls]


@pytest.mark.parametrize("refusal", ["407 Proxy Authentication Required", "502 Bad Gateway"])
def test_check_says_that_it_is_the_proxy(behind: ConnectProxy, refusal: str) -> None:
    behind.refuses = refusal

    assert (
        f"wrong Fincart at {FINCART}: cannot be reached (the proxy does not connect to Fincart: it answers HTTP"
        f" {refusal[:3]}). Correct HTTPS_PROXY, or what the proxy allows, or name Fincart's host in NO_PROXY."
    ) == checked()


# Certificates


@pytest.mark.usefixtures("trusted", "behind")
def test_check_reaches_fincart_through_the_proxy() -> None:
    assert f"ok    Fincart at {FINCART}: answers, and accepts the token" == checked()


def test_a_folder_of_certificates_is_trusted_too(
    server: FincartServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "2f76671a.0").write_bytes((TLS / "ca.pem").read_bytes())  # `openssl x509 -subject_hash`
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))

    assert AnswerKind.OK is kind_of(client_of(server.url))


def test_a_certificate_that_is_not_trusted_has_let_nothing_out(server: FincartServer, fincart: FincartStandIn) -> None:
    client = client_of(server.url)
    answer = client.cancel([FIRST])
    client.close()

    assert answer is not None
    assert (AnswerKind.NOT_APPLIED, ()) == (answer.kind, fincart.calls)
    assert answer.words.startswith("Fincart's certificate is not trusted here: unable to get")


@pytest.mark.usefixtures("behind")
def test_a_certificate_that_is_not_trusted_behind_the_proxy_has_let_nothing_out(fincart: FincartStandIn) -> None:
    assert (AnswerKind.NOT_APPLIED, ()) == (kind_of(client_of()), fincart.calls)


@pytest.mark.usefixtures("trusted")
def test_a_certificate_of_another_host_is_told_as_such(behind: ConnectProxy) -> None:
    said = checked("https://other.example")

    assert "wrong Fincart at https://other.example: cannot be reached (Fincart's certificate is not trusted" in said
    assert "certificate is not valid for 'other.example'" in said


def test_check_says_that_the_certificate_is_not_trusted(server: FincartServer) -> None:
    said = checked(server.url)

    assert "Fincart's certificate is not trusted here: unable to get local issuer certificate" in said
    assert "Correct FINCART_BASE_URL, or have this machine trust the issuer, or name its file in SSL_CERT_FILE." in said


def test_orders_behind_a_certificate_that_is_not_trusted_are_not_sent_and_told_so(
    start_sqlite_world: StartWorld, server: FincartServer, fincart: FincartStandIn
) -> None:
    world = start_sqlite_world(FINCART_BASE_URL=server.url)
    shown = world.preview()
    world.click(ANN, shown, go_ahead(shown))
    public_id = request_id(shown)
    live = world.slack.wait_for(lambda: world.live(public_id))
    assert live is not None
    world.click(ANN, live, "Stop")
    end = world.ended(public_id)

    assert "2 not sent" in end.text
    assert () == fincart.calls


# Slack, by the same way

SLACK = "https://fincart.example/api/"
"""A Web API in Fincart's place, since the certificate has its name."""


def slack_of(act: Callable[[SdkTransport], object]) -> object:
    slack = SdkTransport(SecretStr("xoxb-1-tests"), SLACK)
    answer = act(slack)
    slack.close()
    return answer


CALLS: dict[str, Callable[[SdkTransport], object]] = {
    "Web API": lambda slack: slack.call("auth.test", {}, 5),
    "file": lambda slack: slack.download("https://fincart.example/files/1", 100, 5),
    "response URL": lambda slack: slack.post("https://fincart.example/commands/1", {}, 5),
}


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("name", ["HTTPS_PROXY", "ALL_PROXY"])
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_slack_is_called_through_the_proxy(
    behind: ConnectProxy,
    fincart: FincartStandIn,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    call: Callable[[SdkTransport], object],
) -> None:
    monkeypatch.delenv("HTTPS_PROXY")
    monkeypatch.setenv(name, behind.address)
    slack_of(call)

    assert ["CONNECT fincart.example:443"] == [target.rpartition(" ")[0] for target in behind.targets()]
    assert 1 == len(fincart.calls)
    assert "xoxb" not in behind.asked[0]


@pytest.mark.usefixtures("behind")
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_certificate_that_is_not_trusted_has_let_nothing_out_to_slack(call: Callable[[SdkTransport], object]) -> None:
    assert Unanswered("not sent (unable to get local issuer certificate)") == slack_of(call)


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_proxy_that_does_not_connect_has_let_nothing_out_to_slack(
    behind: ConnectProxy, call: Callable[[SdkTransport], object]
) -> None:
    behind.refuses = "502 Bad Gateway"
    answer = slack_of(call)

    assert isinstance(answer, Unanswered)
    assert answer.why.startswith("not sent (")


# Secrets and this machine


@pytest.mark.usefixtures("trusted")
def test_the_proxy_is_told_its_user_and_password(behind: ConnectProxy, monkeypatch: pytest.MonkeyPatch) -> None:
    behind.wants = "ann:p@ss-of-the-proxy"
    monkeypatch.setenv("HTTPS_PROXY", f"http://ann:{PASSWORD}@{behind.address}")

    assert AnswerKind.OK is kind_of(client_of())


@pytest.mark.parametrize("answers", ["407 ann:p@ss-of-the-proxy", "nothing at all"])
def test_the_proxys_password_is_neither_said_nor_logged(
    behind: ConnectProxy, monkeypatch: pytest.MonkeyPatch, answers: str
) -> None:
    behind.refuses = answers
    monkeypatch.setenv("HTTPS_PROXY", f"http://ann:{PASSWORD}@{behind.address}")
    given = {"FINCART_TOKEN": FINCART_TOKEN, "LOG_LEVEL": "DEBUG"}
    logged = io.StringIO()
    handlers, level = logging.getLogger().handlers[:], logging.getLogger().level
    set_up_logging(load_settings(given, None, need=Need.CHECK), logged)
    client = client_of()
    said = [words_of(client), repr(client), client_of().read_log(FIRST).why, checked()]
    logging.getLogger().handlers[:] = handlers
    logging.getLogger().setLevel(level)

    assert "ss-of-the-proxy" not in "\n".join([*said, logged.getvalue()])


@pytest.mark.parametrize(
    "named",
    ["http://ann:p/ss-of-the-proxy@proxy:1", "http://ann:p#ss-of-the-proxy@proxy:x", "socks5://ann:ss-of-the-proxy@h"],
)
def test_a_proxy_that_cannot_be_used_is_told_without_its_password(monkeypatch: pytest.MonkeyPatch, named: str) -> None:
    monkeypatch.setenv("HTTPS_PROXY", named)
    with pytest.raises(UnusableProxyError, match="the proxy of the environment is not") as refused:
        client_of()
    said = checked()

    assert "Write HTTPS_PROXY (or ALL_PROXY) as http://host:port" in said
    assert "ss-of" not in str(refused.value) + said


@pytest.mark.parametrize("socket_mode", [False, True], ids=["HTTP", "Socket Mode"])
def test_a_stand_in_on_this_machine_is_called_directly(
    start_sqlite_world: StartWorld, proxy: ConnectProxy, monkeypatch: pytest.MonkeyPatch, socket_mode: bool
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://{proxy.address}")
    world = start_sqlite_world(socket_mode=socket_mode)

    assert "2 cancelled" in world.cancelled().text
    assert [] == proxy.asked


def test_the_demo_works_on_a_machine_with_a_proxy(
    proxy: ConnectProxy, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://{proxy.address}")
    with open_world(tmp_path) as world:
        kind = world.bot.context.fincart.probe().kind

    assert ("good", []) == (kind, proxy.asked)
