"""A model in LiteRT's interpreter, for the shapes that its tensors have there."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from autonas.quiet import quiet


class Allocation:
    """A model that LiteRT has planned for a batch of one.

    Args:
        tflite: The model, in LiteRT's format.

    Example:

    >>> shapes = [(), ()]
    >>> Allocation(tflite).look([0, 1], shapes)
    """

    def __init__(self, tflite: bytes) -> None:
        from ai_edge_litert.interpreter import Interpreter, OpResolverType

        resolver = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
        with quiet():
            self._interpreter = Interpreter(model_content=tflite, experimental_op_resolver_type=resolver)
            self._interpreter.allocate_tensors()

    def run(self) -> None:
        """Runs the model on zeros. Tensors whose shape is computed have memory, and a shape, only then."""
        for details in self._interpreter.get_input_details():
            self._interpreter.set_tensor(details["index"], np.zeros(details["shape"], details["dtype"]))
        self._interpreter.invoke()

    def look(self, numbers: Sequence[int], shapes: list[tuple[int, ...]]) -> None:
        """Writes the shapes of tensors to their places in a list, but for those that have no memory yet.

        Args:
            numbers: Of the tensors, in the file; to ask for the details of each takes five times as long.
            shapes: By number.
        """
        for number in numbers:
            try:
                shapes[number] = self._interpreter.tensor(number)().shape
            except ValueError:  # what LiteRT raises for a tensor without memory
                continue
