"""Reading what somebody else wrote: bytes of regular files, and values that are taken by type."""

from gnomon.foreign.files import inside, open_regular, read_regular, read_text
from gnomon.foreign.values import Value, read_json_value

__all__ = ["Value", "inside", "open_regular", "read_json_value", "read_regular", "read_text"]
