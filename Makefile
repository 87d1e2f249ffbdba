# Two commands do everything: `make lab` and `make test`. `make help` lists the rest.
#
#   make lab TORCH=cpu     on Linux: take PyTorch's CPU build (200 MB) instead of the CUDA build (several GB)
#   make lab PYTHON=...    the Python (3.11 or newer) that the environment is made with
#   make lab LAB_ARGS=...  more options for `jupyter lab`

VENV := .venv
BIN := $(VENV)/bin
# Never the scripts beside it: their first line names a folder, which may have blanks in it or have been renamed.
RUN := $(BIN)/python -m
REQUIREMENTS := pyproject.toml constraints.txt
# nbval compares the text outputs of every cell (but numbers after a ≈); widgets and pictures are judged by other tests. The
# limit is for hangs.
NBVAL := --nbval --nbval-current-env --nbval-cell-timeout=600 --nbval-sanitize-with=tests/notebooks/nbval.cfg
# Several files at a time, each file on one core, and one more than there are cores, because the tests in a browser mostly
# wait. In the order of their names: by itself, xdist leaves files with few tests for the end, and those are the long ones.
WORKERS := $(shell n=$$(nproc 2>/dev/null || getconf _NPROCESSORS_ONLN); echo $$((n < 3 ? n + 1 : 4)))
PARALLEL := --numprocesses=$(WORKERS) --dist=loadfile --no-loadscope-reorder
# No network: the discard port refuses a connection at once.
OFFLINE := http_proxy=http://127.0.0.1:9 https_proxy=http://127.0.0.1:9 HTTP_PROXY=http://127.0.0.1:9 \
  HTTPS_PROXY=http://127.0.0.1:9 no_proxy= NO_PROXY=
# In a container one is often root, whom Jupyter refuses without this.
ROOT := $(if $(filter 0,$(shell id -u)),--allow-root)
# The first Python that runs, is new enough and can make an environment. (A name on the PATH may be an empty promise.)
FITS := import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
  $$p -c '$(FITS)' 2>/dev/null && echo $$p && break; done)
# Is the environment where it was made, and its Python still the one that it was made with?
SOUND := import os, pip, sys; cfg = sys.prefix + "/pyvenv.cfg"; \
  made = [line for line in open(cfg) if line.startswith("command = ")] if os.path.exists(cfg) else []; \
  here = (sys.prefix, os.path.realpath(sys.prefix)); \
  sys.exit(any(not line.strip().endswith(tuple(" " + path for path in here)) for line in made))
STALE := $(shell [ ! -e $(VENV) ] || $(BIN)/python -I -c '$(SOUND)' 2>/dev/null || echo stale)

.DEFAULT_GOAL := help
.PHONY: help lab apps test types tests offline notebooks student docs frames site slides clean

# How the threads of torch's pool wait (course_utils/threads.py says why), read when torch is loaded, whoever loads it
# first. GNU's pool, on Linux, is led while it runs.
export KMP_BLOCKTIME ?= 1

help:
	@echo "make lab        set up, then open JupyterLab on the start page"
	@echo "make apps       serve the apps of all lessons, without notebooks (APPS_ARGS=--scale=1.4 for a projector)"
	@echo "make test       set up, then run every check"
	@echo "make offline    run all notebooks without MNIST and without a network, and compare what they print"
	@echo "make notebooks  run all notebooks again, store their outputs, write the ledger of claims"
	@echo "make student    write a copy for a class, without outputs, solutions and answers, to build/student"
	@echo "make docs       write the API reference, from the docstrings, to build/api"
	@echo "make site       write the lessons as pages that need no kernel and no network, to build/site"
	@echo "make slides     write a deck of about twenty slides for each lesson, to build/slides"
	@echo "make clean      remove the environment and everything that was generated"
	@echo
	@echo "On Linux without a GPU: make lab TORCH=cpu  saves gigabytes."

# The lab is open to its pages so that apps.present() can give a notebook the whole window.
lab: $(VENV)/.lab-installed
	$(RUN) jupyterlab --ServerApp.jpserver_extensions=course_utils.lab=True --LabApp.expose_app_in_browser=True --LabApp.app_settings_dir="$$PWD/.jupyter" $(ROOT) $(LAB_ARGS) notebooks/00_start_here.ipynb

