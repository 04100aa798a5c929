"""The shape of the package, held by looking at its source: who may import whom, and what every folder has.

A rule takes a module and yields what breaks it, in words that say what to do. `BAD` has a module for each rule that
breaks it, so that a rule which sees nothing is noticed.
"""

from __future__ import annotations

import ast
import dataclasses
import functools
import inspect
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

import autonas

ROOT = Path(autonas.__file__).parent

# Each line may import from the lines above it, never from its own line or below (but for its own folder).
LAYERS = [
    "errors",
    "arrays checks files flatbuffer heap quiet registry trials schedules optimizers gradients kept products",
    "allocation budgets stratified timing trial_store regression pace power stopwatch",
    "control tflite",
    "kernels tflite_writer signature",
    "asked data graph labels generators reading values pareto checkpoint",
    "datasets encoding forests hyperparameters improvement processes",
    "exploration memory qualities splits columns categories scaling streams frozen graph_features learning_curves",
    "thresholds sequences canonical doubts decoding",
    "events export window",
    "event_targets",
    "profiling",
    "devices",
    "objectives",
    "inputs heads blocks",
    "lite",
    "exported model_code",
    "space default_spaces",
    "proxies graph_network training",
    "assembly strategies screens",
    "estimators proposals analysis oracles",
    "loop ensemble finalists timetable descent",
    "preparation evaluation finals",
    "committee",
    "retrain",
    "front",
    "arguments goals progress project report",
    "settings search_result run",
    "answers",
    "findings",
    "auto_model searching",
    "tasks",
]
RANK = {name: rank for rank, line in enumerate(LAYERS) for name in line.split()}

# The extension points. What they hold is reached through the registry of the folder.
PLURAL = {"blocks", "devices", "estimators", "heads", "inputs", "objectives", "proxies", "screens", "strategies"}

TUNER_SUBCLASSES = {"autonas.asked", "autonas.loop", "autonas.oracles", "autonas.space"}
LIGHT = {"numpy", "autonas", *sys.stdlib_module_names}  # what may be imported as a module of ours is
BUILDERS = {
    "keras",
    "tensorflow",
    "autonas.space",
    "autonas.blocks",
    "autonas.loop",
    "autonas.training",
    "autonas.estimators",
}
NO_BUILDERS_IN = {"strategies", "screens"}
VAGUE = {"utils", "util", "core", "common", "misc", "helpers", "helper", "tools"}
LONGEST_TASK = 60  # lines
HEAVY = {"tensorflow", "keras", "keras_tuner"}
LOADS_KERAS_TUNER = TUNER_SUBCLASSES | {"autonas.evaluation", "autonas.run"}


@dataclasses.dataclass(frozen=True)
class Import:
    """One imported name. `when` is "load" (of the module), "call" (of a function) or "typing"."""

    target: str
    alias: str
    line: int
    when: str


@dataclasses.dataclass(frozen=True)
class Module:
    """A module of the package, or one made up to break a rule."""

    name: str
    source: str

    @functools.cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.source)

    @functools.cached_property
    def imports(self) -> list[Import]:
        return list(_imports(self, self.tree, "load"))

    @property
    def part(self) -> str:
        """`strategies` of `autonas.strategies.random`, `graph` of `autonas.graph`, empty for the package itself."""
        return _part(self.name)

    def at(self, line: int) -> str:
        return f"{self.name}, line {line},"


def _part(name: str) -> str:
    return name.split(".")[1] if "." in name else ""


def _within(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


def _imports(module: Module, node: ast.AST, when: str) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (Import(a.name, a.asname or a.name, child.lineno, when) for a in child.names)
        elif isinstance(child, ast.ImportFrom):
            package = _absolute(module, child)
            yield from (Import(f"{package}.{a.name}", a.asname or a.name, child.lineno, when) for a in child.names)
        elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            yield from _imports(module, ast.Module(child.body, []), "typing")
            yield from _imports(module, ast.Module(child.orelse, []), when)
        elif isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            yield from _imports(module, child, "call")
        else:
            yield from _imports(module, child, when)


def _absolute(module: Module, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    path = f"{module.name}.__init__" if module.name in PACKAGES else module.name
    return ".".join([*path.split(".")[: -node.level], *([node.module] if node.module else [])])


def _name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT.parent).with_suffix("").parts).removesuffix(".__init__")


