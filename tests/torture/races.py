"""Races between two processes on one database: two presses, or a press and a deadline, at the same moment."""

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random

from bot.sandbox.slack.deliveries import SlackDelivery
from bot.sandbox.slack.state import Post

from .checks import WrongAfterDeath, check, settle
from .outside import ANN, BO, ORDERS, UNRECORDED, Life, TortureStandIns, answers, as_time, order_ids, request_id

ALONE_UP_TO = 3
"""Larger requests need a second person."""

STEADY = {"SECOND_APPROVAL_ABOVE": str(ALONE_UP_TO)}
HURRIED = {"UNDO_SECONDS": "1", "REQUEST_TTL_SECONDS": "6"}
"""Settings under which races are run; a deadline to race against is one of seconds, for every request."""

Press = Callable[[], SlackDelivery]


@dataclass(frozen=True, slots=True)
class Round:
    """One race: what is pressed at the same moment, and when."""

    public_id: str
    presses: tuple[Press, ...]
    at: datetime | None = None
    """About when; None: now."""
    led_up: tuple[SlackDelivery, ...] = ()
    """Presses before it whose answers nobody has waited for."""


@dataclass(frozen=True, slots=True)
class Race:
    """A kind of race. `prepare` leads up to it; `one_winner` tells it by the kinds of the request's events."""

    name: str
    settings: dict[str, str]
    prepare: Callable[[TortureStandIns, Sequence[str]], Round]
    one_winner: Callable[[Counter[str], int], bool]
    orders: int = 1
    spread: float = 0.004
    """Seconds by which the presses are apart at most."""
    lead: float = 0.0
    """Seconds before the deadline at which they begin at the earliest: so that either side wins at times."""
    side_by_side: int = 6
    """Rounds at a time: people who race a deadline mostly wait for it."""


def _preview(outside: TortureStandIns, ids: Sequence[str]) -> Post:
    return outside.ask(f"{' '.join(ids)} because duplicate", about=ids[0])


def _press(outside: TortureStandIns, person: str, where: Post, action: str) -> Press:
    """A press of a button as it was when it was seen: it may be gone when the press comes."""
    value = next(button.value for button in where.buttons())
    return lambda: outside.slack.forge_click(person, where, {"action_id": action, "value": value})


def _two(outside: TortureStandIns, ids: Sequence[str], first: str, second: str) -> Round:
    shown = _preview(outside, ids)
    return Round(request_id(shown), (_press(outside, ANN, shown, first), _press(outside, ANN, shown, second)))


def _approve_or_withdraw(outside: TortureStandIns, ids: Sequence[str]) -> Round:
    shown = _preview(outside, ids)
    public_id = request_id(shown)
    outside.press(ANN, shown, "ask_approval")

    def card() -> list[Post]:
        about = [post for post in outside.slack.messages(ORDERS) if f"\n{public_id} · asked" in post.text]
        return [post for post in about if any(button.action_id == "approve" for button in post.buttons())]

    [waits] = outside.slack.wait_for(card, 30)
    return Round(public_id, (_press(outside, BO, waits, "approve"), _press(outside, ANN, waits, "withdraw")))


def _confirm_or_expire(outside: TortureStandIns, ids: Sequence[str]) -> Round:
    shown = _preview(outside, ids)
    public_id = request_id(shown)
    [row] = outside.rows("SELECT expires_at FROM request WHERE public_id = :id", id=public_id)
    return Round(public_id, (_press(outside, ANN, shown, "go_ahead"),), as_time(row["expires_at"]))


def _undo_or_send(outside: TortureStandIns, ids: Sequence[str]) -> Round:
    shown = _preview(outside, ids)
    public_id = request_id(shown)
    outside.press(ANN, shown, "go_ahead")
    query = "SELECT not_before FROM request WHERE public_id = :id AND not_before IS NOT NULL"
    outside.until(lambda: outside.rows(query, id=public_id))
    [row] = outside.rows(query, id=public_id)
    undo = _press(outside, ANN, shown, "undo")
    return Round(public_id, (undo, undo), as_time(row["not_before"]))


def _stop_or_finish(outside: TortureStandIns, ids: Sequence[str]) -> Round:
    shown = _preview(outside, ids)
    gone_ahead = outside.insist(lambda: outside.slack.click(ANN, shown, "go_ahead"))
    stop = _press(outside, ANN, shown, "stop")
    return Round(request_id(shown), (stop, stop), led_up=(gone_ahead,))


