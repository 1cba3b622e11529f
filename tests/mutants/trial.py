"""Trials: a copy of the tree, one change in it, and the one test that must notice."""

import importlib
import multiprocessing
import os
import runpy
import shutil
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .change import CodeChange
from .entry import Mutant

_ROOT = Path(__file__).resolve().parents[2]

SECONDS = 240
"""For one trial: a broken copy that hangs for longer has shown nothing."""

_LIBRARIES = [
    *("_pytest.config", "alembic.command", "httpx", "jsonschema", "psycopg", "pydantic_settings", "pytest"),
    *("slack_bolt", "slack_sdk", "sqlalchemy.dialects.postgresql", "sqlmodel", "starlette", "uvicorn", "websockets"),
]
"""What every trial imports: it is imported once, and each trial is forked from there, which saves most of its time."""

_FORKED = multiprocessing.get_context("forkserver")
_FORKED.set_forkserver_preload(_LIBRARIES)

_NOT_COPIED = shutil.ignore_patterns(".venv", ".git", ".*_cache", "__pycache__", ".hypothesis", "*.db*", "*.egg-info")

PATIENCE = os.environ.get("PATIENCE", "8")
"""Seconds that a story waits for what it expects: a broken copy mostly shows in what never comes."""

_BREAKS_DOWN = ("NameError", "UnboundLocalError", "ImportError", "ModuleNotFoundError", "SyntaxError")
"""What a test fails by where the change is no rule broken, but code that cannot run."""


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one trial."""

    mutant: Mutant
    is_caught: bool
    why: str
    seconds: float


class Copy:
    """A copy of the tree in which one change at a time stands."""

    def __init__(self, root: Path, folder: Path) -> None:
        self.root = folder / "tree"
        shutil.copytree(root, self.root, ignore=_NOT_COPIED)
        self._report = folder / "report.xml"
        subprocess.run(
            [sys.executable, "-m", "compileall", "-q", "bot", "storage", "tests"],
            cwd=self.root,
            check=True,
        )

    @contextmanager
    def changed(self, change: CodeChange) -> Iterator[None]:
        """The change stands inside the block."""
        path = self.root / change.path
        before, stamps = path.read_text(encoding="utf-8"), path.stat()
        path.write_text(change.source, encoding="utf-8")
        # Older than what it was compiled from, so that nobody takes the compiled one for this.
        os.utime(path, (stamps.st_atime, stamps.st_mtime - 1000))
        try:
            yield
        finally:
            path.write_text(before, encoding="utf-8")
            os.utime(path, ns=(stamps.st_atime_ns, stamps.st_mtime_ns))

    def run(self, nodes: Sequence[str], *more: str) -> tuple[int, str]:
        """Run tests; pytest's exit code, and all that it said."""
        self._report.unlink(missing_ok=True)
        report = f"--junitxml={self._report}"
        return self._fork("pytest", "-p", "no:cacheprovider", report, *more, *nodes)

    def play(self, seed: int) -> tuple[int, str]:
        """Play one seed of the simulation."""
        return self._fork("tests.simulation", f"SEED={seed}", "SHRINK=0", "DATABASE=sqlite")

    def failures(self) -> list[str]:
        """The first line of each failure in the report of the last run."""
        if not self._report.exists():
            return []
        found = ElementTree.parse(self._report).getroot().iter()
        return [each.get("message", "").splitlines()[0] for each in found if each.tag in ("failure", "error")]

    def _fork(self, module: str, *arguments: str) -> tuple[int, str]:
        """The exit code of a module run as a program in the copy, -1 where it hangs, and all that it said."""
        said = self._report.with_suffix(".txt")
        process = _FORKED.Process(target=_run, args=(str(self.root), str(said), module, arguments))
        process.start()
        process.join(SECONDS)
        if process.is_alive():
            assert process.pid is not None
            os.killpg(process.pid, signal.SIGKILL)
            process.join()
            return -1, said.read_text(encoding="utf-8")
        return process.exitcode or 0, said.read_text(encoding="utf-8")


def _run(root: str, said: str, module: str, arguments: Sequence[str]) -> None:
    """In the forked process: as `python -m module arguments` does in the copy, all of whose words go to a file."""
    os.setsid()
    with Path(said).open("w", encoding="utf-8") as out:
        os.dup2(out.fileno(), 1)
        os.dup2(out.fileno(), 2)
    os.chdir(root)
    # Whoever starts a copy by `python -m bot` must get this one, not the one that is installed.
    os.environ |= {"PYTHONPATH": root, "PYTHONDONTWRITEBYTECODE": "1", "PATIENCE": PATIENCE}
    sys.dont_write_bytecode = True
    sys.path[:] = [root, *(each for each in sys.path if each not in ("", str(_ROOT), str(_ROOT / "tests")))]
    for name in [each for each in sys.modules if each.split(".")[0] in ("tests", "bot", "storage")]:
        del sys.modules[name]
    workspace = importlib.import_module("bot.sandbox.slack.workspace")
    workspace.SlackWorkspace.wait_for.__defaults__ = (float(PATIENCE),)
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def tried(copy: Copy, mutant: Mutant, change: CodeChange) -> Result:
    """Whether what must notice this change does."""
    began = time.monotonic()
    with copy.changed(change):
        if mutant.seed is not None:
            code, said = copy.play(mutant.seed)
            is_caught, why = code == 1 and "WrongEnding: " in said, _last_line(said)
        else:
            code, said = copy.run([mutant.caught], "-x")
            is_caught, why = _judged(code, copy.failures(), said)
    return Result(mutant, is_caught, why, time.monotonic() - began)


def _judged(code: int, failures: Sequence[str], said: str) -> tuple[bool, str]:
    if code == -1:
        return False, f"it hangs for {SECONDS} seconds"
    if code == 0:
        return False, "it survives"
    if code != 1 or not failures:
        return False, f"it cannot be tried: {_last_line(said)}"
    why = failures[0]
    if any(word in why for word in _BREAKS_DOWN):
        return False, f"it breaks down: {why}"
    return True, why


def _last_line(said: str) -> str:
    lines = [line for line in said.splitlines() if line.strip()]
    return lines[-1] if lines else "nothing was said"
