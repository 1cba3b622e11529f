"""One story told again and again: six orders in three calls, and a process that dies somewhere on the way."""

import signal
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from bot.execution.dispatcher import NO_ANSWER
from bot.sandbox.fincart.faults import Applied, Fault, FaultKind
from bot.sandbox.slack.faults import SlackFault, SlackFaultKind

from .checks import WrongAfterDeath, check, settle
from .outside import ANN, Life, TortureStandIns, as_time, order_ids, request_id

TAKEN_UP_WITHIN = 10.0
"""Seconds after its owner's death (promise 4)."""

STOPPED_WITHIN = 10.0
"""Seconds of SIGTERM."""

IDS = order_ids(6)

Place = tuple[str, str, int]
"""Just `before` or `after` a commit, which, and the so many-th of it (see victim.py)."""

Prepare = Callable[[TortureStandIns], None]
Moment = Callable[[TortureStandIns], bool]
"""Waits, in a thread of its own, for the moment to kill; False where it never came."""


@dataclass(frozen=True, slots=True)
class Death:
    """How a process dies: at a place of its own, or killed from outside at a moment, with what goes wrong besides."""

    name: str
    place: Place | None = None
    moment: Moment | None = None
    prepare: Prepare = lambda outside: None


def at(when: str, place: str, number: int = 1) -> Place:
    """A place."""
    return (when, place, number)


def _call_hangs(applied: Applied) -> Prepare:
    return lambda outside: outside.fincart.inject(Fault(FaultKind.HANG, applied=applied))


def _fincart_has_the_call(outside: TortureStandIns) -> bool:
    return outside.fincart.wait_for(lambda fincart: len(fincart.cancel_calls) > 0, 60)


def _post_hangs(outside: TortureStandIns) -> None:
    outside.slack.fail("chat.postMessage", SlackFault(SlackFaultKind.HANG, applied=True))


def _slack_has_the_post(outside: TortureStandIns) -> bool:
    return bool(outside.slack.wait_for(lambda: outside.slack.count("chat.postMessage"), 60))


TEN = (
    Death("after the delivery was committed, before it was handled", at("after", "deliveries.keep")),
    Death("after the request was made", at("after", "request_made")),
    Death("after the preview was shown", at("after", "poster.Poster._store_answer")),
    Death("after the click was committed, before the go-ahead", at("before", "went_ahead")),
    Death("after the go-ahead, before the first batch was planned", at("after", "went_ahead")),
    Death("after the first batch was planned, before it was sent", at("after", "run_started")),
    Death(
        "while Fincart has the call and has not acted on it",
        moment=_fincart_has_the_call,
        prepare=_call_hangs(Applied.NONE),
    ),
    Death(
        "while Fincart has the call and has acted on it", moment=_fincart_has_the_call, prepare=_call_hangs(Applied.ALL)
    ),
    Death("after the answer, before it was settled", at("before", "batch_settled")),
    Death("between two batches", at("after", "batch_settled")),
    Death("after the last settle, before its message", at("after", "finished")),
    Death(
        "between the post and keeping its name",
        moment=_slack_has_the_post,
        prepare=_post_hangs,
    ),
)
"""The boundaries that matter most."""

FATES: dict[str, tuple[Fault, ...]] = {
    "all well": (),
    "not applied": (Fault(FaultKind.DROP, order_id=IDS[2], applied=Applied.NONE),),
    "applied, its answer lost": (Fault(FaultKind.DROP, order_id=IDS[2], applied=Applied.ALL),),
    "partly applied": (Fault(FaultKind.DROP, order_id=IDS[2], applied=Applied.FIRST_HALF),),
    "refused": (Fault(FaultKind.BAD_ID, order_id=IDS[3], applied=Applied.NONE, times=None),),
    "refused, the rest applied": (Fault(FaultKind.BAD_ID, order_id=IDS[3], applied=Applied.REST, times=None),),
}
"""What becomes of the second call."""


@dataclass(frozen=True, slots=True)
class Told:
    """A story that ended as it must."""

    deaths: int
    taken_up_after: float | None
    """Seconds from the first death to the first sign that somebody went on."""
    ended: Counter[str]
    double_post: bool


