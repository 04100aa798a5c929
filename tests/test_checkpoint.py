import numpy as np
import pytest

from autonas import checkpoint
from autonas.checkpoint import Checkpoint


def example():
    return Checkpoint(
        variables=[np.arange(3, dtype="float32"), np.array(7, dtype="int32")],
        best=[np.ones((2, 2), "float32")],
        history={"loss": [0.5, 0.25], "val_loss": [0.75, 0.5]},
        steps=8,
        stopping={"best": 0.5, "best_epoch": 1.0, "wait": 0.0},
        timings={"step_seconds": 0.1},
        ended=False,
    )


def test_what_is_written_is_what_is_read(tmp_path):
    example().write(tmp_path / "folder" / "a.npz")
    again = checkpoint.read(tmp_path / "folder" / "a.npz")
    assert again.epochs == 2
    for name, value in vars(example()).items():
        if name in ("variables", "best"):
            assert [array.dtype for array in getattr(again, name)] == [array.dtype for array in value]
            for one, other in zip(getattr(again, name), value, strict=True):
                np.testing.assert_array_equal(one, other)
        else:
            assert getattr(again, name) == value
    assert [file.name for file in (tmp_path / "folder").iterdir()] == ["a.npz"]


def test_the_order_of_many_arrays_is_kept(tmp_path):
    many = [np.array(number) for number in range(12)]
    Checkpoint(many, [], {"loss": []}, 0, {}, {}, False).write(tmp_path / "a.npz")
    assert [int(array) for array in checkpoint.read(tmp_path / "a.npz").variables] == list(range(12))


@pytest.mark.parametrize("content", [None, b"", b"PK\x03\x04 and no more", b"no zip at all"])
def test_without_a_readable_file_there_is_none(tmp_path, content):
    if content is not None:
        (tmp_path / "a.npz").write_bytes(content)
    assert checkpoint.read(tmp_path / "a.npz") is None


def test_half_a_file_is_none(tmp_path):
    example().write(tmp_path / "a.npz")
    whole = (tmp_path / "a.npz").read_bytes()
    (tmp_path / "a.npz").write_bytes(whole[: len(whole) // 2])
    assert checkpoint.read(tmp_path / "a.npz") is None


def test_the_steps_are_read_alone(tmp_path):
    example().write(tmp_path / "a.npz")
    assert checkpoint.steps(tmp_path / "a.npz") == 8
    assert checkpoint.steps(tmp_path / "none.npz") == 0
