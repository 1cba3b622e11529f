"""Reads the settings from the environment and `.env`, and reports all their problems at once.

The environment overrides `.env`; an empty value counts as unset. An unknown name that looks like a setting is refused
with the nearest setting: a misspelt limit must not silently become no limit.
"""

import io
import os
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path

from dotenv.parser import parse_stream
from pydantic import ValidationError

from bot.settings.consistency import Problem, contradictions, missing, missing_besides
from bot.settings.fields import FILE_NAMES, NAMES, SECRET_NAMES, SUFFIX, Settings, check_of
from bot.settings.secret_files import FileSecret, read_secret
from bot.settings.values import Wrong, is_quoted

__all__ = ["NAMES", "Need", "Problem", "Settings", "SettingsError", "load_settings", "missing"]

ENV_FILE = Path(".env")
"""The settings file, in the current directory."""


class Need(StrEnum):
    """What a command needs of the settings."""

    SERVE = "serve"
    """Everything: tokens, somebody allowed, and all of it right."""
    CHECK = "check"
    """What is set must be valid; `missing` reports what is not set."""
    AUDIT = "audit"
    """Only the database and the logs; other problems must not block reading the history."""
    MANIFEST = "manifest"
    """Only what the installation is called."""


class SettingsError(Exception):
    """The settings are unusable; `problems` lists every reason with its fix, without secrets."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


def load_settings(
    env: Mapping[str, str] | None = None,
    env_file: Path | None = ENV_FILE,
    *,
    need: Need = Need.SERVE,
) -> Settings:
    """Load the settings of `env` (by default the process's environment) over those of `env_file`, if it exists.

    Raises `SettingsError` with every problem.
    """
    environment = dict(os.environ if env is None else env)
    file, unreadable = _read_file(env_file)
    fields = _fields_needed(need)
    texts, files, from_files = _from_files(_filled(file) | _filled(environment))
    given = {name: text for name, text in texts.items() if name in fields}
    unknown = [*unreadable, *_unknown(environment, file)]
    problems = [each.problem for each in unknown if each.nearest in fields]
    problems += (problem for problem in from_files if problem.name.removesuffix(SUFFIX) in fields)
    problems += (_no_text(name) for name in given if not _is_text(given[name]))
    problems += (_quoted(name) for name in given if is_quoted(given[name]))
    usable = {name: text for name, text in given.items() if _is_text(text) and not is_quoted(text)}
    settings, wrong = _build(usable)
    problems += wrong
    broken = {problem.name.removesuffix(SUFFIX) for problem in problems}
    problems += contradictions(settings, broken)
    if need is Need.SERVE:
        problems += missing_besides(settings, broken)
    if problems:
        raise SettingsError(tuple(_without_secrets(problem, given) for problem in problems))
    return settings.model_copy(update=_read_anew(files, fields))


def _from_files(given: Mapping[str, str]) -> tuple[dict[str, str], dict[str, Path], list[Problem]]:
    """The settings with the secrets of their files, those files, and what is wrong with them."""
    texts = {name: text for name, text in given.items() if name in NAMES}
    files: dict[str, Path] = {}
    problems = []
    for name in sorted(SECRET_NAMES):
        if (path := given.get(name + SUFFIX)) is None:
            continue
        if name in texts:
            problems.append(Problem(name + SUFFIX, f"set beside {name}", "Keep one of the two."))
            continue
        try:
            texts[name] = read_secret(Path(path))
            files[name] = Path(path)
        except Wrong as wrong:
            problems.append(Problem(name + SUFFIX, wrong.what, wrong.fix))
    return texts, files, problems


def _read_anew(files: Mapping[str, Path], fields: Collection[str]) -> dict[str, FileSecret]:
    """The secrets that follow their file; the database's address is read at the start alone."""
    return {
        name.lower(): FileSecret(name, path, check_of(name))
        for name, path in files.items()
        if name in fields and name != "DATABASE_URL"
    }


def _fields_needed(need: Need) -> frozenset[str]:
    return _NEEDED.get(need, frozenset(NAMES))


_NEEDED = {
    Need.AUDIT: frozenset({"DATABASE_URL", "LOG_LEVEL", "LOG_FORMAT"}),
    Need.MANIFEST: frozenset({"COMMAND_NAME", "INSTALLATION_NAME"}),
}
"""The settings that a command reads, where it does not read them all."""


@dataclass(frozen=True, slots=True)
class _Unknown:
    """A problem with an unknown name or line, and the setting most likely meant."""

    nearest: str
    problem: Problem


def _read_file(path: Path | None) -> tuple[dict[str, str], list[_Unknown]]:
    """Read `.env`, and report every invalid line: a skipped line could be a limit.

    A line's text is never shown: it may be a misplaced secret.
    """
    if path is None or not path.exists():
        return {}, []
    try:
        lines = list(parse_stream(io.StringIO(path.read_text(encoding="utf-8-sig"))))
    except (OSError, UnicodeDecodeError):
        unreadable = Problem(str(path), "cannot be read as text", "Make it readable and save it as UTF-8.")
        return {}, [_Unknown("DATABASE_URL", unreadable)]
    values: dict[str, str] = {}
    wrong = []
    for line in lines:
        text = line.original.string
        number = line.original.line + text[: len(text) - len(text.lstrip())].count("\n")
        where = f"line {number} of {path.name}"
        if line.error or (line.key is not None and (line.value is None or not _NAME.fullmatch(line.key))):
            problem = Problem(where, "not of the form NAME=value", "Write it so, or put # in front of it.")
            wrong.append(_Unknown(_nearest(re.split(r"[^A-Za-z_]", text.strip(), maxsplit=1)[0]), problem))
        elif line.key in values:
            problem = Problem(line.key, f"given a second time in {where}", "Keep one of the two.")
            wrong.append(_Unknown(_nearest(line.key), problem))
        elif line.key is not None:
            values[line.key] = line.value or ""
    return values, wrong


_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,60}")