def tell(database_url: str, folder: Path, death: Death, fate: str = "all well") -> Told:
    """Tell the story with this death. Raises `Wrong` where it does not end as it must."""
    with TortureStandIns(database_url, folder) as outside:
        outside.fincart.add(*IDS)
        outside.fincart.inject(*FATES[fate])
        death.prepare(outside)
        first = outside.start(dies=death.place) if death.place else outside.start()
        watcher = threading.Thread(target=_survive, args=(outside, first, death), name="watcher", daemon=True)
        watcher.start()
        _people(outside)
        settle(outside)
        _told_to_stop(outside)
        if first.process.returncode == -signal.SIGKILL:
            watcher.join(60)
        if outside.lives[-1].process.returncode is None:
            # It came by its place only now that all was done, or while it stopped: another one looks for what is left.
            settle(outside)
            _told_to_stop(outside)
        ended = check(outside)
        died_at = first.died_at if len(outside.lives) > 1 else None
        posts = len(outside.slack.messages("C0000001"))
        taken_up_after = None if died_at is None else _taken_up_after(outside, died_at)
        return Told(len(outside.lives) - 1, taken_up_after, ended, double_post=posts > 1)


def tell_at_random(database_url: str, folder: Path, seed: int) -> Told:
    """Tell the story with up to three deaths at any moment, and any fate."""
    chance = Random(seed)
    fate = chance.choice(list(FATES))
    with TortureStandIns(database_url, folder) as outside:
        outside.fincart.add(*IDS)
        outside.fincart.inject(*FATES[fate])
        outside.fincart.settings.latency = chance.choice((0.0, 0.02, 0.2))
        outside.start()
        over = threading.Event()
        waits = [_wait(chance) for _ in range(chance.randint(1, 3))]
        watcher = threading.Thread(target=_kill_after, args=(outside, waits, over), name="watcher", daemon=True)
        watcher.start()
        try:
            _people(outside)
        finally:
            over.set()
            watcher.join(60)
        settle(outside)
        ended = check(outside)
        posts = len(outside.slack.messages("C0000001"))
        return Told(len(outside.lives) - 1, None, ended, double_post=posts > 1)


def _wait(chance: Random) -> float:
    """Mostly soon after it listens, where most happens."""
    return chance.uniform(0, 0.5) if chance.random() < 0.7 else chance.uniform(0, 12)


def _kill_after(outside: TortureStandIns, waits: list[float], over: threading.Event) -> None:
    for seconds in waits:
        life = outside.lives[-1]
        try:
            life.until_it_listens()
        except ConnectionError:
            return
        if over.wait(seconds):
            return
        life.kill()
        outside.start()


def _survive(outside: TortureStandIns, first: Life, death: Death) -> None:
    """Kill it when the moment has come; once it is dead, start it again."""
    if death.moment is not None and death.moment(outside):
        first.kill()
        outside.slack.heal()
        outside.fincart.release()
    first.process.wait()
    if first.process.returncode == -9:
        outside.start()


def _told_to_stop(outside: TortureStandIns) -> None:
    """Tell the youngest to stop, and see that it does, unless it dies before."""
    life = outside.lives[-1]
    outside.until(lambda: "starting" in life.log or life.died_at)
    code, seconds = life.terminate()
    if code not in (0, -signal.SIGKILL) or seconds > STOPPED_WITHIN:
        raise WrongAfterDeath(f"told to stop, it ended with {code} after {seconds:.1f} s\n{life.log}")


def _people(outside: TortureStandIns) -> None:
    preview = outside.ask(f"{' '.join(IDS)} because duplicate")
    outside.press(ANN, preview, "go_ahead")
    outside.ended(request_id(preview))


def _taken_up_after(outside: TortureStandIns, died_at: datetime) -> float:
    """Seconds from a death until somebody went on: the first event, post or call thereafter, and every orphan's end.

    They are counted from when there is somebody: a small machine starts many processes slowly.
    """
    events = [datetime.fromisoformat(row["at"]) for row in outside.rows("SELECT at FROM audit_event")]
    calls = [datetime.fromisoformat(call.at) for call in outside.fincart.calls]
    posts = [
        datetime.fromtimestamp(call.at, UTC)
        for call in outside.slack.calls()
        if call.method.startswith("chat.") or call.method == "response_url"
    ]
    listens_at = outside.lives[1].listens_at
    since = max(died_at, listens_at) if listens_at else died_at
    first = min((at for at in (*events, *calls, *posts) if at > died_at), default=since)
    orphans = outside.rows("SELECT ended_at FROM attempt WHERE words = :words AND result = 'lost'", words=NO_ANSWER)
    return (max([first, *(as_time(row["ended_at"]) for row in orphans)]) - since).total_seconds()
