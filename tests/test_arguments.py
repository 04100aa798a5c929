import numpy as np
import pytest

from autonas import arguments, default_spaces
from autonas.blocks import ConvBlock, ReductionBlock
from autonas.errors import InputError
from autonas.strategies import Evolution


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (90, 90.0),
        (1.5, 1.5),
        ("90s", 90.0),
        ("10m", 600.0),
        ("2h", 7200.0),
        ("0.5 h", 1800.0),
        ("30", 30.0),
        (1e-5, 1e-5),
        (1e20, 1e20),
        (None, None),
    ],
)
def test_durations(given, expected):
    assert arguments.seconds("max_time", given) == expected


@pytest.mark.parametrize("given", [0, -1, "0m", "-3s", "ten minutes", "5d", "", True, [1], float("nan"), float("inf")])
def test_what_is_no_duration(given):
    with pytest.raises(InputError, match="max_time must be a positive number of seconds"):
        arguments.seconds("max_time", given)


@pytest.mark.parametrize("given", [0, -1, 1.5, "3", True, None])
def test_what_is_no_count(given):
    with pytest.raises(InputError, match="top_k must be an integer from 1 up"):
        arguments.whole("top_k", given, least=1)


@pytest.mark.parametrize("given", ["", 3, None])
def test_what_is_no_folder(given):
    with pytest.raises(InputError, match="directory must be the path of a folder"):
        arguments.folder("directory", given)


@pytest.mark.parametrize("given", ["no", None, 2, [True]])
def test_what_is_neither_true_nor_false(given):
    with pytest.raises(InputError, match="overwrite must be True or False"):
        arguments.flag("overwrite", given)


def test_verbose_is_a_number_or_a_truth_value():
    assert [arguments.verbosity(given) for given in (0, 2, True, np.True_)] == [0, 2, 1, 1]
    with pytest.raises(InputError, match="verbose must be an integer from 0 up"):
        arguments.verbosity("no")


def test_zero_is_a_seed():
    assert arguments.whole("seed", 0, least=0) == 0


@pytest.mark.parametrize("given", ["", "a/b", "/a", 3])
def test_what_is_no_project_name(given):
    with pytest.raises(InputError, match="project_name"):
        arguments.project_name(given)


def test_a_strategy_by_name_class_and_instance():
    for given in ("evolution", Evolution, Evolution(population=20)):
        assert isinstance(arguments.strategy(given, "val_accuracy"), Evolution)


def test_an_unknown_strategy_lists_the_known_ones():
    with pytest.raises(InputError, match=r"evolution.*random.*Did you mean 'evolution'"):
        arguments.strategy("evolutoin", "val_accuracy")


def test_an_oracle_of_keras_tuner_is_taken():
    import keras_tuner

    oracle = keras_tuner.oracles.RandomSearchOracle
    assert arguments.strategy(oracle, "val_accuracy") is oracle


def test_an_oracle_with_another_aim_is_an_error():
    import keras_tuner

    oracle = keras_tuner.oracles.RandomSearchOracle(objective="val_loss")
    with pytest.raises(InputError, match="objective of the oracle"):
        arguments.strategy(oracle, "val_accuracy")


def test_a_control_is_random_or_none():
    assert arguments.control(None) is None
    assert arguments.control("random") == "random"
    for value in ("evolution", True, 0):
        with pytest.raises(InputError, match="control must be None or 'random'"):
            arguments.control(value)


@pytest.mark.parametrize("given", [ReductionBlock(), ReductionBlock, lambda images: ReductionBlock(), "conv", 3])
def test_what_makes_no_block(given):
    with pytest.raises(InputError, match=r"block must be a function block\(input, rows\)"):
        arguments.block(given)


def test_a_block_is_made_by_a_function_or_by_default():
    assert arguments.block(ConvBlock) is ConvBlock
    assert arguments.block(None) is default_spaces.default
