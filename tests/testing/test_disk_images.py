"""Images hold what was synced, and of the rest whatever a disk may have: all of it, none, or part."""

import numpy as np

from workbench.testing.disk_calls import Call
from workbench.testing.disk_images import PAGE, DiskImages, files_in, lay_out

BEFORE = {"a/": b"", "a/old": b"x" * (3 * PAGE)}
NEW = bytes(range(256)) * 6  # three pages
WRITTEN = [Call("create", "a/new"), Call("write", "a/new", 0, NEW)]
SYNCED = [*WRITTEN, Call("sync", "a/new", data=NEW)]


def drawn(calls, before=BEFORE, count=300):
    images, rng = DiskImages(before, calls), np.random.default_rng(0)
    return [images.draw(len(calls), rng) for _ in range(count)]


def test_nothing_done_is_nothing_changed():
    assert drawn([], count=3) == [BEFORE] * 3


def test_what_is_not_synced_may_be_there_in_part():
    contents = {image.get("a/new") for image in drawn(WRITTEN)}
    assert {None, b"", NEW, bytes(len(NEW))} <= contents
    assert any(
        part and part[:PAGE] == bytes(PAGE) and part[PAGE : 2 * PAGE] == NEW[PAGE : 2 * PAGE]
        for part in contents
    )


def test_a_synced_file_is_whole_if_it_has_its_name():
    assert {image.get("a/new") for image in drawn(SYNCED)} == {None, NEW}
    assert {image.get("a/new") for image in drawn([*SYNCED, Call("sync", "a")])} == {NEW}


def test_a_write_over_an_old_file_leaves_pages_of_both():
    contents = {image["a/old"] for image in drawn([Call("write", "a/old", PAGE, b"y" * PAGE)])}
    assert contents == {b"x" * (3 * PAGE), b"x" * PAGE + b"y" * PAGE + b"x" * PAGE}
    assert len({image["a/old"] for image in drawn([Call("write", "a/old", 0, b"y", synced=True)])}) == 1


def test_a_rename_is_there_or_not_and_never_half():
    calls = [*SYNCED, Call("sync", "a"), Call("rename", "a/new", to="a/old")]
    assert {(image.get("a/new"), image["a/old"]) for image in drawn(calls)} == {
        (NEW, BEFORE["a/old"]),
        (None, NEW),
    }


def test_names_in_a_folder_come_and_go_in_order():
    calls = [Call("create", "a/1"), Call("unlink", "a/old"), Call("mkdir", "b"), Call("create", "b/2")]
    found = {tuple(sorted(name for name in image if not name.endswith("/"))) for image in drawn(calls)}
    assert found == {("a/old",), ("a/1", "a/old"), ("a/1",)} | {
        (*names, "b/2") for names in (("a/old",), ("a/1", "a/old"), ("a/1",))
    }


def test_an_image_is_laid_out(tmp_path):
    lay_out(tmp_path, BEFORE, {})
    (tmp_path / "a/lock.mdb").write_bytes(b"no data")
    assert files_in(tmp_path) == BEFORE
    lay_out(tmp_path, {"c/": b"", "c/3": b"1"}, BEFORE)
    assert files_in(tmp_path) == {"c/": b"", "c/3": b"1"}
