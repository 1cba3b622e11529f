"""Change one text of one function, wherever that function lives."""

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from .entry import Mutant

PACKAGES = ("bot", "storage")


class Stale(Exception):
    """The list speaks of code that is not there any more, or not as it says."""


@dataclass(frozen=True, slots=True)
class CodeChange:
    """What a file of the copy holds instead."""

    path: str
    """From the tree's root."""
    source: str


@dataclass(frozen=True, slots=True)
class _Named:
    """A function, class or module-level name, and the lines it takes, both counted."""

    path: str
    first: int
    last: int


def change_of(root: Path, mutant: Mutant) -> CodeChange:
    """The one change that this entry asks for. Raises `Stale`, with words that say what to look at."""
    named = _names(root).get(mutant.where, ())
    if not named:
        raise Stale(f"there is no {mutant.where} in bot/ or storage/: the entry names it anew, or goes with its rule")
    wanted = re.compile(r"\s+".join(map(re.escape, mutant.text.split())))
    found = [(each.path, *span) for each in named for span in _spans(root, each, wanted)]
    if len(found) != 1:
        where = ", ".join(sorted({each.path for each in named}))
        raise Stale(f"{mutant.text!r} stands {len(found)} times in {mutant.where} ({where}), not once")
    path, start, end = found[0]
    source = _source(root, path)
    broken = source[:start] + mutant.to + source[end:]
    try:
        compile(broken, path, "exec")
    except SyntaxError as error:
        raise Stale(f"{mutant.where} is no Python once it is changed: {error}") from error
    return CodeChange(path, broken)


def _spans(root: Path, named: _Named, wanted: re.Pattern[str]) -> Iterator[tuple[int, int]]:
    lines = _source(root, named.path).splitlines(keepends=True)
    start, end = sum(map(len, lines[: named.first - 1])), sum(map(len, lines[: named.last]))
    for found in wanted.finditer("".join(lines), start, end):
        yield found.span()


@cache
def _source(root: Path, path: str) -> str:
    return (root / path).read_text(encoding="utf-8")


@cache
def _names(root: Path) -> dict[str, Sequence[_Named]]:
    found: dict[str, list[_Named]] = {}
    for package in PACKAGES:
        for file in sorted((root / package).rglob("*.py")):
            path = str(file.relative_to(root))
            if "sandbox" in path or "migrations" in path:
                continue
            for name, node in _named(ast.parse(_source(root, path)), ""):
                first = min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", ()))])
                found.setdefault(name, []).append(_Named(path, first, node.end_lineno or first))
    return {name: tuple(places) for name, places in found.items()}


def _named(of: ast.AST, within: str) -> Iterator[tuple[str, ast.stmt]]:
    for node in ast.iter_child_nodes(of):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield within + node.name, node
            yield from _named(node, f"{within}{node.name}.")
        elif isinstance(node, ast.Assign | ast.AnnAssign) and not within:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                if isinstance(target, ast.Name):
                    yield target.id, node
        elif isinstance(node, ast.If | ast.With | ast.Try):
            yield from _named(node, within)