MODULES = {_name(path): Module(_name(path), path.read_text()) for path in sorted(ROOT.rglob("*.py"))}
PACKAGES = {_name(path) for path in ROOT.rglob("__init__.py")}
OUR_CLASSES = {node.name for m in MODULES.values() for node in ast.walk(m.tree) if isinstance(node, ast.ClassDef)}


# --- rules on imports


def private_parts_of_keras(module: Module) -> Iterator[str]:
    for found in module.imports:
        if _within(found.target, "keras.src") or _within(found.target, "keras_tuner.src"):
            yield f"{module.at(found.line)} imports {found.target}: use what Keras and Keras Tuner make public."


def goes_one_way(module: Module) -> Iterator[str]:
    if module.part in ("", "testing"):
        return
    if module.part not in RANK:
        yield f"{module.name} is in no line of LAYERS: say where in the way of the data it stands."
        return
    for found in module.imports:
        part = _part(found.target)
        if found.when == "typing" or not _within(found.target, "autonas") or part in ("", module.part, "testing"):
            continue
        if RANK.get(part, -1) >= RANK[module.part]:
            yield f"{module.at(found.line)} imports {found.target}, which does not stand below it (see LAYERS)."


def suites_are_for_tests_only(module: Module) -> Iterator[str]:
    for found in module.imports:
        if module.part != "testing" and _within(found.target, "autonas.testing"):
            yield f"{module.at(found.line)} imports {found.target}: the conformance suites are for tests only."


def siblings_are_strangers(module: Module) -> Iterator[str]:
    if module.part not in PLURAL | {"tasks"} or module.name in PACKAGES:
        return
    folder = f"autonas.{module.part}"
    for found in module.imports:
        if not _within(found.target, folder):
            continue
        allowed = _within(found.target, f"{folder}.base") or found.target == f"{folder}.base"
        # what is made of others asks the registry for them, as anybody does
        allowed = allowed or (found.when == "call" and found.target != folder and not _is_member(found.target))
        if not allowed:
            yield f"{module.at(found.line)} imports {found.target}: what siblings share belongs in {folder}.base."


def members_are_found_by_registry(module: Module) -> Iterator[str]:
    for found in module.imports:
        folder = _part(found.target)
        if found.when == "typing" or folder not in PLURAL or not _is_member(found.target):
            continue
        if module.part not in (folder, "tasks", "default_spaces", "testing"):
            yield f"{module.at(found.line)} imports the member {found.target}: ask autonas.{folder}.get for it."


def _is_member(target: str) -> bool:
    """Whether it is `autonas.screens.limits`, a name in it, or such a name as the folder's `__init__` hands it on."""
    folder, name = ".".join(target.split(".")[:2]), target.split(".")[2:3]
    if f"{folder}.{''.join(name)}" in MODULES:
        return name != ["base"]
    handed_on = [found.target for found in MODULES[folder].imports if _within(found.target, folder)]
    members = {path.split(".")[-1] for path in handed_on if path.split(".")[2] != "base"}
    return bool(name) and name[0] in members


def strategies_and_screens_build_nothing(module: Module) -> Iterator[str]:
    for found in module.imports:
        forbidden = any(_within(found.target, builder) for builder in BUILDERS)
        if module.part in NO_BUILDERS_IN and found.when != "typing" and forbidden:
            yield f"{module.at(found.line)} imports {found.target}: a {module.part} member works on plain values."


def loads_little(module: Module) -> Iterator[str]:
    for found in module.imports:
        package = found.target.split(".")[0]
        if found.when != "load" or package in LIGHT or module.part == "testing":
            continue
        if not (package == "keras_tuner" and module.name in TUNER_SUBCLASSES):
            yield f"{module.at(found.line)} imports {found.target} when it is loaded: import it where it is used."


# --- rules on what is written


