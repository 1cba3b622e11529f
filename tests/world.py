"""A world to tell stories in: the bot, entered where people enter, between a stand-in Slack and a stand-in Fincart."""

import json
import os
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import uvicorn
from simulation.stores import BOT_ROLE, compile_once
from sqlalchemy import make_url, text
from sqlalchemy.orm import Session

from bot.app import Bot, build
from bot.context import Timings
from bot.domain.outcome.decide import OutcomeTimings
from bot.sandbox.fincart.shells import FincartServer
from bot.sandbox.fincart.standin import FincartStandIn
from bot.sandbox.slack.deliveries import SlackDelivery
from bot.sandbox.slack.http import SlackServer, deliver_http
from bot.sandbox.slack.socket import SlackSocket
from bot.sandbox.slack.state import Post, View
from bot.sandbox.slack.workspace import SlackWorkspace
from bot.server.health import Health
from bot.server.http import http_app
from bot.server.other_connections import OtherConnections
from bot.settings.model import load_settings
from bot.slack.socket_mode import SocketMode
from storage.audit import log as audit
from storage.audit.texts import readable
from storage.audit.verify import verify_all
from storage.db.transactions import Database

ANN, BO, CY = "U0000001", "U0000002", "U0000003"
"""Ann and Bo may ask, by ALLOWED_USERS; Cy is a member like them, and on no list."""

ORDERS, RETURNS = "C0000001", "C0000002"
"""Two channels with everybody and the bot in them."""

FIRST, SECOND, THIRD = "6864fecda075914a1b1e353c", "6877b613a665f49134ef0001", "6877b613a665f49134ef0002"
"""Three pending orders."""

FINCART_TOKEN = "fincart-token-of-the-tests"

COMMAND = "/cancel-orders"

PATIENCE = float(os.environ.get("PATIENCE", "20"))
"""Seconds that a story waits for what it expects: no promise, only more than any of them takes on a busy machine."""

QUICK = Timings(
    poll=0.05,
    truth=OutcomeTimings(
        pending_after=0.1, late_after=0.6, reads_within=0.6, first_rest=0.1, longest_rest=0.4, waits=5.0
    ),
)
"""The seconds of the truth table, shrunk."""

T = TypeVar("T")
Json = dict[str, Any]


