"""Notices another installation that is connected to Slack with the same app token: it takes a share of all deliveries.

Slack says how many connections there are in the hello of a new one, and never again
(docs.slack.dev/apis/events-api/using-socket-mode). Those of this database's processes are subtracted, two of a process
that may just have replaced its own. Where that leaves it open, the next hello tells; a new process asks for one soon.
"""

import logging
import secrets
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from bot.context import Context
from bot.slack.socket_mode import Hello, SocketMode
from bot.worker.worker import Lane
from storage import processes
from storage.log_events import LogEvent, about

log = logging.getLogger(__name__)

_MAY_LINGER = timedelta(seconds=120)
"""Slack may count the connection of a process that died or ended for so long."""
_MAY_COUNT_TWICE = timedelta(seconds=60)
_RENEWED_WHILE_OTHERS = 5
"""How many times seldomer the connection is renewed while another installation is known."""

Range = tuple[int, int]
"""How many connections there are at least, and at most."""


class OtherConnections:
    """Compares the last hello with the processes of this database. One thread."""

    def __init__(self, context: Context, socket_mode: SocketMode) -> None:
        self._context = context
        self._socket_mode = socket_mode
        self._hello: Hello | None = None
        self._processes: dict[str, Range] = {}
        """The connections of other processes, by owner."""
        self._judge_at: float | None = None
        self._renew_at: float | None = None
        self._found = False

    def lane(self) -> Lane:
        """The lane that does this."""
        return Lane("connections", self.step, every=min(1.0, self._context.timings.connection_settles))

    def step(self) -> bool:
        """Note a new hello; judge it once its processes are known; renew the connection when that is due."""
        now, hello = self._context.uptime(), self._socket_mode.hello
        if hello is not None and hello is not self._hello:
            self._processes = {}
            with self._context.database.write() as transaction:
                processes.record_connected(transaction, self._context.owner)
                self._note_processes(transaction.session, transaction.now())
            self._hello = hello
            self._judge_at, self._renew_at = now + self._context.timings.connection_settles, None
        elif hello is not None and self._judge_at is not None and now >= self._judge_at:
            self._judge(hello)
            self._judge_at = None
        elif self._renew_at is not None and now >= self._renew_at:
            self._renew_at = now + _RENEWED_WHILE_OTHERS * self._context.timings.connection_renewed
            self._socket_mode.renew()
        return False

    def _note_processes(self, session: Session, now: datetime) -> None:
        """Note the others. One that ends meanwhile stays noted; one whose row came late is added."""
        for row in processes.all_recent(session):
            unseen = now - row.seen_at
            if row.owner == self._context.owner or unseen > _MAY_LINGER:
                continue
            twice = row.connected_at is not None and now - row.connected_at < _MAY_COUNT_TWICE
            least, most = self._processes.get(row.owner, (1, 1))
            is_there = unseen <= processes.PRESENT and row.ended_at is None
            self._processes[row.owner] = (min(least, int(is_there)), max(most, 1 + twice))

    def _judge(self, hello: Hello) -> None:
        with self._context.database.read() as session:
            self._note_processes(session, self._context.database.now(session))
        least = hello.least_own + sum(least for least, _ in self._processes.values())
        most = hello.most_own + sum(most for _, most in self._processes.values())
        now, renewed = self._context.uptime(), self._context.timings.connection_renewed
        is_open = least < hello.connections <= most
        if not is_open:
            self._record(max(0, hello.connections - most))
        if self._found:
            self._renew_at = now + _RENEWED_WHILE_OTHERS * renewed
        elif is_open and hello.most_own == 1:
            # The first hello of this process. Those that renew at the same time would not tell each other apart.
            self._renew_at = now + renewed * secrets.SystemRandom().uniform(0.75, 2.5)

    def _record(self, others: int) -> None:
        with self._context.database.write() as transaction:
            processes.record_others(transaction, self._context.owner, others)
        if others and not self._found:
            log.warning(
                "%d of the connections to Slack with this SLACK_APP_TOKEN belong to no process of this database: "
                "probably a second installation, which takes a share of all commands and presses. End it, or give it "
                "an app of its own (docs/operations/two-installations.md)",
                others,
                extra=about(LogEvent.SOCKET_MODE_SHARED),
            )
        elif self._found and not others:
            words = "all connections to Slack belong to processes of this database again"
            log.info(words, extra=about(LogEvent.SOCKET_MODE_SHARED))
        self._found = others > 0
