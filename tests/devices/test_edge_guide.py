import re
from pathlib import Path

import pytest

import autonas

GUIDE = Path(__file__).parents[2] / "docs" / "edge.md"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:The profile .* has no operator")  # that of the tests has few
def test_the_guide_to_designing_for_a_device_runs_as_printed(tmp_path, digits, profile, small_images):
    x, y = digits[0][:90], digits[1][:90]
    names = {"x": x[:70], "y": y[:70], "x_test": x[70:], "y_test": y[70:], "folder": tmp_path, "device": str(profile)}
    small = "max_trials=1, top_k=1, estimator=autonas.Proxy(epochs=0.05), verbose=0"
    for snippet in re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL):
        exec(snippet.replace('max_time="10m"', small).replace("fit(x, y)", "fit(x, y, epochs=1)"), names)
    assert len(names["answers"]) == len(names["y_test"])
    assert names["report"].float_operations == ()
    assert names["picture"].exists()
    assert isinstance(names["clf"].device, autonas.devices.Predicted)
