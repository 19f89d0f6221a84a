from .types import Detection as Detection
from .types import Heatmap as Heatmap
from .types import Image as Image
from .types import Keypoints as Keypoints
from .types import Landmarks as Landmarks
