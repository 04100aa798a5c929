"""A network as Keras source: what a search found, to be read, changed and trained anywhere, without this package.

It is written from the network's own configuration. Arguments that are at their default are left out, and what is met in
several places is made once. There are no weights in it; `set_weights` takes those of the network, in the same order.
"""

from __future__ import annotations

import builtins
import copy
import inspect
import json
import keyword
import math
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from autonas.errors import InputError
from autonas.graph import has_graph

if TYPE_CHECKING:
    import keras

WIDEST = 100  # columns of a line, about
_MODELS = ("Functional", "Sequential")
_SLICE = ("start", "stop", "step")
_FORM = '''"""{about}

    core = build()
    core.set_weights(...)  # such as those of `model.get_layer("core").get_weights()`
"""

{imports}


{functions}


if __name__ == "__main__":
    build().summary()
'''


def source(model: keras.Model, about: str = "A network that autonas found, without weights.") -> str:
    """Writes the source of a module whose `build()` makes the same network, with fresh weights.

    Args:
        model: A functional or sequential model of Keras's own layers and `keras.ops`; it may hold others.
        about: The first line of the module's docstring.

    Returns:
        Python source that imports Keras and, for constants, NumPy.

    Raises:
        InputError: If the model has no graph, or a layer in it is not of Keras, is a `Lambda`, or holds a model.

    Example:

    >>> print(source(keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])))
    """
    if not has_graph(model):
        raise InputError.of("model", "a functional or a built sequential keras.Model", type(model).__name__)
    writer = _Writer()
    writer.function("build", model)
    text = "\n\n\n".join(writer.functions)
    imports = "import keras\nimport numpy as np" if re.search(r"\bnp\.array\(", text) else "import keras"
    return _FORM.format(about=about, imports=imports, functions=text)


class _Writer:
    """Collects functions, those that a function calls before it."""

    def __init__(self) -> None:
        self.functions: list[str] = []

    def function(self, name: str, model: Any) -> None:
        """Writes a function that makes a model."""
        lines = self._sequential(model) if type(model).__name__ == "Sequential" else self._functional(name, model)
        body = "\n".join(f"    {line}" for statement in lines for line in statement.split("\n"))
        self.functions.append(f"def {name}():\n{body}")

    def _sequential(self, model: Any) -> list[str]:
        config, parts = model.get_config(), {layer.name: layer for layer in model.layers}
        first: dict[str, Any] = {"args": (), "kwargs": {}}
        named = [(entry, entry["config"]["name"]) for entry in config["layers"]]
        layers = [
            self._made(entry, f"build_{_variable(name)}", parts.get(name)) or _applied(entry, "", first, {})
            for entry, name in named
        ]
        listed = [f"model.add({layer})" for layer in layers]
        return [f"model = keras.Sequential(name={_value(config['name'])})", *listed, "return model"]

    def _functional(self, function: str, model: Any) -> list[str]:
        config, parts = model.get_config(), {operation.name: operation for operation in model.operations}
        lines: list[str] = []
        made: dict[tuple[str, int], list[str]] = {}
        waiting = [(entry, number, node) for entry in config["layers"] for number, node in _nodes(entry)]
        shared = {entry["name"] for entry, number, _ in waiting if number}
        while waiting:
            left = []
            for entry, number, node in waiting:
                if _needed(node) - made.keys():
                    left.append((entry, number, node))
                    continue
                layer = self._made(entry, f"{function}_{_variable(entry['name'])}", parts[entry["name"]])
                if entry["name"] in shared and number == 0:
                    lines.append(f"{_variable(entry['name'])}_layer = {layer}")
                layer = f"{_variable(entry['name'])}_layer" if entry["name"] in shared else layer
                variable = _variable(entry["name"]) + (f"_{number}" if number else "")
                lines.append(f"{variable} = {_applied(entry, layer, node, made)}")
                made[entry["name"], number] = [variable + place for place in _places(parts[entry["name"]].output)]
            if len(left) == len(waiting):
                raise InputError.of("model", "a graph of layers", "layers that wait for each other")
            waiting = left
        models = {entry["name"] for entry in config["layers"] if entry["class_name"] == "Functional"}
        # among the ends, and only there, Keras counts a call of the model's own before those of a model inside
        known = {(name, number + (name in models)): results for (name, number), results in made.items()}
        ends = [f"{side}={_ends(config[f'{side[:-1]}_layers'], known)}" for side in ("inputs", "outputs")]
        return [*lines, _call("return keras.Model", [*ends, f"name={_value(config['name'])}"])]

    def _made(self, entry: Mapping[str, Any], function: str, part: Any) -> str:
        """The expression that makes a layer; a model inside gets a function of its own."""
        if entry["class_name"] in _MODELS:
            if not any(text.startswith(f"def {function}():") for text in self.functions):
                self.function(function, part)
            return f"{function}()"
        return "" if _is_operation(entry) or entry["class_name"] == "InputLayer" else _object(entry)


