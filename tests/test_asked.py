from autonas.asked import Asked


def test_each_is_remembered_as_it_was_asked_for():
    """Also a second one of a name, which Keras Tuner forgets, and one in a scope that is closed."""
    hp = Asked()
    assert hp.Choice("kind", ["a", "b"]) == "a"
    assert hp.Int("width", 1, 5) == 1
    assert hp.Int("width", 1, 9) == 1
    with hp.conditional_scope("kind", ["b"]):
        hp.Boolean("wide")
    assert [one.name for one in hp.asked] == ["kind", "width", "width", "wide"]
    assert [one.max_value for one in hp.asked[1:3]] == [5, 9]
    assert hp.asked[3].conditions[0].values == ["b"]
    assert [one.name for one in hp.space] == ["kind", "width", "wide"]
