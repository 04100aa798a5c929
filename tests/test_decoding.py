"""Image files of every format and size become arrays of one size, and those that do not are named."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from autonas import decoding
from autonas.errors import InputError


def picture(path, shape, value=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full(shape, value, "uint8")).save(path)


@pytest.mark.parametrize(
    ("shapes", "expected"),
    [
        ([(600, 300, 3), (600, 300)], (256, 128, 3)),
        ([(8, 8), (10, 20), (50, 30)], (10, 20)),
        ([(20, 1000)], (8, 256)),
        ([(300, 5)], (256, 5)),
    ],
)
def test_the_common_size_is_the_median_one_with_its_aspect_ratio(shapes, expected, tmp_path):
    for number, shape in enumerate(shapes):
        picture(tmp_path / f"{number}.png", shape, 7)
    images = decoding.image_files(sorted(tmp_path.iterdir()))
    assert images.shape == (len(shapes), *expected)
    assert (images == 7).all()


@pytest.mark.parametrize("suffix", ["png", "bmp", "gif", "tiff", "webp", "jpg"])
def test_images_of_every_format_come_as_they_are(suffix, tmp_path):
    image = np.random.default_rng(0).integers(0, 256, (16, 12)).astype("uint8").repeat(8, 0).repeat(8, 1)
    options = {"lossless": True} if suffix == "webp" else {}
    Image.fromarray(image).save(tmp_path / f"1.{suffix}", **options)
    (read,) = decoding.image_files([tmp_path / f"1.{suffix}"])
    read = read[..., 0] if suffix == "webp" else read  # that format has no grey
    assert np.abs(read.astype(int) - image).mean() < (2 if suffix == "jpg" else 1e-9)


def test_images_are_made_smaller_by_averaging(tmp_path):
    image = np.random.default_rng(0).integers(0, 256, (4, 6, 3)).astype("uint8").repeat(400, 0).repeat(400, 1)
    image[::2] //= 2
    for suffix in ("png", "jpg"):
        Image.fromarray(image).save(tmp_path / f"1.{suffix}")
        (read,) = decoding.image_files([tmp_path / f"1.{suffix}"], shape=(8, 12, 3))
        by_hand = image.reshape(8, 200, 12, 200, 3).mean((1, 3))
        # Pillow's triangle reaches into the neighbours, so that only the means are equal.
        assert read.mean((0, 1)) == pytest.approx(by_hand.mean((0, 1)), abs=4)
        assert np.corrcoef(read.ravel(), by_hand.ravel())[0, 1] > 0.97


def test_a_palette_is_grey_or_not(tmp_path):
    image = np.arange(64, dtype="uint8").reshape(8, 8)
    for name, factors in {"grey": (1, 1, 1), "colour": (1, 2, 3)}.items():
        with_palette = Image.fromarray(image).convert("P")
        with_palette.putpalette([value * factor for value in range(64) for factor in factors])
        with_palette.save(tmp_path / f"{name}.png")
    assert np.array_equal(decoding.image_files([tmp_path / "grey.png"])[0], image)
    assert np.array_equal(decoding.image_files([tmp_path / "colour.png"])[0], image[..., None] * np.array([1, 2, 3]))


def test_of_the_frames_of_a_gif_the_first_is_read(tmp_path):
    first, second = (Image.fromarray(np.full((8, 8), value, "uint8")) for value in (10, 200))
    first.save(tmp_path / "1.gif", save_all=True, append_images=[second])
    assert (decoding.image_files([tmp_path / "1.gif"]) == 10).all()


def test_of_16_bits_the_higher_8_are_kept(tmp_path):
    image = np.arange(100, dtype="uint16").reshape(10, 10) * 600
    Image.fromarray(image).save(tmp_path / "1.png")
    assert np.array_equal(decoding.image_files([tmp_path / "1.png"])[0], image >> 8)
    Image.fromarray(image.astype("float32")).save(tmp_path / "1.tiff")
    with pytest.raises(InputError, match=r"8 or 16 bits. Got 1 of 2 that are none: .*1\.tiff.*into an array"):
        decoding.image_files([tmp_path / "1.png", tmp_path / "1.tiff"])


def test_values_of_12_bits_in_16_are_told_as_their_size_is_chosen(tmp_path):
    Image.fromarray(np.arange(100, dtype="uint16").reshape(10, 10) * 41).save(tmp_path / "1.png")
    with pytest.warns(UserWarning, match="go to 4059 only.*leaves 16 shades of grey. Load such images into an array"):
        decoding.image_files([tmp_path / "1.png"])
    decoding.image_files([tmp_path / "1.png"], shape=(8, 8))  # later without a word


@pytest.mark.parametrize("channels", [(), (1,), (2,), (3,), (4,)])
def test_images_get_the_channels_that_are_wanted(channels, tmp_path):
    picture(tmp_path / "1.png", (10, 10, 3), 9)
    images = decoding.image_files([tmp_path / "1.png"], shape=(8, 8, *channels))
    assert images.shape == (1, 8, 8, *channels)
    assert (images[..., : 1 if channels in ((2,), ()) else 3] == 9).all()


def test_images_that_do_not_decode_are_named(tmp_path):
    picture(tmp_path / "a" / "1.png", (30, 30))
    (tmp_path / "a" / "2.png").write_bytes(b"no image")
    with pytest.raises(InputError, match=r"1 of 2 that are none: [^,]*2\.png"):
        decoding.image_folder(tmp_path)
    Image.effect_noise((64, 64), 90).save(tmp_path / "a" / "2.png")
    whole = (tmp_path / "a" / "2.png").read_bytes()
    (tmp_path / "a" / "2.png").write_bytes(whole[: len(whole) // 2])  # the header is whole
    with pytest.raises(InputError, match=r"1 of 2 that are none: [^,]*2\.png"):
        decoding.image_folder(tmp_path)


def test_an_image_that_would_fill_the_memory_is_named(tmp_path, monkeypatch):
    picture(tmp_path / "1.png", (30, 30))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 400)
    with pytest.raises(InputError, match=r"decoded. Got 1 of 1 .*1\.png"):
        decoding.image_files([tmp_path / "1.png"])


def test_paths_that_do_not_exist_are_named_and_counted(tmp_path):
    with pytest.raises(InputError, match=r"files that exist. Got 4 of 4 .*0.png, .*1.png, .*2.png, \.\.\. instead"):
        decoding.image_files([tmp_path / f"{number}.png" for number in range(4)])
    with pytest.raises(InputError, match="1 of 1 that are none: aaaa"):
        decoding.image_files(["a" * 5000])
    with pytest.raises(InputError, match=r"x must be paths of images\. Got 1 of 2 that are none: nan"):
        decoding.image_files(["1.png", np.nan])
    with pytest.raises(InputError, match="at least one path"):
        decoding.image_files([])