def _places(result: Any, place: str = "") -> list[str]:
    """What stands behind the result of a call for each of the tensors in it, in Keras's order; nothing behind a single one."""
    if isinstance(result, (list, tuple)) and len(result) == 1:
        return _places(result[0], place)
    if not isinstance(result, (list, tuple, Mapping)):
        return [place]
    parts = sorted(result.items()) if isinstance(result, Mapping) else enumerate(result)
    return [inner for name, part in parts for inner in _places(part, f"{place}[{_value(name)}]")]


def _nodes(entry: Mapping[str, Any]) -> list[tuple[int, Any]]:
    """The calls of a layer; an input has one without arguments."""
    return list(enumerate(entry["inbound_nodes"])) or [(0, {"args": (), "kwargs": {}})]


def _needed(part: Any) -> set[tuple[str, int]]:
    """The calls whose results stand in a call's arguments."""
    if isinstance(part, Mapping):
        if part.get("class_name") == "__keras_tensor__":
            name, number, _ = part["config"]["keras_history"]
            return {(name, number)}
        return {call for inner in part.values() for call in _needed(inner)}
    if isinstance(part, (list, tuple)):
        return {call for inner in part for call in _needed(inner)}
    return set()


def _is_operation(entry: Mapping[str, Any]) -> bool:
    return ".ops." in entry["module"]


def _applied(entry: Mapping[str, Any], layer: str, node: Mapping[str, Any], made: Mapping[Any, list[str]]) -> str:
    """The call of a layer, or of the function of `keras.ops` that an operation stands for."""
    if entry["class_name"] == "InputLayer":
        config = entry["config"]
        kind = [] if config["dtype"] == "float32" else [f"dtype={_value(config['dtype'])}"]
        first, *rest = config["batch_shape"]
        shape = f"{tuple(rest)!r}" if first is None else f"batch_shape={tuple(config['batch_shape'])!r}"
        return _call("keras.Input", [shape, *kind, f"name={_value(config['name'])}"])
    given = [_value(part, made) for part in node["args"]]
    named = [f"{name}={_value(part, made)}" for name, part in node["kwargs"].items() if part is not None]
    if not _is_operation(entry):
        return _call(layer, [*given, *named])
    if entry["class_name"] == "GetItem":
        return f"{given[0]}[{_index(node['args'][1], made)}]"
    own = {name: value for name, value in entry["config"].items() if name not in ("name", *node["kwargs"])}
    first = [_value(own.pop("subscripts"))] if entry["class_name"] == "Einsum" else []
    named += [f"{name}={_value(value, made)}" for name, value in own.items() if value is not None]
    return _call(f"keras.ops.{_function(entry['class_name'])}", [*first, *given, *named])


def _function(kind: str) -> str:
    """The function of `keras.ops` that makes an operation of this class."""
    import keras

    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", kind).lower()
    if not hasattr(keras.ops, snake):
        raise InputError.of("model", "one of Keras's own layers and keras.ops", f"the operation {kind}")
    return snake


