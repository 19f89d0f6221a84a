"""README and docs/ followed as a reader would: what is typed, what stands in, what is claimed."""
