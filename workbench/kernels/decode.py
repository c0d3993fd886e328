"""Gather of packed rows: codes are widened on the way, so that narrow stored rows are plain ones when read.

    fields int64[f, F_WORDS]   what of the stored row becomes what of the plain row, in the plain row's order

    HALF    float16  -> float32         SMALL   int8 times the row's own scale -> float32
    BRAIN   bfloat16 -> float32         BYTE    uint8  -> int32     WORD    uint16 -> int32
    PLAIN   4 bytes as they are         MASK    1 byte as it is

Values are widened sixteen at a time.
"""

# ruff: noqa: ARG001 - numba wants every argument of an intrinsic in its signature
from __future__ import annotations

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from workbench.kernels.gather import BLOCK, ask_for, is_streamed, settle_stores, store_line
from workbench.kernels.jit import kernel, part
from workbench.kernels.raw import set_word
from workbench.types import AnyArray, ByteArray, Int64Array

PLAIN, HALF, BRAIN, SMALL, BYTE, WORD, MASK = range(7)

F_KIND, F_FROM, F_TO, F_COUNT, F_SCALE, F_WORDS = range(6)
"""Kind, first byte in the stored and in the plain row, values, and where the row's scale is stored."""

_LANES = 16
_LINE = 8
_NARROW = {PLAIN: 4, HALF: 2, BRAIN: 2, SMALL: 1, BYTE: 1, WORD: 2, MASK: 1}


def _widened(builder, kind, value, scale, lanes):
    """The 4-byte words of stored values, as vectors of ``lanes``."""
    word, real = ir.VectorType(ir.IntType(32), lanes), ir.VectorType(ir.FloatType(), lanes)

    def all_of(number):
        return ir.Constant(word, [number] * lanes)

    if kind == PLAIN:
        return value
    if kind == SMALL:
        numbers = builder.sitofp(value, real)
        first = builder.insert_element(ir.Constant(real, ir.Undefined), scale, ir.IntType(32)(0))
        spread = ir.Constant(ir.VectorType(ir.IntType(32), lanes), [0] * lanes)
        return builder.bitcast(builder.fmul(numbers, builder.shuffle_vector(first, first, spread)), word)
    wide = builder.zext(value, word)
    if kind == BRAIN:
        return builder.shl(wide, all_of(16))
    if kind != HALF:
        return wide
    # The exponent is off by 112 in the wider format; the product is exact, of subnormal numbers too.
    sign = builder.shl(builder.and_(wide, all_of(0x8000)), all_of(16))
    size = builder.bitcast(builder.shl(builder.and_(wide, all_of(0x7FFF)), all_of(13)), real)
    grown = builder.fmul(size, ir.Constant(real, [2.0**112] * lanes))
    return builder.or_(builder.bitcast(grown, word), sign)


def _widener(kind, lanes):
    """An intrinsic that widens some values from one address to another."""
    narrow = ir.VectorType(ir.IntType(8 * _NARROW[kind]), lanes)
    word = ir.VectorType(ir.IntType(32), lanes)

    @intrinsic
    def widen(typing_context, source, target, scale):
        def generate(context, builder, signature, arguments):
            read = builder.inttoptr(arguments[0], narrow.as_pointer())
            write = builder.inttoptr(arguments[1], word.as_pointer())
            value = builder.load(read, align=1)
            builder.store(_widened(builder, kind, value, arguments[2], lanes), write, align=4)
            return context.get_dummy_value()

        return types.void(types.int64, types.int64, types.float32), generate

    return widen


def _field(kind):
    """A part that widens all values of a field; the last sixteen overlap those before."""
    many, one, size = _widener(kind, _LANES), _widener(kind, 1), _NARROW[kind]

    def widen_field(source, target, count, scale):
        if count < _LANES:
            for i in range(count):
                one(source + i * size, target + i * 4, scale)
            return
        for i in range(0, count - _LANES, _LANES):
            many(source + i * size, target + i * 4, scale)
        many(source + (count - _LANES) * size, target + (count - _LANES) * 4, scale)

    # numba's cache tells functions apart by this name: with one for all, a cached kernel calls another kind's
    widen_field.__qualname__ = f"widen_field_{kind}"
    return part(widen_field)


