"""What ails this process, for `/healthz` and `/readyz`: a line each, without a secret."""

from bot.app import Bot
from bot.slack.socket_mode import SocketMode
from storage.db.readiness import Readiness, Tried


class Health:
    """Thread-safe. A question costs next to nothing: the database is tried once a second, for all who ask."""

    def __init__(self, bot: Bot, socket_mode: SocketMode | None = None) -> None:
        """`socket_mode` is None where Slack delivers by HTTP."""
        self.bot = bot
        self.socket_mode = socket_mode
        self._readiness = Readiness(bot.context.database)

    def alive(self) -> list[str]:
        """Why this process should be restarted. A database or a Slack that is away is no reason: a restart would not
        bring it back. Nor is a stop that was asked for."""
        return [] if self.bot.stopping.is_set() else self.bot.worker.ailments()

    def ready(self) -> list[str]:
        """Why this process can do nothing for anybody now; within three seconds."""
        return self._ready(self._readiness.tried())

    def ready_at_once(self) -> list[str] | None:
        """The same without a try of the database; None if the last one is too old."""
        tried = self._readiness.cached()
        return None if tried is None else self._ready(tried)

    def database_trouble(self) -> str:
        """Why the database cannot be used; empty if it can."""
        return self._readiness.tried().trouble

    def _ready(self, tried: Tried) -> list[str]:
        if self.bot.stopping.is_set():
            return ["stopping"]
        lines = [tried.trouble] if tried.trouble else []
        lines += self.bot.worker.ailments()
        if why := tried.refused_by_slack:
            lines.append(f"Slack refuses the bot's token ({why}); install the app again, or correct SLACK_BOT_TOKEN")
        if self.socket_mode is not None and not self.socket_mode.is_connected:
            lines.append("no Socket Mode connection to Slack")
        return lines
