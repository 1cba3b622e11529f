"""The arrows between packages, as pyproject.toml draws them."""

from pathlib import Path

import pytest
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports


def test_every_import_follows_an_arrow_of_the_design(monkeypatch: pytest.MonkeyPatch) -> None:
    root = Path(__file__).parent.parent
    monkeypatch.chdir(root)

    assert EXIT_STATUS_SUCCESS == lint_imports(config_filename=str(root / "pyproject.toml"), no_cache=True)
