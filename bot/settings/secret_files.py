"""Secrets in files (`NAME_FILE`), as containers get them, read again when the file changes."""

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

from pydantic import SecretStr

from bot.settings.values import Wrong
from storage.log_events import LogEvent, about

log = logging.getLogger(__name__)

READ_EVERY = 1.0
"""Seconds between two reads of the file."""

BOTH_HOLD_FOR = 300.0
"""Seconds after a change in which Slack may still sign with the previous secret."""

LARGEST = 65_536


def read_secret(path: Path) -> str:
    """The file's text, without the line end that editors add. Raises `Wrong` if it cannot be read or is empty."""
    try:
        if path.stat().st_size > LARGEST:
            raise Wrong("names a file that is far too large for a secret", "Name the file that holds the secret alone.")
        text = path.read_text(encoding="utf-8-sig").strip()
    except (OSError, UnicodeDecodeError, ValueError) as error:
        if isinstance(error, Wrong):
            raise
        why = error.strerror if isinstance(error, OSError) else "it is not text"
        raise Wrong(f"names a file that cannot be read ({why})", "Correct the path, or who may read it.") from None
    if not text:
        raise Wrong("names a file that is empty", "Write the secret into it.")
    return text


class FileSecret(SecretStr):
    """A secret read from its file. If the new text cannot be used, the previous secret stays in force. Thread-safe."""

    def __init__(
        self, name: str, path: Path, check: Callable[[object], object], now: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(read_secret(path))
        self._name, self._path, self._check, self._now = name, path, check, now
        self._lock = threading.Lock()
        self._before: tuple[str, float] | None = None
        self._read_at = now()
        self._trouble = ""
        self.when_changed: Callable[[str], None] = lambda secret: None
        """Is given a new secret before it is in force."""

    def get_secret_value(self) -> str:
        """The secret in force."""
        with self._lock:
            if self._now() - self._read_at >= READ_EVERY:
                self._read_at = self._now()
                self._read()
            return self._secret_value

    def before(self) -> str | None:
        """The previous secret, while both are valid; else None."""
        self.get_secret_value()
        changed = self._before
        return changed[0] if changed and self._now() - changed[1] < BOTH_HOLD_FOR else None

    def _read(self) -> None:
        try:
            text = read_secret(self._path)
            self._check(text)
        except Wrong as wrong:
            if wrong.what != self._trouble:
                words, extra = "%s_FILE %s: the secret of before stays in force", about(LogEvent.SECRET_UNUSABLE)
                log.error(words, self._name, wrong.what, extra=extra)
            self._trouble = wrong.what
            return
        self._trouble = ""
        if text != self._secret_value:
            self.when_changed(text)
            self._before = (self._secret_value, self._now())
            self._secret_value = text
            log.warning("%s has changed: its file is read anew", self._name, extra=about(LogEvent.SECRET_CHANGED))


def accepted(secret: SecretStr) -> tuple[str, ...]:
    """The valid values of this secret: two for some minutes after its file has changed."""
    before = secret.before() if isinstance(secret, FileSecret) else None
    now = secret.get_secret_value()
    return (now, before) if before else (now,)
