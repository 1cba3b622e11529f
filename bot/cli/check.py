"""`check`: tests whether the settings, the database, Slack and Fincart are ready for `serve`. Changes nothing.

Each finding is one line: `ok …`, or `wrong …` with the fix at its end.
"""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryFile
from typing import TextIO

from sqlalchemy import URL, Connection, inspect, make_url, text

from bot.cli.check_approvers import approver_findings
from bot.cli.check_channels import channel_findings
from bot.cli.check_role import role_findings
from bot.cli.check_standby import standby_findings
from bot.cli.database_file import sqlite_file
from bot.cli.finding import CheckResult, good, wrong
from bot.fincart.client import CallLimits, FincartClient, ProbeKind
from bot.settings.logging import Redactor, secrets_of, set_up_logging
from bot.settings.model import Need, Settings, SettingsError, load_settings, missing
from bot.slack.client import Identity, SlackClient
from bot.slack.manifest import SCOPES
from bot.slack.results import Answer, Ok, RateLimited, Refused
from bot.slack.transport import SdkTransport
from storage.db.migrate import is_current, refuse_a_newer_database
from storage.db.servers import servers_of
from storage.db.transactions import Database, StorageUnavailable

WITHIN_SECONDS = 10.0
"""How long all of it may take; what has not answered by then is wrong."""

_SLACK_SECONDS = 6.0

_ROOM = "x" * 65_536
"""What the database must have room for."""
_INTO_DELIVERIES = text(
    "INSERT INTO delivery (id, kind, payload, received_at, tries) VALUES ('check', 'check', :x, CURRENT_TIMESTAMP, 0)"
)
_INTO_A_NEW_TABLE = text("INSERT INTO check_whether_it_can_be_written VALUES (:x)")


def check(out: TextIO, within_seconds: float = WITHIN_SECONDS) -> int:
    """Print a line for each check; return 0 if all pass, else 1. Takes at most `within_seconds`."""
    try:
        settings = load_settings(need=Need.CHECK)
    except SettingsError as error:
        for problem in error.problems:
            out.write(f"{wrong(f'settings: {problem}')}\n")
        return 1
    set_up_logging(settings.model_copy(update={"log_level": "CRITICAL"}))
    redactor = Redactor(secrets_of(settings))
    all_good = True
    for finding in findings(settings, within_seconds):
        out.write(f"{redactor.strike(' '.join(str(finding).splitlines()))}\n")
        all_good = all_good and finding.good
    return 0 if all_good else 1


def findings(settings: Settings, within_seconds: float = WITHIN_SECONDS) -> Iterator[CheckResult]:
    """Run all checks in parallel; return their findings in a fixed order."""
    yield from _settings(settings)
    trials = [_Trial("the database", lambda: list(_database(settings)))]
    if settings.audit_head_file is not None:
        head_file = settings.audit_head_file
        trials.append(_Trial("AUDIT_HEAD_FILE", lambda: [_head_file(head_file)]))
    if settings.slack_bot_token is not None:
        trials.append(_Trial("Slack", lambda: list(_slack(settings))))
    if settings.slack_app_token is not None:
        trials.append(_Trial("Socket Mode", lambda: [_socket_mode(settings)]))
    if settings.fincart_token is not None:
        trials.append(_Trial("Fincart", lambda: [_fincart(settings)]))
    deadline = time.monotonic() + within_seconds
    for trial in trials:
        trial.start()
    for trial in trials:
        yield from trial.found(deadline, within_seconds)


class _Trial(threading.Thread):
    """Runs one check on its own thread, which is abandoned if it hangs: no library's time-out is trusted."""

    def __init__(self, what: str, act: Callable[[], list[CheckResult]]) -> None:
        super().__init__(name=f"check-{what}", daemon=True)
        self._what = what
        self._act = act
        self._found: list[CheckResult] = []

    def run(self) -> None:
        try:
            self._found = self._act()
        except Exception as error:  # any error of a library is a finding and does not end `check`
            self._found = [wrong(f"{self._what}: could not be tried ({type(error).__name__}: {error}).")]

    def found(self, deadline: float, within_seconds: float) -> list[CheckResult]:
        self.join(max(0.0, deadline - time.monotonic()))
        if self.is_alive():
            fix = "Look whether its address is right and reachable from here."
            return [wrong(f"{self._what}: did not answer within {within_seconds:g} seconds. {fix}")]
        return self._found


