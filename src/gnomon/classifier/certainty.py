"""When a classifier is unsure of the class it predicts, and what that means for keypoints."""

from gnomon.presets import Outputs

SURE_FROM = 0.3
"""How far a sure prediction lies from chance, 0, to certainty, 1."""


def is_unsure(probability: float, n_classes: int | None, outputs: Outputs) -> bool:
    """Return whether a prediction is so unlikely that the image may show another class, or none.

    One of several classes: below 0.3 of the way from chance to certainty, 30 % of 1,000 classes and
    65 % of two. Where each class stands by itself: below even odds. ``n_classes`` is ``None`` where
    it is not known, and taken as many.

    >>> is_unsure(0.13, 1000, "logits"), is_unsure(0.6, 2, "logits"), is_unsure(0.6, 10, "logits")
    (True, True, False)
    """
    if outputs.startswith("multilabel"):
        return probability < 0.5
    chance = 1 / n_classes if n_classes else 0.0
    return probability < chance + SURE_FROM * (1 - chance)


def unsure_note(n_unsure: int, n_images: int, classifier: str, n_classes: int | None) -> str:
    """Describe how many predictions are unsure and what to do; nothing where none is.

    >>> unsure_note(0, 5, "embedded/x", 1000)
    ''
    """
    if not n_unsure:
        return ""
    count = f"1 of {n_images:,} image" if n_unsure == 1 else f"{n_unsure:,} of {n_images:,} images"
    count = f"{count}s" if n_unsure == 1 < n_images else count
    classes = f"{n_classes:,} classes" if n_classes else "classes"
    if classifier.startswith("embedded"):
        classes = f"{n_classes or 1000:,} ImageNet classes"
    return (
        f"The classifier is unsure of {count}: what they show may be none of its {classes}, and"
        " their keypoints are then for a class that is not there. Take a classifier that knows the"
        " object (--model), train one from folders of photographs (gnomon train FOLDER), or name"
        " the class to look for (--label)."
    )
