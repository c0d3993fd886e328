"""Gather: copy fixed-stride rows by id into a buffer, asking memory for rows ahead of their turn.

A random row costs a cache miss of 200-300 ns, so that many have to be in flight. Strides are powers of two
up to 512 bytes, then multiples of 512 (``GroupLayout.stride``).

Rows of 64 bytes and more are asked for in blocks that fit the second cache, the next block before this one
is copied line by line: asked for one by one between copies, they wait behind the stores. What is too large
to be read back from a cache is written past it, as memcpy does; otherwise each line of the buffer would be
read before it is written.
Smaller rows are asked for ``AHEAD`` rows ahead and copied word by word.
"""

# ruff: noqa: ARG001 - numba wants every argument of an intrinsic in its signature
from __future__ import annotations

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from workbench.kernels.jit import kernel, part
from workbench.types import AnyArray, ByteArray

AHEAD = 32
"""Rows of less than a line between a request and its use."""

BLOCK = 512
"""Lines that are asked for at once: 32 KiB, few enough to be still there when they are copied."""

STREAM = 4 << 20
"""Bytes from which on a buffer is written past the caches."""

_LINE = 8
"""8-byte words of a cache line."""


@intrinsic
def prefetch(typing_context, words, position):
    """Ask for the cache line of ``words[position]`` without waiting for it."""

    def generate(context, builder, signature, arguments):
        address = element_address(context, builder, signature.args[0], arguments[0], arguments[1])
        byte, number = cgutils.voidptr_t, ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [byte, number, number, number])
        function = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        to_read, keep_in_l2, data_cache = (ir.Constant(number, value) for value in (0, 2, 1))
        builder.call(function, [builder.bitcast(address, byte), to_read, keep_in_l2, data_cache])
        return context.get_dummy_value()

    return types.void(words, types.intp), generate


@intrinsic
def _copy_line(typing_context, source, start, target, begin):
    """``target[begin : begin + 8] = source[start : start + 8]`` as one vector, aliasing not feared."""
    return _line_copier(source, target, streaming=False)


@intrinsic
def _stream_line(typing_context, source, start, target, begin):
    """:func:`_copy_line` past the caches; the target must be 64-aligned. End with :func:`settle_stores`."""
    return _line_copier(source, target, streaming=True)


def _line_copier(source, target, *, streaming):
    def generate(context, builder, signature, arguments):
        line = ir.VectorType(ir.IntType(64), _LINE).as_pointer()
        read = element_address(context, builder, signature.args[0], arguments[0], arguments[1])
        write = element_address(context, builder, signature.args[2], arguments[2], arguments[3])
        value = builder.load(builder.bitcast(read, line), align=8)
        store_line(builder, value, builder.bitcast(write, line), streaming=streaming)
        return context.get_dummy_value()

    return types.void(source, types.intp, target, types.intp), generate


def store_line(builder, value, address, *, streaming):
    """Store a vector; past the caches if ``streaming``, to an address that is then 64-aligned."""
    stored = builder.store(value, address, align=64 if streaming else 8)
    if streaming:
        stored.set_metadata("nontemporal", builder.module.add_metadata([ir.Constant(ir.IntType(32), 1)]))


@intrinsic
def settle_stores(typing_context):
    """Order streamed stores before whatever tells another thread of them."""

    def generate(context, builder, signature, arguments):
        builder.fence("seq_cst")
        return context.get_dummy_value()

    return types.void(), generate


def element_address(context, builder, array_type, array, position):
    """Address of an element of an array, in an intrinsic."""
    data = context.make_array(array_type)(context, builder, array).data
    return builder.gep(data, [position])


@part
def ask_for(source, stride, ids, begin, end):
    """Prefetch rows ``begin`` to ``end`` of a batch, as far as there are so many; ``stride`` in words."""
    for i in range(begin, min(end, len(ids))):
        row = np.int64(ids[i]) * stride
        for line in range(0, stride, _LINE):
            prefetch(source, row + line)


@kernel
def _gather_lines(source, stride, ids, out, streaming):
    count, block = len(ids), max(1, BLOCK * _LINE // stride)
    ask_for(source, stride, ids, 0, block)
    for begin in range(0, count, block):
        end = min(begin + block, count)
        ask_for(source, stride, ids, end, end + block)
        for i in range(begin, end):
            row = np.int64(ids[i]) * stride
            for line in range(0, stride, _LINE):
                if streaming:
                    _stream_line(source, row + line, out, i * stride + line)
                else:
                    _copy_line(source, row + line, out, i * stride + line)
    if streaming:
        settle_stores()


@kernel
def _gather_words(source, stride, ids, out):
    count = len(ids)
    for i in range(count):
        if i + AHEAD < count:
            prefetch(source, np.int64(ids[i + AHEAD]) * stride)
        row = np.int64(ids[i]) * stride
        for word in range(stride):
            out[i * stride + word] = source[row + word]


@kernel
def _extremes(ids):
    low, high = np.int64(ids[0]), np.int64(ids[0])
    for i in range(1, len(ids)):
        value = np.int64(ids[i])
        low, high = min(low, value), max(high, value)
    return low, high


def gather(source: ByteArray, ids: AnyArray, out: ByteArray) -> None:
    """``out[i] = source[ids[i]]``; releases the GIL.

    Arrays
    ------
    source  uint8[rows, stride]  C-contiguous, 8-aligned; stride a power of two from 8, or a multiple of 64
    ids     uint32[n] or int64[n]  every id below ``rows``: unchecked here
    out     uint8[n, stride]     C-contiguous, 8-aligned

    Cost: one overlapped cache miss per 64 bytes of a row.
    """
    words = source.shape[1] // 8
    read, write = source.reshape(-1).view(np.uint64), out.reshape(-1).view(np.uint64)
    if words < _LINE:
        _gather_words(read, words, ids, write)
    else:
        _gather_lines(read, words, ids, write, is_streamed(out))


def is_streamed(out: ByteArray) -> bool:
    """Whether a buffer is large enough, and lies so, that it is written past the caches."""
    return out.nbytes >= STREAM and out.ctypes.data % 64 == 0


def extremes(ids: AnyArray) -> tuple[int, int]:
    """Smallest and largest id, as Python integers; ``(0, -1)`` if there are none."""
    if not len(ids):
        return 0, -1
    low, high = _extremes(ids)
    return int(low), int(high)
