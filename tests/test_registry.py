import pytest

from autonas import registry
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


def test_classes_are_written_so_that_they_are_found_again(monkeypatch):
    class Own(Base):
        pass

    assert registry.address(MEMBERS, One) == "one"
    assert registry.find("thing", MEMBERS, Base, "one") is One
    written = registry.address(MEMBERS, Own)
    assert registry.find("thing", MEMBERS, Base, written) is Own
    monkeypatch.setattr(registry, "_met", {})
    with pytest.raises(InputError, match="Pass the class: custom_objects="):
        registry.find("thing", MEMBERS, Base, written)
    with registry.custom_objects({written.rpartition(":")[2]: Own}):
        assert registry.find("thing", MEMBERS, Base, written) is Own


@pytest.mark.parametrize(
    "written", ["Mine", "nowhere:Mine", "json:JSONDecoder", "json:dumps", ":x", ".json:x", "json:"]
)
def test_what_is_no_such_class_is_told(written):
    with pytest.raises(InputError, match="a class that can be imported"):
        registry.find("thing", MEMBERS, Base, written)


def test_a_class_of_a_module_is_imported():
    from pathlib import PurePosixPath

    assert registry.find("thing", {}, object, "pathlib:PurePosixPath") is PurePosixPath
