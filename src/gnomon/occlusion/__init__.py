"""Coarse: how far the class probability falls when a patch of the image is covered."""
