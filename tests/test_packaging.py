"""The files around the package: that they agree with it and with each other."""

from __future__ import annotations

import ast
import importlib
import os
import re
import sys
from pathlib import Path
from typing import Any

import pytest

import autonas

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "autonas"
DISTRIBUTIONS = {
    "ai_edge_litert": "ai-edge-litert",
    "keras_tuner": "keras-tuner",
    "sklearn": "scikit-learn",
    "PIL": "pillow",
}
DOCUMENTS = sorted({*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("benchmarks/*.md")})
LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)")


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    toml = importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    return toml.loads((ROOT / "pyproject.toml").read_text())["project"]


def requirements(lines: list[str]) -> dict[str, str]:
    """name -> the rest of the requirement."""
    return dict(re.match(r"([\w-]+)(.*)", line).groups() for line in lines)


def third_party_imports() -> set[str]:
    found = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                found.add((node.module or "").split(".")[0])
    return found - set(sys.stdlib_module_names) - {"autonas"}


def test_the_version_is_the_same_everywhere(project: dict[str, Any]) -> None:
    assert project["version"] == autonas.__version__
    assert f"## {autonas.__version__}" in (ROOT / "CHANGELOG.md").read_text().splitlines()


def test_what_the_package_imports_is_what_it_depends_on(project: dict[str, Any]) -> None:
    imported = {DISTRIBUTIONS.get(name, name) for name in third_party_imports()}
    optional = project["optional-dependencies"]
    extras = {name for extra in ("images", "onnx", "plot") for name in requirements(optional[extra])}
    assert imported == set(requirements(project["dependencies"])) | extras


def test_every_dependency_has_a_lower_bound(project: dict[str, Any]) -> None:
    assert all(re.fullmatch(r">=[\d.]+", bound) for bound in requirements(project["dependencies"]).values())


def test_the_supported_pythons_are_listed(project: dict[str, Any]) -> None:
    listed = {line.rsplit(" ", 1)[1] for line in project["classifiers"] if re.search(r":: 3\.\d+$", line)}
    assert listed == {"3.10", "3.11", "3.12", "3.13"}
    assert project["requires-python"] == ">=3.10"


def test_the_package_says_that_it_is_typed() -> None:
    assert (PACKAGE / "py.typed").is_file()


def test_the_licence_is_apache(project: dict[str, Any]) -> None:
    text = (ROOT / "LICENSE").read_text()
    assert project["license"] == "Apache-2.0"
    assert "Apache License" in text
    assert "END OF TERMS AND CONDITIONS" in text


def test_ci_runs_the_checks_and_the_tests() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert "make check test" in script.read_text().splitlines()


def test_the_commands_that_are_documented_exist() -> None:
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    documented = {name for path in DOCUMENTS for name in re.findall(r"`make ([a-z]+)", path.read_text())}
    assert {"test", "check", "demo", "bench", "clean"} <= documented <= targets


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path) -> None:
    text = re.sub(
        r"```.*?```", "", path.read_text(), flags=re.DOTALL
    )  # an index and a call look like a link in programs
    assert [link for link in LINK.findall(text) if not (path.parent / link).exists()] == []


def test_the_extension_points_are_documented() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text()
    folders = {path.parent.name for path in PACKAGE.glob("*/base.py")} - {"tasks"}
    assert {folder for folder in folders if f"`{folder}`" not in text} == set()
