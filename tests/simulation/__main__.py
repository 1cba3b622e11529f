"""`python -m tests.simulation SEEDS=1000 [FROM=0]` runs so many seeds; `SEED=17` runs one and tells its plan."""

import logging
import sys
import time

from .plan import plan_of
from .runs import Runs


def main(arguments: list[str]) -> int:
    """0 when no seed failed."""
    given = dict(argument.split("=", 1) for argument in arguments)
    logging.disable(logging.WARNING)
    runs = Runs()
    began = time.monotonic()
    try:
        if "SEED" in given:
            seeds = range(int(given["SEED"]), int(given["SEED"]) + 1)
            print(plan_of(seeds[0]).told())
        else:
            first = int(given.get("FROM", "0"))
            seeds = range(first, first + int(given.get("SEEDS", "1000")))
        failures = 0
        for seed in seeds:
            failure = runs.run(plan_of(seed))
            if failure is not None:
                failures += 1
                smaller = runs.smaller(failure) if given.get("SHRINK", "1") == "1" else failure
                print(smaller.told(), flush=True)
                if failures >= int(given.get("MOST", "1")):
                    break
        for name, times in sorted(runs.met.items()):
            print(f"{times:9,} {name}")
        print(f"{len(seeds)} seeds in {time.monotonic() - began:.1f} s, {failures} failed")
        return 1 if failures else 0
    finally:
        runs.close()


sys.exit(main(sys.argv[1:]))
