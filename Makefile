# Two commands do everything: `make lab` and `make test`. `make help` lists the rest.
#
#   make lab TORCH=cpu     on Linux: take PyTorch's CPU build (200 MB) instead of the CUDA build (several GB)
#   make lab PYTHON=...    the Python (3.11 or newer) that the environment is made with
#   make lab LAB_ARGS=...  more options for `jupyter lab`

VENV := .venv
BIN := $(VENV)/bin
REQUIREMENTS := pyproject.toml constraints.txt
# nbval compares the text outputs of every cell; widgets and pictures are judged by other tests.
NBVAL := --nbval --nbval-current-env --nbval-cell-timeout=180
# Several files at a time, each file on one core: most of them wait for one thread, or for a browser.
PARALLEL := --numprocesses=logical --maxprocesses=4 --dist=loadfile
# In a container one is often root, whom Jupyter refuses without this.
ROOT := $(if $(filter 0,$(shell id -u)),--allow-root)
# The first Python that runs, is new enough and can make an environment. (A name on the PATH may be an empty promise.)
FITS := import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
  $$p -c '$(FITS)' 2>/dev/null && echo $$p && break; done)

.DEFAULT_GOAL := help
.PHONY: help lab test notebooks docs clean

help:
	@echo "make lab        set up, then open JupyterLab on the start page"
	@echo "make test       set up, then run every check"
	@echo "make notebooks  run all notebooks again and store their outputs"
	@echo "make docs       write the API reference, from the docstrings, to build/api"
	@echo "make clean      remove the environment and everything that was generated"
	@echo
	@echo "On Linux without a GPU: make lab TORCH=cpu  saves gigabytes."

lab: $(VENV)/.lab-installed
	$(BIN)/jupyter lab --LabApp.app_settings_dir=$(CURDIR)/.jupyter $(ROOT) $(LAB_ARGS) notebooks/00_start_here.ipynb

test: $(VENV)/.test-installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache --no-logo
	$(BIN)/mypy
	$(BIN)/python -m pytest $(PARALLEL) tests
	$(BIN)/python -m pytest $(PARALLEL) $(NBVAL) notebooks

notebooks: $(VENV)/.test-installed
	$(BIN)/python tools/execute.py

docs: $(VENV)/.docs-installed
	$(BIN)/pdoc --docformat numpy --output-directory build/api course_utils

clean:
	rm -rf $(VENV) build *.egg-info .pytest_cache .ruff_cache .mypy_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	find . -name .ipynb_checkpoints -type d -prune -exec rm -rf {} +

# The stamps are newer than the requirement files once the installation went through; nothing is installed again,
# and no network is asked, until one of those files changes.
$(VENV)/.lab-installed: $(REQUIREMENTS) | $(BIN)/python
	$(call install,.[lab])
	touch $@

$(VENV)/.test-installed: $(REQUIREMENTS) | $(BIN)/python
	$(call install,.[lab$(comma)test])
	touch $@ $(VENV)/.lab-installed

$(VENV)/.docs-installed: $(REQUIREMENTS) | $(BIN)/python
	$(call install,.[lab$(comma)docs])
	touch $@

comma := ,
define install
	$(if $(filter cpu,$(TORCH)),$(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt torch --index-url https://download.pytorch.org/whl/cpu)
	$(if $(filter-out cpu,$(TORCH)),$(error TORCH=$(TORCH) is not known: leave it out, or say TORCH=cpu))
	$(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt -e '$(1)'
endef

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Found no Python 3.11 or newer that can make an environment. Install one (on Debian and"; \
	  echo "Ubuntu: sudo apt install python3-venv), or say which: make lab PYTHON=/path/to/python3.12"; exit 1; }
	@$(PYTHON) -c '$(FITS)' || { echo "$(PYTHON) is older than Python 3.11, or lacks venv: choose another"; exit 1; }
	$(PYTHON) -m venv $(VENV)
