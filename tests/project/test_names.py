"""Each concept has one name: no two classes share one, and the glossary's names are those of the code."""

import ast
import re
from collections import defaultdict
from pathlib import Path

from sqlmodel import SQLModel

from storage import (
    models,  # noqa: F401  fill the metadata
    slack_models,  # noqa: F401  fill the metadata
)

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
    tables = {mapper.class_.__name__ for mapper in SQLModel._sa_registry.mappers}

    assert {"Quota", "KnownOrder"} == {name for name in tables if f"`{name}`" not in GLOSSARY}


def test_words_of_earlier_versions_are_gone_from_the_code() -> None:
    gone = re.compile(r"\b(judgement|in_hand|elsewhere_|look_ups?|lookups?)\b", re.IGNORECASE)
    found = [
        f"{path}: {word}"
        for path in TREES
        if path.parts[0] in ("bot", "storage") and "sandbox" not in path.parts
        for word in gone.findall((ROOT / path).read_text(encoding="utf-8"))
    ]

    assert [] == found


def test_no_module_has_three_hundred_lines() -> None:
    """But the first migration, which was written once and never changes."""
    modules = [path for path in TREES if path.parts[0] in ("bot", "storage")]
    long = {str(path) for path in modules if len((ROOT / path).read_text(encoding="utf-8").splitlines()) >= 300}

    assert {"storage/migrations/versions/0001_first_tables.py"} == long