def _nearest(name: str) -> str:
    return get_close_matches(name.upper(), NAMES, n=1, cutoff=0.0)[0]


def _filled(values: Mapping[str, str]) -> dict[str, str]:
    """Return the known settings that are not empty."""
    return {name: values[name].strip() for name in (*NAMES, *FILE_NAMES) if values.get(name, "").strip()}


def _build(texts: Mapping[str, str]) -> tuple[Settings, list[Problem]]:
    """Build the settings with invalid ones at their defaults, and return the problems."""
    try:
        return Settings.model_validate({name.lower(): text for name, text in texts.items()}), []
    except ValidationError as error:
        wrong = list(_problems(error))
    broken = {problem.name for problem in wrong}
    usable = {name.lower(): text for name, text in texts.items() if name not in broken}
    return Settings.model_validate(usable), wrong


def _problems(error: ValidationError) -> Iterator[Problem]:
    for detail in error.errors(include_input=False, include_url=False):
        name = str(detail["loc"][0]).upper()
        match detail.get("ctx", {}).get("error"):
            case Wrong(what=what, fix=fix):
                yield Problem(name, what, fix)
            case _:
                yield Problem(name, "cannot be read", "Look it up in docs/settings.md.")


def _is_text(value: str) -> bool:
    """Whether the value is text: bytes of the environment that are not UTF-8 come as lone surrogates."""
    return not any("\ud800" <= character <= "\udfff" for character in value)


def _no_text(name: str) -> Problem:
    return Problem(name, "is not text in UTF-8", "Write it again, in UTF-8.")


def _quoted(name: str) -> Problem:
    what = "is in quotation marks, which would be part of the value"
    return Problem(name, what, "Write the value without them: Docker's env files and Kubernetes keep what is written.")


_OURS = (
    "FINCART_",
    "ALLOW_EVERY",
    "ALLOW_GUEST",
    "ALLOW_EXTERN",
    "APPROVER_",
    "APPROVAL_",
    "APPROVALS_",
    "SECOND_APPROV",
    "EMERGENCY_",
    "MAX_ORDERS",
    "TYPE_TO_CONFIRM",
    "AUDITOR_",
)
"""Prefixes that only this bot's settings have in an environment."""

_LONG_ENOUGH = 8
"""Shorter names (`HOST`, `PORT`, `CONTACT`) resemble too many others to match by similarity."""


def _unknown(environment: Mapping[str, str], file: Mapping[str, str]) -> Iterator[_Unknown]:
    """Report every unknown name in `.env`, and names in the shared environment that look like ours."""
    for name in file:
        if name not in NAMES and name not in FILE_NAMES:
            yield _misspelt(name, "in .env, ")
    for name in environment:
        known = name in NAMES or name in FILE_NAMES or name in file or _is_of_kubernetes(name, environment[name])
        if not known and environment[name].strip() and _looks_like_ours(name):
            yield _misspelt(name, "")


_OF_A_SERVICE = re.compile(r"[A-Z0-9_]+_(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT_\d+_(TCP|UDP|SCTP)(_[A-Z]+)?)")


def _is_of_kubernetes(name: str, value: str) -> bool:
    """Whether Kubernetes has set this variable for a service of such a name
    (https://kubernetes.io/docs/tutorials/services/connect-applications-service/#environment-variables)."""
    is_address = value.startswith(("tcp://", "udp://", "sctp://"))
    return _OF_A_SERVICE.fullmatch(name) is not None or (name.endswith("_PORT") and is_address)


def _looks_like_ours(name: str) -> bool:
    long = [known for known in (*NAMES, *FILE_NAMES) if len(known) >= _LONG_ENOUGH]
    is_file = name.upper().endswith(SUFFIX) and name.upper().removesuffix(SUFFIX) in NAMES
    return is_file or name.upper().startswith(_OURS) or bool(get_close_matches(name.upper(), long, n=1, cutoff=0.85))


def _misspelt(name: str, where: str) -> _Unknown:
    if (stem := name.upper().removesuffix(SUFFIX)) != name.upper() and stem in NAMES and stem not in SECRET_NAMES:
        what = f"{where}not a setting of this bot: only secrets are read from files"
        return _Unknown(stem, Problem(name, what, f"Give {stem} itself."))
    nearest = _nearest(name)
    alike = get_close_matches(name.upper(), NAMES, n=1, cutoff=0.6)
    fix = f"Write {nearest}, if that is meant, or remove it." if alike else "Remove it."
    return _Unknown(nearest, Problem(name, f"{where}not a setting of this bot", fix))


_SECRET_AT_LEAST = 6
"""Anything shorter is no secret, and redacting it would remove ordinary words."""


def _without_secrets(problem: Problem, given: Mapping[str, str]) -> Problem:
    """Redact every given secret from the problem, wherever it was put by mistake."""
    what = problem.what
    for name in SECRET_NAMES & given.keys():
        if len(given[name]) < _SECRET_AT_LEAST:
            continue
        what = what.replace(given[name], "(hidden)")
    return Problem(problem.name, what, problem.fix)
