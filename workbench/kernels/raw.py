"""Loads, stores and prefetches at an address: what numba has no words for.

Addresses are int64 throughout (in numba, uint64 + int64 becomes float64). ``like`` is any array: only
its dtype is read, so one kernel source serves ids of 32 and of 64 bits. Nothing is checked here: the
caller's arrays were checked once, at the store's door.
"""

from __future__ import annotations

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic


@intrinsic
def load(_typing, like, _address):
    """Load one element of the dtype of ``like``, as int64 (zero-extended where unsigned)."""
    dtype = like.dtype

    def generate(context, builder, _signature, args):
        pointer = builder.inttoptr(args[1], context.get_value_type(dtype).as_pointer())
        value = builder.load(pointer)
        if dtype.bitwidth == 64:
            return value
        extend = builder.sext if dtype.signed else builder.zext
        return extend(value, ir.IntType(64))

    return types.int64(like, types.int64), generate


@intrinsic
def store(_typing, like, _address, _value):
    """Store an int64 as one element of the dtype of ``like``."""
    dtype = like.dtype

    def generate(context, builder, _signature, args):
        kind = context.get_value_type(dtype)
        pointer = builder.inttoptr(args[1], kind.as_pointer())
        narrow = args[2] if dtype.bitwidth == 64 else builder.trunc(args[2], kind)
        builder.store(narrow, pointer)
        return context.get_dummy_value()

    return types.void(like, types.int64, types.int64), generate


def _loader(kind):
    """An intrinsic that loads one number of a fixed dtype at an address: int64, or float64."""
    wide = types.float64 if isinstance(kind, types.Float) else types.int64

    @intrinsic
    def load_fixed(_typing, _address):
        def generate(context, builder, _signature, args):
            value = builder.load(builder.inttoptr(args[0], context.get_value_type(kind).as_pointer()))
            return context.cast(builder, value, kind, wide)

        return wide(types.int64), generate

    return load_fixed


def _storer(kind):
    """An intrinsic that stores an int64 as one number of a fixed dtype."""

    @intrinsic
    def store_fixed(_typing, _address, _value):
        def generate(context, builder, _signature, args):
            pointer = builder.inttoptr(args[0], context.get_value_type(kind).as_pointer())
            builder.store(context.cast(builder, args[1], types.int64, kind), pointer)
            return context.get_dummy_value()

        return types.void(types.int64, types.int64), generate

    return store_fixed


load32, load64 = _loader(types.int32), _loader(types.int64)
loadu32, load_f32, load_f64 = _loader(types.uint32), _loader(types.float32), _loader(types.float64)
store32, store64 = _storer(types.int32), _storer(types.int64)


@intrinsic
def width(_typing, like):
    """Bytes of one element of ``like``: a constant of the compiled code, unlike ``like.itemsize``."""
    size = like.dtype.bitwidth // 8

    def generate(_context, _builder, _signature, _args):
        return ir.Constant(ir.IntType(64), size)

    return types.int64(like), generate


@intrinsic
def prefetch(_typing, _address):
    """Ask for the cache line at the address, for reading; any address is safe."""

    def generate(context, builder, _signature, args):
        byte, word = ir.IntType(8).as_pointer(), ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [byte, word, word, word])
        function = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0i8")
        builder.call(function, [builder.inttoptr(args[0], byte), word(0), word(3), word(1)])
        return context.get_dummy_value()

    return types.void(types.int64), generate
