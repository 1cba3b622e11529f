"""Each concept has one name: no two classes share one, and the glossary's names are those of the code."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from sqlmodel import SQLModel

from bot.settings.event_log import LINES
from storage.db.compatibility import all_tables
from storage.log_events import LogEvent

ROOT = Path(__file__).parents[2]
GLOSSARY = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
TREES = {
    path.relative_to(ROOT): ast.parse(path.read_text(encoding="utf-8"))
    for folder in ("bot", "storage", "tests", "bench")
    for path in (ROOT / folder).rglob("*.py")
}


def names_of_code() -> dict[str, set[str]]:
    """Every class with its members, and every function, of `bot/` and `storage/`."""
    found: dict[str, set[str]] = defaultdict(set)
    for path, tree in TREES.items():
        if path.parts[0] not in ("bot", "storage"):
            continue
        for node in tree.body:
            if isinstance(node, ast.FunctionDef):
                found[node.name] = set()
            elif isinstance(node, ast.ClassDef):
                targets = (each.targets[0] for each in node.body if isinstance(each, ast.Assign))
                found[node.name] |= {target.id for target in targets if isinstance(target, ast.Name)}
    return found


def test_no_two_classes_have_one_name() -> None:
    where: dict[str, list[str]] = defaultdict(list)
    for path, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                where[node.name].append(str(path))

    assert {} == {name: paths for name, paths in where.items() if len(paths) > 1}


def test_what_the_glossary_names_is_there() -> None:
    code = names_of_code()
    named = [name.partition(".") for name in re.findall(r"`([^`]+)`", GLOSSARY)]

    assert [] == [name for name, _, member in named if name not in code or (member and member not in code[name])]


def test_the_glossary_has_each_word_once_in_no_two_rows() -> None:
    words = re.findall(r"^\| \*\*([^*]+)\*\*", GLOSSARY, re.MULTILINE)

    assert len(words) == len(set(words))


def test_every_table_that_people_speak_of_is_in_the_glossary() -> None:
    """But the day's quotas and the orders that Fincart has shown, which no other part names."""
    tables = {mapper.class_.__name__ for mapper in SQLModel._sa_registry.mappers if mapper.local_table in all_tables()}

    assert {"Quota", "KnownOrder"} == {name for name in tables if f"`{name}`" not in GLOSSARY}


PRIVATE_WORDS = re.compile(
    r"(?:^|_)(?:agreement|ahead|asker|certain|clicks|elsewhere|in_hand|judgement|kept|look_?ups?|precedence|press(?:ed|es|ing)"
    r"|runner|said|seen|steer\w*|told|unacted|wanted)(?:_|$)"
)
GO_AHEAD = re.compile(r"(?:^|_)(?:go|went)_ahead")
"""The glossary's word, and the stored names of what it does."""
STAY = {
    "bot/domain/commands/parser.py: wanted": "a field of stored commands",
    "bot/domain/commands/report.py: wanted": "a field of stored commands",
    "bot/outbox/contents.py: elsewhere": "a field of stored dry runs",
    "bot/settings/fields.py: fincart_lookup_concurrency": "a setting",
    "storage/enums.py: kept": "a stored answer",
    "storage/live_messages.py: wanted": "a column",
    "storage/models.py: seen_at": "a column",
    "storage/models.py: seen_status": "a column",
    "storage/models.py: seen_sub_status": "a column",
    "storage/operation_models.py: seen_at": "a column",
    "storage/order_lines.py: seen_status": "a column",
    "storage/processes.py: seen_at": "a column",
    "storage/slack_models.py: wanted": "a column",
}
"""Names with a private word, each with why it stays."""


def names_defined(tree: ast.Module) -> Iterator[str]:
    """Functions, classes, parameters, variables and attributes, in snake case."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.arg(arg=name):
                yield re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


def test_private_words_of_earlier_versions_name_nothing_in_the_code() -> None:
    found = {
        f"{path}: {name}"
        for path, tree in TREES.items()
        if path.parts[0] in ("bot", "storage") and not {"sandbox", "versions"} & set(path.parts)
        for name in names_defined(tree)
        if PRIVATE_WORDS.search(GO_AHEAD.sub("", name))
    }

    assert STAY.keys() == found


def test_private_words_of_earlier_versions_stand_in_no_text() -> None:
    gone = re.compile(r"\b(judgement|in_hand|look_ups?|lookups?|steer\w*)\b", re.IGNORECASE)
    found = [
        f"{path}: {word}"
        for path in TREES
        if path.parts[0] in ("bot", "storage") and "sandbox" not in path.parts
        for word in gone.findall((ROOT / path).read_text(encoding="utf-8"))
    ]

    assert [] == found


def test_a_module_goes_by_its_own_name_alone() -> None:
    modules = {str(path.with_suffix("")).replace("/", ".") for path in TREES}
    renamed = [
        f"{path}: {node.module}.{each.name} as {each.asname}"
        for path, tree in TREES.items()
        if path.parts[0] in ("bot", "storage")
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for each in node.names
        if each.asname is not None and f"{node.module}.{each.name}" in modules
    ]

    assert [] == renamed


def test_no_module_has_three_hundred_lines() -> None:
    """But the first migration, which was written once and never changes."""
    modules = [path for path in TREES if path.parts[0] in ("bot", "storage")]
    long = {str(path) for path in modules if len((ROOT / path).read_text(encoding="utf-8").splitlines()) >= 300}

    assert {"storage/migrations/versions/0001_first_tables.py"} == long


LOGS = {"debug", "info", "warning", "error", "exception", "critical", "log"}


def _logs(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.func.attr not in LOGS:
        return False
    return ast.unparse(node.func.value) == "log" or ast.unparse(node.func.value).startswith("logging.getLogger(")


def test_every_line_of_the_log_has_an_event() -> None:
    calls = [
        (str(path), node)
        for path, tree in TREES.items()
        if path.parts[0] in ("bot", "storage") and path.parts[1] != "sandbox"
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and _logs(node)
    ]

    assert 30 < len(calls)
    assert [] == [
        f"{path}:{node.lineno}" for path, node in calls if "extra" not in {each.arg for each in node.keywords}
    ]


def test_every_event_of_the_log_is_logged() -> None:
    named = {
        node.attr
        for path, tree in TREES.items()
        if path.parts[0] in ("bot", "storage")
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "LogEvent"
    }

    assert {event.name for event in LogEvent} == named | {kind.name for kind in LINES}
