"""What images are taken, what is said of the others, and what the preprocessor makes of them."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from autonas.errors import InputError, NotFittedError
from autonas.export import to_tflite
from autonas.inputs.image import ImageInput

GREY = np.random.default_rng(0).integers(0, 256, (6, 10, 12)).astype("uint8")
COLOUR = np.random.default_rng(1).integers(0, 256, (6, 10, 12, 3)).astype("uint8")


def fitted(x, resolution=None):
    images = ImageInput(resolution)
    images.fit(images.check(x))
    return images


def with_values(*values):
    x = np.zeros((5, 8, 8), "float64")
    x[2, 0, 0], x[4, 7, 7] = values[0], values[-1]
    return x


@pytest.mark.parametrize(
    ("x", "dtype"),
    [
        (GREY, "uint8"),
        (COLOUR, "uint8"),
        (GREY.tolist(), "float32"),
        (GREY / 255, "float32"),
        (GREY.astype("float16"), "float32"),
        (GREY.astype("int64"), "float32"),
        (GREY > 100, "float32"),
        (tf.constant(COLOUR), "uint8"),
        (tf.constant(COLOUR, tf.float32), "float32"),
        (list(COLOUR), "uint8"),
    ],
)
def test_arrays_of_every_usual_kind_are_taken(x, dtype):
    checked = ImageInput().check(x)
    assert checked.dtype == dtype
    assert np.array_equal(checked, np.asarray(x, checked.dtype))


BAD = {
    "empty": (np.zeros((0, 8, 8)), r"x must be at least one image. Got shape \(0, 8, 8\)"),
    "empty list": ([], "rank 3"),
    "nothing": (None, "array of real numbers. Got a NoneType"),
    "a number": (3, r"rank 3 .* Got shape \(\)"),
    "one grey image": (np.zeros((28, 28)), r"rank 3 .* Got shape \(28, 28\).* x\[None\]"),
    "one colour image": (np.zeros((28, 28, 3)), r"at least 8x8 pixels. Got shape \(28, 28, 3\).* x\[None\]"),
    "rank 5": (np.zeros((2, 8, 8, 3, 1)), "rank 3"),
    "channels first": (np.zeros((4, 3, 32, 32)), r"1 to 4 channels.*\(4, 3, 32, 32\).*np.moveaxis"),
    "five channels": (np.zeros((4, 8, 8, 5)), "1 to 4 channels in the last axis"),
    "no channels": (np.zeros((4, 8, 8, 0)), "at least one image"),
    "small": (np.zeros((4, 8, 7)), r"at least 8x8 pixels. Got shape \(4, 8, 7\)"),
    "file names": (["a.png", "b.png"], "files that exist. Got 2 of 2 that are none: a.png, b.png"),
    "bytes": (np.array([b"\x89PNG"]), "Load image files"),
    "objects": (np.array([None, None]), "dtype object"),
    "complex": (np.zeros((4, 8, 8), complex), "real numbers. Got dtype complex128"),
    "ragged": ([np.zeros((8, 8)), np.zeros((9, 8))], "one size. Got a ragged list.*Bring all images"),
    "nan": (with_values(np.nan), r"finite numbers. Got NaN or infinity in 2 of 5 images, first in x\[2\]"),
    "infinity": (with_values(-np.inf, 0), r"infinity in 1 of 5 images, first in x\[2\]"),
    "overflow": (
        with_values(0, -1e300),
        r"at most 1e\+18 in size. Got larger values in 1 of 5 images, first in x\[4\]",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_used_is_told(case):
    x, told = BAD[case]
    with pytest.raises(InputError, match=told):
        ImageInput().check(x)


def test_the_error_names_the_argument():
    with pytest.raises(InputError, match=r"^validation_data must.*validation_data\[2\]"):
        ImageInput().check(with_values(np.nan), "validation_data")


@pytest.mark.parametrize("other", [GREY[:, 1:], COLOUR, GREY[..., None].repeat(2, -1)])
def test_after_fit_images_of_another_shape_are_an_error_with_both_shapes(other):
    with pytest.raises(InputError, match=rf"\(10, 12\), as in training. Got shape \({str(other.shape[1:])[1:-1]}\)"):
        fitted(GREY).check(other)


def test_a_channel_axis_of_one_may_come_and_go():
    assert fitted(GREY).check(GREY[..., None]).shape == GREY.shape
    assert fitted(GREY[..., None]).check(GREY).shape == (*GREY.shape, 1)


@pytest.mark.parametrize("resolution", [7, 0, -1, 64.0, "64", True])
def test_a_resolution_that_is_none_is_an_error(resolution):
    with pytest.raises(InputError, match="resolution must be"):
        ImageInput(resolution)


def test_before_fit_there_is_no_shape():
    for ask in (lambda i: i.shape, lambda i: i.resolution, lambda i: i.preprocessor()):
        with pytest.raises(NotFittedError, match="call `fit`"):
            ask(ImageInput())


@pytest.mark.parametrize(
    ("given", "resolution", "shape"),
    [
        ((8, 8), None, (8, 8, 1)),
        ((28, 28, 1), None, (28, 28, 1)),
        ((128, 100, 3), None, (128, 100, 3)),
        ((129, 100, 3), None, (128, 99, 3)),
        ((256, 512, 3), None, (64, 128, 3)),
        ((512, 10), None, (128, 8, 1)),
        ((64, 32), 32, (32, 16, 1)),
    ],
)
def test_larger_images_are_scaled_to_the_longest_side(given, resolution, shape):
    images = fitted(np.random.default_rng(0).random((2, *given)), resolution)
    assert (images.shape, images.resolution) == (shape, min(shape[:2]))
    assert images.preprocessor().output_shape == (None, *shape)


@pytest.mark.parametrize("x", [GREY, COLOUR, COLOUR / 255 - 0.3, GREY[..., None].repeat(4, -1)])
def test_preprocessed_images_have_mean_0_and_variance_1_in_each_channel(x):
    images = fitted(x)
    out = images.preprocessor().predict(x, verbose=0)
    assert out.shape == (len(x), *images.shape)
    assert out.mean((0, 1, 2)) == pytest.approx(0, abs=1e-5)
    assert out.std((0, 1, 2)) == pytest.approx(1, abs=1e-5)


def test_statistics_do_not_depend_on_the_chunks(monkeypatch):
    whole = fitted(COLOUR).get_config()
    monkeypatch.setattr("autonas.inputs.image._CHUNK_BYTES", 5000)
    in_parts = fitted(COLOUR).get_config()
    assert in_parts["mean"] == pytest.approx(whole["mean"])
    assert in_parts["variance"] == pytest.approx(whole["variance"])
    assert whole["mean"] == pytest.approx(COLOUR.mean((0, 1, 2)))
    assert whole["variance"] == pytest.approx(COLOUR.var((0, 1, 2)))


@pytest.mark.parametrize("value", [0.0, 255.0, 0.1, 1e-20, 1e15])
def test_a_channel_that_never_changes_becomes_0(value):
    x = np.stack([GREY / 255, np.full(GREY.shape, value)], -1)
    out = fitted(x).preprocessor().predict(x.astype("float32"), verbose=0)
    # float32 has seven digits: what is left of 1e15 after its mean is taken away is not exactly nothing
    assert np.abs(out[..., 1]).max() <= 1e-6 * value + 1e-6
    assert out[..., 0].std() == pytest.approx(1, abs=1e-3)


def test_the_largest_values_that_are_taken_stay_finite():
    x = with_values(1e18, -1e18)
    out = fitted(x).preprocessor().predict(x.astype("float32"), verbose=0)
    assert np.isfinite(out).all()
    assert np.abs(out).max() > 1


def test_another_value_in_a_channel_that_never_changed_does_not_blow_up():
    x = np.stack([GREY, np.full(GREY.shape, 255)], -1).astype("uint8")
    model = fitted(x).preprocessor()
    x[..., 1] = 250
    assert np.abs(model.predict(x, verbose=0)).max() <= 5


def test_scaling_down_averages_and_does_not_skip_pixels():
    # every fourth column is white: sampling would see none of them, or nothing else
    stripes = np.broadcast_to(np.arange(512) % 4 == 0, (512, 512)) * 255.0
    x = np.stack([stripes, np.full((512, 512), 255 / 4), np.zeros((512, 512))]).astype("float32")
    out = fitted(x).preprocessor().predict(x, verbose=0)
    assert out[0] == pytest.approx(out[1], abs=1e-5)
    assert out[1].mean() > out[2].mean()


@pytest.mark.parametrize("shape", [(300, 200), (140, 130, 3)])
def test_the_preprocessor_converts_to_built_in_operations_with_equal_results(shape):
    from ai_edge_litert.interpreter import Interpreter

    x = np.random.default_rng(0).random((2, *shape)).astype("float32")
    model = fitted(x).preprocessor()
    interpreter = Interpreter(model_content=to_tflite(model))
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], x[:1])
    interpreter.invoke()
    out = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    assert out == pytest.approx(model.predict(x[:1], verbose=0), abs=1e-4)
    names = {operation["op_name"] for operation in interpreter._get_ops_details()}
    assert not {name for name in names if name.startswith(("Flex", "CUSTOM"))}


def test_channels_are_last_whatever_keras_is_set_to():
    images = fitted(np.random.default_rng(0).random((2, 300, 200, 3)))
    before = keras.config.image_data_format()
    keras.config.set_image_data_format("channels_first")
    try:
        assert images.preprocessor().output_shape == (None, *images.shape)
    finally:
        keras.config.set_image_data_format(before)


def test_reduce_by_a_whole_number_is_the_mean_of_each_cell():
    x = np.random.default_rng(0).random((5, 16, 12, 3)).astype("float32")
    reduced = ImageInput().reduce(x, 0.5)
    assert reduced == pytest.approx(x.reshape(5, 8, 2, 6, 2, 3).mean((2, 4)), abs=1e-6)


@pytest.mark.parametrize(
    ("size", "factor", "expected"),
    [((28, 28), 0.7, (20, 20)), ((32, 20), 0.5, (16, 10)), ((8, 8), 0.3, (4, 4)), ((16, 8), 0.1, (4, 4))],
)
def test_reduce_keeps_the_mean_and_a_side_of_4(size, factor, expected):
    x = np.random.default_rng(0).random((3, *size, 2)).astype("float32")
    reduced = ImageInput().reduce(x, factor)
    assert reduced.shape == (3, *expected, 2)
    assert reduced.mean((1, 2)) == pytest.approx(x.mean((1, 2)), abs=1e-5)


def test_reduce_does_not_depend_on_the_chunks(monkeypatch):
    x = np.random.default_rng(0).random((7, 12, 12, 1)).astype("float32")
    whole = ImageInput().reduce(x, 0.6)
    monkeypatch.setattr("autonas.inputs.image._CHUNK_BYTES", 3000)
    assert ImageInput().reduce(x, 0.6) == pytest.approx(whole, abs=1e-6)


def test_a_config_before_fit_is_a_config_too():
    images = ImageInput.from_config(ImageInput(16).get_config())
    images.fit(np.zeros((2, 32, 64), "uint8"))
    assert images.shape == (8, 16, 1)


def test_files_are_not_read_beside_images_on_another_scale(tmp_path):
    pytest.importorskip("PIL.Image").fromarray(np.full((8, 8), 100, "uint8")).save(tmp_path / "a.png")
    whole, scaled = ImageInput(), ImageInput()
    whole.fit(whole.check(np.random.default_rng(0).integers(0, 256, (4, 8, 8)).astype("uint8")))
    scaled.fit(scaled.check(np.random.default_rng(0).random((4, 8, 8))))
    assert whole.check([tmp_path / "a.png"]).shape == (1, 8, 8)
    with pytest.raises(InputError, match="arrays of floats, as in training"):
        scaled.check([tmp_path / "a.png"])
