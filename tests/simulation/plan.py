"""PURE: a history before it happens, written out as steps. Any step can be left out and the rest still means something.

What a seed draws is in `simulation.seeds`."""

from dataclasses import dataclass
from enum import StrEnum

from bot.sandbox.fincart.faults import Fault, IdPolicy
from bot.sandbox.slack.faults import SlackFault as SlackFault

PERSONS = ("U0000001", "U0000002", "U0000003")
CHANNELS = ("C0000001", "C0000002")
ORDERS = 14
ODD = "DMA-EX-0001"
"""What somebody pastes beside the ids: no Fincart id, and no order."""
FOR_EVER = 1000
"""A budget that no step of work uses up."""


class By(StrEnum):
    """How somebody asks."""

    COMMAND = "command"
    FORM = "form"
    FILE = "file"


def person_of(user: str) -> str:
    """Whose id it is: on a Grid, everybody has one that begins with another letter besides."""
    return "U" + user[1:]


class Gone(StrEnum):
    """When the database goes away from a transaction."""

    AT_BEGIN = "before it begins"
    AT_COMMIT = "before its commit"
    UNHEARD = "after its commit, and nobody is told of it"
    """But for one that is to be certain: that one would ask."""


@dataclass(frozen=True)
class PlannedAsk:
    """Somebody asks for these orders to be cancelled."""

    person: int
    channel: int
    orders: tuple[int, ...]
    process: int
    by: By = By.COMMAND
    says_why: bool = True
    odd: bool = False
    """Pastes a word beside them that is unlike them."""


@dataclass(frozen=True)
class Press:
    """Somebody presses one of the buttons on their screen that do this, and fills in what opens then."""

    person: int
    action: str
    """Any, if empty."""
    button: int
    process: int
    mistypes: bool = False
    """The number that is to be typed is typed wrongly."""


@dataclass(frozen=True)
class Type:
    """Somebody types some other command."""

    person: int
    text: str
    process: int


@dataclass(frozen=True)
class Again:
    """Something that was delivered before is delivered once more."""

    which: int
    process: int


@dataclass(frozen=True)
class Work:
    """A process begins a step of one lane that has something due, and is halted after so many boundaries."""

    process: int
    lane: int
    budget: int = FOR_EVER


@dataclass(frozen=True)
class Send:
    """The same, of the lane that sends, where it has something due."""

    process: int
    budget: int


@dataclass(frozen=True)
class PlannedResume:
    """A halted step goes on for so many boundaries; where it waits for time to pass, that passes first."""

    which: int
    budget: int
    asleep: bool
    """Whether nobody renews leases meanwhile."""


@dataclass(frozen=True)
class Pass:
    """Time passes; the leases of processes that are awake are renewed."""

    seconds: float
    asleep: bool


@dataclass(frozen=True)
class Crash:
    """A process is to die the next time but so many that it comes to this boundary (any, if empty)."""

    process: int
    boundary: str
    passed: int


@dataclass(frozen=True)
class Stop:
    """A process is told to stop: it ends its calls (or, too slow, does not), parks, and is started anew."""

    process: int
    in_time: bool


@dataclass(frozen=True)
class DatabaseGone:
    """The next transactions of a process fail."""

    process: int
    times: int
    when: Gone


@dataclass(frozen=True)
class Break:
    """Fincart is to do something wrong."""

    fault: Fault


@dataclass(frozen=True)
class Token:
    """Fincart rejects the token, or takes it again."""

    rejected: bool


@dataclass(frozen=True)
class MayCancel:
    """Whether Fincart's token may cancel, or read only."""

    allowed: bool


@dataclass(frozen=True)
class Close:
    """A channel is closed to the bot: archived, or the bot is removed from it; or it is opened again."""

    channel: int
    how: str
    """`archive`, `remove_bot` or, to open it again, `unarchive`."""


@dataclass(frozen=True)
class Revoke:
    """Slack refuses the bot's token with this code; takes it again, if empty."""

    code: str


@dataclass(frozen=True)
class Mend:
    """Fincart's faults end, or Slack's."""

    fincart: bool


@dataclass(frozen=True)
class BreakSlack:
    """Slack is to do something wrong so often, or until it is mended."""

    method: str
    fault: SlackFault
    times: int | None


@dataclass(frozen=True)
class Meddle:
    """Somebody else changes an order at Fincart."""

    order: int
    title: str


Step = (
    PlannedAsk | Press | Type | Again | Work | Send | PlannedResume | Pass | Crash | Stop | DatabaseGone
    | Break | Token | MayCancel | Mend | BreakSlack | Close | Revoke | Meddle
)  # fmt: skip


@dataclass(frozen=True)
class Setup:
    """How the world stands at first."""

    processes: int
    settings: tuple[tuple[str, str], ...]
    unknown_ids: IdPolicy
    not_pending: IdPolicy
    log_lag: float
    clock_offset: float
    clock_skews: tuple[float, ...]
    """How far the clocks of the processes' hosts are from the database's."""
    max_ids: int | None
    cancelled_title: str
    titles: tuple[str, ...]
    """Of the orders; an empty one is unknown to Fincart."""
    later: tuple[tuple[str, str], ...] = ()
    """Settings that differ for every process but the first ones: somebody changed them and restarted."""
    grid: bool = False
    """Everybody has two ids, and acts under either."""
    foreign: tuple[int, ...] = ()
    """Orders of another merchant."""
    zone: str = ""
    """The time zone of the processes' hosts, as the variable TZ names it; UTC if empty."""


@dataclass(frozen=True)
class Plan:
    """All that is going to happen, but for what follows by itself."""

    seed: int
    setup: Setup
    steps: tuple[Step, ...]

    def told(self) -> str:
        """For people: one step a line."""
        lines = [f"seed {self.seed}", f"  {self.setup}"]
        return "\n".join([*lines, *(f"  {number:3} {step}" for number, step in enumerate(self.steps))])