def _settings(settings: Settings) -> Iterator[CheckResult]:
    lacking = missing(settings)
    yield from (wrong(f"settings: {problem}") for problem in lacking)
    if not lacking:
        mode = "Socket Mode" if settings.socket_mode else f"HTTP on {settings.host}, port {settings.port}"
        called = settings.command_name
        called += f" of {settings.installation_name}" if settings.installation_name else ""
        yield good(f"settings: complete and without contradictions; Slack delivers {called} by {mode}")


def _database(settings: Settings) -> Iterator[CheckResult]:
    url = make_url(settings.database_url)
    file = sqlite_file(settings.database_url)
    where = f"the database {file}" if file is not None else f"the database {url.database} on {_servers(url)}"
    if file is not None and not file.exists():
        folder = file.parent
        if folder.is_dir():
            yield good(f"{where}: does not exist yet; serve makes it")
        else:
            yield wrong(f"{where}: its folder does not exist. Make the folder, or correct DATABASE_URL.")
        return
    database = Database(settings.database_url)
    try:
        with database.read() as session:
            yield _version(where, session.connection())
            if not database.is_sqlite:
                yield from role_findings(where, session.connection())
                yield from standby_findings(where, settings.database_url, session.connection())
        _try_to_write(database)
        yield good(f"{where}: can be written")
    except StorageUnavailable as unavailable:
        yield wrong(f"{where}: {unavailable}. Correct DATABASE_URL, or what the database says is wrong.")
    finally:
        database.close()


def _servers(url: URL) -> str:
    """The PostgreSQL servers of an address; their ports too where there are several."""
    servers = servers_of(url.render_as_string(hide_password=False))
    several = ", ".join(f"{host}:{port}" for host, port in servers)
    return several if servers[1:] else servers[0][0] or "this host"


def _version(where: str, connection: Connection) -> CheckResult:
    refuse_a_newer_database(connection)
    if is_current(connection):
        return good(f"{where}: can be read, and is of this version")
    return good(f"{where}: can be read; migrate brings it to this version, as serve does when it starts")


class _Undo(Exception):
    """Rolls a trial's transaction back."""


def _try_to_write(database: Database) -> None:
    try:
        with database.write(within_seconds=3.0) as transaction:
            there = inspect(transaction.connection).has_table("delivery")
            if not there:
                transaction.session.execute(text("CREATE TABLE check_whether_it_can_be_written (x TEXT)"))
            if database.is_sqlite:
                # Otherwise SQLite keeps what is not committed in memory, and a full disk goes unnoticed.
                transaction.session.execute(text("PRAGMA cache_size = 1"))
            transaction.session.execute(_INTO_DELIVERIES if there else _INTO_A_NEW_TABLE, {"x": _ROOM})
            raise _Undo
    except _Undo:
        return


def _head_file(path: Path) -> CheckResult:
    """Open the file as `serve` does, and add nothing; where there is none yet, see that it can be made."""
    try:
        if path.exists():
            path.open("ab").close()
        else:
            with TemporaryFile(dir=path.parent):
                pass
    except OSError as error:
        return wrong(f"AUDIT_HEAD_FILE {path}: cannot be written ({error.strerror}). Let the bot's user write to it.")
    return good(f"AUDIT_HEAD_FILE {path}: can be written")


def _slack(settings: Settings) -> Iterator[CheckResult]:
    assert settings.slack_bot_token is not None
    transport = SdkTransport(settings.slack_bot_token, settings.slack_api_url)
    try:
        slack = SlackClient(transport)
        answer = slack.auth_test(_SLACK_SECONDS)
        yield from _token(answer)
        if isinstance(answer, Ok):
            yield from approver_findings(slack, settings)
            yield from channel_findings(slack, settings, answer.value.scopes)
    finally:
        transport.close()


