import re
from pathlib import Path

import pytest

from autonas.blocks import Chain, ReductionBlock
from autonas.testing.estimators import Shallow

GUIDE = (Path(__file__).parents[1] / "docs" / "front.md").read_text()


def block(images, rows):
    return Chain(Shallow(images.resolution, rows), ReductionBlock())


@pytest.mark.slow
def test_the_guide_to_several_objectives_runs_as_printed(tmp_path, digits):
    names = {"x": digits[0][:90], "y": digits[1][:90], "folder": tmp_path, "block": block}
    for snippet in re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL):
        exec(snippet, names)
    assert len(names["front"]) > 1
    assert names["volumes"]["hypervolume"].is_monotonic_increasing
    assert set(names["clf"].pareto_front()["values"]) <= {"searched", "retrained"}
