"""The command line, run within the test's own process."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from logging_restored import logging_restored

from bot.__main__ import main

CommandLine = Callable[..., tuple[int, str, str]]
"""Runs one command: its exit code, and what stood on both outputs."""


@pytest.fixture
def command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Iterator[CommandLine]:
    """Runs commands in a directory of their own. Each sets logging up for its process: it is put back at the end."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> tuple[int, str, str]:
        code = main(arguments)
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    with logging_restored():
        yield run