def tuner_is_subclassed_in_few_places(module: Module) -> Iterator[str]:
    for node, bases in _classes(module):
        if module.name not in TUNER_SUBCLASSES and any(_within(base, "keras_tuner") for base in bases):
            yield f"{module.at(node.lineno)} {node.name} subclasses Keras Tuner: only {sorted(TUNER_SUBCLASSES)} may."


def models_are_free_of_us(module: Module) -> Iterator[str]:
    free = ("keras.callbacks", "keras.optimizers")  # of a training; finished models are compiled anew
    for node, bases in _classes(module):
        if any(_within(base, "keras") and not any(_within(base, part) for part in free) for base in bases):
            yield f"{module.at(node.lineno)} {node.name} subclasses Keras: the model would not load without autonas."
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute) and node.attr in ("Lambda", "register_keras_serializable"):
            yield f"{module.at(node.lineno)} uses {node.attr}: the model would not load without autonas."


def _classes(module: Module) -> Iterator[tuple[ast.ClassDef, list[str]]]:
    """The classes, with the full names of their bases."""
    full = {found.alias: found.target for found in module.imports}
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ClassDef):
            bases = [ast.unparse(base).split("[")[0] for base in node.bases]
            yield node, [".".join([full.get(b.split(".")[0], b.split(".")[0]), *b.split(".")[1:]]) for b in bases]


def raises_instead_of_asserting(module: Module) -> Iterator[str]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Assert):
            yield f"{module.at(node.lineno)} asserts: raise an error of autonas.errors."


def prints_nothing(module: Module) -> Iterator[str]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "print":
            yield f"{module.at(node.lineno)} prints: what is shown goes through autonas.progress, or is returned."


def asks_no_types(module: Module) -> Iterator[str]:
    for node in ast.walk(module.tree):
        words = {word for part in ast.walk(node) for word in _words(part)} if isinstance(node, ast.Compare) else set()
        if "type" in words and words & OUR_CLASSES:
            yield f"{module.at(node.lineno)} compares types: what differs between members is a field of their class."


def _words(node: ast.AST) -> set[str]:
    if isinstance(node, ast.Constant):
        return {str(node.value)}
    return {ast.unparse(node)} if isinstance(node, (ast.Name, ast.Attribute)) else set()


def is_introduced(module: Module) -> Iterator[str]:
    if not ast.get_docstring(module.tree):
        yield f"{module.name} has no docstring: say in a paragraph what lives here and why."


def has_a_name_that_says_something(module: Module) -> Iterator[str]:
    for name in module.name.split("."):
        if name in VAGUE:
            yield f"{module.name}: {name!r} says nothing about what is in it."


def tasks_are_short(module: Module) -> Iterator[str]:
    lines = len(module.source.splitlines())
    if module.part == "tasks" and lines > LONGEST_TASK:
        yield f"{module.name} has {lines} lines: a task says what it is put together from, in {LONGEST_TASK} at most."


RULES: list[Callable[[Module], Iterator[str]]] = [
    private_parts_of_keras,
    goes_one_way,
    suites_are_for_tests_only,
    siblings_are_strangers,
    members_are_found_by_registry,
    strategies_and_screens_build_nothing,
    loads_little,
    tuner_is_subclassed_in_few_places,
    models_are_free_of_us,
    raises_instead_of_asserting,
    prints_nothing,
    asks_no_types,
    is_introduced,
    has_a_name_that_says_something,
    tasks_are_short,
]

