"""`make run`: make passes the signal on, waits for the bot, and then ends as make does."""

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from torture.outside import TortureStandIns

ROOT = Path(__file__).parents[2]


@pytest.mark.long
@pytest.mark.parametrize(
    ("tell", "by"),
    [(os.kill, signal.SIGTERM), (os.killpg, signal.SIGTERM), (os.killpg, signal.SIGINT)],
    ids=["kill", "kill-the-group", "ctrl-c"],
)
def test_the_bot_stops_cleanly_before_make_does(
    tell: Callable[[int, int], None], by: signal.Signals, sqlite_url: str, tmp_path: Path
) -> None:
    with TortureStandIns(sqlite_url, tmp_path) as outside:
        settings = {name: text for name, text in outside._settings.items() if name != "FOLDER"}
        kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "TMPDIR", "LANG")}
        make = subprocess.Popen(
            ["make", "--old-file=.venv/.ready", f"RUN={sys.executable}", "run"],
            cwd=ROOT,
            env=kept | settings,
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            encoding="utf-8",
            start_new_session=True,
        )
        assert make.stderr is not None
        watchdog = threading.Timer(60, make.kill)
        watchdog.start()
        with make.stderr as lines:
            said = next(line for line in lines if "listening on" in line)
            tell(make.pid, by)
            rest = lines.read()
        code = make.wait(20)
        watchdog.cancel()

    assert re.search("listening on http", said)
    assert re.search(r"\bstopped\b", rest)
    assert code in (-by, 0)  # 0 where whoever ran the tests had the signal ignored
