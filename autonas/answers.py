"""What a task does with its model after `fit`: it answers, is judged, exported and measured."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from autonas import assembly, checks, files, heads, lite, objectives, qualities, reading, streams
from autonas import data as data_module
from autonas.errors import InputError, NotFittedError, TrialError
from autonas.quiet import quiet as _chatter_off

if TYPE_CHECKING:
    import keras

    from autonas.devices.base import Device
    from autonas.exported import ExportReport
    from autonas.heads.base import Head
    from autonas.inputs.base import Input
    from autonas.objectives.base import BuiltModel, Objective
    from autonas.preparation import Part
    from autonas.project import Project

KEPT = 256  # examples that an exported file is compared on


class Answers:
    """The answering side of a task; `autonas.findings.Findings` adds the one that tells of the search."""

    input: Input
    head: Head
    device: Device
    objectives: list[Objective]
    verbose: int
    _project: Project | None
    _finished: dict[str, Any] | None
    _model: keras.Model | None
    _target: str | list[str] | None
    _kept: Part | None
    _batch_size: int

    @property
    def model(self) -> keras.Model:
        """The current model, preprocessing included: the one that `fit` returned, or that `select` chose after it."""
        if self._finished is None:
            raise NotFittedError(
                f"This {type(self).__name__} is not fitted. Call fit, or autonas.load a finished project."
            )
        if self._model is None and self._project is not None:
            with _chatter_off():
                self._model = self._project.load_model()
        return self._model

    def predict(self, x: Any, batch_size: int = 256) -> np.ndarray:
        """Answers in the user's terms.

        Args:
            x: Examples of the kind that `fit` got; or the path of a table, or of a folder of images. Columns that `fit` did
                not see, and the target, are left out. Of a folder, the images in it and in its folders are answered in the
                order of their sorted paths, `sorted(Path(x).rglob("*.png"))`. A `tf.data.Dataset`, of any size, is gone
                through block by block.
            batch_size: Examples at a time.

        Returns:
            One answer for each example.

        Raises:
            NotFittedError: Before `fit`.
            InputError: If the examples have another form than those of `fit`.
        """
        return self.head.decode(self._outputs(x, batch_size))

    def predict_proba(self, x: Any, batch_size: int = 256) -> Any:
        """Returns the probability of each class, of the shape (n, classes), its columns in the order of `head.classes`.

        Of several outputs, a dict of those that have classes.

        Raises:
            InputError: If the answers are no classes.
        """
        probabilities = heads.probabilities(self.head)
        return probabilities(self._outputs(x, batch_size))

    def evaluate(
        self, x: Any, y: Any = None, *, target: Any = None, sample_weight: Any = None, batch_size: int = 256
    ) -> dict[str, float]:
        """Returns the loss and the metrics on labelled examples, given as `fit` takes them, by name.

        Of objectives that rank examples (`average_precision`, `roc_auc`, `recall_at_fpr_0.01`) it tells the exact value on
        all examples, as scikit-learn does, with `sample_weight`; NaN where they are of one class.

        A frame or a file needs no `target` if `fit` got its name. A `tf.data.Dataset`, of any size, is gone through block by
        block; the metrics are those of the whole.
        """
        model, batch_size = self.model, checks.integer("batch_size", batch_size, 1)
        if y is None and target is None and (hasattr(x, "columns") or reading.is_table(x)):
            target = self._target
        x, y = read(self.input, x, y, target)
        if not model.compiled:
            raise NotFittedError(
                "The loss or a metric is code of yours, which a project cannot keep: call model.compile."
            )
        step: Callable[[Any], Any] | None = None
        with _chatter_off():
            labels = []
            for part, targets, weights in streams.portions(x, y, sample_weight, self.input, batch_size):
                targets = self.head.check(targets)
                data_module.check_lengths(part, targets, weights)
                labels.append((targets, self.head.weights(targets, None, weights)))
                for batch in self._batches(part, *labels[-1], batch_size):
                    if step is None:
                        model.test_on_batch(*batch)  # starts the metrics; further steps add to them
                        step = model.test_function
                    else:
                        step(iter([batch]))
            result = {name: float(value) for name, value in model.get_metrics_result().items()}
            every = data_module.mapped(lambda *parts: np.concatenate(parts), *(targets for targets, _ in labels))
            weighted = None if labels[0][1] is None else np.concatenate([weights for _, weights in labels])
            outputs = functools.cache(lambda: self._outputs(x, batch_size))
            return self.head.exact(result, every, outputs, weighted) | self._rankings(every, outputs, weighted)

    def _rankings(self, y: Any, outputs: Callable[[], Any], weights: np.ndarray | None) -> dict[str, float]:
        """The objectives that Keras has no exact metric for."""
        metrics = [one.quality.name.removeprefix("val_") for one in self.objectives if one.quality]
        ranking = [metric for metric in metrics if qualities.is_known(qualities.of_output(metric, y)[1])]
        targets = self.head.encode(y) if ranking else None
        return {metric: qualities.told(metric, targets, outputs(), weights) for metric in ranking}

    def export(
        self,
        path: str | Path,
        quantize: str | None = None,
        *,
        representative_data: Any = None,
        data: Any = None,
    ) -> ExportReport:
        """Writes the model, runs what was written, and compares its answers with the model's.

        Args:
            path: The suffix decides how: `.keras`, `.tflite`, `.onnx` (`pip install 'autonas[onnx]'`), and a name without
                one is a SavedModel folder.
            quantize: Of a `.tflite`: None is float32, `"float16"` halves its size, `"dynamic"` keeps weights as int8,
                `"int8"` computes in int8 as well, `"full_int8"` takes and gives int8 too, for microcontrollers and the Edge
                TPU. `autonas.lite.Model` takes raw examples in all of them.
            representative_data: Examples that `"int8"` takes its ranges from, given as `predict` takes them; a hundred or more,
                without labels. None takes held-out examples of `fit`, as long as this object has them.
            data: `(x, y)`, or a frame or a file with the target in it: the examples that file and model are compared on,
                with their metrics. None takes `representative_data`, or else held-out examples of `fit` with their labels.

        Returns:
            The report, which is usable as a path.

        Raises:
            NotFittedError: Before `fit`.
            InputError: If an argument cannot be used.
            AutonasError: If the model cannot be written so, or a package that writes or runs it is not installed.

        Example:

        >>> report = clf.export("digits.tflite", quantize="int8", data=(x_test, y_test))
        >>> report.metrics_before["accuracy"], report.metrics_after["accuracy"]
        (0.981, 0.979)
        """
        from autonas import export, exported

        kept, (x, y) = self._kept, (self._kept, None) if self._kept is None else (self._kept.x, self._kept.y)
        representative = None if kept is None else kept.x
        if representative_data is not None:
            given = reading.examples(self.input, representative_data, self._target, "representative_data")
            parts = streams.examples(given, self.input, export.CALIBRATION, "representative_data")
            representative = data_module.spread(next(iter(parts)), export.CALIBRATION)
            x, y = representative, None
        if data is not None:
            x, y = self._checked_pair(data)
        with _chatter_off():
            written = export.export(
                self.model,
                path,
                functools.partial(assembly.on_device, self.model, self.input, self.head),
                lite.files(self.input, self.head),
                quantize,
                None if representative is None else self.input.numbers(representative),
            )
            report = exported.compare(written, quantize, self.model, self.input, self.head, x, y)
        self._say(report.summary())
        return report

    def _checked_pair(self, given: Any) -> tuple[Any, Any]:
        """Labelled examples in their canonical form."""
        alone = not isinstance(given, tuple)
        if (alone and self._target is None and not reading.is_path(given)) or (not alone and len(given) != 2):
            raise InputError.of(
                "data", "(x, y), or what has the target that `fit` was told of in it", repr(type(given))
            )
        x, y = (given, None) if alone else given
        x, y = read(self.input, x, y, self._target if alone else None)
        parts = []
        for part, labels, _ in streams.portions(x, y, None, self.input, KEPT):
            parts.append((part, self.head.check(labels)))
            data_module.check_lengths(*parts[-1], None)
        examples, targets = (
            data_module.mapped(lambda *arrays: np.concatenate(arrays), *side) for side in zip(*parts, strict=True)
        )
        return examples, targets

    def model_code(self, path: str | Path) -> Path:
        """Writes the architecture as stand-alone Keras source, to be read, changed and trained without this package.

        Its `build()` makes the network that was searched, the layer `core` of the model, with fresh weights. What stands
        before it has nothing to train but may hold whole vocabularies, so that it stays in the `.keras` file.

        Args:
            path: Of the `.py` file; what stood there is replaced.

        Returns:
            The path.

        Raises:
            NotFittedError: Before `fit`.
            InputError: If a layer is not Keras's own, or the path does not end in `.py`.

        Example:

        >>> clf.model_code("network.py")
        >>> from network import build
        >>> core = build()
        >>> core.set_weights(clf.model.get_layer("core").get_weights())
        """
        from autonas import model_code

        path = Path(path)
        if path.suffix != ".py":
            raise InputError.of("path", "the name of a .py file", repr(str(path)))
        with _chatter_off():
            text = model_code.source(self.model.get_layer(assembly.CORE))
        with files.replacing(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
        return path

    def _outputs(self, x: Any, batch_size: int) -> Any:
        model, outputs, batch_size = self.model, [], checks.integer("batch_size", batch_size, 1)
        x = reading.examples(self.input, x, self._target)
        for part in streams.examples(x, self.input, batch_size):
            outputs.append(model.predict(data_module.feed(part), batch_size=batch_size, verbose=0))
        return data_module.mapped(lambda *parts: np.concatenate(parts), *outputs)

    def _batches(self, x: Any, y: Any, weights: np.ndarray | None, batch_size: int) -> Iterator[tuple[Any, Any, Any]]:
        """Of checked examples, with what the finished model is judged by."""
        targets = self.head.finished_targets(y)
        for start in range(0, data_module.length(x), batch_size):
            rows = slice(start, start + batch_size)
            weight = None if weights is None else weights[rows]
            yield data_module.feed(data_module.take(x, rows)), data_module.take(targets, rows), weight

    def costs(self) -> dict[str, float]:
        """Returns all costs of the model: parameters, FLOPs, activation memory, size, and latency with its interval.

        `energy_mj` is estimated from the network; `energy_measured_mj`, with its interval, is there where the device has a
        counter of energy. If that cannot tell, because others are busy on the machine, it is left out and the reason printed.
        What the device cannot tell, as a profile without operators of int8 the latency in int8, is not there, nor are
        latencies of a loaded project whose device cannot be made again, such as a callable: set `task.device`.
        """
        built = self._built(self.model, self.head)
        costs = {name: kind() for name, kind in objectives.COSTS.items()}
        known = {name: cost for name, cost in costs.items() if cost.possible(self.device)}
        counted = known.pop("energy_measured_mj", None)
        if not self.device.present:
            self._say("The device of the project is not here, so latencies are left out.")
        with _chatter_off():
            found = objectives.measure(known, built)
            try:
                return found | ({} if counted is None else objectives.measure({counted.name: counted}, built))
            except TrialError as error:
                self._say(str(error))
                return found

    def _built(self, model: keras.Model, head: Head) -> BuiltModel:
        """A finished model as its costs see it."""
        on_device = assembly.on_device(model, self.input, head)
        return objectives.BuiltModel(on_device, self.device, lite.files(self.input, head), self._batch_size)

    def _say(self, text: str) -> None:
        if self.verbose:
            sys.stdout.write(text + "\n")


def read(input: Input, x: Any, y: Any, target: Any, name: str = "x") -> tuple[Any, Any]:
    """Examples and targets, whether they came apart, in one frame, in a file or in a folder."""
    examples, y = reading.given(x, y, target, name)
    return reading.seen(input, reading.beside(input, x, examples)), y
