"""The command line: `python -m bot COMMAND`, or `cancel-orders COMMAND` where the wheel is installed.

Exit codes: 0 success; 1 the command failed or found a problem; 2 the settings or the command line are wrong, and
nothing was begun.
"""

import argparse
import logging
import os
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from bot.server.shutdown import StopSignal

if TYPE_CHECKING:
    from bot.settings.model import Settings

_DESCRIPTION = "Cancel Fincart orders from Slack: previewed, confirmed by a person, told truthfully, recorded."
_DISTRIBUTION = "cancel-orders-bot"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code. Each command imports what it needs, so that it starts fast."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    # First of all, so that a signal during start-up also ends `serve` cleanly.
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
        # The reader closed the pipe; flushing the rest at exit must not fail.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130
    return code


def program() -> str:
    """Return the program's name as the person typed it: `python -m bot`, or the installed command."""
    name = Path(sys.argv[0]).stem
    return "python -m bot" if name == "__main__" else name


def complain(text: str) -> None:
    """Print what is wrong to standard error."""
    sys.stderr.write(f"{text}\n")


def _parser() -> argparse.ArgumentParser:
    from bot.cli import archive, audit, backup, control, copy, erase, migrate, status

    parser = argparse.ArgumentParser(prog=program(), description=_DESCRIPTION)
    parser.add_argument("--version", action="store_true", help="print the name and version of what is installed")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    serve = commands.add_parser("serve", help="run the bot until SIGTERM or Ctrl-C")
    serve.add_argument(
        "--paused", action="store_true", help="send nothing until somebody types resume: on a restored database"
    )
    serve.add_argument(
        "--no-migrate", action="store_true", help="leave the tables as they are; start only where they fit (else 2)"
    )
    serve.set_defaults(run=_serve)
    migrate.add_commands(commands)
    commands.add_parser("demo", help="the bot at work between a stand-in Slack and a stand-in Fincart", add_help=False)
    check = commands.add_parser("check", help="try settings, database, Slack and Fincart; changes and cancels nothing")
    check.set_defaults(run=_check)
    manifest = commands.add_parser("manifest", help="print the Slack app's manifest")
    manifest.add_argument("--url", help="the bot's public address, for HTTP; without it, Socket Mode")
    manifest.set_defaults(run=_manifest)
    audit.add_commands(commands.add_parser("audit", help="read, export and verify the history"))
    control.add_commands(commands)
    status.add_commands(commands)
    backup.add_commands(commands)
    copy.add_commands(commands)
    erase.add_commands(commands)
    archive.add_commands(commands)
    _add_reconcile(commands, audit.read_time)
    return parser


def _add_reconcile(commands: Any, read_time: Callable[[str], datetime]) -> None:
    reconcile = commands.add_parser(
        "reconcile", help="compare the record with the orders' logs at Fincart; exit code 1 where they differ"
    )
    since = "only requests made or finished since, or open: 2026-11-28T14:00 (UTC)"
    reconcile.add_argument("--since", metavar="T", type=read_time, help=since)
    orders = "these orders besides, a list or CSV: those that the record may not know"
    reconcile.add_argument("--orders", metavar="FILE", type=Path, help=orders)
    reconcile.add_argument("--record", action="store_true", help="record what the logs prove, as corrections")
    reconcile.set_defaults(run=_reconcile)


def _version() -> int:
    from importlib.metadata import PackageNotFoundError, version

    try:
        sys.stdout.write(f"{_DISTRIBUTION} {version(_DISTRIBUTION)}\n")
    except PackageNotFoundError:
        complain(f"{_DISTRIBUTION} is not installed, so its version is not known: install it with pip, or run make.")
        return 1
    return 0


def _serve(args: argparse.Namespace) -> int:
    from bot.app import process_name
    from bot.settings.logging import set_up_logging
    from bot.settings.model import Need, load_settings
    from storage.log_events import LogEvent, about

    settings, process = load_settings(need=Need.SERVE), process_name()
    set_up_logging(settings, process=process)
    logging.getLogger("bot").info("starting", extra=about(LogEvent.PROCESS_STARTING))
    try:
        _serve_with(settings, args, process)
    except _CannotStart as error:
        complain(str(error))
        _leave(1)
    _leave(0)


class _CannotStart(Exception):
    """Why `serve` could not start, in words for people."""


def _serve_with(settings: "Settings", args: argparse.Namespace, process: str) -> None:
    from bot.app import build
    from bot.cli.migrate import prepare
    from bot.cli.operator import operator
    from bot.network import UnusableProxyError
    from bot.requests.global_pause import pause_a_restored_copy, pause_at_start
    from bot.server.serve import CannotServe, serve
    from storage.audit.witness import HeadWitness
    from storage.db.arrival import wait_for_server
    from storage.db.transactions import StorageUnavailable
    from storage.log_events import LogEvent, about

    try:
        wait_for_server(settings.database_url)
        prepare(settings.database_url, as_it_is=args.no_migrate)
        bot = build(settings, process=process)
        witness = HeadWitness(bot.context.database, settings.audit_head_file)
        pause_a_restored_copy(bot.context.database, operator(), witness)
        if args.paused:
            # Committed before any work begins, so that nothing is sent first.
            earlier = pause_at_start(bot.context.database, operator())
            if earlier is not None:
                until = f"nothing is sent until somebody types {settings.command_name} resume"
                logging.getLogger("bot").warning("%s: %s", earlier, until, extra=about(LogEvent.HELD))
    except StorageUnavailable as unavailable:
        raise _CannotStart(f"the database cannot be used: {unavailable}. See DATABASE_URL, or run check.") from None
    except UnusableProxyError as unusable:
        raise _CannotStart(str(unusable)) from None
    try:
        serve(bot, args.stop)
    except CannotServe as error:
        raise _CannotStart(str(error)) from None


def _leave(code: int) -> NoReturn:
    """End the process now. Python would wait for pool threads; what they wait for is committed already."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            continue
    os._exit(code)


def _check(args: argparse.Namespace) -> int:
    from bot.cli.check import check

    return check(sys.stdout)


def _reconcile(args: argparse.Namespace) -> int:
    from bot.cli.reconcile import reconcile

    return reconcile(args)


def _manifest(args: argparse.Namespace) -> int:
    from bot.context import names_of
    from bot.settings.model import Need, load_settings
    from bot.settings.values import Wrong
    from bot.slack.manifest import manifest_text

    settings = load_settings(need=Need.MANIFEST)
    try:
        text = manifest_text(args.url, names_of(settings))
    except Wrong as wrong:
        complain(f"--url: {wrong.what}. {wrong.fix}")
        return 2
    sys.stdout.write(text)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
