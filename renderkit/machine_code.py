"""Loads object files of kernels into this process with LLVM and makes Python functions of their entry points.

Imports llvmlite: load this module late.
"""

from __future__ import annotations

import ctypes
import sys
import sysconfig
from collections.abc import Callable
from functools import cache
from importlib import metadata
from typing import Any, Final

import llvmlite.binding as llvm
import numpy as np

_METH_FASTCALL: Final = 0x80


class _MethodDef(ctypes.Structure):
    """PyMethodDef of CPython's C interface."""

    _fields_ = (
        ("ml_name", ctypes.c_char_p),
        ("ml_meth", ctypes.c_void_p),
        ("ml_flags", ctypes.c_int),
        ("ml_doc", ctypes.c_char_p),
    )


def is_known_interpreter() -> bool:
    """Whether entry points know where this interpreter keeps an object's type: CPython with a GIL, of 64 bits."""
    free_threaded = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
    return sys.implementation.name == "cpython" and sys.maxsize > 2**32 and not free_threaded


@cache
def numba_version() -> str:
    """Return the version of the installed Numba, without loading it."""
    return metadata.version("numba")


def llvm_version() -> str:
    """Return LLVM's version."""
    return ".".join(str(part) for part in llvm.llvm_version_info)


@cache
def processor() -> tuple[str, frozenset[str]]:
    """Return LLVM's name of this processor and the features that it has."""
    features = llvm.get_host_cpu_features()
    return llvm.get_host_cpu_name(), frozenset(name for name, present in features.items() if present)


def load_entry(code: bytes, name: str) -> Callable[..., Any]:
    """Return a function that calls an object file's entry point; the code stays loaded as long as the process lives."""
    engine = _engine()
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    definition = _MethodDef(name.encode(), engine.get_function_address(name), _METH_FASTCALL, None)
    _definitions().append(definition)
    make = ctypes.pythonapi.PyCFunction_NewEx
    make.restype, make.argtypes = ctypes.py_object, (ctypes.c_void_p, ctypes.py_object, ctypes.c_void_p)
    function: Callable[..., Any] = make(ctypes.addressof(definition), np.ndarray, None)
    return function


@cache
def _engine() -> llvm.ExecutionEngine:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    machine = llvm.Target.from_default_triple().create_target_machine(jit=True, codemodel="jitdefault")
    return llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)


@cache
def _definitions() -> list[_MethodDef]:
    """Keep the definitions that the interpreter points to."""
    return []
