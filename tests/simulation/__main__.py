"""`python -m tests.simulation SEEDS=1000 [FROM=0] [DATABASE=postgresql]` runs so many seeds; `SEED=17` runs one and
tells its plan. On SQLite, unless told otherwise, but for every tenth seed. `MEETS="audit held down"` names the seeds in
which that was met. `BEFORE=a07681e` has one of two processes be of that commit's version, `BEFORE=auto` of the newest
one with fewer migrations."""

import logging
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

from .before import version_in
from .commits import newest_before, put
from .happened import told, too_little
from .runs import Runs
from .seeds import plan_of
from .stores import DatabaseServer, postgresql_server
from .world import SimulationRules

EVERY = 10
"""Every so manieth seed runs on PostgreSQL."""


def main(arguments: list[str]) -> int:
    """0 when no seed failed."""
    given = dict(argument.split("=", 1) for argument in arguments)
    logging.disable(logging.WARNING)
    if "SEED" in given:
        seeds = range(int(given["SEED"]), int(given["SEED"]) + 1)
        print(plan_of(seeds[0]).told())
    else:
        first = int(given.get("FROM", "0"))
        seeds = range(first, first + int(given.get("SEEDS", "1000")))
    began = time.monotonic()
    with ExitStack() as open_until_then:
        by_database: dict[str, Runs] = {}
        failures = 0
        rules = _rules(given.get("BEFORE", ""), open_until_then)
        for seed in seeds:
            database = given.get("DATABASE", "sqlite" if seed % EVERY else "postgresql")
            if database not in by_database:
                by_database[database] = _runs(database, rules, open_until_then)
            runs = by_database[database]
            met_before = runs.met[given.get("MEETS", "")]
            failure = runs.run(plan_of(seed))
            if runs.met[given.get("MEETS", "")] > met_before:
                print(f"seed {seed} meets it", flush=True)
            if failure is not None:
                failures += 1
                smaller = runs.smaller(failure) if given.get("SHRINK", "1") == "1" else failure
                print(f"{smaller.told()} DATABASE={database}", flush=True)
                if failures >= int(given.get("MOST", "1")):
                    break
        met = sum((runs.met for runs in by_database.values()), Counter[str]())
    for name, times in sorted(met.items()):
        print(f"{times:9,} {name}")
    print(told(met))
    print(f"{len(seeds)} seeds in {time.monotonic() - began:.1f} s, {failures} failed")
    return 1 if failures or too_little(met) else 0


def _rules(before: str, open_until_then: ExitStack) -> SimulationRules:
    if not before:
        return SimulationRules()
    commit = newest_before() if before == "auto" else before
    print(f"one of two processes is of {commit}", flush=True)
    folder = Path(open_until_then.enter_context(tempfile.TemporaryDirectory(prefix="before-")))
    put(commit, folder)
    return SimulationRules(before=version_in(folder))


def _runs(database: str, rules: SimulationRules, open_until_then: ExitStack) -> Runs:
    store = DatabaseServer(open_until_then.enter_context(postgresql_server())) if database == "postgresql" else None
    runs = Runs(rules, store)
    open_until_then.callback(runs.close)
    return runs


sys.exit(main(sys.argv[1:]))
