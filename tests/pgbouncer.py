"""PgBouncer in transaction mode, as Debian has it, before the PostgreSQL server of the tests."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import make_url

PROGRAM = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")

_SETTINGS = """\
[databases]
* = host={host} user={user}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = {sessions}
max_client_conn = 100
"""


@contextmanager
def pgbouncer(database_url: str, sessions: int) -> Iterator[str]:
    """The database's address through a PgBouncer, which has so many sessions with the server for all its clients."""
    address = make_url(database_url)
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    host = str(address.query["host"])
    with tempfile.TemporaryDirectory(prefix="pgbouncer") as folder:
        file = Path(folder) / "pgbouncer.ini"
        file.write_text(_SETTINGS.format(host=host, user=address.username, port=port, sessions=sessions))
        # Neither it nor PostgreSQL runs as root: both are the owner of the server's socket.
        owner = pwd.getpwuid(Path(host).stat().st_uid)
        for path in (Path(folder), file):
            os.chown(path, owner.pw_uid, owner.pw_gid)
        command = [str(PROGRAM), "--quiet", "--user", owner.pw_name, str(file)]
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        try:
            _wait_for(port)
            yield address.set(host="127.0.0.1", port=port, query={}).render_as_string(hide_password=False)
        finally:
            process.terminate()
            process.wait(20)


def _wait_for(port: int) -> None:
    deadline, pause = time.monotonic() + 20, threading.Event()
    while time.monotonic() < deadline:
        with closing(socket.socket()) as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        pause.wait(0.05)
    raise TimeoutError("PgBouncer does not listen")
