"""Text in CSV files that a spreadsheet would take for a formula."""

import re

_FORMULA = re.compile("'*[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
"""What begins a formula, or what was such text and had an apostrophe put before it."""


def guarded(text: str) -> str:
    """Put an apostrophe before text that a spreadsheet would compute; other text stays.

    So OWASP recommends: https://owasp.org/www-community/attacks/CSV_Injection

    >>> guarded("=1+1"), guarded("'=1"), guarded("1-1"), guarded("'tis")
    ("'=1+1", "''=1", '1-1', "'tis")
    """
    return f"'{text}" if _FORMULA.match(text) else text


def unguarded(text: str) -> str:
    """Take back what `guarded` did.

    >>> unguarded("'=1+1"), unguarded("''=1"), unguarded("'tis")
    ('=1+1', "'=1", "'tis")
    """
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text
