"""The room that cgroups leave: files that can be dropped are free, the tightest limit around counts."""

import pytest

from workbench.stores import memory
from workbench.stores.cgroup import cgroup_limit, cgroup_room

NEW = {"memory.max": "1000\n", "memory.current": "900\n"}
OLD = {"memory.limit_in_bytes": "1000\n", "memory.usage_in_bytes": "900\n"}
STAT = "anon 200\nfile 700\ninactive_anon 5\ninactive_file 600\nactive_file 100\n"
NONE_NEW = {"memory.max": "max\n", "memory.current": "900\n"}
NONE_OLD = {"memory.limit_in_bytes": "9223372036854771712\n", "memory.usage_in_bytes": "0\n"}


def room(root, lines, folders, asked=cgroup_room):
    """The room, or what else is asked, in a tree of fake cgroups: folder -> files."""
    for folder, files in folders.items():
        (root / "fs" / folder).mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (root / "fs" / folder / name).write_text(text)
    if lines is not None:
        (root / "self").write_text(lines)
    return asked(root / "self", root / "fs")


@pytest.mark.parametrize(
    ("files", "left"),
    [
        (NEW, 100),
        ({**NEW, "memory.stat": STAT}, 700),
        ({**NONE_NEW, "memory.stat": STAT}, None),
        ({**NEW, "memory.current": "1500", "memory.stat": "inactive_file 10"}, 0),
        ({**NEW, "memory.stat": "inactive_file 5000"}, 1000),
        ({}, None),
    ],
)
def test_cached_files_count_as_free(tmp_path, files, left):
    assert room(tmp_path, "0::/\n", {".": files}) == left


def test_the_old_version_counts_the_files_of_inner_cgroups_too(tmp_path):
    stat = {"memory.stat": "inactive_file 7\ntotal_inactive_file 600\n"}
    assert room(tmp_path / "a", "4:memory:/\n", {"memory": OLD}) == 100
    assert room(tmp_path / "b", "4:memory:/\n", {"memory": {**OLD, **stat}}) == 700


def limit(most, used=0):
    return {"memory.max": str(most), "memory.current": str(used)}


@pytest.mark.parametrize(
    ("folders", "left"),
    [
        ({"a/b": limit(500, 100), "a": limit(900, 100)}, 400),
        ({"a/b": limit("max"), "a": limit(900, 850)}, 50),
        ({"a/b": limit(500, 100), "a": limit("max"), ".": limit(300)}, 300),
        ({"a/b": limit("max"), "a": limit("max"), "other": limit(1)}, None),
    ],
)
def test_the_smallest_room_of_nested_limits_counts(tmp_path, folders, left):
    assert room(tmp_path, "0::/a/b\n", folders) == left


def test_nested_limits_of_the_old_version(tmp_path):
    lines = "9:name=systemd:/\n5:cpu,cpuacct:/other\n4:memory:/pod/job:1\n0::/\n"
    tree = {"memory": NONE_OLD, "memory/pod": OLD, "memory/pod/job:1": NONE_OLD, "memory/other": limit(1)}
    assert room(tmp_path, lines, tree) == 100
    (tmp_path / "fs/memory/pod/job:1/memory.limit_in_bytes").write_text("60")
    assert room(tmp_path, lines, {}) == 60


def test_both_versions_at_once(tmp_path):
    tree = {"memory/job": OLD, "job": limit(70)}
    assert room(tmp_path, "4:memory:/job\n0::/job\n", tree) == 70


@pytest.mark.parametrize("lines", ["0::/docker/1f3a\n", "0::/../../job\n", None])
def test_a_container_that_has_its_cgroup_as_the_root(tmp_path, lines):
    assert room(tmp_path, lines, {".": NEW}) == 100


@pytest.mark.parametrize(
    ("lines", "folders", "most"),
    [
        ("0::/a/b\n", {"a/b": limit(900, 100), "a": limit(500, 499)}, 500),
        ("0::/a\n", {"a": limit("max"), ".": {}, "other": limit(1)}, None),
        ("4:memory:/pod\n0::/\n", {"memory/pod": OLD, "memory": NONE_OLD}, 1000),
        (None, {".": {"memory.max": "70\n"}}, 70),  # what is used need not be known
    ],
)
def test_the_limit_is_the_smallest_whatever_is_used(tmp_path, lines, folders, most):
    assert room(tmp_path, lines, folders, cgroup_limit) == most


def test_the_memory_of_a_container_is_its_limit(monkeypatch):
    monkeypatch.setattr(memory, "cgroup_limit", lambda: None)
    machine = memory.total_memory()
    assert machine > 1 << 28
    for most, total in ((12345, 12345), (machine + 1, machine)):
        monkeypatch.setattr(memory, "cgroup_limit", lambda most=most: most)
        assert memory.total_memory() == total


def test_the_tightest_of_machine_and_cgroup_is_available(monkeypatch):
    monkeypatch.setattr(memory, "cgroup_room", lambda: 12345)
    assert memory.available_memory() == 12345
    monkeypatch.setattr(memory, "cgroup_room", lambda: None)
    assert 12345 < memory.available_memory() < 1 << 62
