"""The primary of two PostgreSQL servers goes in the middle of the story, and its standby is promoted."""

import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from .checks import WrongAfterDeath, check, settle
from .kills import FATES
from .outside import ANN, TortureStandIns, order_ids, request_id
from .servers import SYNCHRONOUS, PostgresPair

GOES_ON_WITHIN = 15.0
"""Seconds after the promotion."""

IDS = order_ids(12)

Fall = Callable[[PostgresPair, Random], None]
"""What becomes of the primary until its standby can be promoted."""


def _killed(pair: PostgresPair, chance: Random) -> None:
    pair.primary.kill()


def _crashed(pair: PostgresPair, chance: Random) -> None:
    pair.primary.stop(signal.SIGQUIT)


def _cut_off_and_killed(pair: PostgresPair, chance: Random) -> None:
    """What it has written since is its own, and nobody has an answer."""
    pair.cut()
    time.sleep(chance.uniform(0, 1))
    pair.primary.kill()


def _back_for_a_while(pair: PostgresPair, chance: Random) -> None:
    """It starts again with what its standby never got, and shows it to whoever reads."""
    _cut_off_and_killed(pair, chance)
    pair.primary.start(SYNCHRONOUS)
    time.sleep(chance.uniform(0.5, 2))
    pair.primary.kill()


def _demoted(pair: PostgresPair, chance: Random) -> None:
    """It goes on answering those who are connected, and takes no writes."""
    pair.demote()


FALLS: dict[str, Fall] = {
    "killed": _killed,
    "crashed": _crashed,
    "cut off, then killed": _cut_off_and_killed,
    "cut off, killed, back for a while": _back_for_a_while,
    "demoted": _demoted,
}


@dataclass(frozen=True, slots=True)
class Failover:
    """When one server went, and when the other was promoted."""

    began: datetime
    promoted: datetime


def tell_failover(template: Path, folder: Path, seed: int) -> str:
    """Tell the story with this seed's fall and fate. Raises `Wrong` where it does not end as it must."""
    chance = Random(seed)
    fall, fate = chance.choice(list(FALLS)), chance.choice(list(FATES))
    with PostgresPair.copied(template) as pair, TortureStandIns(pair.url, folder) as outside:
        outside.fincart.add(*IDS)
        outside.fincart.inject(*FATES[fate])
        outside.fincart.settings.latency = chance.choice((0.05, 0.2))
        outside.start()
        done: list[Failover] = []
        director = threading.Thread(target=_direct, args=(outside, pair, fall, chance, done), name="director")
        director.start()
        try:
            preview = outside.ask(f"{' '.join(IDS)} because duplicate")
            outside.press(ANN, preview, "go_ahead")
            post = outside.ended(request_id(preview))
        finally:
            director.join(120)
        settle(outside)
        ended = check(outside)
        if not done:
            raise WrongAfterDeath("the standby was not promoted")
        late = _goes_on_after(outside, done[0], float(post.ts))
        if late > GOES_ON_WITHIN:
            raise WrongAfterDeath(f"it goes on {late:.1f} s after the promotion\n{outside.lives[-1].log}")
        when = "under way" if late else "all done before"
        return f"{fall}, {fate}, {when}, {len(outside.lives) - 1} deaths of the bot: {dict(sorted(ended.items()))}"


def _direct(outside: TortureStandIns, pair: PostgresPair, fall: str, chance: Random, done: list[Failover]) -> None:
    life, dies = outside.lives[-1], chance.random() < 0.25
    with suppress(ConnectionError):
        life.until_it_listens()
    time.sleep(chance.uniform(0, 4))
    began = datetime.now(UTC)
    FALLS[fall](pair, chance)
    if dies:
        life.kill()
    time.sleep(chance.uniform(0, 2))
    pair.promote()
    promoted = datetime.now(UTC)
    outside.outages.append((began, promoted))
    done.append(Failover(began, promoted))
    if dies:
        outside.start()
    time.sleep(chance.uniform(0, 3))
    pair.primary.kill()


def _goes_on_after(outside: TortureStandIns, failover: Failover, ended: float) -> float:
    """Seconds from the promotion until something is recorded; none where all had been done before."""
    events = [datetime.fromisoformat(row["at"]) for row in outside.rows("SELECT at FROM audit_event")]
    since = [at for at in events if at > failover.promoted]
    if not since:
        return 0.0
    listens_at = outside.lives[-1].listens_at if len(outside.lives) > 1 else None
    return (min(since) - max(failover.promoted, listens_at or failover.promoted)) / timedelta(seconds=1)
