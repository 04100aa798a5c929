import pytest

from autonas import screens
from autonas.errors import InputError
from autonas.screens import SCREENS
from autonas.testing.screens import check_screen


@pytest.mark.parametrize("name", SCREENS)
def test_every_screen_keeps_to_the_contract(name):
    check_screen(screens.get(name))


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(InputError, match="limits"):
        screens.get("limit")
