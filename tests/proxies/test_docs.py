import re
from pathlib import Path

import keras
import numpy as np

DOCS = Path(__file__).parents[2] / "docs" / "screens.md"


def test_the_proxy_of_ones_own_runs_as_printed():
    names = {}
    exec("\n".join(re.findall(r"```python\n(.*?)```", DOCS.read_text(), re.DOTALL)), names)
    inputs = keras.Input((4,))
    model = keras.Model(inputs, keras.layers.Dense(8, activation="relu")(inputs))
    model.set_weights([np.zeros((4, 8)), np.array([1.0] * 2 + [-1.0] * 6)])
    assert names["HalfOpen"]().score(model, np.ones((3, 4)), None, None) == -0.25
    assert list(names["screen"].proxies) == ["nwot", "HalfOpen"]
