"""Generators: the same for a seed, of the promised form, learnable, and card fraud that no single column gives away."""

from __future__ import annotations

import functools

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import cross_val_predict, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeClassifier

from autonas import generators
from autonas.errors import InputError


@functools.cache
def transactions() -> pd.DataFrame:
    return generators.card_transactions(cards=1_500, seed=1, fraud=0.1)


def aggregates(log):
    """What a practical user makes of an event log: one row a card."""
    by_card = log.groupby("card")
    home = by_card["country"].transform(lambda country: country.mode()[0])
    marks = pd.DataFrame(
        {
            "night": log["time"].dt.hour < 5,
            "abroad": log["country"] != home,
            "online": log["channel"] == "online",
            "abroad_online": (log["country"] != home) & (log["channel"] == "online"),
            "small": log["amount"] < 3,
            "gap": by_card["time"].diff().dt.total_seconds(),
            **{kind: log["merchant_category"] == kind for kind in log["merchant_category"].unique()},
        }
    )
    table = marks.groupby(log["card"]).mean()
    table["least_gap"] = marks["gap"].groupby(log["card"]).min()
    for how in ("min", "median", "mean", "max", "std", "nunique", "size"):
        table[how] = by_card["amount"].agg(how)
    table["largest"] = table["max"] / table["median"]
    table["equal"] = table["nunique"] / table["size"]
    for name in ("merchant_category", "country"):
        table[name] = by_card[name].nunique()
    table["age"] = by_card["age_of_card_days"].first()
    return table, by_card["compromised"].first()


def cross_validated_auc(model, x, y):
    return roc_auc_score(y, cross_val_predict(model, x, y, cv=5, method="predict_proba")[:, 1])


def test_the_log_has_the_promised_columns():
    log = transactions()
    assert list(log.columns) == [
        "card", "time", "amount", "merchant_category", "country", "channel", "age_of_card_days", "segment", "compromised",
    ]  # fmt: skip
    assert log["time"].dtype.kind == "M"
    assert log["time"].is_monotonic_increasing
    assert log["time"].min() >= pd.Timestamp("2024-01-01")
    assert log["time"].max() < pd.Timestamp("2024-03-01")
    assert log["amount"].min() >= 0.5
    assert set(log["channel"]) == {"chip", "online", "contactless"}
    assert log.notna().all().all()
    for name in ("merchant_category", "country", "channel", "segment"):
        assert isinstance(log[name].iloc[0], str)
    lengths = log.groupby("card").size()
    assert list(lengths.index) == list(range(1_500))
    assert (lengths.min(), lengths.max()) == (5, 80)
    assert (log.groupby("card")[["age_of_card_days", "segment", "compromised"]].nunique() == 1).all().all()


@pytest.mark.parametrize(("fraud", "expected"), [(0.0, 0), (0.02, 4), (0.5, 100)])
def test_the_share_of_compromised_cards_is_the_one_asked_for(fraud, expected):
    log = generators.card_transactions(cards=200, fraud=fraud)
    assert log.groupby("card")["compromised"].first().sum() == expected


def test_cards_have_habits():
    log = transactions()
    by_card = log.groupby("card")
    assert by_card["amount"].median().std() > 0.3 * log["amount"].median()
    assert by_card["country"].agg(lambda country: country.value_counts(normalize=True).iloc[0]).median() == 1
    assert by_card["time"].agg(lambda time: time.dt.hour.std()).median() < log["time"].dt.hour.std()


def test_no_column_gives_fraud_away_and_all_together_not_quite():
    x, y = aggregates(transactions())
    single = {}
    for name in x:
        auc = roc_auc_score(y, x[name].fillna(0))
        stump = cross_validated_auc(DecisionTreeClassifier(max_depth=1), x[[name]].fillna(0), y)
        single[name] = max(auc, 1 - auc, stump)
    assert max(single.values()) < 0.85, single
    boosted = cross_validated_auc(HistGradientBoostingClassifier(max_iter=40, max_leaf_nodes=8, random_state=0), x, y)
    assert 0.7 < boosted < 0.97
    assert boosted > max(single.values()) + 0.05
    assert abs(single["size"] - 0.5) < 0.1  # the length says nothing


SMALL = {
    "card_transactions": lambda seed: generators.card_transactions(cards=20, seed=seed, fraud=0.3),
    "sensor_windows": lambda seed: generators.sensor_windows(20, seed),
    "reviews": lambda seed: generators.reviews(20, seed),
    "houses": lambda seed: generators.houses(20, seed),
    "shapes": lambda seed: generators.shapes(20, seed),
    "homes_with_pictures": lambda seed: generators.homes_with_pictures(20, seed),
}


