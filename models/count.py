"""How large a network is."""

from torch import nn


def count_parameters(network: nn.Module) -> int:
    """Return the number of its weights, those that training does not move included."""
    return sum(parameter.numel() for parameter in network.parameters())
