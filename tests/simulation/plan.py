"""PURE: what a seed stands for, written out as steps. Any step can be left out and the rest still means something."""

from dataclasses import dataclass
from random import Random

from bot.sandbox.fincart_faults import Applied, Endpoint, Fault, FaultKind, IdPolicy
from bot.sandbox.slack_faults import Fault as SlackFault
from bot.sandbox.slack_faults import FaultKind as SlackFaultKind

BUDGETS = (0, 1, 2, 3, 4, 5, 1000, 1000, 1000)
BOUNDARIES = ("begin", "committing", "committed", "sending", "sent", "reading", "read", "posting", "posted")
PEOPLE = 3
ORDERS = 14
FOR_EVER = 1000
"""A budget that no step of work uses up."""


@dataclass(frozen=True)
class Ask:
    """Somebody types a command for these orders."""

    person: int
    channel: int
    orders: tuple[int, ...]
    process: int


@dataclass(frozen=True)
class Press:
    """Somebody presses one of all the buttons there are on their screen, and fills in what opens then."""

    person: int
    button: int
    process: int


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
class Resume:
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
    """The next transactions of a process fail to begin."""

    process: int
    times: int


@dataclass(frozen=True)
class Break:
    """Fincart is to do something wrong."""

    fault: Fault


@dataclass(frozen=True)
class Token:
    """Fincart rejects the token, or takes it again."""

    rejected: bool


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
    Ask | Press | Type | Again | Work | Send | Resume | Pass | Crash | Stop | DatabaseGone
    | Break | Token | Mend | BreakSlack | Meddle
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
    max_ids: int | None
    cancelled_title: str
    titles: tuple[str, ...]
    """Of the orders; an empty one is unknown to Fincart."""


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


LOST = (
    FaultKind.SERVER_ERROR,
    FaultKind.HANG,
    FaultKind.DROP,
    FaultKind.GARBAGE,
    FaultKind.GATEWAY_PAGE,
    FaultKind.REDIRECT,
)
REFUSED = (FaultKind.BAD_ID, FaultKind.SAYS_FAILURE)
UNACTED = (FaultKind.RATE_LIMITED, FaultKind.NO_CONNECTION, FaultKind.FORBIDDEN)
CLASSES = ("lost", "refused", "unacted", "lie", "logs", "slow", "slack", "crash", "stop", "database", "meddle", "token")
"""Classes of faults; each seed has some of them, so that each is met without all the others."""


def plan_of(seed: int) -> Plan:
    """The plan that this seed stands for, for ever."""
    chance = Random(seed)
    faults = {each for each in CLASSES if chance.random() < 0.45}
    setup = _setup(chance)
    steps: list[Step] = []
    for _ in range(chance.choice((15, 30, 50, 80))):
        steps += _steps(chance, faults, setup)
    return Plan(seed, setup, tuple(steps))


def _setup(chance: Random) -> Setup:
    settings = {
        "FINCART_BATCH_SIZE": str(chance.choice((1, 2, 3, 4, 100))),
        "FINCART_MAX_CONCURRENCY": str(chance.choice((1, 2, 3))),
        "FINCART_LOOKUP_CONCURRENCY": str(chance.choice((1, 8))),
        "HOLD_AFTER_FAILED": str(chance.choice((0, 0, 2, 25))),
        "APPROVAL_VALID_SECONDS": str(chance.choice((60, 600, 3600, 3600))),
    }
    if chance.random() < 0.3:
        settings |= {"SECOND_APPROVAL_ABOVE": str(chance.choice((0, 3))), "APPROVALS_NEEDED": chance.choice(("1", "2"))}
    titles = ["Pending"] * ORDERS
    for number in range(ORDERS):
        if chance.random() < 0.08:
            titles[number] = chance.choice(("", "Cancelled", "Processing"))
    return Setup(
        processes=chance.choice((1, 2)),
        settings=tuple(settings.items()),
        unknown_ids=chance.choice(tuple(IdPolicy)),
        not_pending=chance.choice(tuple(IdPolicy)),
        log_lag=chance.choice((0.0, 0.0, 2.0, 8.0, 20.0)),
        clock_offset=chance.choice((0.0, 0.0, -40.0, 40.0)),
        max_ids=chance.choice((None, None, None, 2)),
        cancelled_title=chance.choice(("Cancelled", "canceled")),
        titles=tuple(titles),
    )