BAD = [
    (private_parts_of_keras, "autonas.graph", "def f():\n    from keras.src import ops"),
    (private_parts_of_keras, "autonas.graph", "from keras_tuner.src.engine import oracle"),
    (goes_one_way, "autonas.errors", "from autonas.registry import resolve"),
    (goes_one_way, "autonas.trials", "from autonas.registry import resolve"),
    (goes_one_way, "autonas.registry", "import autonas.trials"),
    (goes_one_way, "autonas.data", "def f():\n    from autonas import export"),
    (goes_one_way, "autonas.objectives.base", "from autonas import space"),
    (goes_one_way, "autonas.heads.base", "from ..blocks import base"),
    (goes_one_way, "autonas.graph", "try:\n    import autonas.loop\nexcept ImportError:\n    pass"),
    (goes_one_way, "autonas.nowhere", ""),
    (suites_are_for_tests_only, "autonas.auto_model", "from autonas import testing"),
    (siblings_are_strangers, "autonas.strategies.random", "from autonas.strategies.evolution import Evolution"),
    (siblings_are_strangers, "autonas.strategies.random", "from .evolution import Evolution"),
    (siblings_are_strangers, "autonas.strategies.random", "from autonas import strategies"),
    (members_are_found_by_registry, "autonas.loop", "from autonas.strategies.random import Random"),
    (members_are_found_by_registry, "autonas.loop", "from autonas.strategies import Random"),
    (members_are_found_by_registry, "autonas.loop", "import autonas.strategies.random"),
    (strategies_and_screens_build_nothing, "autonas.screens.limits", "def f():\n    import keras"),
    (strategies_and_screens_build_nothing, "autonas.strategies.random", "from autonas import space"),
    (strategies_and_screens_build_nothing, "autonas.strategies.base", "from autonas.blocks.base import choose"),
    (loads_little, "autonas.graph", "import keras"),
    (loads_little, "autonas.report", "from pandas import DataFrame"),
    (loads_little, "autonas.retrain", "import keras_tuner"),
    (tuner_is_subclassed_in_few_places, "autonas.retrain", "import keras_tuner as kt\nclass A(kt.Oracle): pass"),
    (tuner_is_subclassed_in_few_places, "autonas.tasks.image", "from keras_tuner import Tuner\nclass A(Tuner): pass"),
    (models_are_free_of_us, "autonas.blocks.conv", "import keras\nclass A(keras.layers.Layer): pass"),
    (models_are_free_of_us, "autonas.blocks.conv", "def f(x):\n    return keras.layers.Lambda(abs)(x)"),
    (raises_instead_of_asserting, "autonas.graph", "def f(x):\n    assert x"),
    (prints_nothing, "autonas.graph", "def f(x):\n    print(x)"),
    (asks_no_types, "autonas.loop", "def f(x):\n    return type(x) is Random"),
    (asks_no_types, "autonas.loop", "def f(x):\n    return type(x).__name__ in ('Random', 'Other')"),
    (is_introduced, "autonas.graph", "import os"),
    (has_a_name_that_says_something, "autonas.utils", ""),
    (has_a_name_that_says_something, "autonas.blocks.common", ""),
    (tasks_are_short, "autonas.tasks.image", "x = 1\n" * (LONGEST_TASK + 1)),
]

