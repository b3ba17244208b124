"""Loads object files of kernels into this process with LLVM and makes Python functions of their entry points.

Imports llvmlite: load this module late.
"""

from __future__ import annotations

import ctypes
import sys
import sysconfig
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from typing import Any, Final

import llvmlite.binding as llvm
import numpy as np

from renderkit.system import environment

_V3 = ("avx2", "bmi", "bmi2", "fma", "f16c", "lzcnt")

LEVELS: Final = {
    "x86-64-v4": (
        "avx2",
        "bmi",
        "bmi2",
        "fma",
        "f16c",
        "lzcnt",
        "avx512f",
        "avx512bw",
        "avx512cd",
        "avx512dq",
        "avx512vl",
    ),
    "x86-64-v3": _V3,
}
"""The psABI's levels for which the package has machine code, best first, and LLVM's names of what they need."""

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


@dataclass(frozen=True)
class Processor:
    """What machine code is made for.

    Attributes:
        name: LLVM's name of the processor, or of a level that many share, such as "x86-64-v3".
        features: What code may use beyond the name, separated by commas.
    """

    name: str
    features: str = ""


@cache
def processor() -> Processor:
    """Return the processor that code is compiled for: this one, or what Numba's own variables name."""
    named = environment("NUMBA_CPU_NAME")
    if named and named != "host":
        return Processor(named, environment("NUMBA_CPU_FEATURES"))
    return Processor(llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten())


@cache
def levels() -> tuple[Processor, ...]:
    """Return the levels of processors whose code runs here, best first."""
    found = llvm.get_host_cpu_features()
    return tuple(Processor(name) for name, needed in LEVELS.items() if all(found.get(one) for one in needed))


def load_entry(name: str, code: bytes) -> Callable[..., Any]:
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
