PYTHON ?= python3
VENV ?= .venv
INSTALLED := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help demo test lint clean

help:  ## say what can be made
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1\t\2/p' Makefile | expand -t 14

demo: $(INSTALLED)  ## train on the sample videos with the whole perceptual loss stack
	$(VENV)/bin/python train.py loss=perceptual_adv output_dir=runs/demo resume=auto  # the second time: goes on, or scores it again

test: $(INSTALLED)  ## run the tests
	$(VENV)/bin/python -m pytest -n auto --maxprocesses=4  # a process needs up to 4 GB

lint: $(INSTALLED)  ## check style, format and types
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

clean:  ## remove the environment and all caches, but no run
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamp is newer than both files as long as what is installed is what they ask for.
$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "vsr needs Python 3.11 or newer, and '$(PYTHON)' is not: run make with PYTHON=python3.12, say." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install -c constraints.txt -e '.[dev]'
	@touch $@
