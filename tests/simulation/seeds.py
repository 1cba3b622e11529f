"""PURE: what a seed draws: how the world stands at first, and every step of its history."""

from collections.abc import Sequence
from dataclasses import replace
from random import Random

from bot.sandbox.fincart.faults import Applied, Endpoint, Fault, FaultKind, IdPolicy
from bot.sandbox.slack.faults import SlackFault as SlackFault
from bot.sandbox.slack.faults import SlackFaultKind as SlackFaultKind

from .plan import (
    CHANNELS,
    FOR_EVER,
    ORDERS,
    PERSONS,
    Again,
    Break,
    BreakSlack,
    By,
    Close,
    Crash,
    DatabaseGone,
    Gone,
    MayCancel,
    Meddle,
    Mend,
    Pass,
    Plan,
    PlannedAsk,
    PlannedResume,
    Press,
    Revoke,
    Send,
    Setup,
    Step,
    Stop,
    Token,
    Type,
    Work,
)

BUDGETS = (0, 1, 2, 3, 4, 5, 1000, 1000, 1000)
BOUNDARIES = ("begin", "committing", "committed", "sending", "sent", "reading", "read", "posting", "posted")
PEOPLE = len(PERSONS)
PAUSE = "pause because of the stock-take"
TYPED = ("history", "help", "show R-000000", "nonsense", "waiting", PAUSE, "resume", "resume")
PRESSED = (
    "keep", "approve", "approve", "decline", "withdraw", "emergency", "stop", "pause", "go_on", "undo", "leave_out",
    "check_again", "check_again", "retry", "retry", "retry", "remind",
)  # fmt: skip
AT_THE_PREVIEW = (("go_ahead", "go_ahead"), ("go_ahead", "keep"), ("keep", "go_ahead"), ("ask_approval", "emergency"))
RACES = (
    *AT_THE_PREVIEW, ("approve", "withdraw"), ("approve", "decline"), ("withdraw", "approve"), ("stop", "undo"),
    ("undo", "undo"),
)  # fmt: skip
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
    plain = plain_plan_of(seed)
    setup = _with_reasons(Random(f"reasons {seed}"), _varied(Random(f"varied {seed}"), plain.setup))
    return Plan(seed, setup, tuple(_with_more(Random(f"more {seed}"), plain.steps, setup)))


def plain_plan_of(seed: int) -> Plan:
    """The same without what was added to the simulation later: what it shows, it shows in few steps and for ever."""
    chance = Random(seed)
    faults = {each for each in CLASSES if chance.random() < 0.45}
    setup = _setup(chance)
    steps: list[Step] = []
    for _ in range(chance.choice((15, 25, 40, 60))):
        steps += _steps(chance, faults)
    return Plan(seed, setup, tuple(steps))


def _with_more(chance: Random, steps: Sequence[Step], setup: Setup) -> list[Step]:
    """Faults that last, begun and mostly ended somewhere in the history. Drawn apart, like `_varied`."""
    more = list(steps)
    for kind in ("throttled", "gone", "closed", "revoked", "may cancel"):
        if chance.random() < 0.15:
            at = chance.randrange(len(more))
            begin, end = _lasting(chance, kind)
            more[at:at] = begin
            if end is not None and chance.random() < 0.7:
                more.insert(min(len(more), at + chance.choice((3, 8, 15))), end)
    if setup.grid:
        more = [part for step in more for part in _with_own_approval(step)]
    if chance.random() < 0.2:
        return [part for step in more for part in _with_odd(chance, step)]
    return more


def _lasting(chance: Random, kind: str) -> tuple[list[Step], Step | None]:
    lost = Break(Fault(chance.choice(LOST), applied=Applied.ALL))
    match kind:
        case "throttled":
            fault = chance.choice((FaultKind.RATE_LIMITED, FaultKind.RATE_LIMITED, FaultKind.SERVER_ERROR))
            after = chance.choice((None, "3", "20"))
            throttled = Break(Fault(fault, Endpoint.LOGS, times=chance.choice((5, 15, 60)), retry_after=after))
            return [throttled, *([lost] if chance.random() < 0.6 else [])], None
        case "gone":
            return [lost, Break(Fault(FaultKind.NOT_FOUND, Endpoint.LOGS, times=chance.choice((3, 10))))], None
        case "closed":
            channel = chance.randrange(len(CHANNELS))
            return [Close(channel, chance.choice(("archive", "remove_bot")))], Close(channel, "unarchive")
        case "revoked":
            return [Revoke(chance.choice(("token_revoked", "account_inactive")))], Revoke("")
        case _:
            return [MayCancel(allowed=False)], MayCancel(allowed=True)