def _token(answer: Answer[Identity]) -> Iterator[CheckResult]:
    if not isinstance(answer, Ok):
        yield wrong(f"Slack: {_no(answer, 'SLACK_BOT_TOKEN', 'OAuth & Permissions (xoxb-…)')}")
        return
    identity = answer.value
    yield good(f"Slack: the token is that of {identity.user_id} in {identity.team_name or identity.team_id}")
    if not identity.scopes:
        yield good("Slack: it did not say which scopes the token has; the bot says so where one is missing")
        return
    lacking = [scope for scope in SCOPES if scope not in identity.scopes]
    for scope in lacking:
        fix = "Add it under OAuth & Permissions and install the app again."
        yield wrong(f"Slack: the scope {scope} is missing, needed to {SCOPES[scope]}. {fix}")
    if not lacking:
        yield good(f"Slack: the token has all {len(SCOPES)} scopes")


def _socket_mode(settings: Settings) -> CheckResult:
    """Request a Socket Mode address without connecting to it."""
    token = settings.slack_app_token
    assert token is not None
    transport = SdkTransport(token, settings.slack_api_url)
    answer = transport.call("apps.connections.open", {"app_token": token.get_secret_value()}, _SLACK_SECONDS)
    transport.close()
    if isinstance(answer, Ok):
        return good("Socket Mode: the app token opens connections")
    return wrong(f"Socket Mode: {_no(answer, 'SLACK_APP_TOKEN', 'Basic Information, App-Level Tokens (xapp-…)')}")


def _no(answer: Answer[object], name: str, place: str) -> str:
    match answer:
        case Refused("missing_scope", detail):
            return f"{name} lacks the scope {detail or 'it needs'}. Add it in Slack's app settings."
        case Refused(code):
            return f"refuses {name} ({code}). Copy it again from {place} in Slack's app settings."
        case RateLimited(seconds):
            return f"wants to be left alone for {seconds} seconds. Try again then."
        case _:
            why = getattr(answer, "why", "no answer")
            return f"cannot be reached ({why}). Look whether this machine reaches SLACK_API_URL."


def _fincart(settings: Settings) -> CheckResult:
    assert settings.fincart_token is not None
    client = FincartClient(
        settings.fincart_base_url, settings.fincart_token, CallLimits(log_timeout_seconds=_SLACK_SECONDS)
    )
    probe = client.probe()
    client.close()
    where = f"Fincart at {settings.fincart_base_url}"
    match probe.kind:
        case ProbeKind.GOOD:
            return good(f"{where}: answers, and accepts the token")
        case ProbeKind.TOKEN:
            fix = "Copy FINCART_TOKEN again from the merchant portal: profile menu, Access Token."
            return wrong(f"{where}: refuses the token ({probe.words}). {fix}")
        case ProbeKind.UNREACHABLE:
            return wrong(f"{where}: cannot be reached ({probe.words}). Correct FINCART_BASE_URL, or the network.")
        case ProbeKind.DISTRUSTED:
            fix = "Correct FINCART_BASE_URL, or have this machine trust the issuer, or name its file in SSL_CERT_FILE."
            return wrong(f"{where}: cannot be reached ({probe.words}). {fix}")
        case ProbeKind.PROXY:
            fix = "Correct HTTPS_PROXY, or what the proxy allows, or name Fincart's host in NO_PROXY."
            return wrong(f"{where}: cannot be reached ({probe.words}). {fix}")
        case ProbeKind.DOWN:
            fix = "Try again later, as the bot does by itself; if it lasts, correct FINCART_BASE_URL."
            return wrong(f"{where}: has trouble of its own ({probe.words}). {fix}")
        case ProbeKind.STRANGE:
            return wrong(f"{where}: does not speak like Fincart ({probe.words}). Correct FINCART_BASE_URL.")
