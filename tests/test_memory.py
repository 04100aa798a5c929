"""The plan of activations, against hand counts and against where LiteRT's interpreter puts its tensors."""

from __future__ import annotations

import subprocess
import sys

import keras
import numpy as np
import pytest

from autonas import tflite
from autonas.export import to_tflite
from autonas.graph import read
from autonas.memory import OVERHEAD, TRACED, arena_bytes, available_bytes, training_bytes

L = keras.layers


def graph(sizes, steps):
    """Operators of (kind, numbers of the inputs, number of the output), on tensors of so many float numbers."""
    tensors = [tflite.Tensor((size,)) for size in sizes]
    operators = [
        tflite.Operator(kind, tuple(tensors[n] for n in takes), (tensors[makes],)) for kind, takes, makes in steps
    ]
    takes, makes = [takes for _, takes, _ in steps], [(makes,) for *_, makes in steps]
    return tflite.Program.of(operators, takes, makes)


def chain(*sizes):
    return graph(sizes, [("RELU", (number,), number + 1) for number in range(len(sizes) - 1)])


def test_tensors_that_are_not_alive_together_share_their_place():
    assert arena_bytes(chain(16, 160, 16)) == 4 * (16 + 160 + 16)  # the input and the output are kept to the end
    # the output comes when one of the two places for the large ones is free again
    assert arena_bytes(chain(16, 160, 160, 160, 160, 16)) == 4 * (16 + 160 + 160)
    assert arena_bytes(chain(1, 1)) == 2 * 64


def test_a_sum_is_written_over_what_nothing_else_needs():
    steps = [("RELU", (0,), 1), ("CONV_2D", (1,), 2), ("ADD", (1, 2), 3)]
    assert arena_bytes(graph((16, 160, 160, 160, 16), [*steps, ("MEAN", (3,), 4)])) == 4 * (16 + 160 + 160)
    again = [*steps, ("CONV_2D", (2,), 5), ("ADD", (3, 5), 6), ("MEAN", (6,), 4)]
    more = graph((16, 160, 160, 160, 16, 160, 160), again)
    assert arena_bytes(more) == 4 * (16 + 3 * 160)  # tensor 2 is needed once more, so 3 has a place of its own


def test_a_gap_is_filled_by_what_fits_best():
    # 3 and 4 come when 1 is gone: both fit where 1 was, beside 2, which is needed to the end
    steps = [("RELU", (number,), number + 1) for number in range(4)] + [("CONCATENATION", (2, 4), 5)]
    assert arena_bytes(graph((16, 320, 480, 160, 160, 16), steps)) == 4 * (16 + 480 + 320)


def measured(content):
    """The span of the arena of the interpreter, by the addresses of the tensors in it."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    interpreter = Interpreter(
        model_content=content, experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    )
    interpreter.allocate_tensors()
    program = tflite.read(content)
    numbers = {
        number
        for operator, takes, makes in zip(program, program.takes, program.makes, strict=True)
        for tensors, numbers in ((operator.inputs, takes), (operator.outputs, makes))
        for tensor, number in zip(tensors, numbers, strict=True)
        if tensor is not None and not tensor.constant
    }
    spans = []
    for number in numbers:
        view = interpreter.tensor(number)()
        start = view.__array_interface__["data"][0]
        spans.append((start, start + view.nbytes))
    groups = [[]]
    for start, end in sorted(spans):  # what has an open size lies elsewhere
        if groups[-1] and start - max(end for _, end in groups[-1]) > 4096:
            groups.append([])
        groups[-1].append((start, end))
    return max(max(end for _, end in group) - group[0][0] for group in groups)


def pointwise():
    x = inputs = keras.Input((16, 16, 8))
    for width in (32, 16, 48):
        x = L.Conv2D(width, 1, activation="relu")(x)
        x = L.Add()([x, L.DepthwiseConv2D(3, padding="same")(x)])
    return keras.Model(inputs, L.Dense(10)(L.GlobalAveragePooling2D()(x)))


def dense():
    inputs = keras.Input((300,))
    x = L.Dense(500, activation="relu")(inputs)
    return keras.Model(inputs, L.Dense(4)(L.Concatenate()([x, L.Dense(200)(x)])))


NETWORKS = [
    (pointwise, None),
    (pointwise, "int8"),
    (dense, None),
    pytest.param(
        lambda: keras.applications.MobileNetV2((96, 96, 3), alpha=0.35, weights=None), None, marks=pytest.mark.slow
    ),
]


@pytest.mark.parametrize(("make", "quantize"), NETWORKS)
def test_the_plan_is_within_a_fifth_of_what_the_interpreter_takes(make, quantize):
    model = make()
    rows = np.random.default_rng(0).normal(size=(4, *model.input_shape[1:])).astype("float32")
    content = to_tflite(model, quantize, rows)
    assert arena_bytes(tflite.read(content)) == pytest.approx(measured(content), rel=0.2)


def test_a_training_keeps_what_its_gradients_need():
    x = inputs = keras.Input((8, 8, 2))
    x = L.Conv2D(4, 3, padding="same", use_bias=False)(x)  # the input is kept for its kernel, 128 numbers
    x = L.BatchNormalization()(x)  # what the convolution gives, 256, and what of it is centred, 256
    x = L.Activation("relu")(x)  # its own result, 256
    x = L.Dense(3)(L.Flatten()(x))  # the flat input, 256
    network = keras.Model(inputs, x)
    kept = 4 * (128 + 256 + 256 + 256 + 256)
    weights = 4 * (4 * network.count_params() + 2 * (256 * 3 + 3))
    expected = 10 * (kept + 2 * 4 * 256) + weights + OVERHEAD + 6 * TRACED
    assert training_bytes(read(network), 10) == expected


def test_free_memory_is_less_than_that_of_the_machine():
    import os

    free = available_bytes()
    if free is not None:
        assert 0 < free < os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def test_free_memory_is_that_of_the_container_where_it_has_less(tmp_path):
    assert available_bytes(tmp_path) is None
    proc, group = tmp_path / "proc", tmp_path / "sys/fs/cgroup"
    proc.mkdir()
    group.mkdir(parents=True)
    (proc / "meminfo").write_text("MemTotal: 9000 kB\nMemAvailable: 4000 kB\n")
    assert available_bytes(tmp_path) == 4000 * 1024
    (group / "memory.max").write_text("max\n")
    (group / "memory.current").write_text("700000\n")
    assert available_bytes(tmp_path) == 4000 * 1024
    (group / "memory.max").write_text("1000000\n")
    (group / "memory.stat").write_text("active_file 1\ninactive_file 50000\n")
    assert available_bytes(tmp_path) == 1_000_000 - 700_000 + 50_000


RESIDUAL = """
x = L.Conv2D(32, 3, padding="same")(x)
for _ in range(3):
    y = L.Activation("relu")(L.BatchNormalization()(x))
    x = L.Add()([x, L.Conv2D(32, 3, padding="same")(y)])