apps: $(VENV)/.voila-installed
	$(BIN)/python tools/served_apps.py $(APPS_ARGS)

test: $(VENV)/.test-installed
	$(RUN) ruff check .
	$(RUN) ruff format --check .
	$(BIN)/python $(BIN)/lint-imports --no-cache --no-logo
	$(MAKE) --no-print-directory --jobs=2 types tests

# Side by side: where there are two cores, one has little to do while the tests are collected.
types: $(VENV)/.test-installed
	$(RUN) mypy

# One thread each, because several files are tested at a time.
tests: export COURSE_THREADS = 1
tests: $(VENV)/.test-installed
	$(RUN) pytest $(PARALLEL) $(NBVAL) notebooks tests

# What the lessons print holds on a machine that has neither MNIST nor a network, too; hosted CI runs this as well. (Nothing
# was downloaded: it really was without MNIST.)
offline: $(VENV)/.test-installed
	rm -rf build/nothing
	env $(OFFLINE) COURSE_THREADS=1 COURSE_DATA="$(CURDIR)/build/nothing" $(RUN) pytest $(PARALLEL) $(NBVAL) notebooks
	test ! -e build/nothing

notebooks: $(VENV)/.test-installed
	$(BIN)/python tools/execute.py
	$(BIN)/python tools/claims.py

student: $(VENV)/.lab-installed
	$(BIN)/python tools/student.py

docs: $(VENV)/.docs-installed
	$(RUN) pdoc --docformat numpy --output-directory build/api course_utils

# Pictures of every app in its named states, for both: some minutes on two cores, and only once for one state of the code.
FRAMES := $(shell find course_utils tools/frames.py data -name '*.py' -o -name '*.npz' -o -name '*.safetensors' -o -name '*.png' 2>/dev/null)
frames: build/frames/.made
build/frames/.made: $(FRAMES) $(VENV)/.site-installed
	rm -rf build/frames
	$(BIN)/python tools/frames.py
	touch $@

site: build/frames/.made
	$(BIN)/python tools/website.py

slides: build/frames/.made
	$(BIN)/python tools/slides.py

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
	$(call install,.[lab$(comma)test$(comma)site])
	touch $@ $(VENV)/.lab-installed $(VENV)/.site-installed

$(VENV)/.docs-installed: $(REQUIREMENTS) | $(BIN)/python
	$(call install,.[lab$(comma)docs])
	touch $@

$(VENV)/.site-installed: $(REQUIREMENTS) | $(BIN)/python
	$(call install,.[lab$(comma)site])
	touch $@

$(VENV)/.voila-installed: $(REQUIREMENTS) | $(BIN)/python
	$(call install,.[lab$(comma)voila])
	touch $@

comma := ,
define install
	$(if $(filter cpu,$(TORCH)),$(RUN) pip install --disable-pip-version-check -c constraints.txt torch --index-url https://download.pytorch.org/whl/cpu)
	$(if $(filter-out cpu,$(TORCH)),$(error TORCH=$(TORCH) is not known: leave it out, or say TORCH=cpu))
	$(RUN) pip install --disable-pip-version-check -c constraints.txt -e '$(1)'
endef

ifdef STALE
.PHONY: $(BIN)/python
$(VENV)/.lab-installed $(VENV)/.test-installed $(VENV)/.docs-installed $(VENV)/.site-installed $(VENV)/.voila-installed: $(BIN)/python
endif

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Found no Python 3.11 or newer that can make an environment. Install one (on Debian and"; \
	  echo "Ubuntu: sudo apt install python3-venv), or say which: make lab PYTHON=/path/to/python3.12"; exit 1; }
	@$(PYTHON) -c '$(FITS)' || { echo "$(PYTHON) is older than Python 3.11, or lacks venv: choose another"; exit 1; }
	@test -z "$(STALE)" || echo "$(VENV) was made in another folder, or its Python is gone or another one: it is made again."
	$(if $(STALE),rm -rf $(VENV))
	$(PYTHON) -m venv $(VENV)