FINE = [
    (
        "autonas.graph",
        '"""It."""\nfrom typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from autonas.loop import Tuner',
    ),
    (
        "autonas.strategies.random",
        '"""It."""\nfrom autonas.strategies.base import Strategy\nfrom autonas import trials',
    ),
    ("autonas.strategies", '"""It."""\nfrom autonas.strategies.random import Random'),
    ("autonas.tasks.image", '"""It."""\nfrom autonas.blocks import Chain\nfrom autonas.inputs.image import ImageInput'),
    ("autonas.loop", '"""It."""\nimport keras_tuner\nclass A(keras_tuner.Oracle): pass'),
    ("autonas.training", '"""It."""\ndef f():\n    import keras\n    class A(keras.callbacks.Callback): pass'),
    ("autonas.report", '"""It."""\ndef f(x, known):\n    return [n for n, c in known.items() if c is type(x)]'),
    ("autonas.testing.screens", '"""It."""\nfrom autonas.screens.limits import Limits\nimport keras'),
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_package_keeps_the_rule(rule: Callable[[Module], Iterator[str]]) -> None:
    broken = [line for module in MODULES.values() for line in rule(module)]
    assert not broken, "\n".join(["", *broken])


@pytest.mark.parametrize(("rule", "name", "source"), BAD)
def test_a_rule_sees_what_breaks_it(rule: Callable[[Module], Iterator[str]], name: str, source: str) -> None:
    assert list(rule(Module(name, source)))


@pytest.mark.parametrize(("name", "source"), FINE)
def test_no_rule_objects_to_what_is_allowed(name: str, source: str) -> None:
    assert [line for rule in RULES for line in rule(Module(name, source))] == []


def test_every_rule_has_a_module_that_breaks_it() -> None:
    assert {rule for rule, _, _ in BAD} == set(RULES)


# --- rules on folders


def folder_problems(folder: str, modules: Mapping[str, Module]) -> Iterator[str]:
    """What a plural folder lacks: a contract, one registry of its members, a way to look them up, a conformance suite."""
    package = f"autonas.{folder}"
    if f"{package}.base" not in modules:
        yield f"{package} has no base.py with its contract."
    if f"autonas.testing.{folder}" not in modules:
        yield f"{package} has no conformance suite, autonas/testing/{folder}.py."
    body = modules[package].tree.body if package in modules else []
    if not any(isinstance(node, ast.FunctionDef) and node.name == "get" for node in body):
        yield f"{package}/__init__.py has no get(identifier)."
    registries = [name for node in body for name in _registry_names(node)]
    if len(registries) != 1:
        yield f"{package}/__init__.py has {len(registries)} registries {registries}, and has to have one dict literal."


def _registry_names(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.AnnAssign) and isinstance(node.value, ast.Dict):
        targets: list[ast.expr] = [node.target]
    elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict):
        targets = node.targets
    else:
        return []
    return [ast.unparse(target) for target in targets if ast.unparse(target).isupper()]


@pytest.mark.parametrize("folder", sorted(PLURAL))
def test_an_extension_point_is_complete(folder: str) -> None:
    assert list(folder_problems(folder, MODULES)) == []


WHOLE = {
    "autonas.things": 'THINGS: dict[str, type] = {"a": int}\ndef get(identifier): ...',
    "autonas.things.base": "",
    "autonas.testing.things": "",
}


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({}, None),
        ({"autonas.things.base": None}, "no base.py"),
        ({"autonas.testing.things": None}, "no conformance suite"),
        ({"autonas.things": "THINGS = {}"}, "no get"),
        ({"autonas.things": "def get(identifier): ..."}, "0 registries"),
        ({"autonas.things": "A = {}\nB = {}\ndef get(identifier): ..."}, "2 registries"),
    ],
)
def test_what_an_extension_point_lacks_is_named(change: dict[str, str | None], problem: str | None) -> None:
    sources = {name: source for name, source in {**WHOLE, **change}.items() if source is not None}
    found = list(folder_problems("things", {name: Module(name, source) for name, source in sources.items()}))
    assert [problem in line for line in found] == ([True] if problem else [])


def test_every_folder_is_known() -> None:
    folders = {_part(name) for name in PACKAGES} - {""}
    assert folders == PLURAL | {"tasks", "testing"}


def test_every_conformance_suite_is_of_an_extension_point() -> None:
    suites = {name.split(".")[2] for name in MODULES if name.startswith("autonas.testing.")}
    assert suites <= PLURAL | {"tasks"}


# --- what is loaded, what is documented


def test_importing_does_not_load_tensorflow() -> None:
    light = [name for name in MODULES if name not in LOADS_KERAS_TUNER and _part(name) != "testing"]
    code = (
        "import importlib, sys\n"
        f"for name in {light}:\n"
        "    importlib.import_module(name)\n"
        f"    loaded = set({sorted(HEAVY)}) & set(sys.modules)\n"
        "    if loaded: sys.exit(f'import {name} loads {sorted(loaded)}')\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("name", [name for name in autonas.__all__ if not name.startswith("__")])
def test_a_public_name_shows_how_it_is_used(name: str) -> None:
    assert "Example:" in (inspect.getdoc(getattr(autonas, name)) or ""), (
        f"autonas.{name} has no Example in its docstring."
    )


def test_every_public_name_has_a_home() -> None:
    assert set(autonas.__all__) == {"__version__", "lite", *autonas._HOMES}
    assert dir(autonas) == sorted(autonas.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = autonas.nonsense