def _steps(chance: Random, faults: set[str], setup: Setup) -> list[Step]:
    process = chance.randrange(2)
    which = chance.random()
    if which < 0.07:
        # Few different sets, so that requests meet over the same orders.
        first, count = chance.randrange(ORDERS), chance.choice((1, 1, 2, 3, 5, 8))
        orders = tuple(dict.fromkeys((first + number) % ORDERS for number in range(count)))
        ask = Ask(chance.randrange(PEOPLE), chance.randrange(2), orders, process)
        sends: list[Step] = [Send(chance.randrange(2), chance.choice(BUDGETS)) for _ in range(chance.randrange(4))]
        go_ahead: list[Step] = [Press(ask.person, 0, process), Work(process, 0), Work(process, 0)]
        return [ask, *_soon(chance, process), *go_ahead, *sends]
    if which < 0.13:
        return [Press(chance.randrange(PEOPLE), chance.randrange(12), process)]
    if which < 0.14:
        text = chance.choice(("history", "help", "show R-000000", "nonsense", "waiting"))
        return [Type(chance.randrange(PEOPLE), text, process)]
    if which < 0.15:
        return [Again(chance.randrange(20), process)]
    if which < 0.25:
        return [Send(process, chance.choice(BUDGETS))]
    if which < 0.62:
        return [Work(process, chance.randrange(6), chance.choice(BUDGETS))]
    if which < 0.76:
        return [Resume(chance.randrange(8), chance.choice((0, 1, 2, FOR_EVER)), asleep=chance.random() < 0.2)]
    if which < 0.84:
        seconds = chance.choice((0.3, 1.0, 1.0, 3.0, 5.0, 10.0, 31.0, 300.0, 4000.0))
        return [Pass(seconds, asleep=chance.random() < 0.3)]
    return [_fault(chance, chance.choice(CLASSES), faults, process)]


def _soon(chance: Random, process: int) -> list[Step]:
    """Mostly a request is prepared and shown at once, or little would ever be confirmed."""
    if chance.random() < 0.15:
        return []
    return [Work(process, 0), Work(process, 0), Work(process, 0)]


def _fault(chance: Random, kind: str, faults: set[str], process: int) -> Step:
    if kind not in faults:
        return Work(process, chance.randrange(6))
    times = chance.choice((1, 1, 2, 3, 6))
    applied = chance.choice(tuple(Applied))
    match kind:
        case "lost":
            return Break(Fault(chance.choice(LOST), applied=applied, times=times))
        case "refused":
            # Whatever Fincart refuses as a whole, it has not applied as a whole (truth.md).
            partly = chance.choice((Applied.NONE, Applied.REST, Applied.FIRST_HALF))
            return Break(Fault(chance.choice(REFUSED), applied=partly, times=times))
        case "unacted":
            after = chance.choice((None, "1", "7"))
            unacted = chance.choice(UNACTED[:2])
            return Break(Fault(unacted, times=times, retry_after=after if unacted is FaultKind.RATE_LIMITED else None))
        case "lie":
            return Break(Fault(FaultKind.SAYS_SUCCESS, applied=applied))
        case "logs":
            logs = chance.choice((*LOST, FaultKind.RATE_LIMITED, FaultKind.NO_CONNECTION, FaultKind.FORBIDDEN))
            return Break(Fault(logs, Endpoint.LOGS, times=times))
        case "slow":
            endpoint = chance.choice(tuple(Endpoint))
            return Break(Fault(FaultKind.SLOW, endpoint, seconds=chance.choice((0.5, 4.0, 19.0, 60.0)), times=times))
        case "slack":
            return _slack_fault(chance, times)
        case "crash":
            return Crash(process, chance.choice((*BOUNDARIES, "sending", "sent", "")), chance.randrange(4))
        case "stop":
            return Stop(process, in_time=chance.random() < 0.6)
        case "database":
            return DatabaseGone(process, times)
        case "meddle":
            return Meddle(chance.randrange(ORDERS), chance.choice(("Cancelled", "Processing", "Delivered")))
        case _:
            return chance.choice((Token(rejected=True), Token(rejected=False), Break(Fault(FaultKind.FORBIDDEN))))


def _slack_fault(chance: Random, times: int) -> Step:
    if chance.random() < 0.2:
        return Mend(fincart=False)
    method = chance.choice(
        ("*", "chat.postMessage", "chat.update", "response_url", "chat.postEphemeral", "users.info",
         "conversations.info", "auth.test", "chat.getPermalink")
    )  # fmt: skip
    kind = chance.choice(tuple(SlackFaultKind))
    codes = ("internal_error", "fatal_error", "team_access_not_granted", "message_not_found", "invalid_blocks")
    fault = SlackFault(
        kind,
        applied=chance.random() < 0.5
        and kind in (SlackFaultKind.SERVER_ERROR, SlackFaultKind.HANG, SlackFaultKind.DROP),
        retry_after=chance.choice((1, 5, 30)),
        error=chance.choice(codes),
    )
    return BreakSlack(method, fault, chance.choice((times, times, None)))
