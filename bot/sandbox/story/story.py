"""The bot in a browser without Slack, or with `--story` its main job told in the terminal."""

import argparse
import logging
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from bot.sandbox.demo.store import FolderInUse, Unreadable
from bot.sandbox.demo.world import open_world
from bot.sandbox.story.chapters import tell_all
from bot.sandbox.story.teller import NotAsTold, StoryClock, Teller
from storage.db.transactions import StorageUnavailable

FOLDER = Path("demo-data")
PROGRAM = "python -m bot"


def main(argv: Sequence[str], program: str = PROGRAM) -> int:
    """Run the demo that `argv` asks for, as `program` was called; 0 where all went well."""
    wanted = _parser(program).parse_args(argv)
    if wanted.story:
        return tell_story(sys.stdout, program)
    from bot.sandbox.page.server import run_page  # the page needs more than the story does

    try:
        return run_page(wanted.folder, wanted.port, fresh=wanted.fresh, browser=not wanted.no_browser)
    except FolderInUse as error:
        sys.stderr.write(f"Another demo is running on {error}. Stop it, or choose another with --folder.\n")
    except (Unreadable, StorageUnavailable):
        sys.stderr.write(f"What an earlier demo left in {wanted.folder} cannot be read. Begin anew with --fresh.\n")
    except OSError as error:
        sys.stderr.write(f"{error.strerror or error}. Choose another --folder or --port.\n")
    return 1


def tell_story(out: TextIO, program: str = PROGRAM) -> int:
    """Tell the story with the real bot on temporary files; 1 where it did not go as told, which it then says."""
    logging.getLogger().addHandler(logging.NullHandler())
    clock = StoryClock()
    with tempfile.TemporaryDirectory() as folder, open_world(Path(folder), clock=clock) as world:
        try:
            tell_all(Teller(world, clock, out))
        except NotAsTold as trouble:
            out.write(f"\nThe story did not go as told: {trouble}\n")
            return 1
    out.write(f"\nThat is all of it. To use the bot yourself: {program} demo\n")
    return 0


def _parser(program: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"{program} demo", description=__doc__)
    parser.add_argument("--story", action="store_true", help="tell the main job in the terminal and end")
    parser.add_argument("--fresh", action="store_true", help="forget what an earlier demo left in the folder")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the demo keeps its files (demo-data)")
    parser.add_argument("--port", type=_port, default=0, help="the page's port on 127.0.0.1; by default a free one")
    parser.add_argument("--no-browser", action="store_true", help="open no browser, print the address alone")
    return parser


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65_535:
        raise ValueError(text)
    return port
