"""A `serve` process of its own, between a stand-in Slack and a stand-in Fincart."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import httpx
import pytest

from bot.sandbox.fincart.shells import FincartServer
from bot.sandbox.fincart.standin import FincartStandIn
from bot.sandbox.slack.http import SlackServer
from bot.sandbox.slack.workspace import SlackWorkspace

ROOT = Path(__file__).parents[1]
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