def _with_own_approval(step: Step) -> list[Step]:
    """Whoever has asked for approval tries to give it, too: under one id and, where there are two, under the other."""
    if not isinstance(step, Press) or step.action != "ask_approval":
        return [step]
    tries: list[Step] = [Press(step.person, "approve", 0, step.process), Work(step.process, 0)]
    return [step, *[Work(step.process, 0)] * 3, *tries, *tries]


def _with_odd(chance: Random, step: Step) -> list[Step]:
    """Somebody pastes a word beside the ids that is unlike them, and sometimes means it."""
    if not isinstance(step, PlannedAsk) or chance.random() < 0.4:
        return [step]
    include: list[Step] = [
        *[Work(step.process, 0)] * 3,
        Press(step.person, "include", 0, step.process),
        Work(step.process, 0),
    ]
    return [replace(step, odd=True), *(include if chance.random() < 0.5 else [])]


def _setup(chance: Random) -> Setup:
    settings = {
        "FINCART_BATCH_SIZE": str(chance.choice((1, 2, 3, 4, 100))),
        "FINCART_MAX_CONCURRENCY": str(chance.choice((1, 2, 3))),
        "FINCART_LOOKUP_CONCURRENCY": str(chance.choice((1, 8))),
        "HOLD_AFTER_FAILED": str(chance.choice((0, 0, 2, 25))),
        "APPROVAL_VALID_SECONDS": str(chance.choice((60, 600, 3600, 3600))),
    }
    if chance.random() < 0.4:
        settings["UNDO_SECONDS"] = str(chance.choice((2, 10, 40)))
    if chance.random() < 0.4:
        settings["TYPE_TO_CONFIRM_ABOVE"] = str(chance.choice((0, 2)))
    if chance.random() < 0.35:
        settings |= {"SECOND_APPROVAL_ABOVE": str(chance.choice((0, 3))), "APPROVALS_NEEDED": chance.choice(("1", "2"))}
        if chance.random() < 0.6:
            settings |= {"EMERGENCY_USERS": ",".join(PERSONS[:2]), "AUDIT_CHANNEL": CHANNELS[1]}
    titles = ["Pending"] * ORDERS
    for number in range(ORDERS):
        if chance.random() < 0.1:
            titles[number] = chance.choice(("", "Cancelled", "Processing"))
    return Setup(
        processes=chance.choice((1, 2)),
        settings=tuple(settings.items()),
        unknown_ids=chance.choice(tuple(IdPolicy)),
        not_pending=chance.choice(tuple(IdPolicy)),
        log_lag=chance.choice((0.0, 0.0, 2.0, 8.0, 20.0)),
        clock_offset=chance.choice((0.0, 0.0, -40.0, 40.0)),
        clock_skews=(chance.choice((0.0, 0.0, -70.0, 70.0)), chance.choice((0.0, 0.0, -20.0, 20.0))),
        max_ids=chance.choice((None, None, None, 2)),
        cancelled_title=chance.choice(("Cancelled", "canceled")),
        titles=tuple(titles),
    )


def _varied(chance: Random, setup: Setup) -> Setup:
    """What a person who runs it may choose besides. Drawn apart, so that what a seed drew before stays as it was."""
    settings: dict[str, str] = {}
    if chance.random() < 0.15:
        settings["VERIFY_RESULTS"] = "false"
    if chance.random() < 0.15:
        settings["MAX_ORDERS_PER_PERSON_PER_DAY"] = str(chance.choice((5, 12)))
    later: dict[str, str] = {}
    if chance.random() < 0.3:
        if "SECOND_APPROVAL_ABOVE" in dict(setup.settings):
            later |= {"APPROVALS_NEEDED": chance.choice(("1", "2")), "SECOND_APPROVAL_ABOVE": chance.choice(("0", "8"))}
        later |= {"FINCART_BATCH_SIZE": chance.choice(("1", "2", "100")), "UNDO_SECONDS": chance.choice(("0", "10"))}
    foreign = tuple(number for number in range(ORDERS) if chance.random() < 0.1) if chance.random() < 0.15 else ()
    grid = chance.random() < 0.2
    zone = chance.choice(("", "", "Asia/Tokyo", "America/Los_Angeles"))
    return replace(
        setup,
        settings=(*setup.settings, *settings.items()),
        later=tuple(later.items()),
        zone=zone,
        grid=grid,
        foreign=foreign,
    )


