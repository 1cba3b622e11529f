"""`python -m bot COMMAND` as a process of its own, in a directory of its own."""

import json
import logging
import os
import pwd
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import httpx
import pytest
import yaml
from sqlalchemy import text

from bot.sandbox.fincart.faults import Fault, FaultKind
from bot.sandbox.fincart.shells import FincartServer
from bot.sandbox.fincart.standin import FincartStandIn
from bot.sandbox.slack.faults import SlackFault, SlackFaultKind
from bot.sandbox.slack.http import SlackServer, deliver_http
from bot.sandbox.slack.socket import SlackSocket
from bot.sandbox.slack.workspace import SlackWorkspace
from bot.settings.logging import HIDDEN, Redactor, set_up_logging
from bot.settings.model import load_settings
from storage.audit.log import Head, stored_events, verify
from storage.db.transactions import Database

ROOT = Path(__file__).parents[2]
ANN, ORDERS, ORDER = "U0000001", "C0000001", "6864fecda075914a1b1e353c"
FINCART_TOKEN = "fincart-token-of-the-tests"


def environment(**settings: str) -> dict[str, str]:
    """A process's environment without any setting but these."""
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "TMPDIR", "LANG")}
    return kept | {"PYTHONPATH": str(ROOT)} | settings


def run(folder: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run one command to its end."""
    command = [sys.executable, "-m", "bot", *arguments]
    return subprocess.run(
        command, cwd=folder, env=environment(**settings), capture_output=True, encoding="utf-8", timeout=60
    )


@pytest.mark.parametrize("command", [["check"], ["serve"], ["audit", "list"], ["audit", "verify"]])
@pytest.mark.parametrize("password", ["h0rse@battery#st/aple", "h0rse/battery", "h0rse#battery", "h0rse@battery"])
def test_no_part_of_a_database_password_is_printed(tmp_path: Path, command: list[str], password: str) -> None:
    given = {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1", "FINCART_TOKEN": "f", "ALLOWED_USERS": ANN}
    ended = run(tmp_path, *command, DATABASE_URL=f"postgresql+psycopg://u:{password}@127.0.0.1:1/d", **given)
    said = ended.stdout + ended.stderr

    assert 0 != ended.returncode
    assert "%40 for @" in said
    assert [] == [part for part in ("h0rse", "battery", "aple") if part in said]


class Serve:
    """A `serve` process."""

    def __init__(self, folder: Path, settings: dict[str, str], *arguments: str) -> None:
        command = [sys.executable, "-m", "bot", "serve", *arguments]
        self.process = subprocess.Popen(
            command, cwd=folder, env=environment(**settings), stderr=subprocess.PIPE, encoding="utf-8"
        )
        self._lines: list[str] = []
        self._news = threading.Condition()
        assert self.process.stderr is not None
        self._reader = threading.Thread(target=self._read, args=(self.process.stderr,), daemon=True)
        self._reader.start()

    def _read(self, stream: IO[str]) -> None:
        for line in stream:
            with self._news:
                self._lines.append(line)
                self._news.notify_all()
        with self._news:
            self._lines.append("")
            self._news.notify_all()

    @property
    def log(self) -> str:
        with self._news:
            return "".join(self._lines)

    def says(self, pattern: str) -> re.Match[str]:
        """Wait until it has said so."""

        def said() -> re.Match[str] | None:
            return re.search(pattern, "".join(self._lines))

        with self._news:
            assert self._news.wait_for(lambda: said() or "" in self._lines, 30), "".join(self._lines)
            found = said()
            assert found is not None, "".join(self._lines)
            return found

    def url(self) -> str:
        """Where it listens, once it does."""
        return self.says(r"listening on (http://[\d.:]+)")[1]

    def terminate(self) -> tuple[int, float]:
        """Its exit code, and how many seconds it took to stop."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(20)
        self._reader.join(5)
        return code, time.monotonic() - began


def ready(url: str) -> None:
    """Wait until it says that it is."""
    deadline = time.monotonic() + 10
    while (page := httpx.get(f"{url}/readyz")).status_code != 200:
        assert time.monotonic() < deadline, page.text
        threading.Event().wait(0.05)


class CliTown:
    """The stand-ins, and what to tell a bot that is to work between them."""

    def __init__(self) -> None:
        self.slack = SlackWorkspace(lambda: datetime.now(UTC))
        self.fincart = FincartStandIn(lambda: datetime.now(UTC))
        self.fincart.settings.token = FINCART_TOKEN
        self.fincart.add(ORDER)
        self.slack.add_person(ANN, "ann")
        self.slack.add_channel(ORDERS, "orders", ANN)
        self.slack_server = SlackServer(self.slack)
        self.fincart_server = FincartServer(self.fincart).start()
        self.processes: list[Serve] = []

    def settings(self, **more: str) -> dict[str, str]:
        return {
            "SLACK_API_URL": self.slack_server.api_url,
            "SLACK_BOT_TOKEN": self.slack.state.bot_token,
            "SLACK_SIGNING_SECRET": self.slack.state.signing_secret,
            "FINCART_TOKEN": FINCART_TOKEN,
            "FINCART_BASE_URL": self.fincart_server.url,
            "ALLOWED_USERS": ANN,
            "PORT": "0",
            **more,
        }

    def serve(self, folder: Path, *arguments: str, **more: str) -> Serve:
        self.processes.append(Serve(folder, self.settings(**more), *arguments))
        return self.processes[-1]

    def ask_and_go_ahead(self) -> None:
        self.slack.type_command(ANN, ORDERS, f"/cancel-orders {ORDER} because duplicate")
        preview = self.slack.wait_for(lambda: self.slack.ephemerals(ANN, ORDERS), 10)[-1]
        self.slack.click(ANN, preview, "Cancel 1 order")

    def told(self, words: str) -> bool:
        return any(words in post.text for post in self.slack.messages(ORDERS))

    def stop(self) -> None:
        for each in self.processes:
            if each.process.poll() is None:
                each.process.kill()
                each.process.wait(10)
            each._reader.join(5)
            assert each.process.stderr is not None
            each.process.stderr.close()
        self.slack.heal()
        self.fincart.clear_faults()
        self.slack_server.stop()
        self.fincart_server.stop()


@pytest.fixture
def town() -> Iterator[CliTown]:
    town = CliTown()
    yield town
    town.stop()


def _died_with_an_approval(town: CliTown, folder: Path) -> None:
    """A bot is killed before it has sent what was approved: what a copy of its database holds."""
    serving = town.serve(folder, UNDO_SECONDS="2")
    town.slack.deliver = deliver_http(f"{serving.url()}/slack/events")
    town.ask_and_go_ahead()
    town.slack.wait_for(lambda: town.slack.messages(ORDERS), 10)
    serving.process.kill()
    serving.process.wait(10)


def test_a_restored_database_sends_nothing_until_somebody_resumes(town: CliTown, tmp_path: Path) -> None:
    _died_with_an_approval(town, tmp_path)
    serving = town.serve(tmp_path, "--paused", UNDO_SECONDS="2")
    town.slack.deliver = deliver_http(f"{serving.url()}/slack/events")
    operator = f"operator:{pwd.getpwuid(os.getuid()).pw_name}"
    town.slack.wait_for(lambda: town.told(f"All sending is paused by {operator} (started with --paused)"), 20)
    sent = town.fincart.cancel_calls
    town.slack.type_command(ANN, ORDERS, "/cancel-orders resume")
    town.slack.wait_for(lambda: town.told("1 cancelled"), 20)
    serving.terminate()
    events = run(tmp_path, "audit", "export", "--format", "jsonl").stdout.splitlines()
    held = [event for event in map(json.loads, events) if event["kind"] in ("held", "hold_ended", "batch_settled")]

    assert () == sent
    assert [("held", operator), ("hold_ended", ANN)] == [(each["kind"], each["who"]) for each in held[:2]]
    assert run(tmp_path, "audit", "verify").returncode == 0


def test_a_pause_that_is_there_already_stays_and_is_said(town: CliTown, tmp_path: Path) -> None:
    for _ in range(2):
        serving = town.serve(tmp_path, "--paused")
        serving.url()
        serving.terminate()
    events = run(tmp_path, "audit", "export", "--format", "jsonl").stdout.splitlines()

    assert re.search("paused already by operator:.* nothing is sent until somebody types", serving.log)
    assert ["held"] == [json.loads(event)["kind"] for event in events]


def test_serve_cancels_orders_over_http_from_any_directory_and_stops_when_told(town: CliTown, tmp_path: Path) -> None:
    serving = town.serve(tmp_path)
    url = serving.url()
    town.slack.deliver = deliver_http(f"{url}/slack/events")
    pages = [httpx.get(f"{url}/{page}").status_code for page in ("healthz", "readyz")]

    town.ask_and_go_ahead()
    town.slack.wait_for(lambda: town.told("1 cancelled"), 10)
    code, seconds = serving.terminate()

    assert ([200, 200], 0) == (pages, code)
    assert seconds < 5
    assert (tmp_path / "cancel-orders.db").is_file()
    assert run(tmp_path, "audit", "verify").returncode == 0


def test_serve_cancels_orders_in_socket_mode_and_stops_when_told(town: CliTown, tmp_path: Path) -> None:
    with SlackSocket(town.slack) as slack_socket:
        serving = town.serve(tmp_path, SLACK_APP_TOKEN=town.slack.state.app_token, SLACK_SIGNING_SECRET="")
        url = serving.url()
        town.slack.wait_for(lambda: slack_socket.connections, 10)
        ready(url)
        health = httpx.get(f"{url}/healthz").status_code

        town.ask_and_go_ahead()
        town.slack.wait_for(lambda: town.told("1 cancelled"), 10)
        code, seconds = serving.terminate()

    assert (200, 0) == (health, code)
    assert seconds < 5


def test_serve_waits_for_slack_to_be_reachable_in_socket_mode(town: CliTown, tmp_path: Path) -> None:
    town.slack.fail("apps.connections.open", SlackFault(SlackFaultKind.SERVER_ERROR), times=1)
    with SlackSocket(town.slack) as slack_socket:
        serving = town.serve(tmp_path, SLACK_APP_TOKEN=town.slack.state.app_token, SLACK_SIGNING_SECRET="")

        connected = town.slack.wait_for(lambda: slack_socket.connections, 15)
        code, _ = serving.terminate()

    assert (1, 0) == (connected, code)


def test_serve_ends_in_plain_words_where_slack_refuses_the_app_token(town: CliTown, tmp_path: Path) -> None:
    serving = town.serve(tmp_path, SLACK_APP_TOKEN="xapp-1-wrong-token", SLACK_SIGNING_SECRET="")

    code = serving.process.wait(30)
    serving._reader.join(5)

    assert 1 == code
    assert "Slack refuses SLACK_APP_TOKEN (invalid_auth)" in serving.log
    assert "xapp-1-wrong-token" not in serving.log
    assert "Traceback" not in serving.log


def test_serve_stops_within_ten_seconds_while_fincart_hangs(town: CliTown, tmp_path: Path) -> None:
    town.fincart.inject(Fault(FaultKind.HANG, times=None))
    serving = town.serve(tmp_path, FINCART_TIMEOUT_SECONDS="60")
    town.slack.deliver = deliver_http(f"{serving.url()}/slack/events")
    town.ask_and_go_ahead()
    town.slack.wait_for(lambda: any(call.ids == (ORDER,) for call in town.fincart.calls), 10)

    code, seconds = serving.terminate()

    assert 0 == code
    assert seconds < 10


def test_serve_stops_within_ten_seconds_while_slack_hangs(town: CliTown, tmp_path: Path) -> None:
    serving = town.serve(tmp_path)
    town.slack.deliver = deliver_http(f"{serving.url()}/slack/events")
    town.slack.fail("*", SlackFault(SlackFaultKind.HANG), times=None)
    town.slack.type_command(ANN, ORDERS, f"/cancel-orders {ORDER}")
    town.slack.wait_for(lambda: town.slack.core.faults.struck[SlackFaultKind.HANG], 10)

    code, seconds = serving.terminate()

    assert 0 == code
    assert seconds < 10


def test_told_to_stop_before_it_serves_it_ends_at_once_with_0(town: CliTown, tmp_path: Path) -> None:
    new = Database(f"sqlite:///{tmp_path}/new.db")
    with new.write() as transaction:
        transaction.connection.execute(text("SELECT 1"))  # begins: the migration waits for its turn
        serving = town.serve(tmp_path, DATABASE_URL=f"sqlite:///{tmp_path}/new.db")
        serving.says("starting")
        code, seconds = serving.terminate()
    new.close()

    assert 0 == code
    assert seconds < 5
    assert "listening" not in serving.log


def test_two_that_start_at_once_on_one_new_database_both_come_up(town: CliTown, tmp_path: Path) -> None:
    both = [town.serve(tmp_path) for _ in range(2)]

    ready = [httpx.get(f"{each.url()}/readyz").status_code for each in both]
    codes = [each.terminate()[0] for each in both]

    assert [200, 200] == ready
    assert [0, 0] == codes


def test_the_chain_written_by_two_processes_is_unbroken(town: CliTown, tmp_path: Path) -> None:
    both = [town.serve(tmp_path) for _ in range(2)]
    for number, each in enumerate(both):
        town.slack.deliver = deliver_http(f"{each.url()}/slack/events")
        town.slack.type_command(ANN, ORDERS, f"/cancel-orders {ORDER[:-1]}{number}")
    town.slack.wait_for(lambda: len(town.slack.ephemerals(ANN)) == 2, 10)
    for each in both:
        each.terminate()
    database = Database(f"sqlite:///{tmp_path}/cancel-orders.db")

    with database.read() as session:
        end = verify(stored_events(session.connection()))
    database.close()

    assert isinstance(end, Head)
    assert end.seq >= 4


def test_serve_says_in_plain_words_that_its_port_is_in_use(town: CliTown, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = run(tmp_path, "serve", **town.settings(PORT=port))

    assert 1 == done.returncode
    assert f"cannot listen on 127.0.0.1, port {port}: address already in use" in done.stderr
    assert "Traceback" not in done.stderr


def test_serve_says_in_plain_words_that_the_database_cannot_be_used(town: CliTown, tmp_path: Path) -> None:
    done = run(tmp_path, "serve", **town.settings(DATABASE_URL=f"sqlite:///{tmp_path}/nowhere/bot.db"))

    assert 1 == done.returncode
    assert "the database cannot be used: unable to open database file" in done.stderr
    assert "Traceback" not in done.stderr


def test_serve_names_every_wrong_setting_before_anything_starts(tmp_path: Path) -> None:
    done = run(tmp_path, "serve", FINCART_BATCH_SIZE="many", ALLOWED_USERS="@ann")

    assert 2 == done.returncode
    assert {"FINCART_BATCH_SIZE", "ALLOWED_USERS", "SLACK_BOT_TOKEN", "FINCART_TOKEN", "SLACK_APP_TOKEN"} == {
        line.partition(":")[0] for line in done.stderr.splitlines()
    }
    assert [] == list(tmp_path.iterdir())


def test_the_manifest_for_http_has_the_address_in_it(tmp_path: Path) -> None:
    done = run(tmp_path, "manifest", "--url", "https://bot.example.com/")

    told = yaml.safe_load(done.stdout)
    assert "https://bot.example.com/slack/events" == told["settings"]["interactivity"]["request_url"]


def test_a_manifest_for_an_address_that_is_none_is_refused_in_plain_words(tmp_path: Path) -> None:
    done = run(tmp_path, "manifest", "--url", "bot.example.com")

    assert 2 == done.returncode
    assert done.stderr.startswith("--url: is not an address")


def test_the_command_line_explains_itself(tmp_path: Path) -> None:
    done = run(tmp_path, "--help")

    assert 0 == done.returncode
    assert {"serve", "demo", "check", "manifest", "audit"} <= set(re.findall(r"^ {4}(\w+)", done.stdout, re.MULTILINE))


def test_run_as_a_module_it_calls_itself_so(tmp_path: Path) -> None:
    assert run(tmp_path, "audit", "verify", "--help").stdout.startswith("usage: python -m bot audit verify ")


def test_the_version_is_said_of_a_module_too(tmp_path: Path) -> None:
    done = run(tmp_path, "--version")

    assert 0 == done.returncode
    assert re.fullmatch(r"cancel-orders-bot \d+\.\d+\.\d+\n", done.stdout)


# --- logs


@pytest.fixture
def logged(tmp_path: Path) -> Iterator[Callable[..., str]]:
    """Sets logging up as `serve` does, logs what it is given, and returns what was written."""
    root = logging.getLogger()
    before = (root.handlers[:], root.level, sys.excepthook, threading.excepthook)
    path = tmp_path / "log"

    def log(act: Callable[[], object], **settings: str) -> str:
        given = {"SLACK_SIGNING_SECRET": "5ecret-of-signing", "FINCART_TOKEN": FINCART_TOKEN} | settings
        given |= {"SLACK_BOT_TOKEN": "xoxb-1-2-three", "ALLOW_EVERYONE": "true"}
        with path.open("w", encoding="utf-8") as stream:
            set_up_logging(load_settings(given, None), stream)
            act()
        return path.read_text(encoding="utf-8")

    yield log
    logging.captureWarnings(False)
    root.handlers[:], root.level, sys.excepthook, threading.excepthook = before


@pytest.mark.parametrize(
    "secret",
    [
        "xoxb-1-2-three",
        "xapp-1-A0-99-abcdef",
        "xoxe.xoxp-1-Mi0yLTEt",
        "5ecret-of-signing",
        FINCART_TOKEN,
        "/commands/T0000001/123456/AbCdEfGh",
        "/actions/T0000001/123456/AbCdEfGh",
        "ticket=0f9e8d7c",
    ],
)
@pytest.mark.parametrize("log_format", ["text", "json"])
def test_no_secret_reaches_the_log_by_whatever_way(logged: Callable[..., str], log_format: str, secret: str) -> None:
    library = logging.getLogger("some.library")

    def act() -> None:
        library.error("plain https://hooks.slack.com%s", secret)
        library.error("in an argument: %r", {"header": f"Bearer {secret}"})
        try:
            raise ValueError(f"no such address: https://hooks.slack.com{secret}")
        except ValueError:
            library.exception("in an exception")
        library.error("wrong: %d", secret)

    written = logged(act, LOG_FORMAT=log_format)

    assert secret not in written
    assert 3 <= written.count(HIDDEN)


def test_the_password_of_the_database_is_struck_out_however_it_is_spelt(logged: Callable[..., str]) -> None:
    url = "postgresql+psycopg://bot:p%40ss-word@db.example.com/bot"

    written = logged(lambda: logging.error("%s or p@ss-word", url), DATABASE_URL=url)

    assert f"bot:{HIDDEN}@db.example.com/bot or {HIDDEN}" in written


def test_what_nobody_catches_in_a_thread_is_logged_without_its_secret(logged: Callable[..., str]) -> None:
    def die() -> None:
        raise RuntimeError(f"token {FINCART_TOKEN}")

    def act() -> None:
        thread = threading.Thread(target=die, name="lane")
        thread.start()
        thread.join()

    written = logged(act)

    assert "lane died" in written
    assert FINCART_TOKEN not in written


def test_nobody_can_write_a_line_of_the_log_by_typing_one(logged: Callable[..., str]) -> None:
    written = logged(lambda: logging.getLogger("bot").info("typed: %s", "x\n2026-11-24 ERROR bot: all is lost"))

    assert 1 == len(written.splitlines())


def test_a_json_log_is_one_object_a_line(logged: Callable[..., str]) -> None:
    written = logged(lambda: logging.getLogger("bot").info("line\nbreak"), LOG_FORMAT="json")

    assert [("INFO", "bot", "line\nbreak")] == [
        (line["level"], line["logger"], line["message"]) for line in map(json.loads, written.splitlines())
    ]


def test_libraries_do_not_tell_what_they_do_all_day(logged: Callable[..., str]) -> None:
    def act() -> None:
        for name in ("alembic.runtime.migration", "uvicorn.error", "httpx", "slack_sdk.web.base_client"):
            logging.getLogger(name).info("chatter")

    assert "" == logged(act, LOG_LEVEL="DEBUG")


def test_ordinary_words_are_left_as_they_are() -> None:
    words = "run python -m bot audit list in /actions or /commands; request R-7K3F9Q holds"

    assert words == Redactor(["short"]).strike(words)


def test_a_secret_that_begins_like_a_shorter_one_is_struck_out_to_its_end() -> None:
    assert f"given: {HIDDEN}" == Redactor(["fincart", "fincart-token"]).strike("given: fincart-token")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://bot:pw123@db/orders",
        "postgresql+psycopg://db/orders?user=bot&password=p@pw123",
        "postgresql+psycopg://db/orders?user=bot&Password=pw123&sslmode=require",
    ],
)
def test_a_short_password_is_struck_out_of_an_address(url: str) -> None:
    struck = Redactor().strike(f"cannot connect to {url}: refused")

    assert "pw123" not in struck
    assert struck.startswith("cannot connect to postgresql+psycopg://")
    assert struck.endswith("refused")


def test_a_password_among_parameters_is_struck_out_as_it_is_sent_too(logged: Callable[..., str]) -> None:
    url = "postgresql+psycopg://db/orders?user=bot&password=a+secret+b"

    written = logged(lambda: logging.error("no such user: a secret b"), DATABASE_URL=url)

    assert f"no such user: {HIDDEN}" in written
