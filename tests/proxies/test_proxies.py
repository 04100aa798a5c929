import pytest

from autonas import proxies
from autonas.errors import InputError
from autonas.proxies import PROXIES
from autonas.testing.proxies import check_proxy


@pytest.mark.parametrize("name", PROXIES)
def test_every_proxy_keeps_to_the_contract(name):
    check_proxy(proxies.get(name))


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(InputError, match="nwot"):
        proxies.get("nwott")
