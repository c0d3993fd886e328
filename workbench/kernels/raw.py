"""Loads, stores and prefetches at an address: what numba has no words for.

Addresses are int64 throughout (in numba, uint64 + int64 becomes float64). ``like`` is any array or number:
only its dtype is read, so one kernel source serves ids of 32 and of 64 bits. Nothing is checked here: the
caller's arrays were checked once, at the store's door.
"""

from __future__ import annotations

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic


def _ids(like):
    """The dtype that ``like`` stands for: an array's, or a number's own."""
    return getattr(like, "dtype", like)


@intrinsic
def load(_typing, like, _address):
    """Load one element of the dtype of ``like``, as int64 (zero-extended where unsigned)."""
    dtype = _ids(like)

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
    dtype = _ids(like)

    def generate(context, builder, _signature, args):
        kind = context.get_value_type(dtype)
        pointer = builder.inttoptr(args[1], kind.as_pointer())
        narrow = args[2] if dtype.bitwidth == 64 else builder.trunc(args[2], kind)
        builder.store(narrow, pointer)
        return context.get_dummy_value()

    return types.void(like, types.int64, types.int64), generate


def _loader(kind):
    """An intrinsic that loads number ``index`` of an array of a fixed dtype: int64, or float64."""
    wide = types.float64 if isinstance(kind, types.Float) else types.int64
    size = kind.bitwidth // 8

    @intrinsic
    def load_fixed(_typing, _address, _index):
        def generate(context, builder, _signature, args):
            at = builder.add(args[0], builder.mul(args[1], ir.IntType(64)(size)))
            value = builder.load(builder.inttoptr(at, context.get_value_type(kind).as_pointer()))
            return context.cast(builder, value, kind, wide)

        return wide(types.int64, types.int64), generate

    return load_fixed


def _storer(kind):
    """An intrinsic that stores number ``index`` of an array of a fixed dtype."""
    wide = types.float64 if isinstance(kind, types.Float) else types.int64
    size = kind.bitwidth // 8

    @intrinsic
    def store_fixed(_typing, _address, _index, _value):
        def generate(context, builder, _signature, args):
            at = builder.add(args[0], builder.mul(args[1], ir.IntType(64)(size)))
            pointer = builder.inttoptr(at, context.get_value_type(kind).as_pointer())
            builder.store(context.cast(builder, args[2], wide, kind), pointer)
            return context.get_dummy_value()

        return types.void(types.int64, types.int64, wide), generate

    return store_fixed


word, real = _loader(types.int64), _loader(types.float64)
word32, half = _loader(types.int32), _loader(types.uint32)
set_word, set_real, set_word32 = _storer(types.int64), _storer(types.float64), _storer(types.int32)


@intrinsic
def width(_typing, like):
    """Bytes of one element of ``like``: a constant of the compiled code, unlike ``like.itemsize``."""
    size = _ids(like).bitwidth // 8

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


@intrinsic
def call_at(_typing, _address, like, _call):
    """Call a stage (``kernels/jit.py``) by its address."""

    def generate(context, builder, _signature, args):
        kind = ir.FunctionType(ir.IntType(64), [context.get_value_type(like), ir.IntType(64)])
        return builder.call(builder.inttoptr(args[0], kind.as_pointer()), [args[1], args[2]])

    return types.int64(types.int64, like, types.int64), generate
