import keras
import numpy as np
import pytest

from autonas import proxies
from autonas.errors import InputError
from autonas.proxies import PROXIES
from autonas.proxies.base import Proxy
from autonas.testing.proxies import check_proxy


@pytest.mark.parametrize("name", PROXIES)
def test_every_proxy_keeps_to_the_contract(name):
    check_proxy(proxies.get(name))


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(InputError, match="nwot"):
        proxies.get("nwott")


@pytest.mark.parametrize("measured", [None, "high", [1.0, 2.0]])
def test_a_proxy_that_measures_no_number_is_named(measured):
    class Mistaken(Proxy):
        def measure(self, network):
            return measured

    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)])
    with pytest.raises(InputError, match="What Mistaken measures must be a number"):
        Mistaken().score(model, np.ones((3, 2), "float32"), None, None)
