"""What lies outside of the processes: a stand-in Slack, a stand-in Fincart, a database, and the processes' lives."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path
from typing import Any, Self

from sqlalchemy import text

from bot.sandbox.fincart.shells import FincartServer
from bot.sandbox.fincart.standin import FincartStandIn
from bot.sandbox.slack.deliveries import Deliver, SlackDelivery
from bot.sandbox.slack.forms import NotOnScreen
from bot.sandbox.slack.http import SlackServer, deliver_http
from bot.sandbox.slack.state import Post
from bot.sandbox.slack.workspace import SlackWorkspace
from storage.db.servers import spelled_for_sqlalchemy
from storage.db.transactions import Database, StorageUnavailable

ANN, BO = "U0000001", "U0000002"
ORDERS = "C0000001"
FINCART_TOKEN = "fincart-token-of-the-tests"
ROOT = Path(__file__).resolve().parents[2]
VICTIM = Path(__file__).with_name("victim.py")
STARTS_WITHIN = 60.0
"""Seconds. Many start side by side on a small machine."""


class Life:
    """One `serve` process, from its start to its death."""

    def __init__(self, settings: dict[str, str], *, dies: tuple[str, str, int] | None, record: Path | None) -> None:
        script = [str(VICTIM), *map(str, dies)] if dies else ["-m", "bot", "serve"]
        if record is not None:
            script = [str(VICTIM), "record", str(record)]
        kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "TMPDIR", "LANG")}
        self.process = subprocess.Popen(
            [sys.executable, *script],
            cwd=settings["FOLDER"],
            env=kept | {"PYTHONPATH": str(ROOT)} | {name: text for name, text in settings.items() if name != "FOLDER"},
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        self.listens_at: datetime | None = None
        self.died_at: datetime | None = None
        self._said: list[str] = []
        self._changed = threading.Condition()
        self._url: str | None = None
        self._reader = threading.Thread(target=self._read, name="stderr", daemon=True)
        self._reader.start()

    @property
    def log(self) -> str:
        """All that it has said so far."""
        with self._changed:
            return "".join(self._said)

    @property
    def url(self) -> str:
        """Where it listens, once it does. Raises ConnectionError where it died before it did."""
        return self.until_it_listens()

    def until_it_listens(self) -> str:
        """Wait for its address, and return it. Raises ConnectionError where it died before it listened."""
        with self._changed:
            heard = self._changed.wait_for(lambda: self._url is not None or self.died_at is not None, STARTS_WITHIN)
        if not heard or self._url is None:
            raise ConnectionError(f"it does not listen: {self.log}")
        return self._url

    @property
    def deliver(self) -> Deliver:
        """The way in for Slack, once it listens."""
        return deliver_http(f"{self.url}/slack/events")

    def kill(self) -> None:
        """As `kill -9` does."""
        self.process.send_signal(signal.SIGKILL)
        self.wait()

    def terminate(self) -> tuple[int, float]:
        """Tell it to stop; its exit code, and how many seconds it took."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        return self.wait(), time.monotonic() - began

    def wait(self, timeout: float = 60.0) -> int:
        """Its exit code, once it has ended."""
        code = self.process.wait(timeout)
        self._reader.join(10)
        return code

    def _read(self) -> None:
        assert self.process.stderr is not None
        with self.process.stderr as lines:
            for line in lines:
                found = re.search(r"listening on (http://\S+)", line)
                with self._changed:
                    self._said.append(line)
                    if found:
                        self._url, self.listens_at = found[1], datetime.now(UTC)
                    self._changed.notify_all()
        self.process.wait()
        with self._changed:
            self.died_at = datetime.now(UTC)
            self._changed.notify_all()


