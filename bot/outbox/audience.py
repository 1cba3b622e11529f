"""Who reads a channel that the settings name for what concerns this organisation alone."""

from bot.context import Context
from bot.domain.policy.inputs import Sharing

_LONGEST_PAUSE = 60.0


class Audience:
    """Asks Slack whether a channel is shared with another organisation, with growing pauses while Slack cannot say."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._pause = 0.0
        self._ask_again_at = 0.0

    def of(self, channel: str) -> Sharing:
        """Who reads there now; COULD_NOT_BE_CHECKED: wait. With `ALLOW_EXTERNAL` it does not matter."""
        if self._context.settings.allow_external:
            return Sharing.INSIDE
        now = self._context.uptime()
        if now < self._ask_again_at:
            return Sharing.COULD_NOT_BE_CHECKED
        found = self._context.people.channel(channel, fresh=True)
        self._pause = min(_LONGEST_PAUSE, 2 * self._pause or 1.0) if found is Sharing.COULD_NOT_BE_CHECKED else 0.0
        self._ask_again_at = now + self._pause
        return found
