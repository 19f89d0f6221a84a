from .outcome import Confusion as Confusion
from .pipeline import Training as Training
from .pipeline import train as train
from .record import TrainingInfo as TrainingInfo
from .settings import TrainingSettings as TrainingSettings