class TortureStandIns:
    """Two people, a channel and some pending orders; `start` gives them a bot. A context manager."""

    def __init__(self, database_url: str, folder: Path, **settings: str) -> None:
        self.database_url = database_url
        self.slack = SlackWorkspace(lambda: datetime.now(UTC), self._deliver)
        self.fincart = FincartStandIn(lambda: datetime.now(UTC))
        self.fincart.settings.token = FINCART_TOKEN
        self.slack.add_person(ANN, "ann")
        self.slack.add_person(BO, "bo")
        self.slack.add_channel(ORDERS, "orders", ANN, BO)
        self._slack_server = SlackServer(self.slack)
        self._fincart_server = FincartServer(self.fincart).start()
        self._database = Database(spelled_for_sqlalchemy(database_url))
        self._door = threading.local()
        self.lives: list[Life] = []
        self.outages: list[tuple[datetime, datetime]] = []
        """From when to when no database took writes."""
        self._settings = {
            "FOLDER": str(folder),
            "SLACK_API_URL": self._slack_server.api_url,
            "SLACK_BOT_TOKEN": self.slack.state.bot_token,
            "SLACK_SIGNING_SECRET": self.slack.state.signing_secret,
            "FINCART_TOKEN": FINCART_TOKEN,
            "FINCART_BASE_URL": self._fincart_server.url,
            "DATABASE_URL": database_url,
            "PORT": "0",
            "ALLOWED_USERS": f"{ANN},{BO}",
            "FINCART_MAX_CONCURRENCY": "1",
            "FINCART_BATCH_SIZE": "2",
            "STOP_SECONDS": "8",
            **settings,
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.slack.heal()
        self.fincart.clear_faults()
        for life in self.lives:
            if life.process.poll() is None:
                life.kill()
        self._slack_server.stop()
        self._fincart_server.stop()
        self._database.close()

    def start(self, *, dies: tuple[str, str, int] | None = None, record: Path | None = None) -> Life:
        """Start a process on the database as it is."""
        life = Life(self._settings, dies=dies, record=record)
        self.lives.append(life)
        return life

    def put_to_sleep(self, life: Life) -> None:
        """Suspend it at a moment at which it does not hold SQLite's lock: nobody could do anything but wait."""
        deadline = time.monotonic() + 60
        while True:
            life.process.send_signal(signal.SIGSTOP)
            os.waitid(os.P_PID, life.process.pid, os.WSTOPPED)
            if self._can_write():
                return
            life.process.send_signal(signal.SIGCONT)
            # It has to let go of the lock first. Stopped again at once it might not, for on a busy machine it may not
            # have run at all.
            while not self._can_write():
                if time.monotonic() > deadline:
                    raise TimeoutError("it holds the database's lock for a minute")

    def _can_write(self) -> bool:
        """Whether nobody holds the database's lock just now."""
        try:
            with self._database.write() as transaction:
                transaction.connection.execute(text("SELECT 1"))  # begins
        except StorageUnavailable:
            return False
        return True

    @contextlib.contextmanager
    def through(self, life: Life) -> Iterator[None]:
        """What people do in this thread meanwhile goes to this process; else it goes to the youngest."""
        self._door.life = life
        try:
            yield
        finally:
            self._door.life = None

    def _deliver(self, kind: str, body: bytes, headers: dict[str, str]) -> tuple[int, str]:
        life: Life = getattr(self._door, "life", None) or self.lives[-1]
        return life.deliver(kind, body, headers)

    # --- what people do, as often as it takes

    def ask(self, typed: str, person: str = ANN, about: str = "") -> Post:
        """Type it until the bot has it, and read the preview; where several ask at once, the one about this order."""
        before = {post.ts for post in self.slack.ephemerals(person)}
        self.insist(lambda: self.slack.type_command(person, ORDERS, f"/cancel-orders {typed}"))

        def shown() -> list[Post]:
            new = [post for post in self.slack.ephemerals(person) if post.ts not in before and about in post.text]
            return [post for post in new if any(button.action_id in GO_AHEADS for button in post.buttons())]

        try:
            return self.slack.wait_for(shown, 60)[0]
        except TimeoutError:
            read = [post.text for post in self.slack.ephemerals(person) if post.ts not in before]
            raise TimeoutError(f"no preview of {typed!r}, but {read}\n{self.lives[-1].log}") from None

    def ask_in_turn(self, doors: Sequence[Life], orders: Sequence[Sequence[str]]) -> list[Post]:
        """Ask once for each of these groups of orders, through one process after the other; returns the previews."""
        shown = []
        for life, ids in zip(cycle(doors), orders, strict=False):
            with self.through(life):
                shown.append(self.ask(" ".join(ids), about=ids[0]))
        return shown

    def go_ahead_in_turn(self, doors: Sequence[Life], shown: Sequence[Post]) -> None:
        """Confirm these previews, through one process after the other."""
        for life, preview in zip(cycle(doors), shown, strict=False):
            with self.through(life):
                self.press(ANN, preview, "go_ahead")

    def press(self, person: str, where: Post, action: str) -> SlackDelivery | None:
        """Press a button until the bot has it; None where it has gone meanwhile, as an earlier press worked."""
        while True:
            try:
                delivery = self.insist(lambda: self.slack.click(person, where, action))
            except NotOnScreen:
                return None
            told = self.slack.wait_for(lambda: answers(self.slack, delivery), 120)  # noqa: B023 - called at once
            if not _to_be_repeated(told[0]):
                return delivery

    def insist(self, act: Callable[[], SlackDelivery]) -> SlackDelivery:
        """Do it until Slack does not complain: people try again where a bot has died."""
        deadline = time.monotonic() + 60
        pause = threading.Event()
        while True:
            life = self.lives[-1]
            with contextlib.suppress(ConnectionError):
                life.until_it_listens()
            delivery = act()
            if delivery.ok and not _to_be_repeated(delivery.answer):
                return delivery
            if time.monotonic() > deadline:
                raise TimeoutError(f"nobody takes it: {delivery.notice}\n{life.log}")
            pause.wait(0.1)

    def ended(self, public_id: str, timeout: float = 120.0) -> Post:
        """The request's message in the channel once it tells the end."""

        def told() -> list[Post]:
            about = [post for post in self.slack.messages(ORDERS) if f"\n{public_id} · asked" in post.text]
            return [post for post in about if "audit " in post.text]

        try:
            return self.slack.wait_for(told, timeout)[-1]
        except TimeoutError:
            raise TimeoutError(f"{public_id} does not end\n{self.state(public_id)}\n{self.lives[-1].log}") from None

    # --- what is recorded

    def rows(self, query: str, **given: object) -> list[dict[str, Any]]:
        """What the database holds, beside the processes."""
        with self._database.engine.connect() as connection:
            return [dict(row) for row in connection.execute(text(query), given).mappings()]

    def state(self, public_id: str) -> str:
        """All that the database holds of a request, for people to read."""
        parts = []
        for table, where in (
            ("request", "seq = s.seq"),
            ("attempt", "request_seq = s.seq"),
            ("order_line", "request_seq = s.seq"),
            ("slack_message", "request_seq = s.seq"),
        ):
            query = f"SELECT t.* FROM {table} t JOIN request s ON s.public_id = :id AND t.{where}"
            parts += [f"{table}: {row}" for row in self.rows(query, id=public_id)]
        return "\n".join(parts)

    def until(self, predicate: Callable[[], object], timeout: float = 60.0) -> None:
        """Wait until something in the database is so."""
        deadline = time.monotonic() + timeout
        pause = threading.Event()
        while not predicate():
            if time.monotonic() > deadline:
                raise TimeoutError(f"it did not become so in time\n{self.lives[-1].log}")
            pause.wait(0.05)

    def database(self) -> Database:
        """The checker's own way to the database."""
        return self._database


GO_AHEADS = ("go_ahead", "ask_approval")

UNRECORDED = "could not be recorded, so nothing was sent"
"""Told where the database was too busy: whoever reads it does the same once more."""

PERHAPS_RECORDED = "It is not known whether this was recorded"
"""Told where the database went away meanwhile: a press may be repeated, and of two previews one is enough."""


def _to_be_repeated(answer: str) -> bool:
    return UNRECORDED in answer or PERHAPS_RECORDED in answer


def request_id(post: Post) -> str:
    """The request that a message is about, by its small print: other lines may name other requests."""
    found = re.search(r"\n(R-[0-9A-Z]{6}) · asked", post.text)
    assert found is not None, post.text
    return found[1]


def order_ids(count: int, first: int = 0) -> list[str]:
    """Ids as Fincart makes them."""
    return [f"6864fecda075914b{number:08x}" for number in range(first, first + count)]


def as_time(stored: datetime | str) -> datetime:
    """A time as the database's driver gives it: SQLite has none but text."""
    at = datetime.fromisoformat(stored) if isinstance(stored, str) else stored
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def answers(slack: SlackWorkspace, delivery: SlackDelivery) -> list[str]:
    """What Slack has taken as answers to a press, oldest first."""
    url = delivery.payload["response_url"]
    calls = [call for call in slack.calls("response_url") if call.outcome == "ok"]
    return [call.params["text"] for call in calls if call.params["url"].rsplit("/", 1)[-1] == url.rsplit("/", 1)[-1]]
