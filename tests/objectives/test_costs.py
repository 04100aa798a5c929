"""Every cost keeps the contract, its unit, and its bound."""

from __future__ import annotations

import json

import keras
import numpy as np
import pytest

from autonas import devices, export, objectives
from autonas.devices.base import Device, Latency
from autonas.errors import InputError, TrialError
from autonas.export import to_tflite
from autonas.graph import read
from autonas.memory import training_bytes
from autonas.objectives.base import BuiltModel, Cost
from autonas.objectives.costs import Flops, LatencyMs, Macs, Memory, Parameters, Size, TrainingMemory
from autonas.objectives.energy import Energy, MeasuredEnergy
from autonas.objectives.precision import Arena, Float16Latency, Float16Size, Int8Arena, Int8Latency, Int8Size
from autonas.objectives.tradeoff import Tradeoff
from autonas.testing.objectives import check_cost

COSTS = [Parameters, Flops, Macs, Memory, TrainingMemory, Energy, MeasuredEnergy, Size, LatencyMs, Arena]
COSTS += [Float16Size, Float16Latency, Int8Size, Int8Latency, Int8Arena]


class Fixed(Device):
    def latency(self, tflite):
        return Latency(2.0, 1.0, 3.0)


@pytest.mark.parametrize("cost", COSTS)
def test_a_cost_keeps_the_contract(cost):
    check_cost(cost())


@pytest.mark.parametrize(
    ("cost", "name", "value"),
    [
        (Parameters, "params", 15),
        (Flops, "flops", 27),
        (Macs, "macs", 12),
        # 12 products, 15 additions; 4 numbers come, 4 are read, 3 written; 15 weights are read; in picojoules
        (Energy, "energy_mj", (12 * 3.7 + 15 * 0.9 + 11 * 4 * 12.5 + 15 * 640) / 1e9),
        (Memory, "memory_kb", 28 / 1024),
        (LatencyMs, "latency_ms", 2.0),
    ],
)
def test_a_cost_is_in_the_unit_that_its_name_says(cost, name, value):
    built = BuiltModel(keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)]), Fixed())
    assert cost().name == name
    assert cost().measure(built) == value


def test_fewer_bits_cost_less():
    built = BuiltModel(keras.Sequential([keras.Input((200,)), keras.layers.Dense(200)]), Fixed())
    sizes = [cost().measure(built) for cost in (Size, Float16Size, Int8Size)]
    assert [sizes[0] / size for size in sizes] == pytest.approx([1, 2, 4], rel=0.1)
    assert Arena().measure(built) == 2 * 832 / 1024  # 800 bytes each for input and output, at multiples of 64
    latency = Int8Latency()
    assert (latency.measure(built), latency.interval(built)) == (2.0, (1.0, 3.0))


def test_a_model_is_traced_once_for_all_that_is_converted_of_it(monkeypatch):
    written = []

    def write(*arguments, known=export._traced):
        written.append(arguments)
        return known(*arguments)

    monkeypatch.setattr(export, "_traced", write)
    model = keras.Sequential([keras.Input((20,)), keras.layers.Dense(20)])
    built = BuiltModel(model, Fixed())
    objectives.measure(
        {cost.name: cost() for cost in (Size, LatencyMs, Arena, Float16Size, Int8Size, Int8Arena)}, built
    )
    assert len(written) == 1
    assert built.tflite == to_tflite(model)
    assert built.quantized("float16") == to_tflite(model, "float16")


def test_the_memory_of_a_training_is_that_of_its_batches():
    model = keras.Sequential([keras.Input((100,)), keras.layers.Dense(100)])
    small, large = (BuiltModel(model, Fixed(), batch_size=size) for size in (16, 512))
    assert TrainingMemory().name == "training_kb"
    assert TrainingMemory().measure(large) == training_bytes(large.graph, 512) / 1024
    assert TrainingMemory().measure(small) < TrainingMemory().measure(large)


def test_what_a_device_says_in_numpy_s_numbers_is_plain():
    class Numbers(Device):
        def latency(self, tflite):
            return Latency(*np.array([2.0, 1.0, 3.0]))

    measured = objectives.measure({"latency_ms": LatencyMs()}, dense(Numbers()))
    assert {type(value) for value in measured.values()} == {float}


def test_a_small_network_says_nothing_of_the_latency_of_larger_ones():
    """A call takes its time whatever is computed, so small networks take long for what they do."""
    cost = LatencyMs()
    small, large = (dense(Fixed(), units) for units in (3, 300))
    cost.measure(small)
    assert cost.at_least(large.graph) <= cost.measure(large)
    assert 0 < cost.at_least(small.graph) <= cost.measure(small)


def test_size_is_that_of_the_file():
    built = BuiltModel(keras.Sequential([keras.Input((100,)), keras.layers.Dense(100)]), Fixed())
    assert Size().name == "size_kb"
    assert Size().measure(built) == len(built.tflite) / 1024
    assert Size().measure(built) == pytest.approx(4 * 100 * 100 / 1024, rel=0.1)


