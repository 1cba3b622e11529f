"""Plays a page of docs/operations/ on a machine with a real `serve`: its commands, in its order, as it has them.

A ```console block of a page has commands after `$ ` and what they print; a ```text block is what somebody sees in
Slack, in the log or elsewhere. `…` in a line stands for anything, and a line of it for any lines.
"""

import os
import re
import resource
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from torture.outside import ANN, ORDERS, ROOT, Life, TortureStandIns, answers, order_ids, request_id

from bot.sandbox.slack.state import Post

PAGES = ROOT / "docs" / "operations"
PATIENCE = 20.0
"""Seconds that a drill waits for what its page says; only more than it ever takes."""

_BLOCK = re.compile(r"^```(console|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_COMMAND = re.compile(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)


class Drill(TortureStandIns):
    """A page, and the machine that its commands are typed at. A context manager.

    Its secrets are in files and its other settings in `.env`, as install.md has it. `systemctl`, `journalctl` and
    `curl localhost:3000` speak of the process that it runs; whatever else a page types is typed in a shell.
    """

    def __init__(self, page: str, folder: Path, template: Path, **settings: str) -> None:
        super().__init__(settings.get("DATABASE_URL", f"sqlite:///{folder}/cancel-orders.db"), folder)
        if "PYTHONPATH" not in settings:
            shutil.copy(template, folder / "cancel-orders.db")
        text = (PAGES / page).read_text(encoding="utf-8")
        self._blocks = [(kind, inside) for kind, inside in _BLOCK.findall(text)]
        self._called: list[tuple[str, str]] = []
        self._folder = folder
        self._before_commands = ""
        self.psql: Callable[[], object] = lambda: None
        """Does what the page has `psql` do."""
        given = self._settings | {"DATABASE_URL": "sqlite:///cancel-orders.db"} | settings
        (folder / "secrets").mkdir()
        for name in ("FINCART_TOKEN", "SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", *({"DATABASE_URL"} & {*settings})):
            (folder / "secrets" / name.lower()).write_text(given.pop(name), encoding="utf-8")
            given[f"{name}_FILE"] = f"secrets/{name.lower()}"
        self._settings = {"FOLDER": given.pop("FOLDER"), "PYTHONPATH": given.pop("PYTHONPATH", str(ROOT))}
        lines = [f"{name}={value}\n" for name, value in given.items()]
        (folder / ".env").write_text("".join(lines), encoding="utf-8")
        self.start()

    def __exit__(self, *error: object) -> None:
        super().__exit__(*error)
        assert any(error) or not self._blocks, f"the page goes on: {self._blocks}"

    def call(self, on_the_page: str, here: str) -> None:
        """Say what something that the page names, such as a request, is called in this drill."""
        self._called.append((on_the_page, here))

    def set(self, name: str, value: str) -> None:
        """Write a setting into `.env`; the next start reads it."""
        with (self._folder / ".env").open("a", encoding="utf-8") as file:
            file.write(f"{name}={value}\n")

    def install(self, files: Path = ROOT) -> None:
        """Install this version, or that of these files; it begins with `PYTHONPATH` of the settings."""
        self._settings["PYTHONPATH"] = str(files)

    def run(self, typed: str = "") -> None:
        """Type the page's next commands; `typed` is what they then read."""
        for command, expected in self._commands():
            self._compare(command, expected, self._do(command, typed))

    def run_until(self) -> None:
        """Type the page's next commands, which only look, until they print what the page says."""
        for command, expected in self._commands():
            self._wait(command, expected, lambda command=command: self._do(command, ""))  # type: ignore[misc]

    def see(self, look: Callable[[], str]) -> None:
        """Wait until there is to be seen what the page shows next."""
        self._wait("what is seen", f"…\n{self._next('text')}…\n", look)

    def cancel(self, orders: list[str]) -> str:
        """Ann has these orders cancelled; the request's id."""
        preview = self.ask(" ".join(orders))
        self.press(ANN, preview, "go_ahead")
        self.ended(request_id(preview))
        return request_id(preview)

    def disk_is_full(self, full: bool) -> None:
        """Whether the system lets nobody here write to a file, as on a full disk."""
        size, process = 0 if full else resource.RLIM_INFINITY, self.life.process.pid
        resource.prlimit(process, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
        self._before_commands = "ulimit -S -f 0; " if full else ""

    def shown(self) -> str:
        """All that the channel has."""
        return "\n".join(post.text for post in self.slack.messages(ORDERS))

    def told(self, person: str) -> str:
        """All that only this person sees."""
        return "\n".join(post.text for post in [*self.slack.ephemerals(person), *self.slack.dms(person)])

    def answer(self, person: str, typed: str) -> str:
        """Type a command in Slack, and read its answer."""
        delivery = self.slack.type_command(person, ORDERS, f"/cancel-orders {typed}")
        return "\n".join(self.slack.wait_for(lambda: answers(self.slack, delivery)))

    def press_in(self, person: str, words: str, button: str) -> None:
        """Press a button of the channel's message that has these words."""

        def there() -> list[Post]:
            return [post for post in self.slack.messages(ORDERS) if words in post.text and post.buttons()]

        self.slack.click(person, self.slack.wait_for(there)[-1], button)

    @property
    def life(self) -> Life:
        """The process that runs."""
        return self.lives[-1]

    # --- the page

    def _next(self, kind: str) -> str:
        found, inside = self._blocks.pop(0) if self._blocks else ("end of the page", "")
        assert kind == found, inside
        for on_the_page, here in self._called:
            inside = inside.replace(on_the_page, here)
        return inside

    def _commands(self) -> list[tuple[str, str]]:
        return _COMMAND.findall(self._next("console"))

    def _wait(self, what: str, expected: str, look: Callable[[], str]) -> None:
        deadline, pause = time.monotonic() + PATIENCE, threading.Event()
        while not _fits(expected, seen := look()) and time.monotonic() < deadline:
            pause.wait(0.1)
        self._compare(what, expected, seen)

    def _compare(self, what: str, expected: str, seen: str) -> None:
        assert _fits(expected, seen), f"{what}\n--- the page\n{expected}--- here\n{seen}---\n{self.life.log}"

    # --- the machine

    def _do(self, command: str, typed: str) -> str:
        match command.split():
            case ["systemctl", *words, "cancel-orders"]:
                return self._service(*words)
            case ["journalctl", *_, pattern] if "--grep" in command:
                return "".join(f"{line}\n" for line in self.life.log.splitlines() if pattern in line)
            case ["psql", *_]:
                self.psql()
                return ""
            case ["curl", *_, address]:
                return httpx.get(address.replace("localhost:3000", self.life.url)).text
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        done = subprocess.run(
            ["bash", "-c", self._before_commands + command],
            cwd=self._folder,
            env={
                "PATH": path,
                "PYTHONPATH": self._settings["PYTHONPATH"],
                "HOME": str(self._folder),
                "LANG": "C.UTF-8",
            },
            input=typed,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            timeout=60,
        )
        return done.stdout

    def _service(self, word: str) -> str:
        if word in ("stop", "restart"):
            self.life.terminate()
        if word in ("start", "restart"):
            self.start()
        return ""


def _fits(expected: str, seen: str) -> bool:
    """Whether the lines were seen, one below the other."""
    lines = [r"(?:.*\n)*" if line == "…" else f"{_line(line)}\n" for line in expected.splitlines()]
    return re.fullmatch("".join(lines), seen if seen.endswith("\n") or not seen else f"{seen}\n") is not None


def _line(line: str) -> str:
    return ".*".join(map(re.escape, line.split("…")))


Play = Callable[..., Drill]
"""The fixture `play`: opens a page."""


@pytest.fixture
def play(tmp_path: Path, sqlite_template: Path) -> Play:
    """Opens a page at a machine whose Fincart has six orders."""

    def opened(page: str, **settings: str) -> Drill:
        drill = Drill(page, tmp_path, sqlite_template, **settings)
        drill.fincart.add(*order_ids(6))
        return drill

    return opened