_plain, _half, _brain = _field(PLAIN), _field(HALF), _field(BRAIN)
_small, _byte, _word = _field(SMALL), _field(BYTE), _field(WORD)


@intrinsic
def _byte_at(typing_context, source, target):
    """Copy one byte."""

    def generate(context, builder, signature, arguments):
        read, write = (builder.inttoptr(address, ir.IntType(8).as_pointer()) for address in arguments)
        builder.store(builder.load(read), write)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64), generate


@intrinsic
def _scale_at(typing_context, address):
    """The float32 at an address."""

    def generate(context, builder, signature, arguments):
        return builder.load(builder.inttoptr(arguments[0], ir.FloatType().as_pointer()), align=1)

    return types.float32(types.int64), generate


@part
def _widen_row(source, target, fields):
    for f in range(len(fields)):
        field = fields[f]
        read, write, count = source + field[F_FROM], target + field[F_TO], field[F_COUNT]
        kind, scale = field[F_KIND], np.float32(0)
        if kind == PLAIN:
            _plain(read, write, count, scale)
        elif kind == BRAIN:
            _brain(read, write, count, scale)
        elif kind == SMALL:
            _small(read, write, count, _scale_at(source + field[F_SCALE]))
        elif kind == HALF:
            _half(read, write, count, scale)
        elif kind == BYTE:
            _byte(read, write, count, scale)
        elif kind == WORD:
            _word(read, write, count, scale)
        else:
            for i in range(count):
                _byte_at(read + i, write + i)


@intrinsic
def _stream_line(typing_context, source, target):
    """Copy a line past the caches, to an address that is 64-aligned."""
    line = ir.VectorType(ir.IntType(64), _LINE).as_pointer()

    def generate(context, builder, signature, arguments):
        value = builder.load(builder.inttoptr(arguments[0], line), align=8)
        store_line(builder, value, builder.inttoptr(arguments[1], line), streaming=True)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64), generate


@kernel
def _gather_decoded(source, stride, ids, fields, out, width, streaming):
    """Strides in bytes. Streamed rows are widened block by block: mixed with others, such stores are slow."""
    count, block = len(ids), max(1, BLOCK * 64 // max(stride, width))
    held, lent = np.int64(source.ctypes.data), np.int64(out.ctypes.data)
    rows = np.empty(block * width // 8 if streaming else 0, np.uint64)
    ask_for(source, stride // 8, ids, 0, block)
    for begin in range(0, count, block):
        end = min(begin + block, count)
        ask_for(source, stride // 8, ids, end, end + block)
        place = lent + begin * width
        target = np.int64(rows.ctypes.data) if streaming else place
        for i in range(begin, end):
            write = target + (i - begin) * width
            _zero_end(write, fields, width)
            _widen_row(held + np.int64(ids[i]) * stride, write, fields)
        if streaming:
            for line in range(0, (end - begin) * width, 64):
                _stream_line(target + line, place + line)
    if streaming:
        settle_stores()


@part
def _zero_end(target, fields, width):
    """Zeros from before the mask, which is the last field, to the row's end."""
    first = fields[len(fields) - 1, F_TO] // 8
    for word in range(first, width // 8):
        set_word(target, word, 0)


def gather_decoded(source: ByteArray, ids: AnyArray, fields: Int64Array, out: ByteArray) -> None:
    """``out[i]`` = the plain row of the packed row ``source[ids[i]]``; releases the GIL.

    Arrays
    ------
    source  uint8[rows, stored stride]  C-contiguous, 8-aligned
    ids     uint32[n] or int64[n]       every id below ``rows``: unchecked here
    fields  int64[f, F_WORDS]           the last is the mask
    out     uint8[n, stride]            C-contiguous, 8-aligned

    Cost: one overlapped cache miss per 64 bytes of a stored row.
    """
    read, write = source.reshape(-1).view(np.uint64), out.reshape(-1).view(np.uint64)
    _gather_decoded(read, source.shape[1], ids, fields, write, out.shape[1], is_streamed(out))
