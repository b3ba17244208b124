"""Compiles one kernel with Numba to an object file whose entry point Python can call without Numba.

Numba's own entry points need Numba in the process that calls them, and loading it takes longer than most runs of
renderkit. The entry point written here takes what `METH_FASTCALL` hands over, looks into the arrays where NumPy's
C interface says that they keep their memory, calls the kernel without the GIL, and returns a Python object. Arguments
of other types than the kernel was compiled for make it return NotImplemented.

Imports Numba: load this module late.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.core.compiler_lock import global_compiler_lock
from numba.core.registry import cpu_target
from numba.np.arrayobj import populate_array

_I8, _I32, _I64 = ir.IntType(8), ir.IntType(32), ir.IntType(64)
_TYPE_AT, _TUPLE_SIZE_AT, _TUPLE_ITEMS_AT = 8, 16, 24
"""Bytes from the start of a CPython object; the same in all versions with a GIL."""
_DATA_AT, _DIMENSIONS_AT, _SHAPE_AT, _STRIDES_AT, _DTYPE_AT, _FLAGS_AT = 16, 24, 32, 40, 56, 64
"""Bytes from the start of a PyArrayObject (numpy/ndarraytypes.h)."""
_BYTE_ORDER_AT, _TYPE_NUMBER_AT = 26, 28
"""Bytes from the start of a PyArray_Descr."""
_C_CONTIGUOUS, _ALIGNED, _WRITEABLE = 0x1, 0x100, 0x400
_RUNTIME: Final = ("numba_", "NRT_")
_SCALARS: Final = {"int": types.int64, "float": types.float64, "bool": types.boolean}


def compile_kernel(dispatcher: Any, kinds: Sequence[Any], entry: str) -> bytes:  # noqa: ANN401 - Numba has no types
    """Return the object file of a kernel for arguments of these kinds (see `compiled.kind_of`)."""
    with global_compiler_lock:
        return _compile(dispatcher, tuple(map(_numba_type, kinds)), entry)


def make_dispatcher(function: Callable[..., Any], options: Mapping[str, Any]) -> Any:  # noqa: ANN401 - Numba has no types
    """Return a kernel as other kernels call it while they are compiled."""
    return njit(**options, no_cpython_wrapper=True, no_cfunc_wrapper=True)(function)


def _compile(dispatcher: Any, arguments: tuple[Any, ...], entry: str) -> bytes:  # noqa: ANN401
    dispatcher.compile(arguments)
    compiled = dispatcher.overloads[arguments]
    context = cpu_target.target_context
    library = context.codegen().create_library(entry)
    library.enable_object_caching()
    library.add_linking_library(compiled.library)
    module = library.create_ir_module(entry)
    _Entry(context, module, compiled, entry).build()
    library.add_ir_module(module)
    library.finalize()
    _refuse_runtime(library, entry)
    return bytes(library._get_compiled_object())


def _refuse_runtime(library: Any, entry: str) -> None:  # noqa: ANN401 - Numba has no types
    """Refuse a kernel that calls Numba's runtime: without Numba in the process such a call would crash it."""
    module = library._final_module
    used = sorted(one.name for one in module.functions if one.is_declaration and one.name.startswith(_RUNTIME))
    if used:
        raise TypeError(
            f"kernel {entry} calls {', '.join(used)} of Numba's runtime, which is not there when its machine code is "
            "loaded: kernels must not make or reshape arrays"
        )


def _numba_type(kind: Any) -> Any:  # noqa: ANN401 - Numba has no types
    if isinstance(kind, tuple) and kind[0] == "tuple":
        return types.Tuple([_numba_type(part) for part in kind[1:]])
    if isinstance(kind, tuple):
        code, dimensions, writeable = kind
        return types.Array(types_of(code), dimensions, "C", readonly=not writeable)
    return _SCALARS[kind]


def types_of(code: str) -> Any:  # noqa: ANN401 - Numba has no types
    """Return Numba's type of a NumPy scalar type."""
    from numba.np.numpy_support import from_dtype  # noqa: PLC0415 - a cycle inside Numba

    return from_dtype(np.dtype(code))


