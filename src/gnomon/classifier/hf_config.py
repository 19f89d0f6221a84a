"""The configuration of a Hugging Face network that came in a file: it names no code, no other file.

Transformers follows what a configuration says: a name of a hub for code, for a backbone, for a
kernel of attention. None of these is in what gnomon writes for its own use, so each is refused.
"""

import json
from collections.abc import Iterator
from typing import Any

from gnomon.strict_json import parse

LEADS_ELSEWHERE = ("auto_map", "backbone", "use_pretrained_backbone", "use_timm_backbone")
"""Fields that name code or other networks."""
COMPUTES_ATTENTION = (None, "eager", "sdpa")
FROM_TIMM = "timm_wrapper"
"""The kind that hands a name on to timm, which takes names of a hub."""
MOST = 2**20
"""Of all numbers together, those in lists counted 16 times: a library lists what stands for layers
one by one before it makes the first."""
LABELS = ("id2label", "label2id")


def safe_config(text: str, kinds: frozenset[str]) -> dict[str, Any]:
    """Read a configuration of one of the ``kinds``; ``ValueError`` where it asks for more."""
    config = parse(text.encode("utf-8", "surrogatepass"))
    if not isinstance(config, dict):
        raise ValueError("config is no object")
    kept = {name: value for name, value in config.items() if name not in LABELS}
    kind = kept.get("model_type")
    if not isinstance(kind, str) or kind not in kinds or kind == FROM_TIMM:
        raise ValueError(f"config names no image classifier: model_type is {json.dumps(kind)[:60]}")
    total = 0.0
    for name, value in _fields(kept):
        if name.lstrip("_").startswith(LEADS_ELSEWHERE) and value not in (None, False, {}):
            raise ValueError(f"config may not name {name}")
        if "attn_implementation" in name and value not in COMPUTES_ATTENTION:
            raise ValueError(f"config may not name {name}")
        if isinstance(value, list):
            total += 15 * sum(_size(one) for one in value)
        total += _size(value)
    if total > MOST:
        raise ValueError(f"config holds numbers that are too large, together above {MOST:,}")
    return kept


def _size(value: object) -> float:
    return min(abs(value), 2 * MOST) if isinstance(value, int | float) else 0.0


def _fields(value: object, name: str = "") -> Iterator[tuple[str, object]]:
    """Yield every field at every depth, and the elements of lists by the name of their list."""
    yield name, value
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _fields(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from _fields(inner, name)