def _with_reasons(chance: Random, setup: Setup) -> Setup:
    """Reasons from a list, which some requests carry and some do not, and which one restart may change. Drawn apart."""
    if chance.random() > 0.2:
        return setup
    held = (("REQUIRE_REASON", "true"),) if chance.random() < 0.4 else ()
    later = (("REASONS", "job-2, job-7"),) if setup.later else ()
    return replace(
        setup,
        settings=(*setup.settings, ("REASONS", "job, job-1, job-2, job-3, JOB-4"), *held),
        later=(*setup.later, *later),
    )


def _steps(chance: Random, faults: set[str]) -> list[Step]:
    process = chance.randrange(2)
    which = chance.random()
    if which < 0.12:
        return _asked(chance, process, faults)
    if which < 0.18:
        return _pressed(chance, process)
    if which < 0.20:
        return _raced(chance, chance.randrange(PEOPLE), RACES)
    if which < 0.215:
        return _held(chance, process)
    if which < 0.235 and {"lost", "logs"} <= faults:
        return _unheard(chance, process, faults)
    if which < 0.25:
        return [Type(chance.randrange(PEOPLE), chance.choice(TYPED), process), *_soon(chance, process)]
    if which < 0.26:
        return [Again(chance.randrange(20), process)]
    if which < 0.36:
        return [Send(process, chance.choice(BUDGETS))]
    if which < 0.58:
        return [Work(process, chance.randrange(6), chance.choice(BUDGETS))]
    if which < 0.70:
        return [PlannedResume(chance.randrange(8), chance.choice((0, 1, 2, FOR_EVER)), asleep=chance.random() < 0.2)]
    if which < 0.80:
        seconds = chance.choice((0.3, 1.0, 1.0, 3.0, 5.0, 10.0, 11.0, 31.0, 41.0, 300.0, 4000.0))
        return [Pass(seconds, asleep=chance.random() < 0.3)]
    return [_fault(chance, chance.choice(sorted(faults)), process) if faults else Work(process, 0)]


def _asked(chance: Random, process: int, faults: set[str]) -> list[Step]:
    """Somebody asks, and mostly goes ahead; some take it back, or leave out first what cannot be cancelled."""
    # Few different sets, so that requests meet over the same orders.
    first, count = chance.randrange(ORDERS), chance.choice((1, 1, 2, 3, 5, 8))
    orders = tuple(dict.fromkeys((first + number) % ORDERS for number in range(count)))
    by = chance.choice((By.COMMAND, By.COMMAND, By.COMMAND, By.FORM, By.FILE))
    ask = PlannedAsk(chance.randrange(PEOPLE), chance.randrange(2), orders, process, by, says_why=chance.random() < 0.8)
    presses = ["leave_out"] if chance.random() < 0.25 else []
    presses += ["emergency"] if chance.random() < 0.6 else []
    presses += ["go_ahead", "ask_approval"]
    presses += ["undo"] if chance.random() < 0.15 else []
    steps: list[Step] = [ask, *_soon(chance, process)]
    if chance.random() < 0.12:
        return [*steps, *_raced(chance, ask.person, AT_THE_PREVIEW)]
    for action in presses:
        press = Press(ask.person, action, 0, process, mistypes=chance.random() < 0.1)
        steps += [press, Work(process, 0), Work(process, 0)]
    if chance.random() < 0.5:
        who, answer = chance.choice(((1, "approve"), (1, "approve"), (1, "approve"), (1, "decline"), (0, "withdraw")))
        steps += [Press((ask.person + who) % PEOPLE, answer, 0, process), Work(process, 0)]
    if chance.random() < 0.5:
        steps += [Pass(chance.choice((3.0, 11.0, 41.0)), asleep=False)]
    if "crash" in faults and chance.random() < 0.5:
        deadly = chance.choice(("committing", "committed", "sending", "sending", "sent", "sent"))
        steps += [Crash(process, deadly, 0), Send(process, FOR_EVER)]
    if chance.random() < 0.2:
        return [*steps, *_overslept(chance, process)]
    return [*steps, *(Send(chance.randrange(2), chance.choice(BUDGETS)) for _ in range(chance.randrange(5)))]


