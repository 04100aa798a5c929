# Needs Python 3.10 or later and make; everything else is installed into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
WORKERS ?= 2

.PHONY: demo test check format bench clean

$(STAMP): pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[dev]"
	@touch $@

$(VENV): $(STAMP)

demo: $(STAMP)  ## searches an image classifier for scikit-learn's digits
	@$(BIN)/python examples/image_classification.py

test: $(STAMP)
	@$(BIN)/python -m pytest -q -n $(WORKERS) --dist worksteal -m "not slow" tests

check: $(STAMP)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

format: $(STAMP)
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: $(STAMP)
	@$(BIN)/python -m pytest -q -n $(WORKERS) -m slow tests
	@$(BIN)/python benchmarks/images.py $(if $(DATA),--data $(DATA))
	@$(BIN)/python benchmarks/quality.py $(if $(SETS),--data $(SETS))
	@$(BIN)/python benchmarks/overhead.py
	@$(BIN)/python benchmarks/loop.py
	@$(BIN)/python benchmarks/budgets.py
	@$(BIN)/python benchmarks/latency.py
	@$(BIN)/python benchmarks/screens.py $(if $(SETS),--data $(SETS))
	@$(BIN)/python benchmarks/curves.py $(if $(SETS),--data $(SETS))
	@$(BIN)/python benchmarks/defaults.py $(if $(SETS),--data $(SETS))
	$(if $(DATA),@$(BIN)/python benchmarks/export.py --data $(DATA))
	$(if $(TABLE),@$(BIN)/python benchmarks/nasbench201.py --table $(TABLE))
	$(if $(TABLE),@$(BIN)/python benchmarks/screened.py --table $(TABLE))
	$(if $(TABLE),@$(BIN)/python benchmarks/predictor.py --table $(TABLE))
	$(if $(TABLE),@$(BIN)/python benchmarks/front.py --table $(TABLE))

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache
	find autonas tests benchmarks examples -name __pycache__ -type d -prune -exec rm -rf {} +
