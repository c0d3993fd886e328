"""Many reads of a file at once, without the GIL: through an io_uring, or by ``pread`` in several threads.

    reads int64[n, 3]   offset | bytes | address of the buffer      what is left of a read after a part came

The system is called by the addresses of libc's functions: numba can cache that, ctypes' own it cannot.
"""

# ruff: noqa: ARG001 - numba wants every argument of an intrinsic in its signature
from __future__ import annotations

import errno

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from workbench.kernels.gather import settle_stores
from workbench.kernels.jit import kernel, part
from workbench.kernels.raw import word32

ENDED = -1
"""The file ended before a read was full; positive results are the system's error numbers."""

R_FILE, R_FD, R_SQ_TAIL, R_SQ_MASK, R_CQ_HEAD, R_CQ_TAIL, R_CQ_MASK, R_CQES, R_DEPTH, R_WORDS = range(10)
"""Columns of a ring: the file, the ring itself, places of its counters (in 4-byte words), its depth."""

_READ, _ENTER, _GETEVENTS = 22, 426, 1  # IORING_OP_READ, the number of io_uring_enter, IORING_ENTER_GETEVENTS
_INTERRUPTED, _AGAIN, _BUSY = errno.EINTR, errno.EAGAIN, errno.EBUSY
_WAIT_FOR = 32
_BEGUN, _FLYING, _UNSENT, _PARTS, _FAILED, _STATES = range(6)


@intrinsic
def _call(typing_context, address, a, b, c, d, e, f, g):
    """Call the C function at an address with seven integers (it may take fewer): an integer."""
    integer = ir.IntType(64)

    def generate(context, builder, signature, arguments):
        kind = ir.FunctionType(integer, [integer] * 7).as_pointer()
        return builder.call(builder.inttoptr(arguments[0], kind), arguments[1:])

    return types.int64(*[types.int64] * 8), generate


@part
def _error(errno_of_thread):
    """The error number of the last call of this thread."""
    return word32(_call(errno_of_thread, 0, 0, 0, 0, 0, 0, 0), 0)


@part
def _is_passing(error):
    return error in (_INTERRUPTED, _AGAIN, _BUSY)


@part
def _advance(read, got):
    """Take what came off a read; whether it is still wanting."""
    for column, sign in ((0, 1), (1, -1), (2, 1)):
        read[column] += sign * got
    return read[1] > 0


@kernel
def read_queued(system, errno_of_thread, ring, sq, sqes, cq, reads):
    """Do all reads through a ring, as many in flight as its depth; in one thread, in any order.

    Arrays
    ------
    ring   int64[R_WORDS]
    sq     uint32[...]     the submission ring      cq   int32[...]   the completion ring
    sqes   int64[entries, 8]
    reads  int64[n, 3]     overwritten

    Returns 0, ENDED or the first error number; then nothing is in flight unless the ring itself failed.
    """
    state, again = np.zeros(_STATES, np.int64), np.empty(ring[R_DEPTH], np.int64)
    while state[_FLYING] > 0 or _has_more(reads, state):
        _offer(ring, sq, sqes, reads, again, state)
        wanted = min(state[_FLYING], _WAIT_FOR)
        sent = _call(system, _ENTER, ring[R_FD], state[_UNSENT], wanted, _GETEVENTS, 0, 0)
        if sent >= 0:
            state[_UNSENT] -= sent
        elif not _is_passing(_error(errno_of_thread)):
            return _error(errno_of_thread)
        _reap(ring, cq, reads, again, state)
    return state[_FAILED]


@part
def _has_more(reads, state):
    """Whether a read is to be begun, or the rest of one of which a part came."""
    return state[_FAILED] == 0 and (state[_BEGUN] < len(reads) or state[_PARTS] > 0)


@part
def _offer(ring, sq, sqes, reads, again, state):
    """Fill the submission ring."""
    tail = np.int64(sq[ring[R_SQ_TAIL]])
    while state[_FLYING] < ring[R_DEPTH] and _has_more(reads, state):
        if state[_PARTS] > 0:
            state[_PARTS] -= 1
            number = again[state[_PARTS]]
        else:
            number = state[_BEGUN]
            state[_BEGUN] += 1
        _fill(sqes[tail & ring[R_SQ_MASK]], ring[R_FILE], reads[number], number)
        state[_FLYING] += 1
        state[_UNSENT] += 1
        tail += 1
    settle_stores()
    sq[ring[R_SQ_TAIL]] = tail


@part
def _reap(ring, cq, reads, again, state):
    """Empty the completion ring."""
    settle_stores()
    head, end = cq[ring[R_CQ_HEAD]], cq[ring[R_CQ_TAIL]]
    while head != end:
        event = ring[R_CQES] + 4 * (np.int64(head) & ring[R_CQ_MASK])
        number, got = np.int64(cq[event]), np.int64(cq[event + 2])
        head = np.int32(head + 1)
        state[_FLYING] -= 1
        if got == 0 or (got < 0 and not _is_passing(-got)):
            state[_FAILED] = ENDED if got == 0 else -got
        elif got < 0 or _advance(reads[number], got):
            again[state[_PARTS]] = number
            state[_PARTS] += 1
    settle_stores()
    cq[ring[R_CQ_HEAD]] = head


@part
def _fill(entry, file, read, number):
    """Describe a read to the system."""
    entry[0] = _READ | (file << 32)
    entry[1], entry[2], entry[3], entry[4] = read[0], read[2], read[1], number
    entry[5], entry[6], entry[7] = 0, 0, 0


@kernel
def read_each(pread, errno_of_thread, file, reads, first, step):
    """Every ``step``-th read from ``first`` on, one after the other, by ``pread``.

    Returns 0, ENDED or the first error number.
    """
    for i in range(first, len(reads), step):
        read = reads[i]
        while read[1] > 0:
            got = _call(pread, file, read[2], read[1], read[0], 0, 0, 0)
            if got > 0:
                _advance(read, got)
            elif got == 0:
                return ENDED
            else:
                error = _error(errno_of_thread)
                if error != _INTERRUPTED:
                    return error
    return 0