def _pressed(chance: Random, process: int) -> list[Step]:
    action = chance.choice(PRESSED) if chance.random() < 0.7 else ""
    person = chance.randrange(PEOPLE)
    press = Press(person, action, chance.randrange(12), process, mistypes=chance.random() < 0.1)
    if action == "retry":
        return [press, *_soon(chance, process), Press(person, "go_ahead", 0, process), Work(process, 0)]
    return [press]


def _raced(chance: Random, person: int, races: Sequence[tuple[str, str]]) -> list[Step]:
    """Two press at once, and both presses are half handled before either is handled whole."""
    one, other = chance.choice(races)
    else_who = person if chance.random() < 0.6 else chance.randrange(PEOPLE)
    half: list[Step] = [Press(person, one, 0, 0), Press(else_who, other, 0, 1), Work(0, 0, 2), Work(1, 0, 2)]
    return [*half, *(PlannedResume(which, FOR_EVER, asleep=False) for which in (chance.choice((-1, -2)), -1))]


def _overslept(chance: Random, process: int) -> list[Step]:
    """A process is halted just before it sends, sleeps through its lease, and goes on after another has taken over."""
    asleep = Pass(chance.choice((5.0, 7.0, 30.0)), asleep=True)
    half: list[Step] = [Send(process, chance.choice((1, 2))), asleep, Send(process + 1, chance.choice((3, FOR_EVER)))]
    # The logs of what it sent are read, so that it may be on its way again when the late answer comes.
    logs = [Work(process + 1, lane) for lane in range(4)]
    return [*half, Pass(3.5, asleep=False), *logs, PlannedResume(0, FOR_EVER, asleep=False)]


def _held(chance: Random, process: int) -> list[Step]:
    """A request or everything is held, sending is tried meanwhile, and somebody lets it go on."""
    one, other = chance.sample(range(PEOPLE), 2)
    hold: Step = Press(one, "pause", 0, process)
    go_on: Step = Press(other, "go_on", 0, process)
    if chance.random() < 0.5:
        hold, go_on = Type(one, PAUSE, process), Type(other, "resume", process)
    tried = [Send(process, FOR_EVER), Send(process + 1, chance.choice(BUDGETS))]
    passed = Pass(chance.choice((0.3, 3.0, 31.0)), asleep=False)
    shown = [Work(process, 0), Work(process, 0), Work(process, 0)]
    return [hold, *shown, passed, *tried, go_on, *shown, *tried]


def _unheard(chance: Random, process: int, faults: set[str]) -> list[Step]:
    """Neither calls nor logs are answered while orders are sent; later somebody has the unknown ones checked again."""
    lost = Fault(chance.choice(LOST), applied=chance.choice(tuple(Applied)), times=3)
    silent = Fault(chance.choice(LOST), Endpoint.LOGS, times=60)
    tried: list[Step] = [Send(process, FOR_EVER), *(Work(process, lane) for lane in range(4)), Pass(3.5, asleep=False)]
    checked: list[Step] = [Press(chance.randrange(PEOPLE), "check_again", 0, process), Work(process, 0)]
    return [*_asked(chance, process, faults), Break(lost), Break(silent), *tried * 5, *checked]


def _soon(chance: Random, process: int) -> list[Step]:
    """Mostly a request is prepared and shown at once, or little would ever be confirmed."""
    if chance.random() < 0.15:
        return []
    return [Work(process, 0), Work(process, 0), Work(process, 0)]


def _fault(chance: Random, kind: str, process: int) -> Step:
    times = chance.choice((1, 1, 2, 3, 6, 6))
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
            return Crash(process, chance.choice((*BOUNDARIES, "sending", "sent", "")), chance.choice((0, 0, 1, 3)))
        case "stop":
            return Stop(process, in_time=chance.random() < 0.6)
        case "database":
            return DatabaseGone(process, times, chance.choice(tuple(Gone)))
        case "meddle":
            return Meddle(chance.randrange(ORDERS), chance.choice(("Cancelled", "Processing", "Delivered")))
        case _:
            return chance.choice((Token(rejected=True), Token(rejected=False), Break(Fault(FaultKind.FORBIDDEN))))


def _slack_fault(chance: Random, times: int) -> Step:
    if chance.random() < 0.2:
        return Mend(fincart=False)
    method = chance.choice(
        (*"******", "chat.postMessage", "chat.update", "response_url", "chat.postEphemeral", "users.info",
         "conversations.info", "auth.test", "chat.getPermalink", "views.open", "download")
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
