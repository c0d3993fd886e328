"""Vectors of sixteen ids and of sixteen hash slots: the few words of SIMD that loops cannot say.

They are LLVM vectors, so that every processor compiles them to what it has. Addresses are int64, as in
``raw.py``; nothing is checked.
"""

from __future__ import annotations

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

WIDE: int = 16
"""Lanes of a vector of int32: expanded nodes that are drawn for side by side."""

SLOTS: int = 16
"""Hash slots of a cache line."""

_I64 = ir.IntType(64)
_WORDS, _INTS = ir.VectorType(_I64, WIDE), ir.VectorType(ir.IntType(32), WIDE)
_GOLDEN, _M1, _M2 = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB


@intrinsic
def floyd16(_typing, _keys, _counts, _takes, _ranks, _rows):
    """Floyd's draws of sixteen nodes, row by row, in registers; true if any draw has to be made again.

    Addresses of uint64[16] keys, int64[16] counts and takes, int32[rows, 16] ranks (out), and rows. See
    ``kernels/floyd.py``, which says what is computed.
    """

    def generate(_context, builder, _signature, args):
        keys_at, counts_at, takes_at, ranks_at, rows = args
        keys = _gather(builder, keys_at)
        lasts = builder.sub(_gather(builder, counts_at), _gather(builder, takes_at))
        before, outer, done = builder.block, *(builder.append_basic_block(n) for n in ("rows", "drawn"))
        builder.cbranch(builder.icmp_signed(">", rows, _I64(0)), outer, done)
        builder.position_at_end(outer)
        index, last = builder.phi(_I64), builder.phi(_WORDS)
        rejected = builder.phi(_I64)
        ranks, again = _draw_row(builder, keys, last, index)
        taken = _find_taken(builder, ranks, ranks_at, index)
        ranks = builder.select(taken, builder.trunc(last, _INTS), ranks)
        row_at = builder.add(ranks_at, builder.shl(index, _I64(6)))
        builder.store(ranks, builder.inttoptr(row_at, _INTS.as_pointer())).align = 4
        following, bad = builder.add(index, _I64(1)), builder.or_(rejected, again)
        for phi, first, then in (
            (index, _I64(0), following),
            (last, lasts, builder.add(last, _splat(builder, _I64(1), WIDE))),
            (rejected, _I64(0), bad),
        ):
            phi.add_incoming(first, before)
            phi.add_incoming(then, builder.block)
        end = builder.block
        builder.cbranch(builder.icmp_signed("<", following, rows), outer, done)
        builder.position_at_end(done)
        result = builder.phi(_I64)
        result.add_incoming(_I64(0), before)
        result.add_incoming(bad, end)
        return result

    return types.int64(*[types.int64] * 5), generate


def _draw_row(builder, keys, last, index):
    """(ranks int32[16], bits of the lanes whose draw is not exact): mix64(key + (index + 1) * GOLDEN)."""
    add = builder.mul(builder.add(index, _I64(1)), _I64(_GOLDEN))
    word = builder.add(keys, _splat(builder, add, WIDE))
    for shift, factor in ((30, _M1), (27, _M2), (31, None)):
        word = builder.xor(word, builder.lshr(word, _words(shift)))
        word = word if factor is None else builder.mul(word, _words(factor))
    bound = builder.add(last, _words(1))
    product = builder.mul(builder.lshr(word, _words(32)), bound)
    low = builder.and_(product, _words(0xFFFFFFFF))
    unsure = builder.bitcast(builder.icmp_unsigned("<", low, bound), ir.IntType(WIDE))
    ranks = builder.trunc(builder.lshr(product, _words(32)), _INTS)
    return ranks, builder.zext(unsure, _I64)


def _find_taken(builder, ranks, ranks_at, index):
    """Lanes whose rank stands in one of the ``index`` rows before."""
    before, loop, done = builder.block, *(builder.append_basic_block(n) for n in ("earlier", "looked"))
    nothing = ir.Constant(ir.VectorType(ir.IntType(1), WIDE), [0] * WIDE)
    builder.cbranch(builder.icmp_signed(">", index, _I64(0)), loop, done)
    builder.position_at_end(loop)
    earlier, seen = builder.phi(_I64), builder.phi(nothing.type)
    row_at = builder.add(ranks_at, builder.shl(earlier, _I64(6)))
    row = builder.load(builder.inttoptr(row_at, _INTS.as_pointer()))
    row.align = 4
    hit, following = builder.or_(seen, builder.icmp_signed("==", row, ranks)), builder.add(earlier, _I64(1))
    for phi, first, then in ((earlier, _I64(0), following), (seen, nothing, hit)):
        phi.add_incoming(first, before)
        phi.add_incoming(then, loop)
    builder.cbranch(builder.icmp_signed("<", following, index), loop, done)
    builder.position_at_end(done)
    taken = builder.phi(nothing.type)
    taken.add_incoming(nothing, before)
    taken.add_incoming(hit, loop)
    return taken


def _gather(builder, address):
    """Sixteen int64 as a vector, loaded one by one.

    They were stored one by one just before. One wide load would have to wait until all those stores, and
    every earlier one, are in the cache: a store is forwarded only to a load that it covers. Atomic loads
    are plain loads that the compiler does not join.
    """
    vector = ir.Constant(_WORDS, ir.Undefined)
    for lane in range(WIDE):
        pointer = builder.inttoptr(builder.add(address, _I64(8 * lane)), _I64.as_pointer())
        word = builder.load_atomic(pointer, "monotonic", 8)
        vector = builder.insert_element(vector, word, ir.IntType(32)(lane))
    return vector


def _words(value):
    return ir.Constant(_WORDS, [value] * WIDE)


@intrinsic
def match_line(_typing, _line, _wanted, _low):
    """Bit i is set where slot i of the cache line is ``wanted`` but for its ``low`` bits, or is 0."""

    def generate(_context, builder, _signature, args):
        kind, narrow = ir.VectorType(ir.IntType(32), SLOTS), ir.IntType(32)
        slots = builder.load(builder.inttoptr(args[0], kind.as_pointer()))
        slots.align = 64
        wanted, low = (_splat(builder, builder.trunc(word, narrow), SLOTS) for word in args[1:])
        same = builder.icmp_signed("==", builder.or_(slots, low), builder.or_(wanted, low))
        empty = builder.icmp_signed("==", slots, ir.Constant(kind, [0] * SLOTS))
        found = builder.bitcast(builder.or_(same, empty), ir.IntType(SLOTS))
        return builder.zext(found, _I64)

    return types.int64(*[types.int64] * 3), generate


@intrinsic
def lowest_bit(_typing, _bits):
    """Position of the lowest set bit of an int64 that is not 0."""

    def generate(_context, builder, _signature, args):
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(types.int64), generate


def _splat(builder, word, lanes):
    vector, place = ir.VectorType(word.type, lanes), ir.IntType(32)
    nothing = ir.Constant(vector, ir.Undefined)
    first = builder.insert_element(nothing, word, place(0))
    return builder.shuffle_vector(first, nothing, ir.Constant(ir.VectorType(place, lanes), [0] * lanes))
