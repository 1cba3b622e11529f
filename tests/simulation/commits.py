"""Versions of the project, out of its history."""

import subprocess
import tarfile
from io import BytesIO
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def newest_before() -> str:
    """The newest commit whose newest migration is an earlier one than this version's.

    Raises `CalledProcessError` where there is no history.
    """
    migrations = "storage/migrations/versions/0*.py"
    return _git("log", "-1", "--diff-filter=A", "--format=%H^", "--", migrations).decode().strip()


def put(commit: str, folder: Path) -> None:
    """Put a commit's files into the folder. Raises `CalledProcessError` for an unknown one."""
    with tarfile.open(fileobj=BytesIO(_git("archive", commit, "bot", "storage", "tests/simulation"))) as tree:
        tree.extractall(folder, filter="data")


def _git(*arguments: str) -> bytes:
    return subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True).stdout
