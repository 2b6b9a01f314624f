"""Folders of the user are there and can be written, whoever the user is."""

from __future__ import annotations

from pathlib import Path

import pytest

from sendproof.folders import cache_folder, state_folder


def test_folders_are_the_users_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "c"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "s"))
    assert (cache_folder(), state_folder()) == (tmp_path / "c" / "sendproof", tmp_path / "s" / "sendproof")


def test_without_a_home_they_are_in_the_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("HOME", "/proc/nowhere")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    folder = state_folder()
    assert folder.parent.parent == tmp_path
    assert folder.parent.stat().st_mode & 0o077 == 0
    assert state_folder() == folder, "a ledger is found again by the next run"
    assert cache_folder() == folder.with_name("cache")


def test_temporary_folder_of_somebody_else_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("HOME", "/proc/nowhere")
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    state_folder().rmdir()
    own = next(tmp_path.iterdir())
    own.rmdir()
    own.write_text("a file in its place")
    assert own not in state_folder().parents
