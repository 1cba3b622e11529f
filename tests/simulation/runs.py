"""Runs plans: each in a fresh world; a failure is made smaller and told with its seed."""

import traceback
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from .checker import check
from .plan import Plan
from .seeds import plan_of
from .stores import Files, Store
from .world import SimulatedWorld, SimulationRules


@dataclass(frozen=True)
class Failure:
    """What went wrong, and the plan that shows it."""

    plan: Plan
    why: str

    def told(self) -> str:
        """For people: how to see it again, the steps, and what was wrong."""
        return f"{self.plan.told()}\n\n{self.why}\n\nAgain: python -m tests.simulation SEED={self.plan.seed}"


class Runs:
    """Runs plans one after another, each on a fresh database. Counts what was met."""

    def __init__(self, rules: SimulationRules | None = None, store: Store | None = None) -> None:
        """The store, SQLite files where none is given, is closed with this."""
        self._rules = rules or SimulationRules()
        self._store: Store = store or Files()
        self.met: Counter[str] = Counter()

    def close(self) -> None:
        """Remove all databases."""
        self._store.close()

    def run(self, plan: Plan) -> Failure | None:
        """Carry out a plan; None when nothing was wrong. A process of the version before stands beside one of this."""
        if self._rules.before is not None:
            plan = replace(plan, setup=replace(plan.setup, processes=2))
        world = SimulatedWorld(plan, self._store.fresh(), self._rules, self.met)
        try:
            world.run()
            check(world)
        except Exception as wrong:
            return Failure(plan, f"{type(wrong).__name__}: {wrong}\n{traceback.format_exc(limit=-6)}")
        finally:
            for kind, times in world.fincart.faults_met.items():
                self.met[f"fincart {kind}"] += times
            for kind, times in world.slack.core.faults.struck.items():
                self.met[f"slack {kind}"] += times
            world.close()
        return None

    def first_failure(self, seeds: Iterable[int], plan: Callable[[int], Plan] = plan_of) -> Failure | None:
        """The first of these seeds that fails; None when none does."""
        return next((failure for seed in seeds if (failure := self.run(plan(seed))) is not None), None)

    def smaller(self, failure: Failure, tries: int = 300) -> Failure:
        """The same failure with as few steps as can be found in so many tries: halves, then less and less."""
        best, size = failure, max(1, len(failure.plan.steps) // 2)
        while size and tries > 0:
            at, was = 0, len(best.plan.steps)
            while at < len(best.plan.steps) and tries > 0:
                tries -= 1
                steps = best.plan.steps[:at] + best.plan.steps[at + size :]
                again = self.run(replace(best.plan, steps=steps))
                if again is not None and _kind(again) == _kind(failure):
                    best = again
                else:
                    at += size
            if size > 1 or len(best.plan.steps) == was:
                size //= 2
        return best


def _kind(failure: Failure) -> str:
    """What sort of failure it is, without ids, times and numbers."""
    first = failure.why.partition("\n")[0]
    return "".join(each for each in first.split(": ", 3)[-1] if not each.isdigit())[-40:]
