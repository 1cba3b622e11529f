"""Migrations add: the version before works on while this one's tables are there, and what they make stays as it was."""

import ast
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import op
from alembic.operations import MigrateOperation, Operations, ops
from alembic.operations.base import AbstractOperations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

MIGRATIONS = ScriptDirectory(str(Path(__file__).parents[2] / "storage" / "migrations"))

NOT_ADDED = {
    "0005 CreateIndexOp of decision": "has a new column, which is null in what the version before writes",
    "0006 DropConstraintOp of hold": "the check is made anew with one word more",
    "0006 CreateCheckConstraintOp of hold": "all that the version before writes passes it",
    "0011 a statement": "fills two new columns, which the version before neither reads nor writes",
    "0022 a statement": "a trigger lets go of the events of archived requests, and the version before deletes none",
}
"""What migrations do besides adding, and why the version before can live with it."""


Besides = Callable[[Callable[[], object]], set[str]]


@pytest.fixture
def besides_adding(monkeypatch: pytest.MonkeyPatch) -> Besides:
    """Tells what a migration does besides adding: its operations are noted instead of done."""
    found: set[str] = set()
    monkeypatch.setattr(AbstractOperations, "invoke", lambda _, operation: found.add(_besides(operation)))

    def noted(migrate: Callable[[], object]) -> set[str]:
        found.clear()
        with (
            sa.create_engine("sqlite://").connect() as connection,
            Operations.context(MigrationContext.configure(connection)),
        ):
            migrate()
        return found - {""}

    return noted


def _besides(operation: MigrateOperation) -> str:
    match operation:
        case ops.CreateTableOp() | ops.CreateIndexOp(unique=False | None):
            return ""
        case ops.AddColumnOp(column=column) if column.nullable or column.server_default is not None:
            return ""
        case ops.ExecuteSQLOp():
            return "a statement"
    return f"{type(operation).__name__} of {operation.__dict__.get('table_name')}"


def test_each_migration_only_adds_or_says_why_the_version_before_can_live_with_it(besides_adding: Besides) -> None:
    later = [script for script in MIGRATIONS.walk_revisions() if script.down_revision is not None]
    found = {f"{script.revision} {done}" for script in later for done in besides_adding(script.module.upgrade)}

    assert NOT_ADDED.keys() == found


@pytest.mark.parametrize(
    "migrate",
    [
        lambda: op.drop_column("request", "reason"),
        lambda: op.alter_column("request", "reason", new_column_name="why"),
        lambda: op.rename_table("request", "requests"),
        lambda: op.add_column("request", sa.Column("later", sa.Text(), nullable=False)),
        lambda: op.create_index("one", "request", ["reason"], unique=True),
        lambda: op.drop_table("quota"),
        lambda: op.execute("DELETE FROM quota"),
    ],
)
def test_what_the_version_before_would_stumble_over_is_noticed(
    migrate: Callable[[], object], besides_adding: Besides
) -> None:
    assert 1 == len(besides_adding(migrate))


def test_no_migration_imports_what_may_change() -> None:
    allowed = {"sqlalchemy", "alembic", *sys.stdlib_module_names}
    imported = {
        f"{script.revision} {module}"
        for script in MIGRATIONS.walk_revisions()
        for node in ast.walk(ast.parse(Path(script.path).read_text(encoding="utf-8")))
        for module in _modules(node)
        if module.partition(".")[0] not in allowed
    }

    assert set() == imported


def _modules(node: ast.AST) -> list[str]:
    match node:
        case ast.Import(names=names):
            return [name.name for name in names]
        case ast.ImportFrom(module=module, level=level):
            return ["." * level + (module or "")]
    return []
