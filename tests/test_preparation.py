import numpy as np
import pandas as pd
import pytest

from autonas import preparation
from autonas.errors import InputError
from autonas.heads.classification import ClassificationHead
from autonas.inputs.image import ImageInput
from autonas.inputs.sequence import SequenceInput
from autonas.inputs.several import SeveralInputs
from autonas.inputs.table import TableInput

X = np.random.default_rng(0).integers(0, 255, (40, 8, 8), dtype="uint8")
Y = np.arange(40) % 4


def check(x=X, y=Y, **options):
    options = {
        "validation_split": 0.25,
        "validation_data": None,
        "class_weight": None,
        "sample_weight": None,
        **options,
    }
    images, head = ImageInput(), ClassificationHead()
    return images, head, preparation.check(images, head, x, y, seed=0, **options)


def prepare(class_weight=None, **options):
    images, head, given = check(class_weight=class_weight, **options)
    return preparation.prepare(given, images, head, images.preprocessor(), class_weight, seed=7)


def test_the_split_is_stratified():
    _, _, given = check()
    assert set(np.bincount(given.train.y)) <= {7, 8}
    assert len(given.train.x) + len(given.validation.x) == 40
    assert min(np.bincount(given.validation.y)) >= 2


def test_the_scaling_is_learned_from_the_training_part_alone():
    images, _, given = check()
    scaled = images.preprocessor().predict(given.train.x, verbose=0)
    assert scaled.mean() == pytest.approx(0, abs=1e-5)
    assert scaled.std() == pytest.approx(1, abs=1e-4)


def test_everything_holds_both_parts():
    data, everything = prepare()
    assert len(everything) == 40
    assert everything.validation is None
    np.testing.assert_array_equal(everything.x, np.concatenate([data.x, data.validation[0]]))
    assert data.seed == 7


def test_validation_data_of_the_user_joins_the_last_training():
    data, everything = prepare(validation_data=(X[:4], Y[:4]))
    assert len(data) == 40
    assert len(data.validation[0]) == 4
    assert len(everything) == 44


def test_weights_follow_their_examples():
    weights = np.arange(1, 41, dtype="float32")
    data, everything = prepare(sample_weight=weights)
    joined = np.concatenate([data.weights, data.validation[2]])
    np.testing.assert_array_equal(joined, everything.weights)
    np.testing.assert_array_equal(np.sort(joined), weights)


def test_class_weights_shape_the_training_and_not_its_judgement():
    data, everything = prepare(class_weight={0: 5.0})
    assert set(np.unique(data.weights)) == {1.0, 5.0}
    assert data.validation[2] is None
    assert (everything.weights == 5.0).sum() == 10


def test_validation_weights_of_the_user_are_used():
    data, everything = prepare(validation_data=(X[:4], Y[:4], [1.0, 2.0, 3.0, 4.0]))
    assert data.weights is None
    assert data.validation[2].tolist() == [1, 2, 3, 4]
    assert everything.weights[-4:].tolist() == [1, 2, 3, 4]
    assert (everything.weights[:-4] == 1).all()


def test_four_parts_of_validation_data_are_an_error():
    with pytest.raises(InputError, match="validation_data must be"):
        check(validation_data=(X, Y, Y, Y))


def events():
    """Events of 20 cards in random order; a card's events lie around its own time, the later the lower its number."""
    rng = np.random.default_rng(0)
    card = rng.permutation(np.repeat(np.arange(20), 5))
    when = pd.Timestamp("2024-01-01") + pd.to_timedelta((100 - card) * 24 + rng.integers(0, 24, 100), unit="h")
    return pd.DataFrame({"card": card, "time": when, "amount": card + 0.5})


def test_of_sequences_the_latest_are_judged_on():
    frame = events()
    sequences = SequenceInput(sequence_id="card", order_by="time")
    y = pd.Series(np.arange(20) % 2, index=range(20))
    given = preparation.check(
        sequences,
        ClassificationHead(),
        frame,
        y,
        validation_split=0.2,
        validation_data=None,
        class_weight=None,
        sample_weight=None,
        seed=0,
        how="time",
    )
    first, second = (part.x["static_numbers"][:, 0].astype(int).tolist() for part in (given.train, given.validation))
    assert sorted(second) == [0, 1, 2, 3]
    assert sorted(first) == list(range(4, 20))
    assert given.validation.y.tolist() == [card % 2 for card in second]


def test_of_several_inputs_the_first_that_knows_times_says_which_are_the_latest():
    both = SeveralInputs({"picture": ImageInput(), "facts": TableInput()})
    days = pd.date_range("2024-01-01", periods=40)[::-1]
    x = {"picture": X, "facts": pd.DataFrame({"day": days, "a": np.arange(40)})}
    times = both.times(both.check(x))
    assert np.argsort(times).tolist() == list(range(39, -1, -1))


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"y": [None] * 40}, "y must be labels without gaps"),
        ({"y": np.zeros(40, int)}, "two classes"),
        ({"class_weight": {9: 1.0}}, "class_weight must be"),
        ({"sample_weight": [1.0, 2.0]}, "sample_weight must be"),
        ({"validation_split": 3}, "validation_split must be"),
        ({"how": "random"}, "split must be"),
        ({"how": {"groups": np.arange(40)}}, "split must be"),
    ],
)
def test_what_is_wrong_beside_the_examples_is_told_before_they_are_decoded(wrong, told, monkeypatch):
    decoded = []
    monkeypatch.setattr(ImageInput, "check", lambda self, x, name: decoded.append(name))
    with pytest.raises(InputError, match=told):
        check(**wrong)
    assert not decoded
