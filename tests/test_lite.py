"""Exported models answer with NumPy and LiteRT alone as the task does."""

import json
import subprocess
import sys
import zipfile

import numpy as np
import pytest

import autonas
from autonas import inputs, lite
from autonas.errors import InputError
from autonas.export import with_files
from autonas.heads.classification import ClassificationHead
from autonas.heads.regression import RegressionHead
from autonas.inputs.image import ImageInput
from autonas.inputs.sequence import SequenceInput
from autonas.inputs.table import TableInput
from autonas.inputs.text import TextInput

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


@pytest.mark.slow
def test_images_are_answered_without_tensorflow(images, tmp_path):
    x, y = images
    clf = autonas.ImageClassifier(max_trials=1, top_k=1, directory=tmp_path, verbose=0)
    clf.fit(x, y, epochs=2)
    path = clf.export(tmp_path / "images.tflite").path
    assert alone(path, x=x) == clf.predict(x).tolist()
    model = autonas.lite.Model(path)
    np.testing.assert_allclose(model.predict_proba(x), clf.predict_proba(x), atol=1e-4)


@pytest.mark.slow
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
    path = auto.export(tmp_path / "both.tflite").path
    assert alone(path, **both) == {name: answers.tolist() for name, answers in auto.predict(both).items()}
    again = autonas.load(tmp_path / "both").predict([both["front"], both["back"]])
    assert {name: answers.tolist() for name, answers in again.items()} == alone(path, **both)


TABLE = {"age": [31, None, 27, 35], "city": ["Rome", "Oslo", "Rome", "Oslo"], "empty": [None] * 4}
EVENTS = {"id": [1, 1, 2, 2], "t": [1, 2, 1, 2], "v": [1.0, 2.0, 3.0, 5.0], "shop": ["a", "b", "b", "b"]}
WORDS = ["good film", "bad film", "good"]
FILES = {
    "image": (
        lambda: ImageInput(),
        np.stack([np.full((8, 8), value, "uint8") for value in (1, 3)]),
        {"scaling.json": {"mean": [2.0], "variance": [1.0]}},
    ),
    "table": (
        lambda: TableInput(),
        TABLE,
        {
            "columns.json": {
                "types": [["age", "numeric"], ["city", "categorical"]],
                "rows": ["age", "city"],
                "missing": ["age"],
            },
            "scaling.json": {"numbers": [["age", [31.0, 0.5]]]},
            "categories.json": {"categories": [["city", ["Oslo", "Rome"]]]},
        },
    ),
    "text": (
        lambda: TextInput(),
        WORDS,
        {
            "vocabulary.txt": "film\ngood\nbad",
            "pairs.txt": "film\ngood\nbad\nbad film\ngood film",
            "grams.txt": None,
            "scaling.json": {"idf", "gram_idf", "mean", "scale"},
        },
    ),
    "sequence": (
        lambda: SequenceInput("id", "t"),
        EVENTS,
        {
            "columns.json": {
                "sequence_id": "id",
                "order_by": "t",
                "layout": {
                    "step_numbers": ["v", "t"],
                    "step_categories": ["shop"],
                    "static_numbers": [],
                    "static_categories": [],
                },
            },
            "scaling.json": {"steps", "static_numbers", "log_length"},
            "categories.json": {"vocabularies": {"step_categories": [["b", "a"]]}},
        },
    ),
    "several": (
        lambda: inputs.get({"words": "text", "facts": "table"}),
        {"words": [*WORDS, "film"], "facts": {"age": [1, 2, 3, 4]}},
        {
            "words.vocabulary.txt": "film\ngood\nbad",
            "words.pairs.txt": "film\ngood\nbad\nbad film\ngood film",
            "words.grams.txt": None,
            "words.scaling.json": {"idf", "gram_idf", "mean", "scale"},
            "facts.columns.json": {"types": [["age", "numeric"]], "rows": ["age"], "missing": []},
            "facts.scaling.json": {"numbers"},
            "facts.categories.json": {"categories": []},
        },
    ),
}


def archived(path, input, head):
    """The files by name that a `.tflite` with this input and head carries."""
    path.write_bytes(with_files(b"model", lite.files(input, head)))
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


@pytest.mark.parametrize("kind", FILES)
def test_what_was_learned_is_in_files_that_any_tool_can_read(kind, tmp_path):
    make, x, expected = FILES[kind]
    input, head = make(), RegressionHead()
    input.fit(input.check(x))
    head.fit(head.check([1.0, 2.0, 6.0]))
    found = archived(tmp_path / "any.tflite", input, head)
    assert set(found) == {"autonas.json", "targets.json", *expected}
    for name, content in expected.items():
        if isinstance(content, str):
            assert found[name] == content
        elif content is not None:
            read = json.loads(found[name])
            assert (set(read) if isinstance(content, set) else read) == content
    assert json.loads(found["targets.json"])["mean"] == [3.0]
    described = lite._read(tmp_path / "any.tflite")[1]
    assert described["input"][1] == json.loads(json.dumps(input.get_config()))
    assert described["head"][1] == json.loads(json.dumps(head.get_config()))


def test_what_is_in_a_file_is_not_in_the_rest_too(tmp_path):
    input, head = TextInput(), ClassificationHead()
    input.fit(input.check(["extraordinary"] * 4))
    head.fit(head.check(["yes", "no"] * 2))
    found = archived(tmp_path / "any.tflite", input, head)
    assert "extraordinary" not in found["autonas.json"]
    assert '"yes"' not in found["autonas.json"]


@pytest.mark.parametrize("classes", [["dark", "light"], [3, 4], [True, False], ["one\nline", "two"]])
def test_labels_are_a_file_of_their_own(classes, tmp_path):
    head = ClassificationHead()
    head.fit(head.check(classes * 2))
    found = archived(tmp_path / "any.tflite", ImageInput(), head)
    assert found["labels.txt"] == "\n".join(map(str, sorted(classes)))
    again = ClassificationHead.from_config(lite._read(tmp_path / "any.tflite")[1]["head"][1])
    assert again.classes.tolist() == sorted(classes)


@pytest.mark.parametrize("content", [None, b"something else"])
def test_a_file_that_no_task_exported_is_named(content, tmp_path):
    path = tmp_path / "other.tflite"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=r"other\.tflite"):
        autonas.lite.Model(path)
