"""Each grandchild dies of its own job; those that were told of lose nothing."""

import signal
import subprocess
from pathlib import Path

import pytest

from workbench.stores.durable import write_file
from workbench.testing.forked import Job, acknowledged, deaths


def torn(path):
    write_file(Path(path), "a.bin", "role", "name", bytes(100))


def again(path, number):
    (Path(path) / f"{number}.txt").touch()


def test_each_grandchild_dies_alone(tmp_path):
    jobs = [Job(str(tmp_path / str(at)), at) for at in (0, 1, 99)]
    jobs += [Job(str(tmp_path / "again"), -1, told=3)]
    for job in jobs:
        Path(job.path).mkdir()
    assert acknowledged(tmp_path / "again") == []
    assert list(deaths(__file__, jobs).values()) == [signal.SIGKILL, signal.SIGKILL, 0, signal.SIGKILL]
    sizes = [sum(file.stat().st_size for file in Path(job.path).iterdir()) for job in jobs[:3]]
    assert sizes == [50, 100, 100], "after half of a write, before its fsync, not at all"
    said, done = acknowledged(tmp_path / "again"), len(list((tmp_path / "again").iterdir()))
    assert said == list(range(1, len(said) + 1))
    assert 3 <= len(said) <= done <= len(said) + 1


def test_a_child_that_fails_says_so(tmp_path):
    with pytest.raises(subprocess.CalledProcessError):
        deaths(tmp_path / "no_such_test.py", [])
