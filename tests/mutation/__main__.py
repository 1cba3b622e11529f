"""`python -m tests.mutation [ONLY=outcome,policy] [PROCESSES=2] [WRITE=1]` breaks the pure modules line by line, tells
how many changes their tests notice, and fails where one survives without a reason in survivors.toml. `WRITE=1` writes
docs/mutation.md after it; `TELL=1` tells of the last run again."""

import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

from .page import page
from .results import Module, modules, survivors_of

ROOT = Path(__file__).resolve().parents[2]
MUTANTS = ROOT / "mutants"
"""mutmut's own copy of the project, and its results."""

REASONS = Path(__file__).with_name("survivors.toml")
AT_LEAST = 95


def main(arguments: Sequence[str]) -> int:
    """0 where every survivor has a reason, no reason is stale, and enough is caught in each module."""
    given = dict(argument.split("=", 1) for argument in arguments)
    known = tomllib.loads(REASONS.read_text(encoding="utf-8"))
    only = [word for word in given.get("ONLY", "").split(",") if word]
    if not given.get("TELL"):
        _run(only, given.get("PROCESSES", "2"))
    tried = [each for each in modules(MUTANTS) if each.is_done]
    wrong = [words for module in tried for words in _wrong(module, known["survivors"])]
    for module in tried:
        print(f"{module.name:28} {module.mutants:5} {module.by_types:5} {module.by_tests:5} {module.percent:6.1f} %")
    print("\n".join(wrong))
    if given.get("WRITE"):
        (ROOT / "docs" / "mutation.md").write_text(page(tried, known), encoding="utf-8")
    return 1 if wrong else 0


def _run(only: Sequence[str], processes: str) -> None:
    shutil.rmtree(MUTANTS, ignore_errors=True)
    bin_folder = Path(sys.executable).parent
    command = [str(bin_folder / "mutmut"), "run", "--max-children", processes, *(f"bot.*{word}*" for word in only)]
    path = f"{bin_folder}{os.pathsep}{os.environ.get('PATH', '')}"
    subprocess.run(command, cwd=ROOT, env={**os.environ, "PATH": path}, check=True)


def _wrong(module: Module, known: Sequence[dict[str, str]]) -> list[str]:
    """What is wrong in a module: survivors without a reason, reasons without a survivor, too few caught."""
    left = survivors_of(ROOT, module)
    explained = {(each["where"], each["change"]) for each in known if each["where"].startswith(f"{module.name}.")}
    found = {(each.where, each.change) for each in left}
    wrong = [f"SURVIVED  {where}\n{change}" for where, change in sorted(found - explained)]
    wrong += [f"STALE     {where}\n{change}" for where, change in sorted(explained - found)]
    if module.percent < AT_LEAST:
        wrong.append(f"TOO FEW   {module.name}: {module.percent:.1f} %")
    return wrong


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
