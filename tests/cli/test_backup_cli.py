"""`backup`: a copy made while the bot works."""

import os
import sqlite3
import stat
import subprocess
import threading
from contextlib import closing
from pathlib import Path

import pytest
from cli_runs import CommandLine
from world import ANN, FIRST, StartWorld, World

from storage.audit.verify import verify_all
from storage.backup import back_up
from storage.db.transactions import Database

ROOT = Path(__file__).parents[2]


@pytest.fixture
def world(start_sqlite_world: StartWorld, sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> World:
    """A bot that serves a file, and a command line that works on it."""
    monkeypatch.setenv("DATABASE_URL", sqlite_url)
    return start_sqlite_world()


def test_a_copy_is_one_file_for_its_owner_alone_that_verifies_to_the_same_head(
    world: World, command: CommandLine, tmp_path: Path
) -> None:
    world.cancelled(ANN, FIRST)
    world.until_all_is_shown()
    os.umask(0o022)
    code, out, _ = command("backup", "copy.db")
    copied = Database(f"sqlite:///{tmp_path}/copy.db")
    end = verify_all(copied).chain
    copied.close()

    assert 0 == code
    assert out.startswith("Copied to copy.db, ")
    assert end is not None
    assert f"up to audit {end.seq} · " in out
    assert 0o600 == stat.S_IMODE((tmp_path / "copy.db").stat().st_mode)
    assert ["copy.db"] == [each.name for each in tmp_path.iterdir() if "copy" in each.name]


def test_a_file_that_is_there_stays_as_it_is(world: World, command: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "copy.db").write_text("mine")

    assert (1, "", "there is a file copy.db already: name a new one.\n") == command("backup", "copy.db")
    assert "mine" == (tmp_path / "copy.db").read_text()


def test_where_nothing_can_be_written_nothing_is_left(world: World, command: CommandLine, tmp_path: Path) -> None:
    assert (1, "", "no/copy.db cannot be written: No such file or directory.\n") == command("backup", "no/copy.db")
    assert [] == list(tmp_path.rglob("*copy*"))


def test_a_copy_holds_no_response_url(world: World, tmp_path: Path) -> None:
    url = "https://hooks.slack.com/commands/T0/secret-of-a-response-url"
    with closing(sqlite3.connect(world.database_file)) as file, file:
        file.execute(
            "INSERT INTO delivery (id, kind, payload, received_at, tries, response_url) VALUES (?, ?, ?, ?, ?, ?)",
            ("x", "x", "{}", "2026-11-28 15:00:00", 0, url),
        )
    back_up(Path(world.database_file), tmp_path / "copy.db")

    assert b"secret-of-a-response-url" in Path(f"{world.database_file}-wal").read_bytes()
    assert b"secret-of-a-response-url" not in (tmp_path / "copy.db").read_bytes()


def test_a_copy_made_between_writes_is_of_one_moment(world: World, tmp_path: Path) -> None:
    stop = threading.Event()

    def write() -> None:
        with closing(sqlite3.connect(world.database_file, isolation_level=None)) as file:
            while not stop.is_set():
                file.execute("INSERT INTO known_order (order_id) VALUES (hex(randomblob(8))), (hex(randomblob(8)))")

    writer = threading.Thread(target=write)
    writer.start()
    counts = []
    for number in range(3):
        back_up(Path(world.database_file), tmp_path / f"copy{number}.db")
        with closing(sqlite3.connect(tmp_path / f"copy{number}.db")) as copy:
            counts.append(copy.execute("SELECT count(*) % 2, (SELECT * FROM pragma_quick_check) FROM known_order"))
            assert (0, "ok") == counts[-1].fetchone()
    stop.set()
    writer.join()


def test_a_postgresql_database_is_not_copied_but_its_script_is_named(
    postgresql: str, command: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = postgresql.replace("postgresql://", "postgresql+psycopg://").replace("/postgres?", "/template_bot?")
    monkeypatch.setenv("DATABASE_URL", address)
    code, _, err = command("backup", "copy.db")

    assert 1 == code
    assert "deploy/backup-postgresql.sh" in err


@pytest.mark.parametrize(
    ("url", "given"),
    [
        ("u:p%40w@db.example.com/d", "PGHOST=db.example.com PGPASSWORD=p@w PGSSLMODE=require PGUSER=u"),
        ("u@a:5432,b:5433/d", "PGHOST=a,b PGPORT=5432,5433 PGSSLMODE=require PGTARGETSESSIONATTRS=read-write PGUSER=u"),
        ("u@/d?host=a,b&sslmode=disable", "PGHOST=a,b PGSSLMODE=disable PGTARGETSESSIONATTRS=read-write PGUSER=u"),
        ("u@[::1]:5433/d", "PGHOST=::1 PGPORT=5433 PGUSER=u"),
        ("u@/d?host=/run/postgresql", "PGHOST=/run/postgresql PGUSER=u"),
    ],
)
def test_the_script_of_postgresql_connects_as_the_bot_does(url: str, given: str, tmp_path: Path) -> None:
    dump = tmp_path / "pg_dump"
    dump.write_text(f'#!/bin/sh\nenv | grep ^PG | sort > {tmp_path}/given\ntouch "${{2#--file=}}"\n')
    dump.chmod(0o755)
    path = f"{tmp_path}:{os.environ['PATH']}"
    environment = {"PATH": path, "DATABASE_URL": f"postgresql+psycopg://{url}"}
    subprocess.run([ROOT / "deploy/backup-postgresql.sh", tmp_path / "dump"], env=environment, check=True)

    assert sorted([*given.split(), "PGDATABASE=d"]) == (tmp_path / "given").read_text().split()
