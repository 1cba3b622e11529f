"""Threads that run only when they are switched to, all in the one thread there is. (greenlet brings no types.)"""

import importlib
from collections.abc import Callable
from typing import Any

_greenlet: Any = importlib.import_module("greenlet")


def new(act: Callable[[], None]) -> Any:
    """One that will do this once it is switched to."""
    return _greenlet.greenlet(act)


def current() -> Any:
    """The one that runs."""
    return _greenlet.getcurrent()
