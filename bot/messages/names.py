"""PURE: what this installation of the bot is called, where a workspace has several."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Names:
    """The slash command it answers to, and its own name for the small print, if it has one."""

    command: str = "/cancel-orders"
    installation: str | None = None


DEFAULT = Names()
