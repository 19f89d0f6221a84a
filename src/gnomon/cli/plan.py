"""`gnomon plan`: what the incremental engine would compute, before it does."""

from pathlib import Path

from gnomon.cli.outcome import Outcome


def plan(
    *,
    model: str = "embedded",
    weights: Path | None = None,
    size: tuple[int, int] | None = None,
    patch: int = 16,
    stride: int = 8,
) -> Outcome:
    """Show node by node what occlusion with a model takes: path, region, multiply-adds, ratio.

    Example: gnomon plan --model embedded/squeezenet1_1 --size 448 448

    Args:
        model: The classifier: embedded/efficientnet-lite0 or embedded/squeezenet1_1, which come
            with gnomon; torchvision/NAME, timm/NAME, hf/NAME; package.module:name in Python; a
            checkpoint file, or the folder of a training.
        weights: A weights file for the model, for its number of classes; no others are needed.
        size: Height and width that the network gets, in pixels; the model's own unless given.
        patch: Side of the square that covers, in model pixels.
        stride: Step from one covered square to the next, in model pixels.
    """
    from gnomon.classifier.load import load_classifier, load_untrained
    from gnomon.cli.terminal import terminal
    from gnomon.occlusion import plan as plan_occlusion

    if weights is None:
        classifier = load_untrained(model, size)
    else:
        classifier = load_classifier(model, weights=weights, size=size)
    planned = plan_occlusion(classifier.scorer, classifier.preprocessing.size, patch, stride)
    console = terminal(errors=False)
    console.print(planned, width=None if console.is_terminal else 160)
    return Outcome()
