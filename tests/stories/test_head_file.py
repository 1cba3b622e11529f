"""AUDIT_HEAD_FILE: the head of the record, kept where whoever changes the database cannot change it."""

import logging
import shutil
from pathlib import Path

import pytest
from cli_runs import CommandLine
from world import ANN, FIRST, SECOND, StartWorld, World

from storage.audit.log import Head
from storage.audit.witness import HeadFile


def last(path: Path) -> Head | None:
    found = HeadFile(path, keeps_all=True).last()
    return found[1] if found is not None else None


def newest(world: World) -> Head:
    seq, its_hash = world.rows("SELECT seq, hash FROM audit_event ORDER BY seq DESC LIMIT 1")[0]
    return Head(int(str(seq)), str(its_hash))


def test_each_head_is_added_and_the_whole_line_can_be_verified(
    start_world: StartWorld, command: CommandLine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    heads = tmp_path / "heads"
    world = start_world(AUDIT_HEAD_FILE=str(heads))
    monkeypatch.setenv("DATABASE_URL", world.database_url)
    world.cancelled(ANN, FIRST)
    world.until(lambda: last(heads) == newest(world))
    first_lines = heads.read_text().splitlines()
    world.cancelled(ANN, SECOND)
    world.until_all_is_shown()
    world.until(lambda: last(heads) == newest(world))
    lines = heads.read_text().splitlines()
    verified = command("audit", "verify", "--head", lines[-1])
    missing = command("audit", "verify", "--head", f"2026-11-28T15:00:00Z {newest(world).seq + 9} {'f' * 64}")

    assert lines[: len(first_lines)] == first_lines
    assert len(lines) > len(first_lines)
    assert 0 == verified[0]
    assert (1, True) == (missing[0], f"before the event {newest(world).seq + 9} kept elsewhere" in missing[1])


def test_a_stop_adds_the_last_head(start_world: StartWorld, tmp_path: Path) -> None:
    world = start_world(AUDIT_HEAD_FILE=str(tmp_path / "heads"))
    world.cancelled(ANN, FIRST)
    world.shut_down()

    assert newest(world) == last(tmp_path / "heads")


def test_a_file_that_cannot_be_written_is_said_once_and_keeps_nobody_from_working(
    start_world: StartWorld, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "mnt").mkdir()
    world = start_world(AUDIT_HEAD_FILE=str(tmp_path / "mnt" / "heads"))
    world.until((tmp_path / "mnt" / "heads").exists)
    shutil.rmtree(tmp_path / "mnt")
    with caplog.at_level(logging.ERROR, "storage.audit.witness"):
        world.cancelled(ANN, FIRST)
        world.until(lambda: caplog.messages)
        world.cancelled(ANN, SECOND)
        world.until_all_is_shown()
        (tmp_path / "mnt").mkdir()
        world.until(lambda: (tmp_path / "mnt" / "heads").exists() and last(tmp_path / "mnt" / "heads") == newest(world))

    assert 1 == len(caplog.messages)
    assert "mnt/heads cannot be written: No such file or directory" in caplog.messages[0]
