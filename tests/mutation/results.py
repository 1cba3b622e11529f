"""What mutmut left behind: a file of results beside each module that it broke."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_BY_TYPES = 37
_SURVIVED = (0, 5, 33, 35)
"""mutmut's exit codes: no test failed, none was found, none enters there, one took suspiciously long."""


@dataclass(frozen=True, slots=True)
class Module:
    """How the changes of one module ended: by mutmut's names, None where one was not tried."""

    name: str
    ends: dict[str, int | None]

    @property
    def is_done(self) -> bool:
        return None not in self.ends.values()

    @property
    def mutants(self) -> int:
        return len(self.ends)

    @property
    def by_types(self) -> int:
        return sum(end == _BY_TYPES for end in self.ends.values())

    @property
    def left(self) -> list[str]:
        return [name for name, end in self.ends.items() if end in _SURVIVED]

    @property
    def by_tests(self) -> int:
        return self.mutants - self.by_types - len(self.left)

    @property
    def percent(self) -> float:
        """Of the changes that the type checker lets through, how many a test notices."""
        runs = self.mutants - self.by_types
        return 100 * self.by_tests / runs if runs else 100.0


@dataclass(frozen=True, slots=True)
class Survivor:
    """A change that nothing noticed: its function, and the lines that go and come."""

    where: str
    change: str


def modules(mutants: Path) -> list[Module]:
    """Every module with a result."""
    found = []
    for path in sorted(mutants.rglob("*.py.meta")):
        name = str(path.relative_to(mutants)).removesuffix(".py.meta").replace("/", ".")
        ends = json.loads(path.read_text(encoding="utf-8"))["exit_code_by_key"]
        if ends:
            found.append(Module(name, ends))
    return found


def survivors_of(root: Path, module: Module) -> Iterator[Survivor]:
    """The changes of a module that nothing noticed, without the numbers that mutmut gives them."""
    for name in module.left:
        shown = subprocess.run(
            [Path(sys.executable).parent / "mutmut", "show", name], cwd=root, capture_output=True, text=True, check=True
        ).stdout.splitlines()
        lines = [line for line in shown if line[:1] in "+-" and line[:3] not in ("+++", "---")]
        where = name.rpartition("__mutmut_")[0].replace(".x_", ".")
        yield Survivor(where, "\n".join(f"{line[0]} {line[1:].strip()}" for line in lines))
