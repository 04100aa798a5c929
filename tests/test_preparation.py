import numpy as np
import pandas as pd
import pytest

import autonas
from autonas import preparation
from autonas.data import mapped
from autonas.errors import InputError
from autonas.heads.classification import ClassificationHead
from autonas.heads.regression import RegressionHead
from autonas.heads.several import SeveralHeads
from autonas.inputs.image import ImageInput
from autonas.inputs.sequence import SequenceInput
from autonas.inputs.several import SeveralInputs
from autonas.inputs.table import TableInput
from autonas.streams import portions

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


DAMAGE = np.arange(20) % 7 + 0.5  # of each card


def labelled(frame):
    return frame[["card"]].assign(late=frame["card"] % 2, foreign=frame["card"] % 3 // 2, damage=DAMAGE[frame["card"]])


@pytest.mark.parametrize(
    ("head", "choose", "expected"),
    [
        (RegressionHead, lambda f: f[["damage", "late"]], lambda card: [card % 7 + 0.5, card % 2]),
        (
            lambda: ClassificationHead(multi_label=True),
            lambda f: f[["late", "foreign"]],
            lambda card: [card % 2, card % 3 // 2],
        ),
        (ClassificationHead, lambda f: f[["late"]], lambda card: card % 2),
        (ClassificationHead, lambda f: np.eye(2)[f["late"]], lambda card: [1 - card % 2, card % 2]),
        (
            lambda: SeveralHeads({"damage": RegressionHead(), "late": ClassificationHead()}),
            lambda f: {"damage": f["damage"], "late": f.groupby("card")["late"].first()},
            lambda card: {"damage": card % 7 + 0.5, "late": card % 2},
        ),
        (
            lambda: SeveralHeads({"damage": RegressionHead(), "late": ClassificationHead()}),
            lambda f: f[["late", "damage"]],
            lambda card: {"damage": card % 7 + 0.5, "late": card % 2},
        ),
    ],
    ids=["two numbers", "several labels", "one column", "one-hot", "a dict", "a frame for several outputs"],
)
def test_targets_of_events_are_those_of_their_sequences(head, choose, expected):
    frame, sequences, head = events(), SequenceInput(sequence_id="card", order_by="time"), head()
    given = preparation.check(
        sequences,
        head,
        frame,
        choose(labelled(frame)),
        validation_split=0.2,
        validation_data=None,
        class_weight=None,
        sample_weight=None,
        seed=0,
    )
    for part in given.train, given.validation:
        for at, card in enumerate(part.x["static_numbers"][:, 0].astype(int).tolist()):
            assert mapped(lambda values, at=at: values[at].tolist(), part.y) == expected(card)


HOME = (np.arange(20) // 4).astype(str)  # of each card
OPENED = pd.Timestamp("2020-01-01") + pd.to_timedelta(np.arange(20) * 7 % 20, unit="D")


def split(how, **options):
    """Cards to train on and cards to judge on, of a frame with the columns home and opened."""
    frame = events()
    frame = frame.assign(home=HOME[frame["card"]])
    types = {"sequence_id": "card", "order_by": "time", "static": ["amount", "home"]}
    given = preparation.check(
        SequenceInput(**types),
        ClassificationHead(),
        frame,
        frame["card"] % 2,
        validation_split=0.2,
        validation_data=None,
        class_weight=None,
        sample_weight=None,
        seed=0,
        how=how(frame),
        **options,
    )
    return [part.x["static_numbers"][:, 0].astype(int).tolist() for part in (given.train, given.validation)]


@pytest.mark.parametrize(
    "groups",
    [
        lambda f: "home",
        lambda f: f["home"],
        lambda f: f["home"].to_numpy(),
        lambda f: f["home"].tolist(),
        lambda f: f.groupby("card")["home"].first(),
        lambda f: HOME[f["card"].unique()],
    ],
)
def test_groups_of_events_are_those_of_their_sequences(groups):
    train, valid = split(lambda f: {"group": groups(f)})
    assert len(valid) == 4
    assert not set(HOME[train]) & set(HOME[valid])


@pytest.mark.parametrize(
    "weigh",
    [
        lambda f: 1.0 + f["card"],
        lambda f: (1.0 + f["card"]).tolist(),
        lambda f: f.groupby("card")["card"].first() + 1.0,
        lambda f: 1.0 + f["card"].unique(),
    ],
    ids=["events", "a list", "by id", "order"],
)
def test_weights_of_events_are_those_of_their_sequences(weigh):
    frame, sequences = events(), SequenceInput(sequence_id="card", order_by="time")
    options = {"validation_split": 0.2, "validation_data": None, "class_weight": None, "seed": 0}
    y, weights = frame["card"] % 2, weigh(frame)
    given = preparation.check(sequences, ClassificationHead(), frame, y, sample_weight=weights, **options)
    for part in given.train, given.validation:
        assert part.sample_weight.tolist() == (part.x["static_numbers"][:, 0] + 0.5).tolist()
    ((x, _, judged),) = portions(frame, y, weights, sequences, 8)
    assert np.asarray(judged).tolist() == (x["static_numbers"][:, 0] + 0.5).tolist()


def test_a_part_to_judge_on_without_positives_is_told_before_a_trial(tmp_path):
    options = {"max_trials": 1, "directory": tmp_path, "verbose": 0, "threshold": "f1"}
    task = autonas.ImageClassifier(**options)
    with pytest.raises(InputError, match=r"judge on must be of both classes.* Got 'fine' instead\. Split"):
        task.fit(X, np.where(np.arange(40) < 9, "bad", "fine"), split="time")
    assert not len(task._store.trials)


def test_the_column_of_ids_may_be_the_group():
    train, valid = split(lambda f: {"group": "card"})
    assert len(valid) == 4
    assert not set(train) & set(valid)


def test_times_of_events_are_those_of_their_sequences():
    train, valid = split(lambda f: {"time": pd.Series(OPENED[f["card"]], index=f.index)})
    assert len(valid) == 4
    assert OPENED[train].max() < OPENED[valid].min()


@pytest.mark.parametrize(
    ("how", "told"),
    [
        (lambda f: {"time": f["time"]}, r"split\['time'\] must be one value for each sequence. Got"),
        (lambda f: {"group": "homes"}, r"split\['group'\] must be a column of frame.*'homes'"),
        (
            lambda f: {"group": f["home"][:7].to_numpy()},
            r"split\['group'\] must be one value for each of 20 seq.*Got 7",
        ),
        (lambda f: {"groups": f["home"]}, "split must be 'stratified'"),
    ],
)
def test_groups_that_do_not_fit_the_events_are_refused(how, told):
    with pytest.raises(InputError, match=told):
        split(how)


def test_a_group_may_be_a_column_of_a_table():
    frame = pd.DataFrame({"a": np.arange(40.0), "who": np.repeat(list("abcdefghij"), 4)})
    options = {"validation_split": 0.2, "validation_data": None, "class_weight": None, "sample_weight": None, "seed": 0}
    given = preparation.check(TableInput(), ClassificationHead(), frame, Y, how={"group": "who"}, **options)
    assert not {*given.train.x["who"]} & {*given.validation.x["who"]}
    with pytest.raises(InputError, match=r"split\['group'\] must be a column, or one for each of the 40.*'whom'"):
        preparation.check(TableInput(), ClassificationHead(), frame, Y, how={"group": "whom"}, **options)


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