class _Entry:
    """Writes `PyObject *entry(PyObject *array_type, PyObject *const *args, Py_ssize_t count)`."""

    def __init__(self, context: Any, module: ir.Module, compiled: Any, name: str) -> None:  # noqa: ANN401
        self._context = context
        self._compiled = compiled
        pointer = _I8.as_pointer()
        self._function = ir.Function(module, ir.FunctionType(pointer, [pointer, pointer.as_pointer(), _I64]), name)
        self._builder = ir.IRBuilder(self._function.append_basic_block("entry"))
        self._other = self._function.append_basic_block("other_types")
        self._api = context.get_python_api(self._builder)

    def build(self) -> None:
        """Write the function: unpack, call, pack."""
        builder, signature = self._builder, self._compiled.signature
        array_type, items, count = self._function.args
        self._require(builder.icmp_signed("==", count, _I64(len(signature.args))))
        objects = [builder.load(builder.gep(items, [_I64(i)])) for i in range(len(signature.args))]
        values = [self._value(kind, one, array_type) for kind, one in zip(signature.args, objects, strict=True)]
        thread = self._api.save_thread()
        callee = self._context.declare_function(builder.module, self._compiled.fndesc)
        status, result = self._context.call_conv.call_function(
            builder, callee, signature.return_type, signature.args, values
        )
        self._api.restore_thread(thread)
        with builder.if_then(status.is_error, likely=False):
            self._api.err_set_string("PyExc_RuntimeError", "a kernel failed")
            builder.ret(ir.Constant(_I8.as_pointer(), None))
        builder.ret(self._api.from_native_value(signature.return_type, result, None))
        builder.position_at_end(self._other)
        builder.ret(self._borrowed("_Py_NotImplementedStruct"))

    def _borrowed(self, name: str) -> ir.Value:
        """Return one of the interpreter's objects, counted once more."""
        found = self._address(name)
        self._api.incref(found)
        return found

    def _address(self, name: str) -> ir.Value:
        module = self._builder.module
        known = module.globals.get(name) or ir.GlobalVariable(module, _I8, name)
        return self._builder.bitcast(known, _I8.as_pointer())

    def _require(self, condition: ir.Value) -> None:
        """Go on where a condition holds, else return NotImplemented."""
        following = self._function.append_basic_block()
        self._builder.cbranch(condition, following, self._other)
        self._builder.position_at_end(following)

    def _field(self, owner: ir.Value, offset: int, kind: ir.Type) -> ir.Value:
        builder = self._builder
        return builder.load(builder.bitcast(builder.gep(owner, [_I64(offset)]), kind.as_pointer()))

    def _require_type(self, owner: ir.Value, wanted: ir.Value) -> None:
        self._require(self._builder.icmp_unsigned("==", self._field(owner, _TYPE_AT, _I8.as_pointer()), wanted))

    def _value(self, kind: Any, given: ir.Value, array_type: ir.Value) -> ir.Value:  # noqa: ANN401
        if isinstance(kind, types.Array):
            return self._array(kind, given, array_type)
        if isinstance(kind, types.BaseTuple):
            self._require_type(given, self._address("PyTuple_Type"))
            self._require(self._builder.icmp_signed("==", self._field(given, _TUPLE_SIZE_AT, _I64), _I64(len(kind))))
            parts = [
                self._value(part, self._field(given, _TUPLE_ITEMS_AT + 8 * i, _I8.as_pointer()), array_type)
                for i, part in enumerate(kind)
            ]
            return self._context.make_tuple(self._builder, kind, parts)
        return self._scalar(kind, given)

    def _scalar(self, kind: Any, given: ir.Value) -> ir.Value:  # noqa: ANN401
        if kind == types.float64:
            self._require_type(given, self._address("PyFloat_Type"))
            return self._api.float_as_double(given)
        if kind == types.boolean:
            self._require_type(given, self._address("PyBool_Type"))
            return self._builder.icmp_unsigned("==", given, self._address("_Py_TrueStruct"))
        self._require_type(given, self._address("PyLong_Type"))
        return self._api.long_as_longlong(given)

    def _array(self, kind: Any, given: ir.Value, array_type: ir.Value) -> ir.Value:  # noqa: ANN401
        builder = self._builder
        dtype = np.dtype(kind.dtype.name)
        self._require_type(given, array_type)
        self._require(builder.icmp_signed("==", self._field(given, _DIMENSIONS_AT, _I32), _I32(kind.ndim)))
        flags = _I32(_C_CONTIGUOUS | _ALIGNED | (_WRITEABLE if kind.mutable else 0))
        found = builder.and_(self._field(given, _FLAGS_AT, _I32), flags)
        self._require(builder.icmp_unsigned("==", found, flags))
        described = self._field(given, _DTYPE_AT, _I8.as_pointer())
        self._require(builder.icmp_signed("==", self._field(described, _TYPE_NUMBER_AT, _I32), _I32(dtype.num)))
        swapped = _I8(ord(">" if sys.byteorder == "little" else "<"))
        self._require(builder.icmp_unsigned("!=", self._field(described, _BYTE_ORDER_AT, _I8), swapped))
        native = self._context.make_array(kind)(self._context, builder)
        data = self._field(given, _DATA_AT, _I8.as_pointer())
        shape = self._field(given, _SHAPE_AT, _I64.as_pointer())
        strides = self._field(given, _STRIDES_AT, _I64.as_pointer())
        populate_array(
            native,
            data=builder.bitcast(data, native.data.type),
            shape=[builder.load(builder.gep(shape, [_I64(i)])) for i in range(kind.ndim)],
            strides=[builder.load(builder.gep(strides, [_I64(i)])) for i in range(kind.ndim)],
            itemsize=cgutils.sizeof(builder, native.data.type),
            meminfo=None,
            parent=None,
        )
        return native._getvalue()
