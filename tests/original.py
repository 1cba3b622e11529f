"""A bot whose database is copied, and what is restored or moved from it."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from torture.outside import ANN, ORDERS, ROOT, TortureStandIns, order_ids, request_id

from bot.sandbox.slack.state import Post
from storage.db.transactions import Database

IDS = order_ids(4)


class Original(TortureStandIns):
    """A bot between the stand-ins, and copies of its database."""

    def __init__(self, database_url: str, folder: Path, **settings: str) -> None:
        super().__init__(database_url, folder, **{"FINCART_BATCH_SIZE": "100", "VERIFY_RESULTS": "false", **settings})
        self.folder = folder
        self.fincart.add(*IDS)

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run one command on the database."""
        kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "TMPDIR", "LANG")}
        given = {name: value for name, value in self._settings.items() if name != "FOLDER"}
        return subprocess.run(
            [sys.executable, "-m", "bot", *arguments],
            cwd=self.folder,
            env=kept | {"PYTHONPATH": str(ROOT)} | given,
            capture_output=True,
            encoding="utf-8",
            timeout=60,
        )

    def go_ahead(self, *orders: str) -> Post:
        """Ask for these orders and confirm; returns the request's message in the channel."""
        preview = self.ask(" ".join(orders))
        self.press(ANN, preview, "go_ahead")
        public_id = request_id(preview)
        return self.slack.wait_for(lambda: self.live(public_id), 20)[0]

    def cancel(self, orders: list[str]) -> None:
        """Have these orders cancelled, and wait for the end."""
        self.ended(request_id(self.go_ahead(*orders)))

    def live(self, public_id: str) -> list[Post]:
        """The request's message in the channel."""
        return [post for post in self.slack.messages(ORDERS) if f"\n{public_id} · asked" in post.text]

    def undo(self, live: Post) -> None:
        """Take the go-ahead back, and wait until the channel says so."""
        self.press(ANN, live, "undo")
        self.until(lambda: self.rows("SELECT 1 FROM request WHERE state = 'withdrawn'"))
        self.until(lambda: not self.rows("SELECT 1 FROM slack_message WHERE due_at IS NOT NULL"))

    def answer(self, typed: str) -> str:
        """Type a command, and read the private answer."""
        before = len(self.slack.ephemerals(ANN))
        self.insist(lambda: self.slack.type_command(ANN, ORDERS, f"/cancel-orders {typed}"))
        return self.slack.wait_for(lambda: self.slack.ephemerals(ANN)[before:], 20)[-1].text

    def turn_to(self, restore: Callable[[], str]) -> None:
        """Commands and processes work on what is restored from now on. Nobody may have the original open."""
        self._database.close()
        self.database_url = self._settings["DATABASE_URL"] = restore()
        self._database = Database(self.database_url)
