"""Objects on disk: no key leaves the folder, no object is partial, a restart loses nothing."""

from __future__ import annotations

import dataclasses
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.oss.store import Record, Store

RECORD = Record(
    key="a.txt",
    size=3,
    etag="E",
    crc64=1,
    content_type="text/plain",
    last_modified="2026-11-24T12:00:00.000Z",
    headers={"x-oss-meta-a": "b"},
    acl="private",
)


def put(store: Store, key: str, content: bytes = b"abc", *, overwrite: bool = True) -> None:
    with store.receive() as incoming:
        incoming.write(content)
        store.put(incoming, dataclasses.replace(RECORD, key=key), overwrite=overwrite)


def read(store: Store, key: str) -> bytes | None:
    found = store.open(key)
    if found is None:
        return None
    with found[1] as file:
        return file.read()


def files(directory: Path) -> list[Path]:
    return [path for path in directory.rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    "key",
    [
        "../outside",
        "../../../outside",
        "a/../../outside",
        "..",
        ".",
        "C:\\outside",
        "nul\x00byte",
        "用" * 341,
        "a/" * 511,
        "line\nbreak",
        "index/a.json",
    ],
)
def test_no_key_leaves_the_folder(key: str, tmp_path: Path) -> None:
    store = Store(tmp_path / "data" / "bucket")
    put(store, key)
    assert read(store, key) == b"abc"
    assert [record.key for record in store.records()] == [key]
    assert [path.name for path in tmp_path.iterdir()] == ["data"]
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["bucket"]
    assert len(files(tmp_path)) == 2


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=300))
def test_any_key_is_kept_under_its_own_name(key: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "bucket")
        put(store, key)
        assert read(store, key) == b"abc"
        assert [path.name for path in Path(folder).iterdir()] == ["bucket"]


def test_keys_that_differ_only_in_case_are_two_objects(tmp_path: Path) -> None:
    store = Store(tmp_path)
    put(store, "A.txt", b"upper")
    put(store, "a.txt", b"lower")
    assert (read(store, "A.txt"), read(store, "a.txt")) == (b"upper", b"lower")
    names = [path.name.lower() for path in files(tmp_path)]
    assert len(set(names)) == 4


def test_a_restart_loses_nothing(tmp_path: Path) -> None:
    put(Store(tmp_path), "a.txt")
    store = Store(tmp_path)
    found = store.open("a.txt")
    assert found is not None
    with found[1] as file:
        assert file.read() == b"abc"
    assert dataclasses.replace(found[0], content="") == RECORD


def test_a_restart_sweeps_away_what_a_killed_process_left(tmp_path: Path) -> None:
    put(Store(tmp_path), "a.txt")
    (tmp_path / "incoming" / "half").write_bytes(b"half an upload")
    (tmp_path / "content" / "orphan").write_bytes(b"content without a record")
    assert read(Store(tmp_path), "a.txt") == b"abc"
    assert len(files(tmp_path)) == 2


def test_an_overwritten_object_stays_readable_while_it_is_open(tmp_path: Path) -> None:
    store = Store(tmp_path)
    put(store, "a.txt", b"old")
    found = store.open("a.txt")
    assert found is not None
    put(store, "a.txt", b"new")
    with found[1] as file:
        assert file.read() == b"old"
    assert read(store, "a.txt") == b"new"
    assert len(files(tmp_path)) == 2


def test_a_forbidden_overwrite_leaves_the_old_object_and_nothing_else(tmp_path: Path) -> None:
    store = Store(tmp_path)
    put(store, "a.txt", b"old", overwrite=False)
    with pytest.raises(FileExistsError):
        put(store, "a.txt", b"new", overwrite=False)
    assert read(store, "a.txt") == b"old"
    assert len(files(tmp_path)) == 2


def test_a_disk_that_fills_up_at_the_last_moment_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    store = Store(tmp_path)
    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        put(store, "a.txt")
    assert files(tmp_path) == []


def test_an_upload_that_is_not_kept_leaves_nothing(tmp_path: Path) -> None:
    with Store(tmp_path).receive() as incoming:
        incoming.write(b"abc")
        assert len(files(tmp_path)) == 1
    assert files(tmp_path) == []


def test_computes_the_same_checksums_as_oss(tmp_path: Path) -> None:
    with Store(tmp_path).receive() as incoming:
        incoming.write(b"1234")
        incoming.write(b"56789")
        assert incoming.crc64 == 0x995DC9BBDF1939FA  # the check value of CRC-64/XZ
        assert incoming.md5 == "25F9E794323B453885F5181F1B624D0B"
        assert incoming.size == 9


def test_lists_by_prefix_in_the_order_of_the_bytes(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for key in ("b/2", "b/1", "\U0001f600", "\uff5e", "c"):
        put(store, key)
    assert [record.key for record in store.records("b/")] == ["b/1", "b/2"]
    # In UTF-16 the surrogates of the emoji would come first.
    assert [record.key for record in store.records()][-2:] == ["\uff5e", "\U0001f600"]