RACES = (
    Race(
        "confirm and confirm",
        STEADY,
        lambda outside, ids: _two(outside, ids, "go_ahead", "go_ahead"),
        lambda told, presses: told["went_ahead"] == 1 and told["click_refused"] == 1,
    ),
    Race(
        "confirm and keep",
        STEADY,
        lambda outside, ids: _two(outside, ids, "go_ahead", "keep"),
        lambda told, presses: told["went_ahead"] + told["withdrawn"] == 1 and told["click_refused"] == 1,
    ),
    Race(
        "approve and withdraw",
        STEADY,
        _approve_or_withdraw,
        lambda told, presses: told["approved"] + told["withdrawn"] == 1 and told["click_refused"] == 1,
        orders=ALONE_UP_TO + 1,
    ),
    Race(
        "stop and finish",
        STEADY,
        _stop_or_finish,
        lambda told, presses: (
            told["stopped"] <= 1 and told["finished"] == 1 and told["click_refused"] == presses - told["stopped"]
        ),
        orders=ALONE_UP_TO,
        spread=0.2,
    ),
    Race(
        "confirm and expire",
        HURRIED,
        _confirm_or_expire,
        lambda told, presses: told["went_ahead"] + told["expired"] == 1 and told["click_refused"] == told["expired"],
        spread=0.05,
        lead=0.15,
        side_by_side=12,
    ),
    Race(
        "undo and send",
        HURRIED,
        _undo_or_send,
        lambda told, presses: (
            told["withdrawn"] + told["run_started"] == 1 and told["click_refused"] == presses - told["withdrawn"]
        ),
        spread=0.05,
        lead=0.15,
        side_by_side=12,
    ),
)


def run(outside: TortureStandIns, races: Sequence[Race], rounds: int, seed: int) -> dict[str, Counter[str]]:
    """Run so many rounds of each race. Returns, for each, how often which kind of event came of it.

    Raises `Wrong` where a race had no winner, or two, where a loser was told nothing, or where, in the end, what is
    told and recorded is not what Fincart did.
    """
    doors = [outside.start(), outside.start()]
    for life in doors:
        life.until_it_listens()
    jobs = [(race, number) for number in range(rounds) for race in races]
    side_by_side = races[0].side_by_side
    with ThreadPoolExecutor(side_by_side) as pool, ThreadPoolExecutor(2 * side_by_side) as fingers:
        done = list(
            pool.map(lambda job: _round(outside, doors, fingers, races.index(job[0]), job[0], job[1], seed), jobs)
        )
    settle(outside)
    met: dict[str, Counter[str]] = {}
    for (race, _), (this, deliveries) in zip(jobs, done, strict=True):
        public_id = this.public_id
        events = outside.rows("SELECT kind FROM audit_event WHERE request = :id", id=public_id)
        told = Counter(str(row["kind"]) for row in events)
        # Where two processes keep one SQLite file busy for too long, a press is answered that it could not be recorded,
        # and counts for nothing: then there is less to win, or nobody to lose.
        if not race.one_winner(told, len(deliveries)) and not _unrecorded(outside, [*this.led_up, *deliveries]):
            raise WrongAfterDeath(
                f"{race.name}: {public_id} has not exactly one winner: {told}\n{outside.state(public_id)}"
            )
        for delivery in deliveries:
            if not answers(outside.slack, delivery):
                raise WrongAfterDeath(
                    f"{race.name}: a press on {public_id} was never answered\n{outside.state(public_id)}"
                )
        met.setdefault(race.name, Counter()).update(told)
    check(outside)
    return met


def _unrecorded(outside: TortureStandIns, deliveries: Sequence[SlackDelivery]) -> bool:
    """Whether any of these presses was answered that it could not be recorded."""
    return any(UNRECORDED in text for delivery in deliveries for text in answers(outside.slack, delivery))


def _round(
    outside: TortureStandIns,
    doors: Sequence[Life],
    fingers: ThreadPoolExecutor,
    kind: int,
    race: Race,
    number: int,
    seed: int,
) -> tuple[Round, list[SlackDelivery]]:
    chance = Random(f"{seed} {race.name} {number}")
    ids = order_ids(race.orders, first=(number * len(RACES) + kind) * 8)
    outside.fincart.add(*ids)
    this = race.prepare(outside, ids)
    if this.at is not None:
        until = (this.at - datetime.now(UTC)).total_seconds() + chance.uniform(-race.lead, 0.0)
        threading.Event().wait(max(0.0, until))
    together = threading.Barrier(len(this.presses))

    def press(act: Press, door: Life, late: float) -> SlackDelivery:
        with outside.through(door):
            together.wait(30)
            threading.Event().wait(late)
            delivery = act()
        if not delivery.ok:
            raise WrongAfterDeath(f"{race.name}: a press was not acknowledged: {delivery.notice}")
        return delivery

    chosen = [(act, chance.choice(doors), chance.uniform(0, race.spread)) for act in this.presses]
    return this, [each.result(60) for each in [fingers.submit(press, *one) for one in chosen]]
