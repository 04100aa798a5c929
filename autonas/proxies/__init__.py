"""Zero-cost proxies: what an untrained network and one batch say. A new one is a file here and a line in `PROXIES`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from autonas.proxies.base import Network, Proxy
from autonas.proxies.flow import SynFlow
from autonas.proxies.gradients import Fisher, GradNorm, Grasp, Snip
from autonas.proxies.patterns import Jacov, Nwot
from autonas.proxies.size import Flops, Parameters
from autonas.proxies.zen import Zen
from autonas.registry import resolve

if TYPE_CHECKING:
    import keras

PROXIES: dict[str, type[Proxy]] = {
    "fisher": Fisher,
    "flops": Flops,
    "grad_norm": GradNorm,
    "grasp": Grasp,
    "jacov": Jacov,
    "nwot": Nwot,
    "params": Parameters,
    "snip": Snip,
    "synflow": SynFlow,
    "zen": Zen,
}


def get(identifier: Any) -> Proxy:
    """Returns the proxy that `identifier` means.

    Args:
        identifier: A name of `PROXIES`, a subclass of `Proxy` that is made without arguments, or an instance.

    Raises:
        InputError: If it is none of these; the known names are listed.

    Example:

    >>> get("nwot").needs_gates
    True
    """
    return resolve("proxy", PROXIES, Proxy, identifier)  # type: ignore[type-abstract]


def scores(proxies: Mapping[str, Proxy], model: keras.Model, x: Any, y: Any, loss: Any) -> dict[str, float]:
    """Scores a model by several proxies; what they share is computed once.

    Args:
        proxies: name -> proxy.
        model: As `Proxy.score` takes it, and so are the next three.
        x: See there.
        y: See there.
        loss: See there.

    Returns:
        name -> score, higher is better, NaN for "cannot tell".

    Example:

    >>> scores({"nwot": get("nwot"), "params": get("params")}, model, x, y, "categorical_crossentropy")
    {'nwot': 214.8, 'params': 78106.0}
    """
    network = Network(model, x, y, loss)
    return {name: proxy.judge(network) for name, proxy in proxies.items()}
