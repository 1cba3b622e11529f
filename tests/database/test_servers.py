"""What a connection to PostgreSQL asks of its servers: that it takes writes, where there are several; TLS elsewhere."""

from collections.abc import Iterator

import psycopg
import pytest
from refusing_server import answering
from sqlalchemy import event

from bot.cli.check import findings
from bot.settings.model import Need, load_settings
from storage.db.arrival import wait_for_server
from storage.db.engine import engine_of
from storage.db.transactions import StorageUnavailable


def _asked(url: str) -> dict[str, object]:
    """What the driver is given to connect with."""
    asked: list[dict[str, object]] = []
    engine = engine_of(f"postgresql+psycopg://{url}")

    @event.listens_for(engine, "do_connect")
    def connect(_: object, __: object, ___: object, given: dict[str, object]) -> None:
        asked.append(dict(given))
        raise psycopg.OperationalError("not in this test")

    with pytest.raises(Exception, match="not in this test"):
        engine.connect()
    return asked[0]


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("host=a:5432&host=b:5432", "read-write"),
        ("host=a,b", "read-write"),
        ("host=a&host=b&target_session_attrs=any", "any"),
        ("host=a", None),
    ],
)
def test_of_several_servers_the_one_that_writes_is_looked_for(query: str, wanted: str | None) -> None:
    assert wanted == _asked(f"/d?{query}").get("target_session_attrs")


@pytest.mark.parametrize(
    ("url", "sslmode"),
    [
        ("u:p@db.example.com/d", "require"),
        ("u@10.0.0.7:5433/d", "require"),
        ("u@[fd00::2]/d", "require"),
        ("u@database/d", "require"),
        ("u@localhost.example.com/d", "require"),
        ("u@/d?host=localhost,db.example.com&port=1,2", "require"),
        ("u@/d?host=127.0.0.1:1&host=db.example.com:2", "require"),
        ("u@/d?host=db.example.com", "require"),
        ("u@/d?host=/run/postgresql,db.example.com&port=1,2", "require"),
        ("u@localhost/d?hostaddr=10.0.0.7", "require"),
        ("u@/d?service=orders", "require"),
        ("u@localhost/d", None),
        ("u@127.8.9.10/d", None),
        ("u@[::1]/d", None),
        ("u@/d", None),
        ("u@/d?host=/run/postgresql", None),
        ("u@/d?host=127.0.0.1,::1&port=1,2", None),
        ("u@db.example.com/d?hostaddr=127.0.0.1", None),
        ("u@db.example.com/d?sslmode=disable", "disable"),
        ("u@db.example.com/d?sslmode=verify-full", "verify-full"),
        ("u@/d?host=a,b&port=1,2&sslmode=prefer", "prefer"),
    ],
)
def test_a_server_on_another_host_is_connected_to_by_tls_unless_the_url_has_an_sslmode(
    url: str, sslmode: str | None
) -> None:
    assert sslmode == _asked(url).get("sslmode")


@pytest.mark.parametrize(
    ("environment", "url", "sslmode"),
    [
        ({"PGHOST": "db.example.com"}, "u@/d", "require"),
        ({"PGHOSTADDR": "10.0.0.7"}, "u@localhost/d", "require"),
        ({"PGHOST": "db.example.com"}, "u@localhost/d", None),
        ({"PGSSLMODE": "disable"}, "u@db.example.com/d", "require"),
        ({"PGSSLMODE": "verify-full"}, "u@db.example.com/d", None),
    ],
)
def test_what_libpq_takes_from_the_environment_makes_no_connection_less_safe(
    environment: dict[str, str], url: str, sslmode: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    assert sslmode == _asked(url).get("sslmode")


@pytest.fixture
def without_tls() -> Iterator[str]:
    """A server's address that takes no TLS. To the bot it is on another host: 127.1 is none of loopback's names."""
    with answering(b"N") as port:
        yield f"postgresql+psycopg://bot:pass-word@127.1:{port}/bot"


def test_a_server_without_tls_is_not_waited_for(without_tls: str) -> None:
    with pytest.raises(StorageUnavailable, match="takes no encrypted") as refused:
        wait_for_server(without_tls, 10)

    assert "waited" not in str(refused.value)


def test_check_says_that_a_server_takes_no_tls_and_what_to_do(without_tls: str) -> None:
    found = map(str, findings(load_settings({"DATABASE_URL": without_tls}, None, need=Need.CHECK)))
    [line] = [line for line in found if "the database" in line]

    assert line.startswith("wrong the database bot on 127.1: ")
    assert "takes no encrypted connections (TLS), which one on another host must: switch TLS on there" in line
    assert "sslmode=disable" in line
