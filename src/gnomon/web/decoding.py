"""Where pictures are decoded: in two threads, whoever asks, so that what it takes is bounded."""

from asyncio import get_running_loop
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

AT_ONCE = 2
_THREADS = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="decoding")
_P = ParamSpec("_P")
_T = TypeVar("_T")


async def in_turn(function: Callable[_P, _T], *args: _P.args, **more: _P.kwargs) -> _T:
    """Call a function that decodes a picture when it is its turn."""
    return await get_running_loop().run_in_executor(_THREADS, partial(function, *args, **more))
