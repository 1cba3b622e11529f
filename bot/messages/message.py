"""What every message builder returns and the Slack client sends."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Message:
    """A message ready to send: `text` says all that `blocks` say (screen readers read only `text`)."""

    text: str
    blocks: tuple[dict[str, Any], ...] = ()
