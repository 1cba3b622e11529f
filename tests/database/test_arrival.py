"""PostgreSQL that is not there yet when a process starts."""

import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from refusing_server import answering
from sqlalchemy import make_url
from torture.outside import TortureStandIns

from storage.db.arrival import wait_for_server
from storage.db.transactions import StorageUnavailable

ON_POSTGRESQL = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@contextmanager
def refusing(words: str) -> Iterator[str]:
    """The address of a server that refuses everybody with these words."""
    fields = b"SFATAL\0VFATAL\0CXX000\0M" + words.encode() + b"\0\0"
    with answering(b"E" + (len(fields) + 4).to_bytes(4, "big") + fields) as port:
        yield f"postgresql+psycopg://bot@127.0.0.1:{port}/bot?sslmode=disable"


@pytest.mark.parametrize(
    ("words", "waits"),
    [
        ("the database system is starting up", True),
        ("the database system is shutting down", True),
        ("the database system is not yet accepting connections", True),
        ("sorry, too many clients already", True),
        ('password authentication failed for user "bot"', False),
        ('database "bot" does not exist', False),
        ('role "bot" does not exist', False),
        ('no pg_hba.conf entry for host "127.0.0.1", user "bot", database "bot", no encryption', False),
    ],
)
def test_only_a_refusal_that_passes_by_itself_is_waited_for(words: str, waits: bool) -> None:
    with refusing(words) as url, pytest.raises(StorageUnavailable) as refused:
        wait_for_server(url, 0.1)

    assert words in str(refused.value)
    assert waits == ("waited" in str(refused.value))


@pytest.mark.parametrize("host", ["127.0.0.1:1", "host.invalid"])
def test_a_server_that_does_not_come_is_named_with_the_time_it_was_waited_for(host: str) -> None:
    with pytest.raises(StorageUnavailable, match=r"\(waited \d+ seconds for it\)$") as refused:
        wait_for_server(f"postgresql+psycopg://bot:horse-battery@{host}/bot", 0.1)

    assert "horse-battery" not in str(refused.value)


def test_one_of_two_servers_that_may_still_come_is_waited_for() -> None:
    with refusing('database "bot" does not exist') as url:
        both = f"postgresql+psycopg://bot@/bot?sslmode=disable&host=127.0.0.1:{make_url(url).port}&host=127.0.0.1:1"
        with pytest.raises(StorageUnavailable) as refused:
            wait_for_server(both, 0.1)

    assert "waited" in str(refused.value)


@pytest.fixture
def elsewhere(database_url: str) -> Iterator[tuple[Path, str]]:
    """A folder where the server's socket is not yet, and the address that leads there."""
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    url = make_url(database_url).update_query_dict({"host": str(folder / "run")})
    yield folder / "run", url.render_as_string(hide_password=False)
    shutil.rmtree(folder)


@pytest.mark.long
@ON_POSTGRESQL
def test_serve_comes_up_once_the_server_has(elsewhere: tuple[Path, str], database_url: str, tmp_path: Path) -> None:
    run, url = elsewhere
    with TortureStandIns(url, tmp_path) as outside:
        life = outside.start()
        outside.until(lambda: "waiting for PostgreSQL" in life.log)
        run.symlink_to(str(make_url(database_url).query["host"]))
        status = httpx.get(f"{life.url}/readyz").status_code
        code, _ = life.terminate()

    assert (200, 0, 1) == (status, code, life.log.count("waiting for PostgreSQL"))


@pytest.mark.long
@ON_POSTGRESQL
def test_serve_that_waits_for_it_ends_at_once_when_told(elsewhere: tuple[Path, str], tmp_path: Path) -> None:
    with TortureStandIns(elsewhere[1], tmp_path) as outside:
        life = outside.start()
        outside.until(lambda: "waiting for PostgreSQL" in life.log)
        life.process.send_signal(signal.SIGTERM)
        code = life.wait(5)

    assert 0 == code


@pytest.mark.long
@ON_POSTGRESQL
def test_serve_ends_at_once_and_says_why_where_the_database_does_not_exist(database_url: str, tmp_path: Path) -> None:
    url = make_url(database_url).set(database="nothing").render_as_string(hide_password=False)
    with TortureStandIns(url, tmp_path) as outside:
        life = outside.start()
        code = life.wait(20)

    assert 1 == code
    assert 'database "nothing" does not exist' in life.log
    assert "waiting" not in life.log
