"""Acknowledgements first: other work gives way to them, and never for long."""

import sqlite3
import threading
from contextlib import closing

from world import ANN, FIRST, StartWorld

from storage.db.foreground import Foreground
from storage.db.transactions import Database
from storage.enums import EventKind

FOREVER = 600.0


def _written(database: Database) -> threading.Thread:
    """A thread of the worker's kind, which has begun to write."""

    def write() -> None:
        with database.write() as transaction:
            transaction.record(EventKind.EXPIRED, who=None, request=None)

    thread = threading.Thread(target=write, daemon=True)
    thread.start()
    return thread


def test_other_writers_begin_once_nothing_is_being_acknowledged(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    database.acknowledgements = Foreground(at_most_seconds=FOREVER)
    with database.acknowledgements.first():
        with database.acknowledgements.first():
            thread = _written(database)
        thread.join(0.2)
        began = not thread.is_alive()
    thread.join(5)
    ended = not thread.is_alive()
    database.close()

    assert (False, True) == (began, ended)


def test_an_acknowledgement_that_hangs_keeps_other_work_only_for_a_moment(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    with database.acknowledgements.first():
        thread = _written(database)
        thread.join(5)
        ended = not thread.is_alive()
    database.close()

    assert ended


def test_a_delivery_has_precedence_until_it_is_answered(start_sqlite_world: StartWorld) -> None:
    world = start_sqlite_world()
    acknowledgements = world.bot.context.database.acknowledgements
    with closing(sqlite3.connect(world.database_file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        typing = threading.Thread(target=lambda: world.type(ANN, FIRST))
        typing.start()
        world.until(lambda: acknowledgements.under_way)
        other.execute("ROLLBACK")
    typing.join()

    world.until(lambda: not acknowledgements.under_way)
