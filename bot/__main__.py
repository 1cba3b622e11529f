"""The command line: `python -m bot COMMAND`, or `cancel-orders COMMAND` where the wheel is installed.

Exit codes: 0 all is well; 1 it could not be done, or something is not right; 2 the settings or the command line
are wrong, and nothing was begun.
"""

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from bot.server.shutdown import StopSignal

if TYPE_CHECKING:
    from bot.settings.model import Settings

_DESCRIPTION = "Cancel Fincart orders from Slack: previewed, confirmed by a person, told truthfully, recorded."
_DISTRIBUTION = "cancel-orders-bot"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code. Parts are imported by the command that needs them."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    # Before all that takes its time: told to stop while it starts, too, `serve` ends as it should.
    stop = StopSignal() if given[:1] == ["serve"] else None
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")
    if given[:1] == ["demo"]:
        from bot.sandbox.story.story import main as demo

        return demo(given[1:], program())
    if given[:1] == ["--version"]:
        return _version()
    from bot.settings.model import SettingsError

    args = _parser().parse_args(given, argparse.Namespace(stop=stop))
    try:
        code: int = args.run(args)
        sys.stdout.flush()
    except SettingsError as error:
        complain(str(error))
        return 2
    except BrokenPipeError:
        # Whoever read our output has seen enough; what is left in the buffer must not fail at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130
    return code


def program() -> str:
    """The program as the person called it, for usage lines and hints: `python -m bot`, or the installed command."""
    name = Path(sys.argv[0]).stem
    return "python -m bot" if name == "__main__" else name


def complain(text: str) -> None:
    """Say in plain words what is wrong, on standard error."""
    sys.stderr.write(f"{text}\n")


def _parser() -> argparse.ArgumentParser:
    from bot.cli import audit as audit_cli

    parser = argparse.ArgumentParser(prog=program(), description=_DESCRIPTION)
    parser.add_argument("--version", action="store_true", help="print the name and version of what is installed")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    serve = commands.add_parser("serve", help="run the bot until SIGTERM or Ctrl-C")
    serve.add_argument(
        "--paused", action="store_true", help="send nothing until somebody types resume: on a restored database"
    )
    serve.set_defaults(run=_serve)
    commands.add_parser("demo", help="the bot at work between a stand-in Slack and a stand-in Fincart", add_help=False)
    check = commands.add_parser("check", help="try settings, database, Slack and Fincart; changes and cancels nothing")
    check.set_defaults(run=_check)
    manifest = commands.add_parser("manifest", help="print the Slack app's manifest")
    manifest.add_argument("--url", help="the bot's public address, for HTTP; without it, Socket Mode")
    manifest.set_defaults(run=_manifest)
    audit = commands.add_parser("audit", help="read, export and verify the history")
    audit_cli.add_commands(audit)
    return parser


def _version() -> int:
    from importlib.metadata import PackageNotFoundError, version

    try:
        sys.stdout.write(f"{_DISTRIBUTION} {version(_DISTRIBUTION)}\n")
    except PackageNotFoundError:
        complain(f"{_DISTRIBUTION} is not installed, so its version is not known: install it with pip, or run make.")
        return 1
    return 0


def _serve(args: argparse.Namespace) -> int:
    from bot.settings.logging import set_up_logging
    from bot.settings.model import Need, load_settings

    settings = load_settings(need=Need.SERVE)
    set_up_logging(settings)
    logging.getLogger("bot").info("starting")
    try:
        _serve_with(settings, args.stop, paused=args.paused)
    except _CannotStart as error:
        complain(str(error))
        _leave(1)
    _leave(0)


class _CannotStart(Exception):
    """Why `serve` ended, in plain words."""


def _serve_with(settings: "Settings", stop: StopSignal, *, paused: bool) -> None:
    from bot.app import build
    from bot.cli.operator import operator
    from bot.network import UnusableProxyError
    from bot.requests.global_pause import pause_at_start
    from bot.server.serve import CannotServe, serve
    from storage.db.transactions import StorageUnavailable

    try:
        bot = build(settings)
        if paused:
            # Committed before any work begins: nothing is sent in between.
            said = pause_at_start(bot.context.database, operator())
            logging.getLogger("bot").warning("%s: nothing is sent until somebody types /cancel-orders resume", said)
    except StorageUnavailable as unavailable:
        raise _CannotStart(f"the database cannot be used: {unavailable}. See DATABASE_URL, or run check.") from None
    except UnusableProxyError as unusable:
        raise _CannotStart(str(unusable)) from None
    try:
        serve(bot, stop)
    except CannotServe as error:
        raise _CannotStart(str(error)) from None


def _leave(code: int) -> NoReturn:
    """End now: whatever a thread still waits for is written ahead already, and Python would wait for it."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            continue
    os._exit(code)


def _check(args: argparse.Namespace) -> int:
    from bot.cli.check import check

    return check(sys.stdout)


def _manifest(args: argparse.Namespace) -> int:
    from bot.settings.values import Wrong
    from bot.slack.manifest import manifest_text

    try:
        text = manifest_text(args.url)
    except Wrong as wrong:
        complain(f"--url: {wrong.what}. {wrong.fix}")
        return 2
    sys.stdout.write(text)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
