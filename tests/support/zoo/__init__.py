"""Small networks in the ways people write and save them, for images of one (height, width)."""

from zoo.blocks import BLOCKS
from zoo.habits import HABITS
from zoo.normed import NORMED
from zoo.saved import SAVED
from zoo.shapes import SHAPES
from zoo.species import Make

ZOO: dict[str, Make] = SHAPES | BLOCKS | NORMED | HABITS | SAVED
