"""What cannot be used is said in one clear error, before any time is spent and with nothing left on disk."""

import numpy as np
import pandas as pd
import pytest
from keras.callbacks import Callback
from PIL import Image

import autonas
from autonas.errors import InputError

X = np.arange(20 * 64, dtype="uint8").reshape(20, 8, 8)
Y = np.arange(20) % 2


# one that is no ISO date is among the mistakes
pytestmark = pytest.mark.filterwarnings("ignore:The column 'when' is taken as categorical")


def changed(array, index, value):
    array = array.copy()
    array[index] = value
    return array


def changed_frame(frame, column, value):
    """The frame with that value in row 3."""
    frame = frame.astype({column: object}) if value is None else frame.copy()
    frame.loc[3, column] = value
    return frame


FIT = {
    "mismatched lengths": ((X, Y[:19]), {}, "y must be as long as x"),
    "empty arrays": ((X[:0], Y[:0]), {}, "y must be at least one"),
    "no images": ((X[:0], Y), {}, "x must be"),
    "no labels": ((X,), {}, "y must be"),
    "one class only": ((X, np.zeros(20, int)), {}, "at least two classes"),
    "a class with a single member": ((X, changed(Y, 0, 7)), {}, "two members"),
    "NaN in images": ((changed(X.astype("float32"), 3, np.nan), Y), {}, "(?i)nan|finite"),
    "inf in images": ((changed(X.astype("float32"), 3, np.inf), Y), {}, "(?i)inf|finite"),
    "wrong rank": ((X.reshape(20, 64), Y), {}, "x must be"),
    "string images": ((np.full((20, 8, 8), "a"), Y), {}, "x must be"),
    "labels of mixed types": ((X, [0, "one"] * 10), {}, "one type"),
    "labels with gaps": ((X, [None, "one"] * 10), {}, "gaps|missing"),
    "continuous targets": ((X, np.linspace(0, 1, 20)), {}, "regressor"),
    "images that are too small": ((X[:, :4, :4], Y), {}, "8"),
    "validation data of another shape": ((X, Y), {"validation_data": (X[:, :, :-1], Y)}, "validation_data must"),
    "validation data with unseen classes": ((X, Y), {"validation_data": (X, Y + 1)}, "validation_data must"),
    "validation data of other lengths": ((X, Y), {"validation_data": (X, Y[:3])}, "must be as long as"),
    "validation data in a file that is not there": (
        (X, Y),
        {"validation_data": "nowhere.csv"},
        "validation_data must be a file or a folder that exists",
    ),
    "validation data in one array": ((X, Y), {"validation_data": (X,)}, "y must be"),
    "a share of all for validation": ((X, Y), {"validation_split": 1.0}, "validation_split must be a share"),
    "no share for validation": ((X, Y), {"validation_split": 0}, "validation_split must be a share"),
    "no epochs": ((X, Y), {"epochs": 0}, "epochs must be an integer from 1 up"),
    "a negative batch size": ((X, Y), {"batch_size": -8}, "batch_size must be an integer from 1 up"),
    "a callback without a list": ((X, Y), {"callbacks": Callback()}, r"callbacks must be a list .*\[callback\]"),
    "the class of a callback": ((X, Y), {"callbacks": [Callback]}, r"callbacks\[0\] must be a Keras callback"),
    "the name of a callback": ((X, Y), {"callbacks": [Callback(), "EarlyStopping"]}, r"callbacks\[1\] must be"),
    "weights of an unknown class": ((X, Y), {"class_weight": {5: 2.0}}, "class_weight"),
    "a negative class weight": ((X, Y), {"class_weight": {0: -2.0}}, "class_weight"),
    "sample weights of another length": ((X, Y), {"sample_weight": np.ones(3)}, "sample_weight must be as long as x"),
    "sample weights that are NaN": ((X, Y), {"sample_weight": np.full(20, np.nan)}, "sample_weight must"),
}

