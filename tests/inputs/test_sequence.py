"""What sequences may look like, what is learned from them, and how they are cut, padded and scaled."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from autonas.data import feed
from autonas.errors import InputError, NotFittedError
from autonas.inputs.sequence import SequenceInput
from autonas.scaling import bent
from autonas.sequences import lengths
from autonas.testing.inputs import check_input
from tests.test_events import events

RNG = np.random.default_rng(0)
RAGGED = [RNG.normal(5, 3, (time, 2)) for time in (3, 1, 7, 4)]
GAPS = [part.copy() for part in RAGGED]
GAPS[2][3, 1] = np.nan


def cards():
    return SequenceInput(sequence_id="card", order_by="day")


def fitted(x, **options):
    sequences = SequenceInput(**options)
    rows = sequences.check(x)
    sequences.fit(rows)
    return sequences, rows


@pytest.mark.parametrize(
    ("make", "x"),
    [
        (SequenceInput, RAGGED),
        (SequenceInput, GAPS),
        (SequenceInput, RNG.normal(size=(5, 9))),
        (SequenceInput, RNG.normal(size=(5, 9, 3))),
        (cards, events()),
        (lambda: SequenceInput(sequence_id="card"), events().drop(columns="day")),
    ],
)
def test_every_form_keeps_the_contract(make, x, tmp_path):
    check_input(make(), x, tmp_path)


def test_what_is_masked_is_missing():
    masked = np.ma.array([[[1.0], [-999.0], [3.0]]], mask=[[[0], [1], [0]]])
    for sequences in (masked, list(masked)):
        np.testing.assert_array_equal(SequenceInput().check(sequences), [[[1], [np.nan], [3]]])


def test_ragged_lists_are_padded_at_the_end():
    rows = SequenceInput().check(RAGGED)
    assert rows.shape == (4, 7, 2)
    assert lengths(rows).ravel().tolist() == [3, 1, 7, 4]
    assert rows[0, :3] == pytest.approx(RAGGED[0], abs=1e-6)
    assert np.isnan(rows[0, 3:]).all()


def test_a_series_of_numbers_is_one_feature():
    assert SequenceInput().check([[1, 2], [3]]).shape == (2, 2, 1)
    assert SequenceInput().check(np.zeros((3, 5))).shape == (3, 5, 1)


@pytest.mark.parametrize("form", ["series", "of lists", "objects", "ragged"])
def test_sequences_of_different_lengths_come_in_every_form_of_a_list(form):
    import tensorflow as tf

    objects = np.empty(len(RAGGED), object)
    objects[:] = RAGGED
    forms = {
        "series": pd.Series(RAGGED, index=list("abcd")),
        "of lists": pd.Series([part.tolist() for part in RAGGED]),
        "objects": objects,
        "ragged": tf.RaggedTensor.from_row_lengths(np.concatenate(RAGGED), [len(part) for part in RAGGED]),
    }
    np.testing.assert_allclose(SequenceInput().check(forms[form]), SequenceInput().check(RAGGED))


def test_frames_in_a_list_are_read_by_their_columns():
    frames = [pd.DataFrame(np.arange(6.0).reshape(2, 3) + 10 * n, columns=list("abc")) for n in range(4)]
    expected = SequenceInput().check([frame.to_numpy() for frame in frames])
    turned = [frame[list("cab")] if number % 2 else frame for number, frame in enumerate(frames)]
    sequences = SequenceInput()
    rows = sequences.check(turned)
    np.testing.assert_array_equal(rows, expected)
    sequences.fit(rows)
    for known in (sequences, SequenceInput.from_config(json.loads(json.dumps(sequences.get_config())))):
        np.testing.assert_array_equal(known.check(pd.Series([frame[list("bca")] for frame in frames])), expected)
        with pytest.raises(
            InputError, match=r"x\[1\] must be a frame with the columns \['a', 'b', 'c'\]. Got \['a', 'b', 'd'"
        ):
            known.check([frames[0], frames[1].rename(columns={"c": "d"})])


def test_trailing_steps_without_any_number_are_padding():
    x = np.array([[1.0, np.nan, 3.0, np.nan], [1.0, 2.0, 3.0, 4.0]])
    for form in (x, list(x)):
        assert lengths(SequenceInput().check(form)).ravel().tolist() == [3, 4]


def test_the_model_takes_what_training_had():
    """Keras's own call with the user's array, of numbers of any type, of one feature also without its axis."""
    x = RNG.integers(0, 9, (6, 8, 2))
    sequences, rows = fitted(x)
    expected = sequences.numbers(rows)
    for form in (x, x.astype("float64"), rows):
        found = sequences.preprocessor().predict(form, verbose=0)
        assert all(found[part] == pytest.approx(expected[part], abs=1e-5) for part in expected)
    one, rows = fitted(x[..., 0])
    assert one.preprocessor().predict(x[..., 0], verbose=0)["steps"] == pytest.approx(
        one.numbers(rows)["steps"], abs=1e-5
    )


@pytest.mark.parametrize("trained_on", ["arrays", "parts"])
def test_arrays_and_their_parts_come_in_the_form_of_training(trained_on):
    arrays = SequenceInput().check(RAGGED)
    parts = {"steps": np.nan_to_num(arrays), "length": lengths(arrays)}
    forms = {"arrays": arrays, "parts": SequenceInput().check(parts)}
    sequences, _ = fitted(forms[trained_on])
    for form in (RAGGED, parts):
        rows = sequences.check(form)
        assert isinstance(rows, dict) is (trained_on == "parts")
        found = sequences.preprocessor().predict(rows, verbose=0)
        assert found["mask"].sum(1).tolist() == [3, 1, 7, 4]
        again = SequenceInput.from_config(json.loads(json.dumps(sequences.get_config())))
        np.testing.assert_allclose(found["steps"], again.numbers(again.check(form))["steps"], atol=1e-5)


def test_a_dict_may_be_padded_with_anything():
    x = np.zeros((2, 4, 1), "float32")
    x[0, :2] = 1
    rows = SequenceInput().check({"steps": x, "length": [2, 4]})
    assert np.isnan(rows["steps"][0, 2:]).all()
    assert x[0, 2, 0] == 0
    assert rows["length"].shape == (2, 1)


@pytest.mark.parametrize(
    ("x", "told"),
    [
        ([], "at least one sequence"),
        ([np.zeros((3, 2)), np.zeros((3, 1))], r"x\[1\] must be of 2 features"),
        ([np.zeros((3, 2)), np.zeros((0, 2))], r"x\[1\] must be a sequence of at least one step"),
        (np.full((2, 3), np.nan), r"x\[0\] must be a sequence of at least one step"),
        ([[1.0, np.inf]], r"x\[0\] must be of finite numbers or NaN"),
        ([[1.0, 1e30]], "at most 1e"),
        ([["a", "b"]], r"x\[0\] must be an array of numbers"),
        (np.zeros(4), r"x\[None\]"),
        (pd.Series([1.0, 2.0]), r"single sequence is passed as \[x\]"),
        (pd.DataFrame(np.zeros((2, 5))), r"x\.to_numpy\(\)"),
        (np.zeros((2, 3, 4, 5)), r"shape \(n, time, features\)"),
        (pd.DataFrame({"a": [1]}), 'sequence_id="card"'),
        ({"steps": np.zeros((2, 3, 1)), "length": [0, 3]}, r"x\['length'\]\[0\] must be a whole number of steps"),
        ({"steps": np.zeros((2, 3, 1)), "length": [3]}, "as many examples each"),
        ({"steps": np.zeros((2, 3, 1)), "length": [3, 3], "extra": 1}, r"\['extra'\] too"),
    ],
)
def test_what_cannot_be_used_is_refused(x, told):
    with pytest.raises(InputError, match=told):
        SequenceInput().check(x)


def test_after_fit_the_features_must_be_those_of_training():
    sequences, _ = fitted(RAGGED)
    with pytest.raises(InputError, match="with 2 steps, as in training"):
        sequences.check(np.zeros((2, 3, 1)))


# --- frames


def test_events_are_sorted_and_grouped_in_the_order_of_first_appearance():
    sequences, rows = fitted(events(), sequence_id="card", order_by="day")
    assert sequences.ids.tolist() == ["b", "a", "c"]
    assert rows["length"].ravel().tolist() == [3, 2, 1]
    assert rows["steps"][0, :, 0].tolist() == [10, 20, 30]
    assert rows["step_categories"][:, :, 0].tolist() == [["", "fuel", "food"], ["fuel", "food", ""], ["food", "", ""]]
    assert rows["static_numbers"].ravel().tolist() == [500, 100, 300]
    assert rows["static_categories"].ravel().tolist() == ["AT", "DE", ""]


def test_the_time_since_the_previous_event_is_a_feature():
    rows = cards().check(events())
    assert rows["steps"][0, :, 1] == pytest.approx(np.log1p([0, 86400, 86400]))


def test_ties_keep_the_order_of_the_rows():
    frame = pd.DataFrame({"id": [1, 1, 1], "t": [2, 1, 1], "v": [3.0, 1.0, 2.0]})
    rows = SequenceInput(sequence_id="id", order_by="t").check(frame)
    assert rows["steps"][0, :, 0].tolist() == [1, 2, 3]


def test_a_dict_of_columns_is_read_as_the_frame_is():
    frame = events()
    columns = {name: frame[name].to_numpy() for name in frame}
    one, other = cards().check(frame), cards().check(columns)
    assert all(np.array_equal(one[part], other[part], equal_nan=one[part].dtype.kind == "f") for part in one)


@pytest.mark.parametrize(
    "change", [lambda s: s.astype("category"), lambda s: s.astype("string"), lambda s: s.astype(object)]
)
def test_columns_of_any_type_of_pandas_mean_the_same(change):
    frame = events()
    changed = frame.assign(
        shop=change(frame["shop"]), country=change(frame["country"]), limit=frame["limit"].astype("Int64")
    )
    one, other = cards().check(frame), cards().check(changed)
    assert all(np.array_equal(one[part], other[part], equal_nan=one[part].dtype.kind == "f") for part in one)


def test_types_make_categories_of_numbers_with_and_without_gaps():
    frame = events(shop=[1, 2, 1, 1, 2, 2])
    sequences = SequenceInput(sequence_id="card", order_by="day", types={"shop": "categorical"})
    rows = sequences.check(frame)
    sequences.fit(rows)
    assert sequences.sizes["step_categories"] == [4]
    with_gap = sequences.check(events(shop=[1.0, 2.0, np.nan, 1.0, 2.0, 2.0]))
    assert rows["step_categories"][0, :, 0].tolist() == ["1", "2", "1"]
    assert with_gap["step_categories"][0, :, 0].tolist() == ["", "2", "1"]


@pytest.mark.parametrize("form", [list, pd.Series, lambda texts: pd.array(texts, "string")])
def test_texts_are_read_as_those_of_a_table_are(form):
    numbers = ["30", "1.5", "10", "5", None, "20"]
    one = SequenceInput(sequence_id="card").check({"card": list("babcab"), "amount": form(numbers)})
    assert one["steps"][0, :, 0].tolist() == [30, 10, 20]
    dates = ["2024-01-03", "2024-01-01 10:00", None, "2024-01-09", "2024-01-02", "2024-01-02"]
    with pytest.raises(InputError, match=r"x\['opened'\] must be numbers or text. Got dates.*'categorical' in types"):
        SequenceInput(sequence_id="card").check({"card": list("babcab"), "opened": form(dates)})
    as_categories = SequenceInput(sequence_id="card", types={"opened": "categorical", "amount": "categorical"})
    rows = as_categories.check({"card": list("babcab"), "opened": form(dates), "amount": form(numbers)})
    assert rows["step_categories"][0].tolist() == [["2024-01-03", "30"], ["", "10"], ["2024-01-02", "20"]]


def test_doubts_about_the_columns_of_events_are_told_and_marks_of_gaps_are_gaps():
    sequences = SequenceInput(sequence_id="card")
    frame = {"card": list("babcab"), "amount": ["30", "?", "10", "5", "n/a", "20"]}
    with pytest.warns(UserWarning, match=r"2 of 6 values of the column 'amount' are '\?', 'n/a', which count as gaps"):
        rows = sequences.check(frame)
    np.testing.assert_array_equal(rows["steps"][1, :2, 0], [np.nan, np.nan])
    sequences.fit(rows)
    assert np.isnan(sequences.check({"card": ["a"], "amount": ["?"]})["steps"]).all()  # without a word
    with pytest.warns(UserWarning, match=r"'amount' is taken as categorical, but holds numbers such as '1,000\.5'"):
        SequenceInput(sequence_id="card").check({"card": list("aab"), "amount": ["1,000.5", "3", "20"]})
    SequenceInput(sequence_id="card", types={"amount": "numeric"}).check(frame)


def test_static_columns_can_be_named():
    rows = SequenceInput(sequence_id="card", order_by="day", static=["limit"]).check(events())
    assert rows["step_categories"].shape[2] == 2
    assert "static_categories" not in rows


def test_columns_come_in_any_order_and_others_beside_them():
    sequences, rows = fitted(events(), sequence_id="card", order_by="day")
    other = sequences.check(events(more=[[1]] * 6)[["more", *reversed(events().columns)]])
    assert all(np.array_equal(other[part], rows[part], equal_nan=rows[part].dtype.kind == "f") for part in rows)


def test_a_column_without_values_is_left_out_and_may_be_anything_later():
    sequences, rows = fitted(events(gone=None, never=np.nan), sequence_id="card", order_by="day")
    expected = fitted(events(), sequence_id="card", order_by="day")[0]
    assert sequences.get_config() == expected.get_config()
    assert sequences.check(events(gone="words"))["steps"].shape == rows["steps"].shape


def test_sequences_of_categories_alone_are_read_again():
    frame = pd.DataFrame({"id": [1, 1, 2, 2], "word": ["a", "b", "b", "a"]})
    sequences, rows = fitted(frame, sequence_id="id")
    assert rows["steps"][..., 0].tolist() == [[1, 1], [1, 1]]
    assert sequences.check(frame)["step_categories"].tolist() == rows["step_categories"].tolist()


@pytest.mark.parametrize("form", ["strings", "array", "zones", "aware", "objects"])
def test_order_by_takes_dates_of_every_form(form):
    day = events()["day"]
    aware = day.dt.tz_localize("UTC").dt.tz_convert("Asia/Tokyo")
    forms = {
        "strings": day.dt.strftime("%Y-%m-%d %H:%M"),
        "array": day.to_numpy().astype("datetime64[s]").astype(str),
        "zones": ["2024-01-03T02:00+02:00", *day.dt.strftime("%Y-%m-%dT%H:%M:%SZ")[1:]],
        "aware": aware,
        "objects": aware.astype(object),
    }
    one, other = cards(), cards()
    frame = {**{name: events()[name].to_numpy() for name in events()}, "day": forms[form]}
    rows, expected = one.check(frame), other.check(events())
    np.testing.assert_allclose(rows["steps"], expected["steps"])
    np.testing.assert_array_equal(one.ends, other.ends)


def test_order_by_of_other_texts_is_refused():
    with pytest.raises(InputError, match=r"x\['day'\] must be numbers or dates.*'31/01/2024'.*pandas.to_datetime"):
        cards().check(events(day=["31/01/2024"] * 6))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda f: f.drop(columns="day"), "order_by must be a column of x"),
        (lambda f: f.drop(columns="card"), "sequence_id must be a column of x"),
        (lambda f: f.drop(columns="shop"), r"\['shop'\] missing"),
        (lambda f: f.assign(card=["b", None, "b", "c", "a", "b"]), "none in row 1"),
        (lambda f: f.assign(day=f["day"].where(f["card"] != "c")), "one in row 3"),
        (lambda f: f.assign(amount=["x"] * 6), r"x\['amount'\] must be numbers"),
        (lambda f: f.assign(amount=np.inf), r"x\['amount'\] must be finite"),
        (lambda f: f.assign(shop=[[1], [2]] * 3), r"x\['shop'\] must be a column of numbers, strings.*a list"),
        (lambda f: f[:0], "at least one row"),
    ],
)
def test_a_frame_that_does_not_fit_is_refused(change, told):
    sequences, _ = fitted(events(), sequence_id="card", order_by="day")
    with pytest.raises(InputError, match=told):
        sequences.check(change(events()))


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"order_by": "t"}, "order_by must be left out without sequence_id"),
        ({"sequence_id": ["card", "home"]}, "sequence_id must be the name of one column.*x.'card'. . '/'"),
        ({"sequence_id": "a", "order_by": ["day", "hour"]}, "order_by must be the name of one column"),
        ({"sequence_id": "a", "static": "limit"}, "static must be a list"),
        ({"sequence_id": "a", "types": {"b": "text"}}, "types must be a dict"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(options, told):
    with pytest.raises(InputError, match=told):
        SequenceInput(**options)


def test_columns_that_are_not_there_are_refused():
    with pytest.raises(InputError, match=r"static must be columns of x.*\['limits'\]"):
        SequenceInput(sequence_id="card", order_by="day", static=["limits"]).check(events())


def test_times_are_those_of_the_last_events_whatever_the_order_of_the_rows():
    frame = events()
    expected = {"a": "2024-01-02", "b": "2024-01-03", "c": "2024-01-09"}
    for seed in range(4):
        sequences = cards()
        rows = sequences.check(frame.sample(frac=1, random_state=seed))
        days = (sequences.times(rows) * 1e9).astype("datetime64[ns]").astype("datetime64[D]").astype(str)
        assert dict(zip(sequences.ids.tolist(), days.tolist(), strict=True)) == expected
    assert sequences.times(sequences.check(rows)) is None  # padded arrays do not say when they are from
    unordered = SequenceInput(sequence_id="card")
    assert unordered.times(unordered.check(frame.drop(columns="day"))) is None


# --- what is prepared


def test_numbers_are_scaled_over_real_steps_alone():
    sequences, rows = fitted(RAGGED)
    every = np.concatenate(RAGGED)
    expected = bent((RAGGED[0] - every.mean(0)) / every.std(0))
    prepared = sequences.numbers(rows)
    assert prepared["steps"][0, :3] == pytest.approx(expected, abs=1e-5)
    assert not prepared["steps"][0, 3:].any()
    assert prepared["mask"].sum(1).tolist() == [3, 1, 7, 4]
    logs = np.log([3, 1, 7, 4])
    assert prepared["summary"].ravel() == pytest.approx(bent((logs - logs.mean()) / logs.std()), abs=1e-5)


def test_bins_are_quantiles_of_real_steps_on_the_scale_of_what_is_prepared():
    sequences, rows = fitted([np.arange(n, dtype="float32")[:, None] for n in (3, 5, 9)])
    prepared = sequences.numbers(rows)
    real = prepared["steps"][prepared["mask"] > 0][:, 0]
    ((low, *_, high),) = sequences.edges["steps"]
    assert (low, high) == (pytest.approx(real.min(), abs=1e-6), pytest.approx(real.max(), abs=1e-6))
    ((shortest, middle, longest),) = sequences.edges["summary"]
    assert [shortest, middle, longest] == pytest.approx(prepared["summary"].ravel().tolist(), abs=1e-6)
    assert SequenceInput.from_config(sequences.get_config()).edges == sequences.edges


def test_a_number_far_out_does_not_drown_the_others():
    sequences, _ = fitted(RAGGED)
    far = sequences.numbers(sequences.check([np.full((2, RAGGED[0].shape[1]), 1e17, "float32")]))
    assert far["steps"].max() == pytest.approx(3.0, abs=1e-3)


def test_short_sequences_are_batched_as_rows_of_a_table():
    short, _ = fitted(RAGGED)
    long, _ = fitted([np.zeros((40, 1), "float32"), np.ones((40, 1), "float32")])
    assert (short.batch_size(20_000), long.batch_size(20_000)) == (256, 64)


def test_missing_numbers_are_the_mean_with_a_flag_and_padding_is_not_missing():
    sequences, rows = fitted(GAPS)
    steps = sequences.numbers(rows)["steps"]
    assert steps.shape == (4, 7, 3)
    assert steps[2, 3, 1:].tolist() == [0, 1]
    assert steps[..., 2].sum() == 1


@pytest.mark.parametrize("time", [2, 7, 12])
def test_the_model_takes_any_number_of_steps_and_keeps_the_last(time):
    sequences, _ = fitted(RAGGED)
    x = RNG.normal(size=(3, time, 2))
    rows = sequences.check(x)
    out = sequences.preprocessor().predict(feed(rows), verbose=0)
    assert out["steps"].shape == (3, 7, 2)
    every = np.concatenate(RAGGED)
    kept = bent((x[:, -7:] - every.mean(0)) / every.std(0))
    assert out["steps"][:, : min(7, time)] == pytest.approx(kept, abs=1e-4)
    assert out["mask"].sum(1).tolist() == [min(7, time)] * 3
    numbers = sequences.numbers(rows)
    assert all(out[part] == pytest.approx(numbers[part], abs=1e-5) for part in numbers)


def test_more_padding_changes_nothing():
    sequences, rows = fitted(RAGGED)
    wider = np.pad(rows, [(0, 0), (0, 9), (0, 0)], constant_values=np.nan)
    one, other = (sequences.numbers(sequences.check(x)) for x in (rows, wider))
    assert all(np.array_equal(one[part], other[part]) for part in one)


def test_unknown_categories_are_told_from_missing_ones():
    sequences, _ = fitted(events(), sequence_id="card", order_by="day")
    rows = sequences.check(events(shop=["new", "fuel", None, "food", "food", "fuel"]))
    out = sequences.preprocessor().predict(feed(rows), verbose=0)
    assert out["step_categories"][0, :, 0].tolist() == [0, 3, 1]  # missing; fuel, after the more frequent food; new
    assert np.array_equal(out["step_categories"], sequences.numbers(rows)["step_categories"])


def test_reduce_takes_the_mean_of_neighbouring_real_steps():
    x = {
        "steps": np.arange(16, dtype="float32").reshape(1, 16, 1) * (np.arange(16) < 9)[None, :, None],
        "mask": (np.arange(16) < 9).astype("float32")[None],
        "step_categories": np.arange(16, dtype="float32").reshape(1, 16, 1),
        "summary": np.zeros((1, 1), "float32"),
    }
    half = SequenceInput().reduce(x, 0.5)
    assert half["steps"].ravel().tolist() == [0.5, 2.5, 4.5, 6.5, 8, 0, 0, 0]
    assert half["mask"].ravel().tolist() == [1] * 5 + [0] * 3
    assert half["step_categories"].ravel().tolist() == list(range(0, 16, 2))


def test_the_sample_is_not_written_down():
    sequences, _ = fitted(RAGGED)
    assert sequences.sample["steps"].shape == (4, 7, 2)
    again = SequenceInput.from_config(json.loads(json.dumps(sequences.get_config())))
    assert again.sample is None


def test_the_shape_is_not_known_before_fit():
    with pytest.raises(NotFittedError):
        _ = SequenceInput().shape


def test_numpy_is_enough_to_check_and_prepare():
    code = (
        "import sys; sys.modules.update(dict.fromkeys(['keras', 'tensorflow', 'pandas']));"
        "from autonas.inputs.sequence import SequenceInput as S;"
        "s = S(sequence_id='id', order_by='t');"
        "r = s.check({'id': [1, 1, 2], 't': [2, 1, 1], 'v': ['a', 'b', None], 'w': [1.0, 2.0, 3.0]});"
        "s.fit(r); print(s.numbers(r)['steps'].shape)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "(2, 2, 2)"


@pytest.mark.parametrize(
    ("argument", "value"), [("static", 3), ("static", "home"), ("types", ["amount"]), ("types", "amount")]
)
def test_arguments_of_another_kind_are_told(argument, value):
    with pytest.raises(InputError, match=f"{argument} must be a .*{value!r}".replace("[", r"\[")):
        SequenceInput("card", "time", **{argument: value})