def flat(data):
    if isinstance(data, dict):
        return [leaf for name in data for leaf in flat(data[name])]
    return [leaf for part in data for leaf in flat(part)] if isinstance(data, tuple) else [data]


@pytest.mark.parametrize("name", SMALL)
def test_the_seed_decides_all(name):
    np.random.seed(0)
    one = flat(SMALL[name](0))
    np.random.seed(1)
    same, other = flat(SMALL[name](0)), flat(SMALL[name](1))
    for a, b, c in zip(one, same, other, strict=True):
        if isinstance(a, pd.DataFrame):
            pd.testing.assert_frame_equal(a, b)
            assert not a.equals(c)
        else:
            np.testing.assert_array_equal(a, b)
            assert not np.array_equal(a, c)


def test_activities_can_be_told_by_their_frequencies_but_not_by_one_sample():
    x, y = generators.sensor_windows(400, 0)
    assert (x.shape, x.dtype, set(y)) == ((400, 64, 3), np.float32, {"rest", "walk", "run"})
    spectrum = np.abs(np.fft.rfft(x - x.mean(axis=1, keepdims=True), axis=1)).reshape(400, -1)
    model = LogisticRegression(max_iter=1_000)
    assert cross_val_score(model, spectrum, y, cv=3).mean() > 0.9
    assert cross_val_score(model, x[:, 0], y, cv=3).mean() < 0.6


def test_words_alone_tell_most_of_a_review_and_pairs_of_words_more():
    x, y = generators.reviews(1_000, 0)
    assert x.dtype.kind == "U"
    assert set(y) == {"negative", "positive"}
    assert not all(text.isascii() for text in x)
    words, pairs = (
        cross_val_score(make_pipeline(CountVectorizer(ngram_range=(1, n)), LogisticRegression()), x, y, cv=3).mean()
        for n in (1, 2)
    )
    assert 0.6 < words < 0.9
    assert pairs > words + 0.05


def test_prices_of_houses_follow_from_the_table():
    x, y = generators.houses(800, 0)
    assert [kind.kind for kind in x.dtypes[["area", "rooms", "distance", "garden", "sold"]]] == [
        "f",
        "i",
        "f",
        "b",
        "M",
    ]
    assert x["distance"].isna().any()
    assert x["heating"].isna().any()
    assert (y > 0).all()
    numbers = x.assign(
        district=x["district"].astype("category").cat.codes,
        heating=x["heating"].astype("category").cat.codes,
        sold=(x["sold"] - x["sold"].min()).dt.days,
    )
    boosting = HistGradientBoostingRegressor(max_iter=60, max_leaf_nodes=8, random_state=0)
    assert cross_val_score(boosting, numbers, y, cv=3).mean() > 0.8
    assert cross_val_score(boosting, numbers[["area"]], y, cv=3).mean() < 0.7


@pytest.mark.parametrize("size", [16, 24])
def test_discs_can_be_counted_roughly_by_their_light(size):
    x, y = generators.shapes(500, 0, size)
    assert (x.shape, x.dtype, y.dtype) == ((500, size, size), np.uint8, np.float64)
    assert set(y) == {0, 1, 2, 3, 4, 5}
    correlation = np.corrcoef((x > 90).mean(axis=(1, 2)), y)[0, 1]
    assert 0.7 < correlation < 0.97


def test_pictures_say_what_the_facts_do_not():
    x, y = generators.homes_with_pictures(600, 0)
    assert (x["picture"].shape, x["picture"].dtype) == ((600, 16, 16, 3), np.uint8)
    assert len(x["facts"]) == 600
    facts = x["facts"][["area", "rooms", "distance", "garden"]].astype(float)
    facts["district"] = x["facts"]["district"].astype("category").cat.codes
    both = facts.assign(green=x["picture"][..., 1].mean(axis=(1, 2)) - x["picture"][..., 2].mean(axis=(1, 2)))
    boosting = HistGradientBoostingRegressor(max_iter=60, max_leaf_nodes=8, random_state=0)
    alone, together = (cross_val_score(boosting, part, y, cv=3).mean() for part in (facts, both))
    assert together > alone + 0.02
    assert cross_val_score(boosting, both[["green"]], y, cv=3).mean() < 0.3


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: generators.card_transactions(fraud=1.0), "fraud"),
        (lambda: generators.card_transactions(cards=0), "cards"),
        (lambda: generators.card_transactions(days=0), "days"),
        (lambda: generators.reviews(2.0, 0), "n must be"),
        (lambda: generators.houses(True, 0), "n must be"),
        (lambda: generators.shapes(5, 0, size=4), "size"),
    ],
)
def test_numbers_out_of_range_are_refused(call, match):
    with pytest.raises(InputError, match=match):
        call()
