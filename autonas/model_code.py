"""A network as Keras source: what a search found, to be read, changed and trained anywhere, without this package.

It is written from the network's own configuration. Arguments that are at their default are left out, and what is met in
several places is made once. There are no weights in it; `set_weights` takes those of the network, in the same order.
"""

from __future__ import annotations

import builtins
import inspect
import json
import keyword
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from autonas.errors import InputError
from autonas.graph import has_graph

if TYPE_CHECKING:
    import keras

WIDEST = 100  # columns of a line, about
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
        InputError: If the model has no graph, or a layer in it is not of Keras.

    Example:

    >>> print(source(keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])))
    """
    if not has_graph(model):
        raise InputError.of("model", "a functional or a built sequential keras.Model", type(model).__name__)
    writer = _Writer()
    writer.function("build", type(model).__name__, model.get_config())
    text = "\n\n\n".join(writer.functions)
    imports = "import keras\nimport numpy as np" if re.search(r"\bnp\.array\(", text) else "import keras"
    return _FORM.format(about=about, imports=imports, functions=text)


class _Writer:
    """Collects functions, those that a function calls before it."""

    def __init__(self) -> None:
        self.functions: list[str] = []

    def function(self, name: str, kind: str, config: Mapping[str, Any]) -> None:
        """Writes a function that makes a model of this configuration."""
        lines = self._sequential(config) if kind == "Sequential" else self._functional(name, config)
        body = "\n".join(f"    {line}" for statement in lines for line in statement.split("\n"))
        self.functions.append(f"def {name}():\n{body}")

    def _sequential(self, config: Mapping[str, Any]) -> list[str]:
        first: dict[str, Any] = {"args": (), "kwargs": {}}
        layers = [
            self._made(entry, f"build_{_variable(entry['config']['name'])}") or _applied(entry, "", first, {})
            for entry in config["layers"]
        ]
        listed = [f"model.add({layer})" for layer in layers]
        return [f"model = keras.Sequential(name={_value(config['name'])})", *listed, "return model"]

    def _functional(self, function: str, config: Mapping[str, Any]) -> list[str]:
        lines: list[str] = []
        made: dict[tuple[str, int], str] = {}
        waiting = [(entry, number, node) for entry in config["layers"] for number, node in _nodes(entry)]
        shared = {entry["name"] for entry, number, _ in waiting if number}
        while waiting:
            left = []
            for entry, number, node in waiting:
                if _needed(node) - made.keys():
                    left.append((entry, number, node))
                    continue
                layer = self._layer(entry, function)
                if entry["name"] in shared and number == 0:
                    lines.append(f"{_variable(entry['name'])}_layer = {layer}")
                layer = f"{_variable(entry['name'])}_layer" if entry["name"] in shared else layer
                variable = _variable(entry["name"]) + (f"_{number}" if number else "")
                lines.append(f"{variable} = {_applied(entry, layer, node, made)}")
                made[entry["name"], number] = variable
            if len(left) == len(waiting):
                raise InputError.of("model", "a graph of layers", "layers that wait for each other")
            waiting = left
        ends = [f"{side}={_ends(config[f'{side[:-1]}_layers'], made)}" for side in ("inputs", "outputs")]
        return [*lines, _call("return keras.Model", [*ends, f"name={_value(config['name'])}"])]

    def _layer(self, entry: Mapping[str, Any], function: str) -> str:
        return self._made(entry, f"{function}_{_variable(entry['name'])}")

    def _made(self, entry: Mapping[str, Any], function: str) -> str:
        """The expression that makes a layer; a model inside gets a function of its own."""
        if entry["class_name"] in ("Functional", "Sequential"):
            if not any(text.startswith(f"def {function}():") for text in self.functions):
                self.function(function, entry["class_name"], entry["config"])
            return f"{function}()"
        return "" if _is_operation(entry) or entry["class_name"] == "InputLayer" else _object(entry)


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


def _applied(entry: Mapping[str, Any], layer: str, node: Mapping[str, Any], made: Mapping[Any, str]) -> str:
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
    named += [f"{name}={_value(value, made)}" for name, value in own.items() if value is not None]
    return _call(f"keras.ops.{_function(entry['class_name'])}", [*given, *named])


def _function(kind: str) -> str:
    """The function of `keras.ops` that makes an operation of this class."""
    import keras

    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", kind).lower()
    if not hasattr(keras.ops, snake):
        raise InputError.of("model", "one of Keras's own layers and keras.ops", f"the operation {kind}")
    return snake


def _value(value: Any, made: Mapping[Any, str] | None = None) -> str:
    """Source that makes a value of a configuration."""
    if isinstance(value, Mapping):
        kind = value.get("class_name")
        config: Any = value.get("config")
        if kind == "__keras_tensor__":
            name, number, index = config["keras_history"]
            result = (made or {})[name, number]
            return f"{result}[{index}]" if index else result
        if kind in ("__numpy__", "__tensor__"):
            return f"np.array({_value(config['value'])}, {_value(config['dtype'])})"
        if kind is not None and "module" in value:
            return _object(value)
        return "{" + ", ".join(f"{_value(name)}: {_value(part, made)}" for name, part in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        inner = ", ".join(_value(part, made) for part in value)
        return f"[{inner}]" if isinstance(value, list) else f"({inner},)" if len(value) == 1 else f"({inner})"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def _index(part: Any, made: Mapping[Any, str]) -> str:
    """What stands between the brackets of `x[...]`."""
    if isinstance(part, tuple):
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
    if module.split(".")[0] != "keras" or not hasattr(home, kind):
        raise InputError.of("model", "one of Keras's own layers and keras.ops", f"{module}.{kind}")
    made = getattr(home, kind)
    parameters = inspect.signature(made.__init__).parameters
    required = [
        name
        for name, parameter in parameters.items()
        if parameter.default is parameter.empty and parameter.kind is parameter.POSITIONAL_OR_KEYWORD and name != "self"
    ]
    config = entry["config"]
    defaults = made(**{name: keras.saving.deserialize_keras_object(config[name]) for name in required}).get_config()
    kept = {
        name: value
        for name, value in config.items()
        if name in required or name == "name" or value != defaults.get(name)
    }
    given = [_value(kept[name]) for name in required]
    named = [f"{name}={_value(value)}" for name, value in kept.items() if name not in required]
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


def _ends(ends: Any, made: Mapping[Any, str]) -> str:
    """The inputs or outputs of a model, in their structure."""
    if isinstance(ends, Mapping):
        return "{" + ", ".join(f"{_value(name)}: {_ends(end, made)}" for name, end in ends.items()) + "}"
    if len(ends) == 3 and isinstance(ends[0], str):
        name, number, index = ends
        return f"{made[name, number]}[{index}]" if index else made[name, number]
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
