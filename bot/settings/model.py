"""Reads the settings from the environment and `.env`, and says everything that is wrong with them at once.

The environment wins over `.env`; an empty value counts as unset. A name that looks like one of ours and is none
is refused with the nearest that is: a misspelt limit must not silently be no limit.
"""

import io
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path

from dotenv.parser import parse_stream
from pydantic import ValidationError

from bot.settings.consistency import Problem, contradictions, missing, missing_besides
from bot.settings.fields import NAMES, SECRET_NAMES, Settings
from bot.settings.values import Wrong, is_quoted

__all__ = ["NAMES", "Need", "Problem", "Settings", "SettingsError", "load_settings", "missing"]

ENV_FILE = Path(".env")
"""Where the settings file is looked for: in the current directory."""


class Need(StrEnum):
    """What a command needs of the settings."""

    SERVE = "serve"
    """Everything: tokens, somebody allowed, and all of it right."""
    CHECK = "check"
    """What is set must be right; what is missing is `missing`'s to tell."""
    AUDIT = "audit"
    """The database and the logs alone; whatever else is wrong must not keep anybody from the history."""


class SettingsError(Exception):
    """The settings cannot be used; `problems` names every reason with its fix, without any secret's value."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


def load_settings(
    env: Mapping[str, str] | None = None,
    env_file: Path | None = ENV_FILE,
    *,
    need: Need = Need.SERVE,
) -> Settings:
    """The settings of `env` (by default the process's environment) over those of `env_file`, where there is one.

    Raises `SettingsError` with every problem.
    """
    environment = dict(os.environ if env is None else env)
    file, unreadable = _read_file(env_file)
    wanted = _wanted(need)
    given = {name: text for name, text in (_filled(file) | _filled(environment)).items() if name in wanted}
    unknown = [*unreadable, *_unknown(environment, file)]
    problems = [each.problem for each in unknown if each.nearest in wanted]
    problems += (_no_text(name) for name in given if not _is_text(given[name]))
    problems += (_quoted(name) for name in given if is_quoted(given[name]))
    usable = {name: text for name, text in given.items() if _is_text(text) and not is_quoted(text)}
    settings, wrong = _build(usable)
    problems += wrong
    broken = {problem.name for problem in problems}
    problems += contradictions(settings, broken)
    if need is Need.SERVE:
        problems += missing_besides(settings, broken)
    if problems:
        raise SettingsError(tuple(_without_secrets(problem, given) for problem in problems))
    return settings


def _wanted(need: Need) -> frozenset[str]:
    return frozenset({"DATABASE_URL", "LOG_LEVEL", "LOG_FORMAT"} if need is Need.AUDIT else NAMES)


@dataclass(frozen=True, slots=True)
class _Unknown:
    """A problem with a name or line of unknown meaning, and the setting that was most likely meant."""

    nearest: str
    problem: Problem


def _read_file(path: Path | None) -> tuple[dict[str, str], list[_Unknown]]:
    """What `.env` says, and every line of it that says nothing: a line passed over could be a limit.

    A line's own text is never repeated: it may be a secret that slipped.
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
    """The known settings that say something."""
    return {name: values[name].strip() for name in NAMES if values.get(name, "").strip()}


def _build(texts: Mapping[str, str]) -> tuple[Settings, list[Problem]]:
    """The settings with those that are wrong left at their default, and what is wrong with these."""
    try:
        return Settings.model_validate({name.lower(): text for name, text in texts.items()}), []
    except ValidationError as error:
        wrong = list(_problems(error))
    broken = {problem.name for problem in wrong}
    kept = {name.lower(): text for name, text in texts.items() if name not in broken}
    return Settings.model_validate(kept), wrong


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
"""Beginnings of names that in an environment can only be meant for this bot."""

_LONG_ENOUGH = 8
"""Shorter names (`HOST`, `PORT`, `CONTACT`) are too like others' for a likeness to mean anything."""


def _unknown(environment: Mapping[str, str], file: Mapping[str, str]) -> Iterator[_Unknown]:
    """Every name in `.env` that is none of ours; in the environment, which others share, what looks like ours."""
    for name in file:
        if name not in NAMES:
            yield _misspelt(name, "in .env, ")
    for name in environment:
        if name not in NAMES and environment[name].strip() and name not in file and _looks_like_ours(name):
            yield _misspelt(name, "")


def _looks_like_ours(name: str) -> bool:
    long = [known for known in NAMES if len(known) >= _LONG_ENOUGH]
    return name.upper().startswith(_OURS) or bool(get_close_matches(name.upper(), long, n=1, cutoff=0.85))


def _misspelt(name: str, where: str) -> _Unknown:
    nearest = _nearest(name)
    alike = get_close_matches(name.upper(), NAMES, n=1, cutoff=0.6)
    fix = f"Write {nearest}, if that is meant, or remove it." if alike else "Remove it."
    return _Unknown(nearest, Problem(name, f"{where}not a setting of this bot", fix))


_SECRET_AT_LEAST = 6
"""Anything shorter is no secret, and striking it out would eat ordinary words."""


def _without_secrets(problem: Problem, given: Mapping[str, str]) -> Problem:
    """The problem with every secret that was given struck out, wherever it was put by mistake."""
    what = problem.what
    for name in SECRET_NAMES & given.keys():
        if len(given[name]) < _SECRET_AT_LEAST:
            continue
        what = what.replace(given[name], "(hidden)")
    return Problem(problem.name, what, problem.fix)
