"""Files are written whole or not at all."""

import json

import pytest

from autonas.files import replacing, write_json


def test_a_write_that_fails_leaves_the_old_file(tmp_path):
    file = tmp_path / "file.json"
    write_json(file, {"a": 1})

    def write_half():
        with replacing(file) as temporary:
            temporary.write_text("half")
            raise ValueError("broken in the middle")

    with pytest.raises(ValueError, match="in the middle"):
        write_half()
    assert json.loads(file.read_text()) == {"a": 1}
    assert list(tmp_path.iterdir()) == [file]


def test_the_temporary_file_keeps_the_suffix(tmp_path):
    with replacing(tmp_path / "sub" / "model.keras") as temporary:
        assert temporary.suffix == ".keras"
        temporary.touch()
    assert (tmp_path / "sub" / "model.keras").exists()
