"""The names of the 1,000 ImageNet classes."""


def imagenet_names() -> tuple[str, ...]:
    """Return the names in the order of the usual 1,000 outputs, as torchvision has them."""
    from torchvision.models import get_model_weights

    return tuple(get_model_weights("squeezenet1_1").DEFAULT.meta["categories"])
