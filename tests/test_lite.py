"""Exported models answer with NumPy and LiteRT alone as the task does."""

import json
import subprocess
import sys

import numpy as np
import pytest

import autonas
from autonas.errors import InputError

ALONE = """
import json, sys
import numpy as np
for name in ("tensorflow", "keras", "keras_tuner", "pandas", "sklearn"):
    sys.modules[name] = None
import autonas
model = autonas.lite.Model(sys.argv[1])
with np.load(sys.argv[2]) as x:
    x = dict(x)
answers = model.predict(x.get("x", x))
print(json.dumps({k: v.tolist() for k, v in answers.items()} if isinstance(answers, dict) else answers.tolist()))
"""


def alone(model, **x):
    """What a process without TensorFlow, Keras, pandas and scikit-learn answers."""
    np.savez(model.with_suffix(".npz"), **x)
    done = subprocess.run(
        [sys.executable, "-c", ALONE, str(model), str(model.with_suffix(".npz"))], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def images():
    rng = np.random.default_rng(0)
    y = np.array(["dark", "light"])[np.arange(60) % 2]
    return (rng.integers(0, 100, (60, 8, 8)) + 100 * (y == "light")[:, None, None]).astype("uint8"), y


def test_images_are_answered_without_tensorflow(images, tmp_path):
    x, y = images
    clf = autonas.ImageClassifier(max_trials=1, top_k=1, directory=tmp_path, verbose=0)
    clf.fit(x, y, epochs=2)
    path = clf.export(tmp_path / "images.tflite")
    assert alone(path, x=x) == clf.predict(x).tolist()
    model = autonas.lite.Model(path)
    np.testing.assert_allclose(model.predict_proba(x), clf.predict_proba(x), atol=1e-4)


def test_several_inputs_and_outputs_are_answered_by_name(images, tmp_path):
    x, y = images
    both = {"front": x, "back": x[:, ::-1]}
    targets = {"kind": y, "odd": np.arange(60) % 2}
    auto = autonas.AutoModel(
        {"front": "image", "back": "image"},
        {"kind": "classification", "odd": "classification"},
        max_trials=1,
        top_k=1,
        directory=tmp_path,
        project_name="both",
        verbose=0,
    )
    auto.fit(both, targets, epochs=1)
    path = auto.export(tmp_path / "both.tflite")
    assert alone(path, **both) == {name: answers.tolist() for name, answers in auto.predict(both).items()}
    again = autonas.load(tmp_path / "both").predict([both["front"], both["back"]])
    assert {name: answers.tolist() for name, answers in again.items()} == alone(path, **both)


def test_labels_are_a_file_of_their_own(images, tmp_path):
    import zipfile

    from autonas import lite

    clf = autonas.ImageClassifier(max_trials=1, directory=tmp_path)
    clf.head.fit(clf.head.check(images[1]))
    files = lite.files(clf.input, clf.head)
    assert files["labels.txt"] == "dark\nlight"
    from autonas.export import with_files

    (tmp_path / "any.tflite").write_bytes(with_files(b"model", files))
    with zipfile.ZipFile(tmp_path / "any.tflite") as archive:
        assert set(archive.namelist()) == {"autonas.json", "labels.txt"}


@pytest.mark.parametrize("content", [None, b"something else"])
def test_a_file_that_no_task_exported_is_named(content, tmp_path):
    path = tmp_path / "other.tflite"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=r"other\.tflite"):
        autonas.lite.Model(path)