class Clock:
    """The time of day, which a test may move on."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self._ahead

    def advance(self, seconds: float) -> None:
        """Let so many seconds pass at once."""
        self._ahead += timedelta(seconds=seconds)


def order_ids(count: int) -> list[str]:
    """So many order ids as Fincart makes them."""
    return [f"6864fecda075914a{number:08x}" for number in range(count)]


def request_id(shown: Post | str) -> str:
    """The id of the request that a message is about: small print has it, and other lines may name other requests."""
    text = shown if isinstance(shown, str) else shown.text
    found = re.search(r"\n(?:\S* show |<\S+\|See )?(R-[0-9A-Z]{6})>? · asked", text) or re.search(
        r"(R-[0-9A-Z]{6})", text
    )
    assert found is not None, shown
    return found[1]


class World:
    """The bot on a database of its own. `clock` replaces the database's clock; `settings` override the tests' own."""

    def __init__(
        self,
        database_url: str,
        *,
        clock: Clock | None = None,
        socket_mode: bool = False,
        timings: Timings | None = None,
        fincart_tls: ssl.SSLContext | None = None,
        **settings: str,
    ) -> None:
        self._database_url = database_url
        self._clock = clock
        self._socket_mode = socket_mode
        self._timings = timings or Timings(poll=0.1)
        self.slack = SlackWorkspace(lambda: datetime.now(UTC))
        self.fincart = FincartStandIn(lambda: datetime.now(UTC))
        self.fincart.settings.token = FINCART_TOKEN
        self.fincart.add(FIRST, SECOND, THIRD)
        for user, name in ((ANN, "ann"), (BO, "bo"), (CY, "cy")):
            self.slack.add_person(user, name)
        self.slack.add_channel(ORDERS, "orders", ANN, BO, CY)
        self.slack.add_channel(RETURNS, "returns", ANN, BO, CY)
        self.slack_server = SlackServer(self.slack)
        self.socket = SlackSocket(self.slack) if socket_mode else None
        self.fincart_server = FincartServer(self.fincart, tls=fincart_tls).start()
        self._settings = {"ALLOWED_USERS": f"{ANN},{BO}", **settings}
        self.running = False
        self.start()

    # --- the bot's life

    def settings(self) -> dict[str, str]:
        """What the environment of the bot holds."""
        state = self.slack.state
        given = {
            "SLACK_API_URL": self.slack_server.api_url,
            "SLACK_BOT_TOKEN": state.bot_token,
            "FINCART_TOKEN": FINCART_TOKEN,
            "FINCART_BASE_URL": self.fincart_server.url,
            "DATABASE_URL": self._database_url,
            "STOP_SECONDS": "8",
            **({"SLACK_APP_TOKEN": state.app_token} if self._socket_mode else {}),
            **({} if self._socket_mode else {"SLACK_SIGNING_SECRET": state.signing_secret}),
            **self._settings,
        }
        return {name: value for name, value in given.items() if value}

    def start(self) -> None:
        """Start the bot as `serve` does, on the database as it is."""
        settings = load_settings(self.settings(), None)
        self.bot: Bot = build(settings, clock=self._clock, timings=self._timings)
        compile_once(self.bot.context.database)
        self._handler: SocketMode | None = None
        if settings.slack_app_token is not None:
            self._handler = SocketMode(self.bot.app, settings.slack_app_token, settings.slack_api_url)
        self.bot.start(*([OtherConnections(self.bot.context, self._handler).lane()] if self._handler else []))
        self._web = Web(self.bot, self._handler)
        self.url = self._web.url
        if self._handler is not None:
            handler = self._handler
            handler.start()
            self.until(lambda: self.socket is not None and self.socket.connections > 0 and handler.is_connected)
        else:
            self.slack.deliver = deliver_http(f"{self.url}/slack/events")
        self.running = True

    def shut_down(self) -> None:
        """Stop the bot as SIGTERM does."""
        if not self.running:
            return
        self.running = False
        if self._handler is not None:
            self._handler.stop()
        self._web.stop()
        self.bot.stop()

    def restart(self, **settings: str) -> None:
        """Stop the bot and start it anew, with these settings changed (an empty value unsets)."""
        self.shut_down()
        self._settings |= settings
        self.start()

    def stop(self) -> None:
        """End everything; whatever hangs is let go first."""
        self.slack.heal()
        self.fincart.clear_faults()
        self.shut_down()
        if self.socket is not None:
            self.socket.stop()
        self.slack_server.stop()
        self.fincart_server.stop()

    def verify(self) -> None:
        """What must be true at the end of every story."""
        database = Database(self._database_url)
        compile_once(database)
        found = verify_all(database)
        database.close()

        assert not isinstance(found.chain, audit.Broken), found.chain
        assert found.rows is None, found.rows
        assert () == self.fincart.wrong_calls
        refused = [call for call in self.slack.calls() if call.outcome.startswith("invalid_")]
        assert [] == refused or self.slack.state.refused_blocks

    # --- what people do

    def type(self, person: str, text: str, channel: str = ORDERS) -> SlackDelivery:
        """Type `/cancel-orders` and this after it."""
        return self.slack.type_command(person, channel, f"{COMMAND} {text}".strip())

    def click(self, person: str, where: Post | View, button: str) -> SlackDelivery:
        """Press the button that says so."""
        return self.slack.click(person, where, button)

    def told(
        self, person: str, act: Callable[[], object], timeout: float = PATIENCE, with_button: str | None = None
    ) -> Post:
        """What this person privately reads next, because of `act`; only what has such a button, where one is named."""
        before = {post.ts: (post.text, post.revisions) for post in self.private(person)}
        act()

        def news() -> list[Post]:
            changed = [post for post in self.private(person) if before.get(post.ts) != (post.text, post.revisions)]
            return [post for post in changed if with_button in (None, *(each.action_id for each in post.buttons()))]

        return self.slack.wait_for(news, timeout)[-1]

    def answer(self, person: str, text: str, channel: str = ORDERS) -> Post:
        """Type `/cancel-orders` and this after it, and read the private answer."""
        return self.told(person, lambda: self.type(person, text, channel))

    def press(self, person: str, where: Post | View, button: str, timeout: float = PATIENCE) -> Post:
        """Press a button, and read the private answer."""
        return self.told(person, lambda: self.click(person, where, button), timeout)

    def forge(self, person: str, where: Post, button: str, value: str | None = None) -> SlackDelivery:
        """A well-signed press of a button by somebody who may never have seen it, or not any more."""
        pressed = next(each for each in where.buttons() if each.text == button)
        action = {"action_id": pressed.action_id, "value": value if value is not None else pressed.value}
        return self.slack.forge_click(person, where, action)

    def preview(self, person: str = ANN, text: str = f"{FIRST} {SECOND} because duplicate") -> Post:
        """Ask, and read the preview."""
        shown = self.told(person, lambda: self.type(person, text), with_button="go_ahead")
        if self._clock is not None:
            # The clock may jump now: whoever had not written down yet that Slack shows it would count as long dead.
            self.until(lambda: not self.rows("SELECT 1 FROM slack_message WHERE kind = 'preview' AND shown < wanted"))
        return shown

    def confirmed(self, person: str = ANN, text: str = f"{FIRST} {SECOND} because duplicate") -> Post:
        """Ask and press the button that goes ahead; returns the preview that was confirmed."""
        preview = self.preview(person, text)
        self.click(person, preview, go_ahead(preview))
        return preview

    def cancelled(self, person: str = ANN, text: str = f"{FIRST} {SECOND} because duplicate") -> Post:
        """Ask, go ahead, and read the live message once it tells the end."""
        shown = self.preview(person, text)
        self.click(person, shown, go_ahead(shown))
        return self.ended(request_id(shown))

    # --- what there is to see

    def private(self, person: str) -> list[Post]:
        """What only this person sees, in channels and in the bot's direct messages, oldest first."""
        return self.slack.ephemerals(person) + [post for post in self.slack.dms(person) if post.author != person]

    def answers(self) -> list[str]:
        """All that was answered through response URLs, oldest first: a later one may have replaced an earlier one."""
        return [call.params["text"] for call in self.slack.calls("response_url")]

    def live(self, public_id: str, channel: str = ORDERS) -> Post | None:
        """The request's message in the channel; there is never more than one."""
        about = [post for post in self.slack.messages(channel) if f"\n{public_id} · asked" in post.text]
        assert len(about) <= 1, about
        return about[0] if about else None

    def ended(self, public_id: str, channel: str = ORDERS, timeout: float = PATIENCE) -> Post:
        """The live message once it tells the end."""

        def told() -> Post | None:
            post = self.live(public_id, channel)
            return post if post is not None and "audit " in post.text else None

        found = self.slack.wait_for(told, timeout)
        assert found is not None
        return found

    def statuses(self, *ids: str) -> list[str]:
        """What Fincart says of these orders."""
        return [self.fincart.status(order_id) for order_id in ids]

    # --- what is recorded

    @property
    def database_url(self) -> str:
        """The address of the database."""
        return self._database_url

    @property
    def is_sqlite(self) -> bool:
        """Whether it is SQLite's."""
        return self._database_url.startswith("sqlite:")

    @property
    def database_file(self) -> str:
        """The path of the database, where it is SQLite's."""
        return self._database_url.removeprefix("sqlite:///")

    def audit(self, public_id: str | None = None) -> list[Json]:
        """The history's events with their texts, oldest first; of one request, or all."""
        with self._connection() as connection:
            payloads = [json.loads(event.payload) for event in audit.stored_events(connection)]
            events = readable(Session(connection), payloads)
        return [event for event in events if public_id in (None, event["request"])]

    def kinds(self, public_id: str | None = None) -> list[str]:
        """The kinds of those events."""
        return [event["kind"] for event in self.audit(public_id)]

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What the database holds, beside the bot."""
        with self._connection() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(query)]

    def until(self, predicate: Callable[[], T], timeout: float = PATIENCE) -> T:
        """Wait until something outside the stand-ins is so."""
        deadline = time.monotonic() + timeout
        pause = threading.Event()
        while not (found := predicate()):
            assert time.monotonic() < deadline, "it did not become so in time"
            pause.wait(0.01)
        return found

    def until_all_is_shown(self) -> None:
        """Wait until Slack has and the bot has kept all that was to be shown."""
        self.until(lambda: not self.rows("SELECT 1 FROM slack_message WHERE due_at IS NOT NULL AND shown < wanted"))

    def pass_time(self, seconds: float) -> None:
        """Let so many seconds pass at once, when all is shown.

        Time that passes between a post and what is kept of it is a process that has slept: it may have to post again.
        """
        assert self._clock is not None
        self.until_all_is_shown()
        self._clock.advance(seconds)

    def pass_time_until(self, so: Callable[[], object], step: float = 4.0) -> None:
        """Let time pass, so many seconds at once, until it is so."""
        clock, database = self._clock, self.bot.context.database
        assert clock is not None

        def after_a_while() -> bool:
            if so():
                return True
            # Whoever is sending would count as dead after so long; the lock keeps others from beginning.
            with database.write(within_seconds=PATIENCE) as transaction:
                if not database.is_sqlite:
                    transaction.connection.execute(text("LOCK TABLE slack_message IN EXCLUSIVE MODE"))
                sending = text("SELECT 1 FROM slack_message WHERE lease_owner IS NOT NULL")
                if transaction.connection.execute(sending).first() is None:
                    clock.advance(step)
            return False

        self.until(after_a_while)

    def _connection(self) -> "_Connection":
        return _Connection(self._database_url)


class _Connection:
    """A connection of the test's own to the bot's database."""

    def __init__(self, url: str) -> None:
        self._database = Database(url)
        compile_once(self._database)

    def __enter__(self) -> Any:
        self._open = self._database.engine.connect()
        return self._open

    def __exit__(self, *_: object) -> None:
        self._open.close()
        self._database.close()


def go_ahead(preview: Post) -> str:
    """What the button says that goes ahead."""
    return next(button.text for button in preview.buttons() if button.action_id == "go_ahead")


class Web:
    """The bot's web application on a free port, listening from construction."""

    def __init__(self, bot: Bot, socket_mode: SocketMode | None) -> None:
        listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        config = uvicorn.Config(
            http_app(Health(bot, socket_mode)),
            log_config=None,
            access_log=False,
            ws="none",
            lifespan="off",
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([listening],), name="http", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Answer what is under way, then stop listening."""
        self._server.should_exit = True
        self._thread.join(5)


StartWorld = Callable[..., World]
"""The fixtures `start_world` and `start_sqlite_world`."""


def of_sqlalchemy(uri: str, name: str) -> str:
    """The address of another database of a PostgreSQL server, as DATABASE_URL spells it."""
    return uri.replace("postgresql://", "postgresql+psycopg://").replace("/postgres?", f"/{name}?")


def of_bot(url: str) -> str:
    """This address for the bot's role."""
    return make_url(url).set(username=BOT_ROLE).render_as_string(hide_password=False)


def of_owner(url: str) -> str:
    """This address for the owner of the tables, for what the bot may not do."""
    owner = make_url(url).set(username="postgres") if url.startswith("postgresql") else make_url(url)
    return owner.render_as_string(hide_password=False)