x = L.GlobalAveragePooling2D()(x)
"""
PLAIN = """
for width in (32, 48):
    x = L.Activation("relu")(L.BatchNormalization()(L.Conv2D(width, 3, padding="same")(x)))
x = L.GlobalAveragePooling2D()(x)
"""
MOBILE = """
x = L.Conv2D(64, 1)(x)
for _ in range(2):
    x = L.Activation("swish")(L.BatchNormalization()(L.DepthwiseConv2D(3, padding="same")(x)))
x = L.GlobalAveragePooling2D()(x)
"""
DENSE = """
for _ in range(3):
    x = L.Dense(3500, activation="relu")(x)
"""
ENCODER = """
x = L.Dense(48)(x)
for _ in range(2):
    x = L.LayerNormalization()(L.Add()([x, L.MultiHeadAttention(6, 8)(x, x)]))
    x = L.LayerNormalization()(L.Add()([x, L.Dense(48)(L.Dense(144, activation="relu")(x))]))
x = L.GlobalAveragePooling1D()(x)
"""
RECURRENT = """
x = L.LSTM(96, return_sequences=True, unroll=True)(x)
x = L.GRU(96, return_sequences=True)(x)
x = L.GlobalAveragePooling1D()(x)
"""
TEMPORAL = """
for rate in (1, 2, 4):
    x = L.ReLU()(L.BatchNormalization()(L.Conv1D(64, 5, padding="same", dilation_rate=rate)(x)))
x = L.GlobalAveragePooling1D()(x)
"""
DROPPED = """
for _ in range(6):
    x = L.Dropout(0.1)(L.ReLU()(L.LayerNormalization()(L.Dense(768)(x))))
"""
TRAINED = {
    "residual": ("(32, 32, 3)", 256, RESIDUAL),
    "plain": ("(32, 32, 3)", 384, PLAIN),
    "mobile": ("(32, 32, 3)", 192, MOBILE),
    "dense": ("(2000,)", 64, DENSE),
    "encoder": ("(48, 12)", 192, ENCODER),
    "recurrent": ("(28, 12)", 128, RECURRENT),
    "temporal": ("(96, 6)", 256, TEMPORAL),
    "dropped": ("(64,)", 512, DROPPED),
}
TRAINING = """
import os, sys
import keras, numpy as np
L = keras.layers
def trained(model, shape, batch, batches):
    model.compile("adam", "sparse_categorical_crossentropy", jit_compile=False)
    model.fit(np.zeros((batches * batch, *shape), "float32"), np.zeros(batches * batch), batch_size=batch, verbose=0)
def peak():  # of this process alone: getrusage counts what the one before it had when it made this one
    return 1024 * int(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1])
warm = keras.Sequential([keras.Input((4,)), L.Dense(2, activation="softmax")])
trained(warm, (4,), 2, 2)
before = peak()
shape, batch = eval(sys.argv[1]), int(sys.argv[2])
x = inputs = keras.Input(shape)
exec(sys.argv[3])
model = keras.Model(inputs, L.Dense(10, activation="softmax")(x))
trained(model, shape, batch, 2)
from autonas.graph import read
from autonas.memory import training_bytes
data = 2 * 4 * batch * np.prod(shape)
print(training_bytes(read(model), batch), peak() - before - data)
"""


@pytest.mark.slow
@pytest.mark.parametrize("name", TRAINED)
def test_the_memory_of_a_training_is_predicted_within_a_fifth(name):
    shape, batch, layers = TRAINED[name]
    command = [sys.executable, "-c", TRAINING, shape, str(batch), layers]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    predicted, peak = map(float, done.stdout.split())
    print(f"{name}: predicted {predicted / 1e6:.0f} MB, measured {peak / 1e6:.0f} MB")
    assert predicted == pytest.approx(peak, rel=0.2)
