"""The list of broken copies is as true as the code: what it names is there, and its page is written from it."""

import ast
from collections import Counter
from functools import cache
from pathlib import Path

import pytest
from mutants.catalogue import MUTANTS
from mutants.change import Stale, change_of
from mutants.entry import Mutant
from mutants.page import page
from simulation.broken import BROKEN

ROOT = Path(__file__).parents[2]

AT_LEAST = 100


@cache
def _tests_in(file: str) -> set[str]:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def _entry(where: str, text: str, to: str) -> Mutant:
    return Mutant("a rule", "somebody", where, text, to, "tests/project/test_mutants.py::test_the_list_is_long")


def test_the_list_is_long() -> None:
    assert len(MUTANTS) >= AT_LEAST


def test_no_entry_is_stale() -> None:
    stale = []
    for mutant in MUTANTS:
        try:
            change_of(ROOT, mutant)
        except Stale as words:
            stale.append(f"{mutant.rule}: {words}")

    assert [] == stale


def test_every_test_that_must_notice_is_there() -> None:
    named = [each.caught.partition("[")[0].partition("::") for each in MUTANTS if each.seed is None]

    assert [] == [test for file, _, test in named if test not in _tests_in(file)]


def test_no_change_is_in_the_list_twice() -> None:
    changes = Counter((change_of(ROOT, each).path, each.where, each.text, each.to) for each in MUTANTS)

    assert [] == [change for change, times in changes.items() if times > 1]


def test_the_page_is_written_from_the_list() -> None:
    written = (ROOT / "docs" / "mutants.md").read_text(encoding="utf-8")

    assert page(MUTANTS) == written, "write it anew: python -m tests.mutants WRITE=1"


@pytest.mark.parametrize(
    ("where", "text", "to", "words"),
    [
        ("no_such_function", "x", "y", "there is no no_such_function"),
        ("event_hash", "no such text", "y", "stands 0 times in event_hash"),
        ("event_hash", "seq", "y", "times in event_hash"),
        ("event_hash", "sha256(", "sha256((", "is no Python once it is changed"),
    ],
)
def test_an_entry_that_speaks_of_what_is_not_there_says_so(where: str, text: str, to: str, words: str) -> None:
    with pytest.raises(Stale, match=words):
        change_of(ROOT, _entry(where, text, to))


def test_a_text_is_found_however_its_lines_are_broken() -> None:
    change = change_of(ROOT, _entry("event_hash", "return\n    hashlib.sha256", "return hashlib.sha1"))

    assert "return hashlib.sha1" in change.source


@pytest.mark.parametrize("rule", BROKEN)
def test_what_a_broken_rule_replaces_is_still_there(rule: str) -> None:
    with BROKEN[rule].meanwhile():
        pass
