"""Fine: gradients of the predicted class, guided at every activation."""

from gnomon.backprop.methods import FINE_METHODS, fine_map, guided_backprop

__all__ = ["FINE_METHODS", "fine_map", "guided_backprop"]
