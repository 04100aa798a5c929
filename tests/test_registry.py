import pytest

from autonas.errors import InputError
from autonas.registry import resolve


class Base:
    pass


class One(Base):
    pass


MEMBERS = {"one": One}


def test_names_classes_and_instances():
    one = One()
    assert resolve("thing", MEMBERS, Base, one) is one
    assert isinstance(resolve("thing", MEMBERS, Base, "one"), One)
    assert isinstance(resolve("thing", MEMBERS, Base, One), One)


@pytest.mark.parametrize("given", ["on", "two", 3, None, int, object()])
def test_anything_else_lists_what_is_known(given):
    with pytest.raises(InputError, match=r"thing must be one of \['one'\] or a Base"):
        resolve("thing", MEMBERS, Base, given)


def test_a_near_name_is_suggested():
    with pytest.raises(InputError, match="Did you mean 'one'"):
        resolve("thing", MEMBERS, Base, "onee")
