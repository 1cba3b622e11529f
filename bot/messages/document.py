"""PURE: the parts of a message, before they are rendered as text and blocks.

A message is a sequence of parts; a part has lines, a line has spans. `bot.messages.render` makes both the blocks and
the
`text` from the same parts, so that `text` says all that the blocks say. Typed text goes in as `Typed` (or `CodeText`):
both renderings show it where Slack formats nothing.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.messages.actions import Action

LONGEST_VALUE = 2000
"""Characters in a button's value, by Slack's limit."""


@dataclass(frozen=True, slots=True)
class Typed:
    """Text from outside this program: a reason, a label, a file name, Fincart's words, a setting.

    Shown on one line without control characters, at most `most` characters of it, or fewer where room is short;
    with `whole`, fewer only when nothing else helps.
    """

    text: str
    most: int = 200
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Bold:
    """Words that stand out."""

    text: str


@dataclass(frozen=True, slots=True)
class CodeText:
    """An order id or a request id: never shortened."""

    text: str


@dataclass(frozen=True, slots=True)
class CommandText:
    """A command to copy: this installation's slash command and what is typed after it; never shortened."""

    words: str = ""


@dataclass(frozen=True, slots=True)
class User:
    """A person, by Slack id."""

    user_id: str


@dataclass(frozen=True, slots=True)
class Group:
    """A user group, by Slack id. Its members are notified, so only where they are asked something."""

    usergroup_id: str


@dataclass(frozen=True, slots=True)
class ChannelName:
    """A channel, by Slack id; a conversation of two people has no name and is called a direct message."""

    channel_id: str


@dataclass(frozen=True, slots=True)
class When:
    """A moment, shown in each reader's own time zone; `exact`: to the second, for what is over within a minute."""

    at: datetime
    exact: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """A link of our own making, such as Slack's address of one of our messages. Never one that somebody typed."""

    url: str
    label: str


AUDIT_HEAD = "audit "
"""What the clause begins with that a result ends with."""

Span = str | Typed | Bold | CodeText | CommandText | User | Group | ChannelName | When | Link
"""A piece of a line; a bare `str` is the bot's own words."""

Line = tuple[Span, ...]


class Style(StrEnum):
    """How a button looks. `danger` is the go-ahead of a request, once in a message, and nothing else."""

    PLAIN = ""
    DANGER = "danger"


@dataclass(frozen=True, slots=True)
class Button:
    """A button; `value` is made by `bot.messages.actions`. Raises ValueError for a value Slack would refuse.

    With `when_cut` it is there only where the message shows a list or what was typed in part.
    """

    label: str
    action: Action
    value: str
    style: Style = Style.PLAIN
    when_cut: bool = False

    def __post_init__(self) -> None:
        if not 1 <= len(self.value) <= LONGEST_VALUE:
            raise ValueError(f"a button's value has 1 to {LONGEST_VALUE} characters, not {len(self.value)}")


@dataclass(frozen=True, slots=True)
class Heading:
    """The first thing to read."""

    text: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One or more lines."""

    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list that may be shortened; then it says how many more there are.

    `total` is how many there are in truth, where `items` holds only the first of them. With `whole`, items are
    dropped only when nothing else helps: for pages, whose items are seen nowhere else.
    """

    items: tuple[Line, ...]
    total: int | None = None
    whole: bool = False

    @property
    def count(self) -> int:
        """How many there are in truth."""
        return len(self.items) if self.total is None else max(self.total, len(self.items))


@dataclass(frozen=True, slots=True)
class Note:
    """Small print: clauses of one line, set apart by dots. What somebody typed is plain text in it, as everywhere."""

    clauses: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Divider:
    """A line across."""


@dataclass(frozen=True, slots=True)
class Buttons:
    """Buttons side by side; no two with the same action."""

    buttons: tuple[Button, ...]

    def __post_init__(self) -> None:
        actions = [button.action for button in self.buttons]
        if len(actions) != len(set(actions)):
            raise ValueError("no two buttons of one row may have the same action")


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells, the first of each being its name, with names for the columns where there are more than two."""

    header: tuple[str, ...]
    rows: tuple[tuple[Line, ...], ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """Groups of bars: of each series a number for each category. It draws what stands elsewhere in the message in
    words, and has none of its own in `text`."""

    title: str
    categories: tuple[str, ...]
    series: tuple[tuple[str, tuple[int, ...]], ...]


Part = Heading | Paragraph | Bullets | Note | Divider | Buttons | Table | Chart
