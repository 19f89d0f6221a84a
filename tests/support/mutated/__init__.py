"""Sound annotation files with one thing wrong, drawn by number, and what must come of each."""
