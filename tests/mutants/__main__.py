"""`python -m tests.mutants [SAMPLE=12 [SEED=n]] [ONLY=word]` tries the broken copies, two at a time: all, so many
drawn by a seed (today's, where none is given), or those whose rule, function or test has that word. `WRITE=1` writes
docs/mutants.md instead."""

import random
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from queue import SimpleQueue

from .catalogue import MUTANTS
from .change import CodeChange, Stale, change_of
from .entry import Mutant
from .page import page
from .trial import Copy, Result, tried

ROOT = Path(__file__).resolve().parents[2]
AT_ONCE = 2


def main(arguments: Sequence[str]) -> int:
    """0 when every broken copy that was tried is caught, and no entry of the whole list is stale."""
    given = dict(argument.split("=", 1) for argument in arguments)
    if "WRITE" in given:
        (ROOT / "docs" / "mutants.md").write_text(page(MUTANTS), encoding="utf-8")
        return 0
    began = time.monotonic()
    changes, stale = _changes()
    chosen = [each for each in _chosen(given) if each in changes]
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        copies = [Copy(ROOT, Path(folder) / str(number)) for number in range(AT_ONCE)]
        if wrong := _whole(copies[0], chosen):
            print(wrong)
            return 1
        results = _tried(copies, chosen, changes)
    missed = [each for each in results if not each.is_caught]
    for each in missed:
        print(f"NOT CAUGHT  {each.mutant.rule}\n            {each.mutant.caught}: {each.why}")
    for words in stale:
        print(f"STALE       {words}")
    seconds = time.monotonic() - began
    print(f"{len(results) - len(missed)} of {len(results)} caught, {len(stale)} stale, in {seconds:.0f} s")
    return 1 if missed or stale else 0


def _changes() -> tuple[dict[Mutant, CodeChange], list[str]]:
    changes, stale = {}, []
    for mutant in MUTANTS:
        try:
            changes[mutant] = change_of(ROOT, mutant)
        except Stale as words:
            stale.append(f"{mutant.rule}: {words}")
    return changes, stale


def _chosen(given: dict[str, str]) -> Sequence[Mutant]:
    if word := given.get("ONLY"):
        return [each for each in MUTANTS if word in f"{each.rule} {each.where} {each.caught}"]
    if "SAMPLE" not in given:
        return MUTANTS
    seed = given.get("SEED") or f"{datetime.now(UTC):%Y%m%d}"
    print(f"SAMPLE={given['SAMPLE']} SEED={seed}")
    return random.Random(seed).sample(MUTANTS, min(int(given["SAMPLE"]), len(MUTANTS)))


def _whole(copy: Copy, chosen: Sequence[Mutant]) -> str:
    """What must notice passes where nothing is broken; else why not."""
    nodes = sorted({each.caught for each in chosen if each.seed is None})
    code, said = copy.run(nodes, "-n", str(AT_ONCE)) if nodes else (0, "")
    if code:
        return f"{said}\nThe tests above fail, or are not there, though nothing is broken."
    for seed in sorted({each.seed for each in chosen if each.seed is not None}):
        code, said = copy.play(seed)
        if code:
            return f"{said}\nSeed {seed} fails though nothing is broken."
    return ""


def _tried(copies: Sequence[Copy], chosen: Sequence[Mutant], changes: dict[Mutant, CodeChange]) -> list[Result]:
    free: SimpleQueue[Copy] = SimpleQueue()
    for copy in copies:
        free.put(copy)

    def trial(mutant: Mutant) -> Result:
        copy = free.get()
        try:
            result = tried(copy, mutant, changes[mutant])
        finally:
            free.put(copy)
        mark = "caught " if result.is_caught else "NOT    "
        print(f"{mark} {result.seconds:5.1f} s  {mutant.rule}: {result.why[:100]}", flush=True)
        return result

    with ThreadPoolExecutor(AT_ONCE) as threads:
        return list(threads.map(trial, chosen))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
