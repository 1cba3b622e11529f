"""The demo's files: the bot's database and the two stand-ins, so that a restart continues where it was."""

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from bot.sandbox.demo.fincart import DemoFincart
from bot.sandbox.demo.people import settle_in
from bot.sandbox.slack.workspace import SlackWorkspace

DATABASE, WORKSPACE, FINCART = "cancel-orders.db", "workspace.json", "fincart.json"
_ALL = (DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm", WORKSPACE, FINCART)

Clock = Callable[[], datetime]


class FolderInUse(Exception):
    """Another demo runs on this folder."""


class Unreadable(Exception):
    """The folder holds files that this version's demo did not write."""


@contextmanager
def kept(folder: Path) -> Iterator[None]:
    """Keep the folder for this process. Raises `FolderInUse` where another one has it."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "in-use.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise FolderInUse(str(folder)) from error
        yield


def forget(folder: Path) -> None:
    """Remove an earlier demo's files, and nothing else in the folder."""
    for name in _ALL:
        (folder / name).unlink(missing_ok=True)


def load(folder: Path, clock: Clock) -> tuple[SlackWorkspace, DemoFincart]:
    """The two stand-ins as they were left, or new ones with the demo's people and orders. Raises `Unreadable`."""
    if (folder / WORKSPACE).exists() and (folder / FINCART).exists():
        try:
            slack = SlackWorkspace.from_json((folder / WORKSPACE).read_text(), clock)
            return slack, DemoFincart.from_json((folder / FINCART).read_text(), clock)
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise Unreadable(str(folder)) from error
    slack, fincart = SlackWorkspace(clock), DemoFincart(clock)
    settle_in(slack)
    fincart.settle_in()
    return slack, fincart


def save(folder: Path, slack: SlackWorkspace, fincart: DemoFincart) -> None:
    """Write both, each whole or not at all."""
    for name, text in ((WORKSPACE, slack.to_json()), (FINCART, fincart.to_json())):
        fresh = folder / f"{name}.new"
        fresh.write_text(text)
        fresh.replace(folder / name)