CONSTRUCTOR = {
    "unknown screen": ({"screen": "limit"}, "screen must be one of .*limits"),
    "unknown strategy": ({"strategy": "evolutoin"}, "strategy must be one of .*evolution.*random"),
    "unknown objective": ({"objective": "val_acuracy"}, "objective must .*val_accuracy"),
    "an objective on the training part": ({"objective": "accuracy"}, "val_accuracy"),
    "unknown estimator": ({"estimator": "ful"}, "estimator must be one of .*full.*proxy"),
    "unknown device": ({"device": "hots"}, "device must be one of .*host"),
    "unknown limit": ({"limits": {"latency": 2.0}}, "latency_ms"),
    "a limit below zero": ({"limits": {"latency_ms": -2.0}}, "positive"),
    "no trials": ({"max_trials": 0}, "max_trials must be an integer from 1 up"),
    "negative trials": ({"max_trials": -3}, "max_trials must be an integer from 1 up"),
    "no time": ({"max_time": 0}, "max_time must be a positive number of seconds"),
    "a negative time": ({"max_time": "-3m"}, "max_time must be a positive number of seconds"),
    "no finalists": ({"top_k": 0}, "top_k must be an integer from 1 up"),
    "an ensemble in words": ({"ensemble": "yes"}, "ensemble must be True, False or None"),
    "an ensemble for the least latency": (
        {"ensemble": True, "objective": "latency_ms"},
        "ensemble must be left out where a cost is an objective",
    ),
    "a negative seed": ({"seed": -1}, "seed must be an integer from 0 up"),
    "a path for a name": ({"project_name": "a/b"}, "project_name must be the name of one folder"),
    "unknown loss": ({"loss": "categorical_crosentropy"}, "loss must be"),
    "metrics in one string": ({"metrics": "accuracy"}, "metrics must be"),
}


FRAME = pd.DataFrame(
    {
        "age": np.arange(20.0),
        "city": ["Rome", "Oslo"] * 10,
        "when": pd.date_range("2024-01-01", periods=20).strftime("%d/%m/%Y"),
        "left": ["no", "yes"] * 10,
    }
)
EVENTS = pd.DataFrame(
    {
        "card": np.repeat(list("abcdefghij"), 2),
        "time": np.arange(20.0),
        "amount": np.arange(20.0) % 3,
        "fraud": np.repeat([0, 1] * 5, 2),
    }
)
ORDERED = {"sequence_id": "card", "order_by": "time"}
TEXTS = [f"text {number}" for number in range(20)]
PATHS = pd.DataFrame({"path": [f"nowhere/{number}.png" for number in range(20)], "kind": ["cat", "dog"] * 10})


def cells(values):
    """A column of objects."""
    column = np.empty(20, object)
    column[:] = values
    return column


TABULAR = {
    "no such target": ({}, FRAME, {"target": "lefts"}, "target must be one of .*'lefts'.*Did you mean 'left'"),
    "the target twice": ({}, FRAME, {"target": ["left", "left"]}, "target must be columns that come once"),
    "a target's name as targets": ({}, FRAME, {"y": "left"}, "y must be one target for each .*named by target='left'"),
    "targets beside a target": ({}, FRAME, {"target": "left", "y": Y}, "y must be left out with target"),
    "targets that are missing": (
        {},
        changed_frame(FRAME, "left", None),
        {"target": "left"},
        "y must be labels without gaps. Got 1 missing .*at 3",
    ),
    "types of no column": (
        {"types": {"ages": "numeric"}},
        FRAME,
        {"target": "left"},
        "the column 'ages'.*'age', 'city'",
    ),
    "an unknown type": ({"types": {"age": "number"}}, FRAME, {"target": "left"}, r"types\['age'\] must be one of"),
    "a column of lists": ({}, FRAME.assign(city=cells([[1], [2]] * 10)), {"target": "left"}, r"x\['city'\].*a list"),
    "a column of dicts": ({}, FRAME.assign(city=cells([{}] * 20)), {"target": "left"}, r"x\['city'\].*a dict"),
    "gaps only": ({}, FRAME[["left"]].assign(a=np.nan, b=None), {"target": "left"}, "gaps only in 'a', 'b'"),
    "dates that do not parse": (
        {"types": {"when": "date"}},
        FRAME,
        {"target": "left"},
        r"x\['when'\] must be dates such as 2024-01-31.*'01/01/2024'.*pandas.to_datetime",
    ),
    "a column that comes twice": (
        {},
        FRAME.set_axis(["a", "a", "b", "left"], axis=1),
        {"target": "left"},
        "'a' more than",
    ),
    "infinite numbers": ({}, FRAME.assign(age=np.inf), {"target": "left"}, r"x\['age'\] must be finite.*20 of 20 rows"),
    "no file": ({}, "missing.csv", {"target": "left"}, "x must be a file or a folder that exists.*missing.csv"),
}


