"""Processes of the benchmark's own: each prints one line of JSON when it is ready, and ends with its input."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any


class Child:
    """A running process, what it said when it was ready, and a way to tell it something."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        said = self.read()
        self.ready: dict[str, Any] = said

    def read(self) -> Any:
        """The next line it prints."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("a process of the benchmark ended early")
        return json.loads(line)

    def tell(self, word: str) -> Any:
        """Say a word to it, and wait for its answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(word + "\n")
        self._process.stdin.flush()
        return self.read()


@contextmanager
def child(module: str, options: Mapping[str, Any]) -> Iterator[Child]:
    """Run `python -m MODULE OPTIONS` until the block ends."""
    command = [sys.executable, "-m", module, json.dumps(dict(options))]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield Child(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def options() -> dict[str, Any]:
    """In a child: what it was started with."""
    given: dict[str, Any] = json.loads(sys.argv[1])
    return given


def say(what: Any) -> None:
    """In a child: answer the process that started it."""
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def words() -> Iterator[str]:
    """In a child: what it is told, until the other side is gone."""
    for line in sys.stdin:
        yield line.strip()
