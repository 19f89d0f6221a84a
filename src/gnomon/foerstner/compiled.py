"""Loops over points and pixels, compiled by Numba when they are first called."""

from collections.abc import Callable
from functools import partial
from typing import ParamSpec, TypeVar

import numba

Given = ParamSpec("Given")
Result = TypeVar("Result")


def compiled(function: Callable[Given, Result]) -> Callable[Given, Result]:
    """Compile a function of numbers and arrays; its sums may be taken in any order.

    What was compiled is kept for other processes, beside the source file or in the user's cache,
    where one of them can be written. It follows changes of that one file alone: what a compiled
    function calls, and its constants, lie in its own file.
    """
    fastmath = {"reassoc", "contract", "nsz"}
    compile_it = partial(numba.njit, nogil=True, error_model="numpy", fastmath=fastmath)
    try:
        return compile_it(cache=True)(function)
    except RuntimeError:
        return compile_it()(function)
