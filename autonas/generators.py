"""Seeded data with a known structure, for examples and tests: it can be learned, and not from one column alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from autonas.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

_CATEGORIES = ("groceries", "fuel", "restaurants", "clothing", "travel", "services", "electronics", "gift cards")
_USUAL = (6.0, 2.0, 3.0, 2.0, 0.7, 1.5, 0.8, 0.3)  # how often cards buy there
_COUNTRIES = ("DE", "FR", "IT", "ES", "PL", "AT")
_ABROAD = (*_COUNTRIES, "US", "GB", "TH", "BR")
_SEGMENTS = ("student", "standard", "premium", "business")
_SHORTEST, _LONGEST = 5, 80  # events of a card
_EVENT = ("time", "amount", "merchant_category", "country", "channel")
_DAY, _START = 86_400, "2024-01-01T00:00:00"


def card_transactions(cards: int = 2_000, seed: int = 0, days: int = 60, fraud: float = 0.02) -> pd.DataFrame:
    """An event log of payment cards, some of which are used by somebody else from some time on.

    Each card has its habits: amounts, categories, hours, channel, country. A compromised one shows, mixed with them, one of
    five patterns: small amounts that test it and then large ones, a burst in one night, online purchases abroad, a category
    that is new to it, or a slow drain by equal amounts. Other cards travel, buy large things, stay out late, find a new hobby
    or pay subscriptions, so no column tells them apart.

    Args:
        cards: How many.
        seed: Of all that is random.
        days: Length of the log.
        fraud: Share of the cards that are compromised, in [0, 1).

    Returns:
        One row an event, in the order of time, 5 to 80 of each card, with the columns `card` (integer), `time` (datetime64),
        `amount` (euros), `merchant_category`, `country`, `channel` (strings: `"chip"`, `"online"`, `"contactless"`), and of
        the card, alike in all its rows, `age_of_card_days` (integer), `segment` (string) and `compromised` (0 or 1).

    Raises:
        InputError: If a number is out of its range.

    Example:

    >>> log = card_transactions(cards=100, fraud=0.1)
    >>> int(log.groupby("card")["compromised"].first().sum())
    10
    """
    import pandas as pd

    if not 0 <= fraud < 1:
        raise InputError.of("fraud", "a share in [0, 1)", repr(fraud))
    rng = _rng(seed, cards=cards, days=days)
    compromised = np.zeros(cards, int)
    compromised[rng.permutation(cards)[: round(fraud * cards)]] = 1
    logs = []
    for misused in compromised:
        events = _habits(rng, days)
        _quirks(rng, events)
        if misused:
            _misuse(rng, events)
        logs.append(events)
    lengths = [len(events["time"]) for events in logs]
    columns = {name: np.concatenate([events[name] for events in logs]) for name in _EVENT}
    columns["time"] = np.datetime64(_START, "s") + columns["time"].astype("int64")
    columns["amount"] = np.maximum(columns["amount"], 0.5).round(2)
    of_card = {
        "card": np.arange(cards),
        "age_of_card_days": 30 + rng.exponential(700, cards).astype("int64"),
        "segment": np.array([events["segment"] for events in logs], object),
        "compromised": compromised,
    }
    columns |= {name: np.repeat(values, lengths) for name, values in of_card.items()}
    log = pd.DataFrame({name: columns[name] for name in ("card", *_EVENT, *list(of_card)[1:])})
    return log.sort_values(["time", "card"], kind="stable", ignore_index=True)


def _habits(rng: np.random.Generator, days: int) -> dict[str, Any]:
    """The events of a card that nothing happens to: columns in the order of time, and what the card is like."""
    n = int(np.clip(rng.gamma(2.5, 12), _SHORTEST, _LONGEST))
    segment = int(rng.choice(4, p=[0.2, 0.5, 0.2, 0.1]))
    likes = rng.dirichlet(np.array(_USUAL))
    hours = rng.normal(22 if rng.random() < 0.1 else rng.normal(14, 2), rng.uniform(1.5, 4), n) % 24
    channels = rng.dirichlet([2.0, 1.5, 2.0])
    level = rng.normal(3.0 + 0.25 * segment, 0.4)
    return {
        "time": np.sort(rng.integers(0, days, n) * _DAY + hours * 3600),
        "amount": rng.lognormal(level, rng.uniform(0.4, 0.9), n),
        "merchant_category": rng.choice(np.array(_CATEGORIES, object), n, p=likes),
        "country": np.full(n, rng.choice(_COUNTRIES), object),
        "channel": rng.choice(np.array(["chip", "online", "contactless"], object), n, p=channels),
        "segment": _SEGMENTS[segment],
        "typical": float(np.exp(level)),
        "rare": np.array(_CATEGORIES, object)[np.argsort(likes)[:3]],
        "end": days * _DAY,
    }


def _quirks(rng: np.random.Generator, events: dict[str, Any]) -> None:
    """What honest cards do at times, and what looks like misuse in one column."""
    time, amount = events["time"], events["amount"]
    n, begin = len(time), rng.uniform(0, events["end"])
    if rng.random() < 0.2:  # a journey
        away = (time > begin) & (time < begin + rng.uniform(3, 14) * _DAY)
        events["country"][away] = rng.choice(_ABROAD)
        events["channel"][away & (rng.random(n) < 0.5)] = "chip"
    if rng.random() < 0.3:  # something large
        amount[rng.integers(0, n, rng.integers(1, 4))] *= rng.uniform(4, 20)
    if rng.random() < 0.2:  # orders from abroad
        chosen = rng.random(n) < rng.uniform(0.05, 0.3)
        events["country"][chosen], events["channel"][chosen] = rng.choice(_ABROAD), "online"
    if rng.random() < 0.25:  # a night out
        night = rng.integers(0, n, rng.integers(2, 6))
        time[night] = begin // _DAY * _DAY + rng.uniform(0, 4, len(night)) * 3600
        events["merchant_category"][night], events["channel"][night] = "restaurants", "contactless"
    if rng.random() < 0.15:  # a new hobby
        events["merchant_category"][(time > begin) & (rng.random(n) < 0.5)] = rng.choice(events["rare"])
    if rng.random() < 0.3:  # a subscription
        paid = rng.random(n) < rng.uniform(0.1, 0.3)
        amount[paid], events["channel"][paid] = rng.choice([4.99, 9.99, 14.99, 29.99]), "online"
        events["merchant_category"][paid] = "services"
    if rng.random() < 0.25:  # parking, vending machines
        amount[rng.random(n) < rng.uniform(0.05, 0.2)] = rng.uniform(0.5, 3)
    _in_order(events)


def _misuse(rng: np.random.Generator, events: dict[str, Any]) -> None:
    """Replaces some events of the second half by one of the patterns."""
    n, typical = len(events["time"]), events["typical"]
    size = int(np.clip(rng.integers(3, 10), 2, n // 2))
    rows = np.sort(rng.choice(np.arange(n // 3, n), size, replace=False))
    begin = rng.uniform(0.3, 0.85) * events["end"]
    kind = rng.integers(5)
    if kind == 0:  # a test, then all there is
        small = np.arange(size) < max(1, size // 2)
        changes: dict[str, Any] = {
            "time": begin + np.sort(rng.uniform(0, 1.5, size)) * _DAY,
            "amount": np.where(small, rng.uniform(0.5, 3, size), typical * rng.uniform(4, 12, size)),
            "channel": "online",
        }
    elif kind == 1:  # a burst in one night
        changes = {
            "time": begin // _DAY * _DAY + np.sort(rng.uniform(1, 4.5, size)) * 3600,
            "amount": typical * rng.uniform(0.8, 3, size),
            "merchant_category": rng.choice(np.array(_CATEGORIES, object), size),
        }
    elif kind == 2:  # online and abroad
        changes = {
            "time": np.sort(rng.uniform(begin, events["end"], size)),
            "amount": typical * rng.uniform(0.8, 4, size),
            "country": rng.choice(np.array(_ABROAD, object), size),
            "channel": "online",
        }
    elif kind == 3:  # what the card never bought
        changes = {
            "time": np.sort(rng.uniform(begin, min(events["end"], begin + 10 * _DAY), size)),
            "amount": typical * rng.uniform(1, 5, size),
            "merchant_category": rng.choice(events["rare"][:2], size),
        }
    else:  # a slow drain
        changes = {
            "time": np.linspace(begin, events["end"] - 1, size),
            "amount": typical * rng.uniform(0.5, 1.5) * np.ones(size),
            "merchant_category": "services",
            "channel": "online",
        }
    for name, values in changes.items():
        events[name][rows] = values
    _in_order(events)


def _in_order(events: dict[str, Any]) -> None:
    order = np.argsort(events["time"], kind="stable")
    for name in _EVENT:
        events[name] = events[name][order]


def sensor_windows(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Windows of a three-axis accelerometer, in g, at 32 samples a second, with what its wearer did.

    Args:
        n: How many.
        seed: Of all that is random.

    Returns:
        float32 of the shape (n, 64, 3), and the activities, (n,): `"rest"`, `"walk"` (about 2 Hz), `"run"` (about 3 Hz).
    """
    rng = _rng(seed, n=n)
    activity = rng.integers(0, 3, n)
    frequency = np.array([0.0, 1.8, 2.8])[activity] + rng.normal(0, 0.2, n)
    strength = np.array([0.0, 0.35, 0.8])[activity] * rng.lognormal(0, 0.4, n)
    time = np.arange(64) / 32
    phase = 2 * np.pi * (frequency[:, None] * time + rng.random((n, 1)))
    swing = np.stack([np.sin(phase), np.sin(phase / 2), np.sin(2 * phase)], axis=-1) * [1.0, 0.5, 0.4]
    gravity = rng.normal(0, 1, (n, 1, 3))
    gravity /= np.linalg.norm(gravity, axis=-1, keepdims=True)
    x = gravity + strength[:, None, None] * swing + rng.normal(0, 0.15, (n, 64, 3))
    return x.astype("float32"), np.array(["rest", "walk", "run"])[activity]


