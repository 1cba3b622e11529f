"""Puts Python's logging back as it was: the bot sets it up for a whole process."""

import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def logging_restored() -> Iterator[None]:
    """Whatever the block does to logging ends with it."""
    root = logging.getLogger()
    before = (root.handlers[:], root.level, sys.excepthook, threading.excepthook)
    try:
        yield
    finally:
        logging.captureWarnings(False)
        root.handlers[:], root.level, sys.excepthook, threading.excepthook = before
