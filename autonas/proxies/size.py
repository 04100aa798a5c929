"""How large a network is: what every other proxy has to be better than."""

from __future__ import annotations

from autonas.proxies.base import Network, Proxy


class Parameters(Proxy):
    """The number of weights, trainable or not.

    Example:

    >>> Parameters().score(model, x, None, None)
    78106.0
    """

    def measure(self, network: Network) -> float:
        return network.graph.parameters


class Flops(Proxy):
    """The floating-point operations of one inference.

    Example:

    >>> Flops().score(model, x, None, None)
    1204224.0
    """

    def measure(self, network: Network) -> float:
        return network.graph.flops