@pytest.mark.parametrize("case", TABULAR)
def test_bad_tables(case, tmp_path):
    options, x, arguments, message = TABULAR[case]
    with pytest.raises(InputError, match=message) as caught:
        autonas.TabularClassifier(directory=tmp_path / "runs", **options).fit(x, **arguments)
    assert "Got" in str(caught.value)
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("options", "arguments", "message"),
    [
        (
            {"objective": "val_average_precision"},
            {"validation_data": (FRAME[["age", "city"]][:5], np.zeros(5, int))},
            "of both classes.*'val_average_precision'.*Split in another way",
        ),
        ({"threshold": "f1"}, {"sample_weight": 1.0 - Y}, "of both classes.*threshold.*Got 0 with weights above zero"),
    ],
)
def test_a_part_to_judge_on_of_one_class(options, arguments, message, tmp_path):
    clf = autonas.TabularClassifier(directory=tmp_path, max_trials=1, verbose=0, **options)
    with pytest.raises(InputError, match=f"The part to judge on must be {message}"):
        clf.fit(FRAME[["age", "city"]], Y, **arguments)


SEQUENCES = {
    "no such id": ({**ORDERED, "sequence_id": "cards"}, EVENTS, {"target": "fraud"}, "sequence_id must be a .*'cards'"),
    "no such order": ({**ORDERED, "order_by": "day"}, EVENTS, {"target": "fraud"}, "order_by must be a column .*'day'"),
    "no such static column": (
        {**ORDERED, "static": ["home"]},
        EVENTS,
        {"target": "fraud"},
        r"static must .*\['home'\]",
    ),
    "types of no column": (
        {**ORDERED, "types": {"shop": "categorical"}},
        EVENTS,
        {"target": "fraud"},
        r"types must be columns of x.*\['shop'\]",
    ),
    "a target's name as targets": (ORDERED, EVENTS, {"y": "fraud"}, "named by target='fraud'"),
    "an order that is no time": (
        ORDERED,
        EVENTS.assign(time="soon"),
        {"target": "fraud"},
        r"x\['time'\] must be numbers or dates.*'soon'.*to_datetime",
    ),
    "an event without a time": (
        ORDERED,
        changed_frame(EVENTS, "time", np.nan),
        {"target": "fraud"},
        r"x\['time'\] must be without missing .*row 3",
    ),
    "an event without an id": (ORDERED, changed_frame(EVENTS, "card", None), {"target": "fraud"}, "none in row 3"),
    "a column of lists": (ORDERED, EVENTS.assign(amount=cells([[1]] * 20)), {"target": "fraud"}, r"'amount'\].*a list"),
    "a column of dates": (
        ORDERED,
        EVENTS.assign(amount=pd.Timestamp("2024-01-01")),
        {"target": "fraud"},
        r"x\['amount'\] must be numbers or text\. Got dates.*Turn dates into numbers",
    ),
    "labels that differ in a sequence": (
        ORDERED,
        changed_frame(EVENTS, "fraud", 5),
        {"target": "fraud"},
        "y must be one value for each sequence. Got 1 and 5 for 'b'",
    ),
    "two labels of one id": (
        ORDERED,
        EVENTS.drop(columns="fraud"),
        {"y": pd.Series([0, 1] * 5 + [1], index=[*"abcdefghij", "a"])},
        "y must be one value for each sequence. Got 0 and 1 for 'a'",
    ),
    "an id without a label": (
        ORDERED,
        EVENTS.drop(columns="fraud"),
        {"y": pd.Series([0, 1] * 4, index=list("abcdefgh"))},
        "y must be a Series with a value for each sequence. Got none for 'i'",
    ),
    "labels that are missing": (ORDERED, EVENTS.assign(fraud=np.nan), {"target": "fraud"}, "y must be .*without gaps"),
    "a frame without an id": ({}, EVENTS, {"target": "fraud"}, 'x must be an array.*sequence_id="card"'),
    "features that differ": (
        {},
        [np.ones((3, 1 + number // 7)) for number in range(20)],
        {"y": Y},
        r"x\[7\] must be of 1 features, as x\[0\] is. Got 2",
    ),
    "an empty sequence": (
        {},
        [np.ones((number, 1)) for number in range(20)],
        {"y": Y},
        r"x\[0\] must be a sequence of",
    ),
}


@pytest.mark.parametrize("case", SEQUENCES)
def test_bad_sequences(case, tmp_path):
    options, x, arguments, message = SEQUENCES[case]
    with pytest.raises(InputError, match=message) as caught:
        autonas.SequenceClassifier(directory=tmp_path / "runs", **options).fit(x, **arguments)
    assert "Got" in str(caught.value)
    assert not (tmp_path / "runs").exists()


OTHERS = {
    "text that is missing": (
        "TextClassifier",
        [*TEXTS[:-1], None],
        {"y": Y},
        r"x\[19\] must be a text. Got a gap.*empty",
    ),
    "text that is NaN": (
        "TextClassifier",
        pd.Series([*TEXTS[:-1], np.nan]),
        {"y": Y},
        r"x\[19\] must be a text.*a gap",
    ),
    "text that is bytes": ("TextClassifier", [b"text", *TEXTS[1:]], {"y": Y}, r"x\[0\] must be a text.*bytes.*Decode"),
    "text that is numbers": ("TextClassifier", list(range(20)), {"y": Y}, r"x\[0\] must be a text. Got a int"),
    "several columns of text": (
        "TextClassifier",
        FRAME,
        {"target": "left"},
        "one column of texts.*'age', 'city', 'when'",
    ),
    "targets that are NaN": (
        "TabularRegressor",
        FRAME[["age"]],
        {"y": changed(Y / 1.0, 3, np.nan)},
        r"y must .*y\[3\]",
    ),
    "targets that are words": ("TabularRegressor", FRAME, {"target": "left"}, "y must be real numbers"),
    "paths that do not exist": ("ImageClassifier", PATHS, {"target": "kind"}, "files that exist. Got 20 of 20.*0.png"),
    "a folder that does not exist": ("ImageClassifier", "nowhere/at_all", {}, "a file or a folder that exists"),
    "no column of paths": ("ImageClassifier", FRAME, {"target": "left"}, "one column of paths .*none among .*'age'"),
    "two columns of paths": (
        "ImageClassifier",
        PATHS.assign(back=PATHS["path"]),
        {"target": "kind"},
        r"one column of paths .*2: \['path', 'back'\].*Pass the column itself",
    ),
}


@pytest.mark.parametrize("case", OTHERS)
def test_bad_data_of_other_tasks(case, tmp_path):
    task, x, arguments, message = OTHERS[case]
    with pytest.raises(InputError, match=message) as caught:
        getattr(autonas, task)(directory=tmp_path / "runs").fit(x, **arguments)
    assert "Got" in str(caught.value)
    assert not (tmp_path / "runs").exists()


def test_images_that_do_not_decode_are_named_and_counted(tmp_path):
    for number in range(20):
        Image.fromarray(X[number]).save(tmp_path / f"{number}.png")
    for number in (3, 4):
        (tmp_path / f"{number}.png").write_bytes(b"no image")
    frame = PATHS.assign(path=[f"{tmp_path}/{number}.png" for number in range(20)])
    with pytest.raises(InputError, match=r"can be decoded. Got 2 of 20 that are none: .*/3\.png, .*/4\.png instead"):
        autonas.ImageClassifier(directory=tmp_path / "runs").fit(frame, target="kind")
    assert not (tmp_path / "runs").exists()


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    options = {"max_trials": 1, "top_k": 1, "verbose": 0, "estimator": autonas.Proxy(epochs=0.5)}
    task = autonas.TabularClassifier(directory=tmp_path_factory.mktemp("runs"), **options)
    task.fit(FRAME.assign(empty=None), target="left", epochs=1)  # a column without any value is left out
    return task


LATER = {
    "a missing column": (
        lambda t: t.predict(FRAME.drop(columns="city")),
        "a table with the column 'city'. Got .*'age', 'w",
    ),
    "missing columns": (lambda t: t.predict(FRAME[["when"]]), "a table with the columns 'age', 'city'"),
    "another type": (lambda t: t.predict(FRAME.assign(age="old")), r"x\['age'\] must be numbers.*'old'"),
    "an unseen class": (
        lambda t: t.evaluate(FRAME.assign(left="maybe"), target="left"),
        "y must be of the classes 'no', 'yes'. Got 'maybe', unseen in training",
    ),
    "no such target": (lambda t: t.evaluate(FRAME.drop(columns="left"), target="left"), "target must be one of"),
    "the target of fit": (lambda t: t.evaluate(FRAME.drop(columns="left")), "target must be one of"),
    "targets that are missing": (lambda t: t.evaluate(changed_frame(FRAME, "left", None)), "y must be .*without gaps"),
    "other lengths": (lambda t: t.evaluate(FRAME, Y[:3]), "y must be"),
    "no file": (lambda t: t.predict("missing.csv"), "x must be a file or a folder that exists.*missing.csv"),
    "no rows": (lambda t: t.predict(FRAME[:0]), "at least one row"),
}


@pytest.mark.parametrize("case", LATER)
def test_bad_data_after_fit(case, fitted):
    call, message = LATER[case]
    with pytest.raises(InputError, match=message) as caught:
        call(fitted)
    assert "Got" in str(caught.value)


def test_other_columns_in_another_order_are_no_mistake(fitted):
    more = FRAME.assign(more=[[1]] * 20, empty="now")[["more", "empty", *reversed(FRAME.columns)]]
    assert fitted.predict(more).tolist() == fitted.predict(FRAME).tolist()


@pytest.mark.parametrize("case", FIT)
def test_bad_data(case, tmp_path):
    arguments, options, message = FIT[case]
    clf = autonas.ImageClassifier(directory=tmp_path / "runs")
    with pytest.raises(InputError, match=message) as caught:
        clf.fit(*arguments, **options)
    assert "Got" in str(caught.value)
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("case", CONSTRUCTOR)
def test_bad_arguments(case):
    options, message = CONSTRUCTOR[case]
    with pytest.raises(InputError, match=message) as caught:
        autonas.ImageClassifier(**options)
    assert "Got" in str(caught.value)


def test_an_unwritable_directory(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match="directory must be a folder that can be written to"):
        autonas.ImageClassifier(directory=tmp_path / "file").fit(X, Y)


def test_an_unknown_argument_is_named():
    with pytest.raises(TypeError, match="max_trial"):
        autonas.ImageClassifier(max_trial=3)
