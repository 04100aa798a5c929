"""All hyperparameters of a function are found, as Keras Tuner finds them in several builds, and more."""

import keras_tuner

from autonas.hyperparameters import discover


def test_discovery_finds_what_keras_tuner_finds(tmp_path):
    def declare(hp):
        if hp.Choice("a", ["x", "y"]) == "y":
            pass
        with hp.conditional_scope("a", ["y"]):
            if hp.get("a") == "y":
                hp.Choice("b", [1, 2])
                with hp.conditional_scope("b", [2]):
                    hp.Float("c", 0.0, 1.0)

    class Model(keras_tuner.HyperModel):
        def build(self, hp):
            declare(hp)

    oracle = keras_tuner.oracles.RandomSearchOracle(objective="val_loss")
    tuner = keras_tuner.engine.base_tuner.BaseTuner(oracle, Model(), directory=tmp_path)
    assert [hp.get_config() for hp in discover(declare).space] == [
        hp.get_config() for hp in tuner.oracle.get_space().space
    ]


def test_a_scope_that_can_never_open_does_not_hang_the_discovery():
    def declare(hp):
        hp.Choice("a", ["x"])
        with hp.conditional_scope("a", ["never"]):
            pass

    assert [hp.name for hp in discover(declare).space] == ["a"]
