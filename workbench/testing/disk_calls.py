"""Every system call by which a process changes a folder: noted as it happens, and made to go wrong at will.

    seen = disk_calls(lambda: ingest(...), folder)                   # seen.calls, and how it ended
    for at in range(len(seen.calls)):
        disk_calls(lambda: ingest(...), folder, at, "ENOSPC")        # goes wrong at that call

The action runs in a fork of this process, which is traced (``ptrace``) with all its threads: writes of DuckDB
and of LMDB are seen as Python's are. A process that calls this should do nothing else: it waits for all of
its children. Linux on x86-64 only; :func:`can_trace` tells.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import signal
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from workbench.errors import WorkbenchError
from workbench.stores.libc import libc

FAULTS = ("kill", "ENOSPC", "EIO", "short")
"""What may go wrong. A kill comes when half of a write is done; a full disk stays full; others come once."""

_NUMBERS = {
    1: "write", 18: "pwrite64", 20: "writev", 296: "pwritev", 328: "pwritev2",
    74: "fsync", 75: "fdatasync", 77: "ftruncate", 285: "fallocate", 2: "open", 257: "openat",
    82: "rename", 264: "renameat", 316: "renameat2", 87: "unlink", 263: "unlinkat",
    83: "mkdir", 258: "mkdirat", 84: "rmdir",
}  # fmt: skip
_REGISTERS = (
    "r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax rip cs eflags rsp ss fs gs ds es f g"
)
_ARGUMENTS = ("rdi", "rsi", "rdx", "r10", "r8", "r9")
_TRACEME, _CONT, _GETREGS, _SETREGS, _SYSCALL, _SETOPTIONS = 0, 7, 12, 13, 24, 0x4200
_SYSGOOD, _FORKS, _SECCOMP, _EXITKILL = 1, 2 | 4 | 8, 0x80, 0x100000
_SECCOMP_EVENT, _WALL = 7, 0x40000000
_NO_NEW_PRIVILEGES, _SET_SECCOMP, _FILTER = 38, 22, 2
_LOAD, _EQUAL, _RETURN, _TRACE, _ALLOW = 0x20, 0x15, 0x06, 0x7FF00000, 0x7FFF0000
_HERE = 0xFFFFFF9C
"""AT_FDCWD as an unsigned int."""

_LARGEST = 1 << 24
"""Bytes of one write that are noted at most."""


class _Registers(ctypes.Structure):
    _fields_ = [(name, ctypes.c_ulonglong) for name in _REGISTERS.split()]


@dataclass(frozen=True)
class Call:
    """One call that changes the folder.

    Attributes
    ----------
    kind : ``write``, ``sync``, ``create``, ``truncate``, ``rename``, ``unlink``, ``mkdir`` or ``rmdir``
    path : relative to the folder; ``.`` for itself
    offset, data : of a write; offset of ``truncate`` is the new size, data of ``sync`` the whole file
    to : new path of a ``rename``
    synced : whether a write is on disk when it returns
    """

    kind: str
    path: str
    offset: int = 0
    data: bytes = b""
    to: str = ""
    synced: bool = False


@dataclass
class Seen:
    """What an action did.

    Attributes
    ----------
    calls : list of Call  in order
    signal : int  that ended it, or 0
    error : str  ``type: message`` of what it raised, or empty
    expected : bool  whether that was a WorkbenchError
    """

    calls: list[Call] = field(default_factory=list)
    signal: int = 0
    error: str = ""
    expected: bool = False


def can_trace() -> bool:
    """Whether this machine's calls are known here and its system lets a child be traced."""
    if platform.system() != "Linux" or platform.machine() != "x86_64":
        return False
    try:
        return not disk_calls(lambda: None, Path("/")).signal
    except OSError:
        return False


def disk_calls(
    action: Callable[[], object], folder: Path, at: int | None = None, fault: str = "kill"
) -> Seen:
    """Run an action in a fork and note each call that changes a folder; at one of them something goes wrong.

    Parameters
    ----------
    folder : Path  absolute
    at : int or None  number of the call; None: nothing goes wrong
    fault : one of :data:`FAULTS`

    Raises
    ------
    OSError
        If the system lets no child be traced.
    """
    told, tell = os.pipe()
    child = os.fork()
    if not child:
        _be_traced(action, tell)
    os.close(tell)
    seen = _Tracer(child, str(folder), at, fault).run()
    with os.fdopen(told, "rb") as pipe:
        expected, _, error = pipe.read().decode().partition(" ")
    seen.expected, seen.error = expected == "True", error
    return seen


