"""Loops over points and pixels, compiled by Numba when they are first called."""

from collections.abc import Callable
from functools import partial
from typing import ParamSpec, TypeVar

import numba

Given = ParamSpec("Given")
Result = TypeVar("Result")


def compiled(function: Callable[Given, Result]) -> Callable[Given, Result]:
    """Compile a function of numbers and arrays.

    What was compiled is kept for other processes, beside the source file or in the user's cache,
    where one of them can be written. It follows changes of that one file alone: what a compiled
    function calls, and its constants, lie in its own file.
    """
    return _compiled(function, set())


def compiled_for_sums(function: Callable[Given, Result]) -> Callable[Given, Result]:
    """Compile as `compiled` does, but let sums be taken in any order, several terms at a time."""
    return _compiled(function, {"reassoc", "contract", "nsz"})


def _compiled(function: Callable[Given, Result], freedoms: set[str]) -> Callable[Given, Result]:
    compile_it = partial(numba.njit, nogil=True, error_model="numpy", fastmath=freedoms)
    try:
        return compile_it(cache=True)(function)
    except RuntimeError:
        return compile_it()(function)