def _value(value: Any, made: Mapping[Any, list[str]] | None = None) -> str:
    """Source that makes a value of a configuration."""
    if isinstance(value, Mapping):
        kind = value.get("class_name")
        config: Any = value.get("config")
        if kind == "__keras_tensor__":
            name, number, index = config["keras_history"]
            return (made or {})[name, number][index]
        if kind in ("__numpy__", "__tensor__"):
            return f"np.array({_value(config['value'])}, {_value(config['dtype'])})"
        if kind is not None and "module" in value:
            return _object(value)
        return "{" + ", ".join(f"{_value(name)}: {_value(part, made)}" for name, part in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        inner = ", ".join(_value(part, made) for part in value)
        return f"[{inner}]" if isinstance(value, list) else f"({inner},)" if len(value) == 1 else f"({inner})"
    if isinstance(value, float) and not math.isfinite(value):
        return f'float("{value}")'
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def _index(part: Any, made: Mapping[Any, list[str]]) -> str:
    """What stands between the brackets of `x[...]`; of a model that was read from a file, a list of it."""
    if isinstance(part, (tuple, list)):
        return ", ".join(_index(each, made) for each in part)
    if isinstance(part, Mapping) and part.get("class_name") == "__slice__":
        start, stop, step = ("" if part["config"][end] is None else part["config"][end] for end in _SLICE)
        return f"{start}:{stop}" + (f":{step}" if step else "")
    if isinstance(part, Mapping) and part.get("class_name") == "__ellipsis__":
        return "..."
    return _value(part, made)


def _object(entry: Mapping[str, Any]) -> str:
    """A layer, an initialiser or the like, with the arguments that are not at their default."""
    import keras

    module, kind = entry["module"], entry["class_name"]
    home: Any = keras
    for part in module.split(".")[1:]:
        home = getattr(home, part, None)
    if module.split(".")[0] != "keras" or not hasattr(home, kind) or kind == "Lambda":
        raise InputError.of("model", "one of Keras's own layers and keras.ops", f"{module}.{kind}")
    if kind in _MODELS:
        raise InputError.of("model", "one whose inner models are called themselves", f"a {kind} inside another layer")
    made = getattr(home, kind)
    parameters = inspect.signature(made.__init__).parameters
    required = [
        name
        for name, parameter in parameters.items()
        if parameter.default is parameter.empty and parameter.kind is parameter.POSITIONAL_OR_KEYWORD and name != "self"
    ]
    config = entry["config"]

    def told(names: Sequence[str]) -> Mapping[str, Any]:
        """The whole configuration of one that is made with these arguments alone."""
        chosen = copy.deepcopy({name: config[name] for name in names})  # Keras changes what it reads
        return made(**{n: keras.saving.deserialize_keras_object(value) for n, value in chosen.items()}).get_config()

    try:
        defaults = told(required)
    except ValueError:  # Keras wants one of the others as well
        defaults = {}
    kept = [name for name in config if name in (*required, "name") or config[name] != defaults.get(name)]
    follows = told(kept)  # a default may depend on another argument: strides of a pooling are its size
    kept = [name for name in config if name in kept or config[name] != follows.get(name)]
    given = [_value(config[name]) for name in required]
    named = [f"{name}={_value(config[name])}" for name in kept if name not in required]
    return _call(f"{module}.{kind}", [*given, *named])


def _call(function: str, arguments: Sequence[str]) -> str:
    """`function(arguments)`, over several lines where it is wide."""
    short = f"{function}({', '.join(arguments)})"
    if len(short.split("\n")[-1]) <= WIDEST and "\n" not in "".join(arguments):
        return short
    inner = [line for argument in arguments for line in _wrapped(argument + ",").split("\n")]
    return "\n".join([f"{function}(", *(f"    {line}" for line in inner), ")"])


def _wrapped(argument: str) -> str:
    """A long list over several lines: inside brackets any comma may end one."""
    if len(argument) <= WIDEST or "\n" in argument or '"' in argument:
        return argument
    lines, line = [], ""
    for part in re.split(r"(?<=,) ", argument):
        if line and len(line) + len(part) >= WIDEST:
            lines.append(line)
            line = ""
        line += (" " if line else "") + part
    return "\n".join([*lines, line])


def _ends(ends: Any, made: Mapping[Any, list[str]]) -> str:
    """The inputs or outputs of a model, in their structure."""
    if isinstance(ends, Mapping):
        return "{" + ", ".join(f"{_value(name)}: {_ends(end, made)}" for name, end in ends.items()) + "}"
    if len(ends) == 3 and isinstance(ends[0], str):
        name, number, index = ends
        return made[name, number][index]
    return "[" + ", ".join(_ends(end, made) for end in ends) + "]"


def _variable(name: str) -> str:
    """A layer's name as one of Python."""
    plain = re.sub(r"\W", "_", name, flags=re.ASCII)
    plain = plain if plain[:1].isalpha() or plain[:1] == "_" else f"layer_{plain}"
    return (
        f"{plain}_"
        if keyword.iskeyword(plain) or plain in ("keras", "np", "build") or hasattr(builtins, plain)
        else plain
    )
