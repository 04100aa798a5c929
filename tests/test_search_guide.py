import re
from pathlib import Path

import pytest

from autonas import blocks
from autonas.testing.estimators import Shallow

GUIDE = (Path(__file__).parents[1] / "docs" / "search.md").read_text()


@pytest.mark.slow
def test_the_guide_to_search_runs_as_printed(tmp_path, digits, monkeypatch):
    monkeypatch.setattr(blocks, "ConvBlock", Shallow)  # quicker to trace
    names = {"x": digits[0], "y": digits[1], "folder": tmp_path}
    for snippet in re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL):
        exec(snippet, names)
    assert names["result"].best.values["depth"] == 7
    assert len(names["front"]) > 1
    assert set(names["clf"].leaderboard()["tuner/budget"]) == {1 / 3, 1.0}
