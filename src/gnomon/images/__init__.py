"""Images: found, decoded safely, oriented, hashed, and brought to model size."""

from gnomon.images.decode import Source, decode
from gnomon.images.files import IMAGE_SUFFIXES, find_images
from gnomon.images.picture import Picture
from gnomon.images.resize import Interpolation, Resize, load_image, model_to_file
from gnomon.limits import MAX_PIXELS, Limits

__all__ = [
    "IMAGE_SUFFIXES",
    "MAX_PIXELS",
    "Interpolation",
    "Limits",
    "Picture",
    "Resize",
    "Source",
    "decode",
    "find_images",
    "load_image",
    "model_to_file",
]
