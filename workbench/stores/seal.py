"""The seal: what ``data.mdb`` looked like after its last commit, so that damage is seen before LMDB is.

LMDB maps its file and trusts it: a truncated or altered one ends the process with a signal. So its size
and hash are compared with ``catalog.seal`` first. The seal says ``committing`` while a transaction is
under way, and carries the size and hash from before: a crash then is told from damage.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

import xxhash

from workbench.errors import CorruptStoreError, explain
from workbench.stores.durable import checksum, sync_folders

FOLDER = "catalog.lmdb"
DATA = "catalog.lmdb/data.mdb"
SEAL = "catalog.seal"
RESTORE = "Restore the dataset from a copy, or delete its folder and ingest the tables again"


@dataclass(frozen=True)
class Seal:
    """Size and xxh3-64 of ``data.mdb``; of the state before if ``committing``."""

    snapshot: int
    bytes: int
    checksum: str
    committing: bool = False


def write_seal(root: Path, snapshot: int, *, committing: bool) -> int:
    """Seal the catalog as it is now, atomically; size of ``data.mdb``."""
    size, digest = size_and_hash(root)
    body = json.dumps(vars(Seal(snapshot, size, digest, committing)))
    draft = root / (SEAL + ".new")
    with draft.open("w", encoding="ascii") as file:
        file.write(body + "\n" + xxhash.xxh3_64_hexdigest(body.encode()))
        file.flush()
        os.fsync(file.fileno())
    draft.replace(root / SEAL)
    sync_folders(root, [root / SEAL])
    return size


def read_seal(root: Path) -> Seal:
    """The seal of a dataset.

    Raises
    ------
    CorruptStoreError
        If the seal is damaged or cannot be read.
    """
    try:
        text = (root / SEAL).read_bytes().decode("ascii")
        body, mark = text.rsplit("\n", 1)
        if mark != xxhash.xxh3_64_hexdigest(body.encode()):
            raise ValueError("its own checksum does not match")
        return Seal(**json.loads(body))
    except (OSError, ValueError, TypeError) as error:
        raise CorruptStoreError(
            explain("a dataset was opened", f"{SEAL} in {root} is damaged ({error})", do=RESTORE)
        ) from error


def size_and_hash(root: Path) -> tuple[int, str]:
    """Size and xxh3-64 of ``data.mdb``; ``(0, "")`` if there is none."""
    try:
        return checksum(root / DATA)
    except FileNotFoundError:
        return 0, ""


def damaged(root: Path, what: str) -> CorruptStoreError:
    """The error of a catalog that cannot be trusted."""
    return CorruptStoreError(explain("a dataset was opened", f"{DATA} in {root} {what}", do=RESTORE))
