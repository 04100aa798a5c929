"""Native chatter is dropped, Python's own output is not, and the streams come back."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading

import pytest

from autonas.quiet import quiet, quiet_tensorflow

SCRIPT = """
import os, sys
from autonas.quiet import quiet
import logging
print("before")
with quiet():
    handler = logging.StreamHandler()
    os.write(1, b"native out\\n")
    os.write(2, b"native err\\n")
    print("python out")
    print("python err", file=sys.stderr)
    with quiet():
        os.write(1, b"native inner\\n")
        print("python inner")
    os.write(1, b"native again\\n")
os.write(1, b"native after\\n")
print("after")
handler.emit(logging.makeLogRecord({"msg": "logged after"}))
"""


def run(script, **options):
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, **options)


def test_native_output_is_dropped_and_pythons_is_kept():
    done = run(SCRIPT)
    words = ["before", "python out", "python inner", "native after", "after"]
    assert sorted(done.stdout.splitlines()) == sorted(words)
    assert done.stderr.splitlines() == ["python err", "logged after"]


def test_a_process_without_streams_is_left_alone():
    script = "import os\nos.close(1)\nfrom autonas.quiet import quiet\nwith quiet(): pass\nos.fstat(2)"
    assert run(script).stderr == ""


def test_streams_without_a_descriptor_are_left_alone(monkeypatch):
    class Notebook:
        def fileno(self):
            raise OSError("none")

    stream = Notebook()
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setattr(sys, "stderr", None)
    with quiet():
        assert sys.stdout is stream
    assert sys.stdout is stream


def test_an_exception_carries_what_was_dropped(capfd):
    def broken():
        os.write(2, b"the native reason")
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken") as caught, quiet():
        broken()
    if sys.version_info >= (3, 11):
        assert "the native reason" in caught.value.__notes__[0]
    os.write(2, b"heard")
    assert capfd.readouterr().err == "heard"


def test_blocks_of_several_threads_leave_the_streams_as_they_were(capfd):
    inside, go_on = threading.Event(), threading.Event()

    def other():
        with quiet():
            inside.set()
            go_on.wait(10)

    thread = threading.Thread(target=other)
    with quiet():
        thread.start()
        inside.wait(10)
    os.write(1, b"dropped: the other is still inside")
    go_on.set()
    thread.join()
    os.write(1, b"heard")
    assert capfd.readouterr().out == "heard"


def test_loggers_get_their_levels_back():
    logger = logging.getLogger("absl")
    before = logger.level
    with quiet():
        assert not logger.isEnabledFor(logging.ERROR)
    assert logger.level == before


def test_tensorflow_is_imported_without_a_word():
    environment = {k: v for k, v in os.environ.items() if k != "TF_CPP_MIN_LOG_LEVEL"}
    script = (
        "from autonas.quiet import quiet_tensorflow\nquiet_tensorflow()\nimport sys\n"
        "assert 'tensorflow' in sys.modules and 'keras' in sys.modules\n"
        "import tensorflow as tf\ntf.constant(1)"
    )
    done = run(script, env=environment)
    assert done.stdout == done.stderr == ""


def test_a_users_setting_of_the_log_level_stays(monkeypatch):
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "1")
    quiet_tensorflow()
    assert os.environ["TF_CPP_MIN_LOG_LEVEL"] == "1"
