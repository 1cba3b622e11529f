"""Where the system's Chromium is, and how it is started: without a screen, and without calls of its own."""

import os
import shutil

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

MISSING = "no Chromium on this machine: install it (Debian: apt-get install chromium), or set CHROMIUM to its program"


def program() -> str | None:
    """The browser's program: what `CHROMIUM` names, or the first of the usual ones that is installed."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