def folding_network():
    """Everything here but the kernels can be folded away, and is: the hardest case for the bound."""
    x = inputs = keras.Input((8, 8, 3))
    for width in [64] * 6:
        x = keras.layers.SeparableConv2D(width, 3, padding="same", use_bias=False)(x)
        x = keras.layers.BatchNormalization()(x)
        x = keras.layers.BatchNormalization()(x)
        x = keras.layers.BatchNormalization()(x)
    return keras.Model(inputs, x)


def shared_network():
    x = inputs = keras.Input((64,))
    layer = keras.layers.Dense(64)
    for _ in range(4):
        x = layer(x)
    return keras.Model(inputs, x)


def dead_branch_network():
    inputs = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(32, 3, padding="same")(inputs)
    dead = keras.layers.Conv2D(32, 3, padding="same")(x) * 0.0
    return keras.Model(inputs, keras.layers.Add()([x, dead]))


@pytest.mark.parametrize("network", [folding_network, shared_network, dead_branch_network])
def test_the_bound_on_the_size_is_one_and_is_close(network):
    model = network()
    bound, size = Size().at_least(read(model)), len(to_tflite(model)) / 1024
    assert 0.5 * size < bound <= size


def test_the_suite_catches_a_bound_that_is_none():
    class Wrong(Size):
        def at_least(self, graph):
            return 4 * graph.parameters

    with pytest.raises(AssertionError, match="at_least <= measure"):
        check_cost(Wrong())


class Depth(Cost):
    name = "depth"

    def measure(self, built):
        return float(built.graph.parameters)


def test_a_cost_of_the_user_s_own_keeps_the_contract_and_a_project_knows_what_it_was():
    check_cost(Depth())
    told = json.loads(json.dumps(objectives.plain([objectives.get("val_accuracy"), Depth()])))
    first, second = objectives.restored(told)
    assert (first.name, second.name, second.sign) == ("val_accuracy", "depth", -1)
    assert not second.possible(devices.get("host"))
    tradeoff = objectives.restore(*Tradeoff("val_accuracy", Depth(), target=2.0).plain())
    assert tradeoff.value({"val_accuracy": 0.5}, {"depth": 2.0}) == 0.5
    with pytest.raises(InputError, match="metric on the validation part"):
        objectives.several({"depth": "min"})  # by its name alone it is none


class Counting(Fixed):
    counts_energy = True

    def __init__(self, *measured):
        self.measured, self.asked = devices.Energy(*measured), 0

    def energy(self, tflite):
        self.asked += 1
        return self.measured


def dense(device, units=3):
    return BuiltModel(keras.Sequential([keras.Input((4,)), keras.layers.Dense(units)]), device)


def test_the_energy_that_is_measured_has_a_name_of_its_own_and_an_interval():
    built = dense(Counting(2.0, 1.0, 3.0))
    costs = {cost.name: cost for cost in (Energy(), MeasuredEnergy())}
    measured = objectives.measure(costs, built)
    assert measured["energy_mj"] == Energy().measure(dense(Fixed()))  # the estimate, counter or not
    counted = {name: value for name, value in measured.items() if name.startswith("energy_measured_mj")}
    assert counted == {"energy_measured_mj": 2.0, "energy_measured_mj_low": 1.0, "energy_measured_mj_high": 3.0}
    assert built.device.asked == 1


@pytest.mark.parametrize("median", [0.0, -0.5])
def test_an_energy_that_is_lost_in_that_of_others_is_no_measurement(median):
    with pytest.raises(TrialError, match=r"mJ, between -1 and 1"):
        MeasuredEnergy().measure(dense(Counting(median, -1.0, 1.0)))


def test_energy_is_measured_where_there_is_a_counter_alone():
    limits = objectives.limits({"params": 10, "energy_measured_mj": 5.0})
    asked = objectives.asked(objectives.several(["val_accuracy", "latency_ms"]), limits)
    assert list(asked) == ["latency_ms", "params", "energy_measured_mj"]
    with pytest.raises(
        InputError, match=r"energy_measured_mj must be one that has a counter.* Got Fixed .*energy_mj is est"
    ):
        objectives.check_possible(asked, Fixed())
    objectives.check_possible(asked, Counting(2.0, 1.0, 3.0))
    objectives.check_possible(objectives.asked(objectives.several("energy_mj"), {}), Fixed())
    with pytest.raises(InputError, match="counter of energy"):
        Fixed().energy(b"")


def test_latencies_in_fewer_bits_are_told_by_devices_that_run_files():
    asked = objectives.asked(objectives.several(["latency_float16_ms", "latency_int8_ms"]), {})
    objectives.check_possible(asked, Fixed())
    with pytest.raises(InputError, match=r"latency_float16_ms must be one that tells .* Got HostKeras .*float32 alone"):
        objectives.check_possible(asked, devices.get("host-keras"))