def _be_traced(action: Callable[[], object], tell: int) -> None:
    """The child's life."""
    if _ptrace(_TRACEME, 0, 0, 0):
        os._exit(1)
    os.kill(os.getpid(), signal.SIGSTOP)
    _trace_only(_NUMBERS)
    try:
        action()
    except BaseException as error:
        os.write(
            tell, f"{isinstance(error, WorkbenchError)} {type(error).__name__}: {error}".encode()[:60_000]
        )
    os._exit(0)


def _trace_only(numbers: dict[int, str]) -> None:
    """Have the tracer told of these system calls alone, of this thread and all that it starts."""
    steps = [(_LOAD, 0, 0, 0)]
    steps += [(_EQUAL, len(numbers) - i, 0, number) for i, number in enumerate(numbers)]
    steps += [(_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _TRACE)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
    program = struct.pack("HxxxxxxQ", len(steps), ctypes.addressof(code))
    zero = ctypes.c_ulong(0)
    libc().prctl(_NO_NEW_PRIVILEGES, ctypes.c_ulong(1), zero, zero, zero)
    if libc().prctl(_SET_SECCOMP, ctypes.c_ulong(_FILTER), ctypes.c_char_p(program), zero, zero):
        os._exit(1)


def _ptrace(request: int, pid: int, address: int, data: int) -> int:
    return int(libc().ptrace(*map(ctypes.c_long, (request, pid, address, data))))


class _Tracer:
    """Follows one child and its threads to their end."""

    def __init__(self, child: int, folder: str, at: int | None, fault: str) -> None:
        self._child, self._folder, self._at, self._fault = child, folder, at, fault
        self._seen, self._known = Seen(), {child}

    def run(self) -> Seen:
        _, status = os.waitpid(self._child, _WALL)
        if not os.WIFSTOPPED(status):
            raise PermissionError(errno.EPERM, "the system lets no child be traced")
        _ptrace(_SETOPTIONS, self._child, 0, _SYSGOOD | _FORKS | _SECCOMP | _EXITKILL)
        _ptrace(_CONT, self._child, 0, 0)
        while True:
            thread, status = os.waitpid(-1, _WALL)
            if not os.WIFSTOPPED(status):
                if thread == self._child:
                    self._seen.signal = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
                    return self._seen
                continue
            self._stopped(thread, os.WSTOPSIG(status), status >> 16)

    def _stopped(self, thread: int, stop: int, event: int) -> None:
        new = thread not in self._known
        self._known.add(thread)
        if event == _SECCOMP_EVENT:
            _ptrace(self._called(thread), thread, 0, 0)
        elif stop == signal.SIGTRAP | 0x80:  # half of a write is done
            os.kill(self._child, signal.SIGKILL)
        else:
            mine = event or stop == signal.SIGTRAP or (new and stop == signal.SIGSTOP)
            _ptrace(_CONT, thread, 0, 0 if mine else stop)

    def _called(self, thread: int) -> int:
        """Note a call, and let it go wrong if it is the one; how the thread goes on."""
        registers = _Registers()
        _ptrace(_GETREGS, thread, 0, ctypes.addressof(registers))
        call = _Reader(thread, self._folder, registers).call()
        if call is None:
            return _CONT
        number = len(self._seen.calls)
        self._seen.calls.append(call)
        fills = call.kind in ("write", "create", "truncate", "mkdir")
        if number != self._at and not (
            self._fault == "ENOSPC" and self._at is not None and number > self._at and fills
        ):
            return _CONT
        return self._go_wrong(thread, call, registers)

    def _go_wrong(self, thread: int, call: Call, registers: _Registers) -> int:
        half = call.kind == "write" and self._fault in ("kill", "short") and registers.rdx > 1
        if half:
            registers.rdx = registers.rdx // 2 if registers.rdx < 2048 else registers.rdx // 1024 * 512
        elif self._fault == "kill":
            os.kill(self._child, signal.SIGKILL)
            return _CONT
        elif self._fault != "short":
            registers.orig_rax, registers.rax = (1 << 64) - 1, (1 << 64) - getattr(errno, self._fault)
        _ptrace(_SETREGS, thread, 0, ctypes.addressof(registers))
        return _SYSCALL if self._fault == "kill" else _CONT


class _Reader:
    """Reads off a stopped thread which call it makes."""

    def __init__(self, thread: int, folder: str, registers: _Registers) -> None:
        self._thread, self._folder = thread, folder
        self._name = _NUMBERS[registers.orig_rax]
        self._given = [int(getattr(registers, name)) for name in _ARGUMENTS]

    def call(self) -> Call | None:
        """The call; None if it changes nothing in the folder."""
        name = self._name
        if name.startswith(("write", "pwrite")):
            return self._write()
        if name in ("fsync", "fdatasync"):
            return self._sync(self._file(self._given[0]))
        if name == "ftruncate":
            return self._at("truncate", self._file(self._given[0]), offset=self._given[1])
        if name == "fallocate":
            return self._at("truncate", self._file(self._given[0]), offset=self._given[2] + self._given[3])
        if name in ("open", "openat"):
            return self._open()
        if name.startswith("rename"):
            pairs = (0, 2) if name != "rename" else (None, None)
            first, second = (0, 1) if name == "rename" else (1, 3)
            old, new = self._path(pairs[0], first), self._path(pairs[1], second)
            return self._at("rename", old, to=self._inside(new) or "")
        plain = name in ("unlink", "mkdir", "rmdir")
        path = self._path(None if plain else 0, 0 if plain else 1)
        if name == "unlinkat" and self._given[2]:
            return self._at("rmdir", path)
        if name.startswith("mkdir") and Path(path).exists():
            return None
        return self._at({"unlinkat": "unlink", "mkdirat": "mkdir"}.get(name, name), path)

    def _sync(self, path: str) -> Call | None:
        content = b""
        if self._inside(path) is not None and Path(path).is_file():
            content = Path(path).read_bytes()  # writes through a map are no calls: they are seen here
        return self._at("sync", path, data=content)

    def _write(self) -> Call | None:
        file = self._file(self._given[0])
        if self._inside(file) is None:
            return None
        position, flags = self._state(self._given[0])
        offset = self._given[3] if self._name.startswith("p") else position
        if flags & os.O_APPEND:
            offset = Path(f"/proc/{self._thread}/fd/{self._given[0]}").stat().st_size
        if "v" in self._name:
            parts = self._memory(self._given[1], 16 * self._given[2])
            data = b"".join(self._memory(*part) for part in struct.iter_unpack("QQ", parts))
        else:
            data = self._memory(self._given[1], min(self._given[2], _LARGEST))
        return self._at("write", file, offset=offset, data=data, synced=bool(flags & os.O_DSYNC))

    def _open(self) -> Call | None:
        at = self._name == "openat"
        path, flags = self._path(0 if at else None, int(at)), self._given[1 + at]
        if flags & os.O_CREAT and not Path(path).exists():
            return self._at("create", path)
        return self._at("truncate", path) if flags & os.O_TRUNC else None

    def _at(self, kind: str, path: str, **more: object) -> Call | None:
        inside = self._inside(path)
        return None if inside is None else Call(kind, inside, **more)  # type: ignore[arg-type]

    def _inside(self, path: str) -> str | None:
        if path == self._folder:
            return "."
        prefix = self._folder.rstrip("/") + "/"
        return path.removeprefix(prefix) if path.startswith(prefix) else None

    def _file(self, descriptor: int) -> str:
        return str(Path(f"/proc/{self._thread}/fd/{descriptor & 0xFFFFFFFF}").readlink())

    def _state(self, descriptor: int) -> tuple[int, int]:
        """Position and flags of an open file."""
        lines = Path(f"/proc/{self._thread}/fdinfo/{descriptor}").read_text(encoding="ascii").splitlines()
        found = dict(line.split(":", 1) for line in lines)
        return int(found["pos"]), int(found["flags"], 8)

    def _path(self, folder: int | None, place: int) -> str:
        """The path at a place of the arguments, from the folder whose descriptor is at another."""
        text = b""
        while b"\0" not in text:
            text += self._memory(self._given[place] + len(text), 64)
        path = text.split(b"\0", 1)[0].decode()
        if folder is not None and self._given[folder] & 0xFFFFFFFF != _HERE and not path.startswith("/"):
            path = f"{self._file(self._given[folder])}/{path}"
        return os.path.normpath(path)

    def _memory(self, address: int, size: int) -> bytes:
        with Path(f"/proc/{self._thread}/mem").open("rb", buffering=0) as memory:
            memory.seek(address)
            return memory.read(size)
