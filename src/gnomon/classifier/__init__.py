"""A network, its preprocessing and its class names, together."""
