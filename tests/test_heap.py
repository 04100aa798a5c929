"""What a training frees is kept for its next step, unless the user has chosen otherwise."""

import json
import os
import platform
import subprocess
import sys

import pytest

from autonas import heap

ON_GLIBC = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library has no such settings")

TRAINING = """
import json, resource, sys
from autonas import heap
done = heap.keep_freed() if sys.argv[1] == "kept" else None
import keras, numpy as np
x = keras.Input((32, 32, 3))
y = x
for _ in range(4):
    y = keras.layers.Conv2D(32, 3, padding="same", activation="relu")(y)
model = keras.Model(x, keras.layers.Dense(2)(keras.layers.GlobalAveragePooling2D()(y)))
model.compile("sgd", "mse", jit_compile=False)
images, numbers = np.zeros((320, 32, 32, 3), "float32"), np.zeros((320, 2), "float32")
model.fit(images, numbers, batch_size=64, verbose=0)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
model.fit(images, numbers, batch_size=64, epochs=4, verbose=0)
print(json.dumps([done, resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before]))
"""


def run(how, **environment):
    plain = {name: value for name, value in os.environ.items() if not name.startswith(heap._BY_THE_USER)}
    command = [sys.executable, "-c", TRAINING, how]
    done = subprocess.run(command, env={**plain, **environment}, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


@ON_GLIBC
@pytest.mark.slow
@pytest.mark.skipif((os.cpu_count() or 1) > 8, reason="left alone on many cores")
def test_a_training_takes_few_new_pages():
    (_, plain), (done, kept) = run("plain"), run("kept")
    assert done is True
    assert kept < plain / 2


@ON_GLIBC
@pytest.mark.parametrize("name", ["MALLOC_ARENA_MAX", "GLIBC_TUNABLES", "LD_PRELOAD"])
def test_settings_of_the_user_stay(name, monkeypatch):
    monkeypatch.setenv(name, "2" if name == "MALLOC_ARENA_MAX" else "")
    assert heap.keep_freed() is False


def test_many_cores_and_other_libraries_are_left_alone(monkeypatch):
    for name in [name for name in os.environ if name.startswith(heap._BY_THE_USER)]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(heap.os, "cpu_count", lambda: 64)
    assert heap.keep_freed() is False
    monkeypatch.setattr(heap.os, "cpu_count", lambda: 2)
    monkeypatch.setattr(heap.ctypes, "CDLL", lambda name: object())
    assert heap.keep_freed() is False