def reviews(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Short texts about things that were bought, with what their writer thought.

    In a third of them "not" turns a word around, so that the order of the words counts.

    Args:
        n: How many.
        seed: Of all that is random.

    Returns:
        Strings, (n,), some with accents, umlauts or emoji, and `"negative"` or `"positive"`, (n,).
    """
    rng = _rng(seed, n=n)
    words = {True: ["great", "lovely", "excellent", "useful", "señor-level good", "wunderschön", "👍"]}
    words[False] = ["awful", "boring", "broken", "useless", "très mauvais", "schrecklich", "👎"]
    things = ["phone", "café", "book", "Käse", "lamp", "film", "hotel", "naïve little game"]
    forms = ["The {thing} is {word}.", "I think this {thing} was {word}", "{word}! My {thing} came on day {day}."]
    negated = [
        "The {thing} is not {word}.",
        "not {word}, this {thing}",
        "I would not call the {thing} {word}, after {day} days.",
    ]
    asides = [
        "",
        "",
        " Bought it for my mother.",
        " Arrived late, but who cares…",
        " 5 of 5 would read this again",
        " “Hm.”",
    ]
    positive, turned = rng.random(n) < 0.5, rng.random(n) < 1 / 3
    texts = [
        str(rng.choice(negated if t else forms)).format(
            thing=rng.choice(things), word=rng.choice(words[bool(p != t)]), day=rng.integers(2, 30)
        )
        + str(rng.choice(asides))
        for p, t in zip(positive, turned, strict=True)
    ]
    return np.array(texts, str), np.where(positive, "positive", "negative")


def houses(n: int, seed: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Houses as a table, with their prices.

    Args:
        n: How many.
        seed: Of all that is random.

    Returns:
        The columns `area` (square metres), `rooms` (integer), `distance` (km to the centre), `district` (string), `heating`
        (string), `garden` (boolean) and `sold` (datetime64), of which `distance` and `heating` have gaps; and the prices in
        thousands of euros, float64, (n,).
    """
    import pandas as pd

    rng = _rng(seed, n=n)
    area = rng.lognormal(4.6, 0.35, n).round(1)
    rooms = np.clip(np.round(area / 28 + rng.normal(0, 0.8, n)), 1, None).astype(int)
    distance = rng.exponential(6, n).round(1)
    district, heating = rng.integers(0, 5, n), rng.integers(0, 3, n)
    garden = rng.random(n) < 1 / (1 + np.exp(2 - distance / 3))
    month = rng.integers(0, 48, n)
    metre = np.array([4.2, 3.4, 2.9, 2.5, 2.1])[district] * np.exp(-distance / 25) * (1 + 0.004 * month)
    price = area * metre + 35 * garden + np.array([0.0, 15.0, 40.0])[heating]
    table = pd.DataFrame(
        {
            "area": area,
            "rooms": rooms,
            "distance": np.where(rng.random(n) < 0.08, np.nan, distance),
            "district": np.array(["Altstadt", "Hafen", "Nord", "Süd", "West"], object)[district],
            "heating": np.array(["oil", "gas", "heat pump"], object)[heating],
            "garden": garden,
            "sold": pd.Timestamp("2020-01-15") + pd.to_timedelta(30 * month, unit="D"),
        }
    )
    table.loc[rng.random(n) < 0.1, "heating"] = None
    return table, (price * rng.lognormal(0, 0.06, n)).round(1)


def shapes(n: int, seed: int, size: int = 16) -> tuple[np.ndarray, np.ndarray]:
    """Grey images of discs that may overlap, with how many there are.

    Args:
        n: How many.
        seed: Of all that is random.
        size: Height and width in pixels, 8 at least.

    Returns:
        uint8 of the shape (n, size, size), and float64 counts from 0 to 5, (n,).

    Raises:
        InputError: If a number is out of its range.
    """
    if size < 8:
        raise InputError.of("size", "8 at least", repr(size))
    rng = _rng(seed, n=n)
    count = rng.integers(0, 6, n)
    row, column = np.mgrid[:size, :size]
    centre = rng.uniform(0.1 * size, 0.9 * size, (2, n, 5, 1, 1))
    radius = rng.uniform(0.07, 0.13, (n, 5, 1, 1)) * size
    inside = (row - centre[0]) ** 2 + (column - centre[1]) ** 2 <= radius**2
    drawn = inside & (np.arange(5) < count[:, None])[:, :, None, None]
    light = (drawn * rng.uniform(110, 220, (n, 5, 1, 1))).max(axis=1)
    return np.clip(light + rng.normal(25, 8, (n, size, size)), 0, 255).astype("uint8"), count.astype("float64")


def homes_with_pictures(n: int, seed: int) -> tuple[dict[str, Any], np.ndarray]:
    """Houses with a table of facts and a picture each: a greener picture is worth a third more, which the facts do not say.

    Args:
        n: How many.
        seed: Of all that is random.

    Returns:
        `"picture"`, uint8 of the shape (n, 16, 16, 3), and `"facts"`, the table of `houses`; and the prices, (n,).
    """
    facts, price = houses(n, seed)
    rng = _rng(seed + 1, n=n)
    green = rng.random(n)  # share of the picture that is a meadow, from below; above it is the sky
    meadow = np.arange(16)[::-1] < 16 * green[:, None]
    colours = np.where(meadow[:, :, None, None], [60.0, 150.0, 50.0], [130.0, 170.0, 230.0])
    picture = colours + rng.normal(0, 20, (n, 16, 16, 3))
    worth = price * (0.85 + 0.3 * green)
    return {"picture": np.clip(picture, 0, 255).astype("uint8"), "facts": facts}, worth.round(1)


def _rng(seed: int, **counts: int) -> np.random.Generator:
    """A generator, if all counts are integers from 1 up."""
    for name, count in counts.items():
        if isinstance(count, bool) or not isinstance(count, (int, np.integer)) or count < 1:
            raise InputError.of(name, "an integer from 1 up", repr(count))
    return np.random.default_rng(seed)
