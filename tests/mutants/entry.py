"""What one entry of the list says."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mutant:
    """A rule, who would be hurt without it, the change that breaks it, and what must notice."""

    rule: str
    """In plain words, as it is while nothing is broken."""
    hurts: str
    """Who would be hurt, and how."""
    where: str
    """The function, method (`Class.method`), class or module-level name that holds the rule, wherever it lives."""
    text: str
    """Stands exactly once in it; any white space counts for any other."""
    to: str
    """What stands there in the broken copy."""
    caught: str
    """The test that goes red by it: `tests/test_x.py::test_y[sqlite]`, or `seed 17` of the simulation."""

    @property
    def seed(self) -> int | None:
        """The simulation's seed, where one must notice it."""
        kind, _, number = self.caught.partition(" ")
        return int(number) if kind == "seed" else None
