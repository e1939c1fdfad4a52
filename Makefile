# Recollect: `make run` tries it, `make test` proves it. `make help` lists all.

PYTHON  ?= python3
PHOTOS  ?= data/sample
# the sample has a library of its own; your photos go into your default one
LIBRARY ?= $(if $(filter data/sample,$(PHOTOS)),data/library)
PORT    ?= 8501
# postgres: a server of its own, which lives in data/postgres and runs as long as the page
DATABASE ?= sqlite
ifeq ($(DATABASE),postgres)
SERVER  := .venv/bin/python -m tests.postgres_server data/postgres
LIBRARY :=
endif
QUERY   ?= a polar bear in the snow

VENV    := .venv
BIN     := $(VENV)/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
RUNS    := $(VENV)/.runs
READY   := $(VENV)/.ready
INDEXER  = $(BIN)/indexer $(1) $(if $(LIBRARY),--library "$(LIBRARY)")
BROWSER := $(firstword $(foreach name,chromium-headless-shell chromium chromium-browser google-chrome,$(shell command -v $(name))))

# Debian's packages, where we may install them; else say what is needed
APT = if command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
  apt-get update -qq && apt-get install -y -qq $(1); \
  else echo "Please install $(1) (Debian: sudo apt install $(1))."; false; fi

# what is compiled once is compiled for every process that the targets start
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup run try test test-fast test-long coverage attack parity bench lint format reference docs licenses sbom browser clean
.DEFAULT_GOAL := help

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1|/' | \
	  awk -F'|' '{printf "  make %-10s %s\n", $$1, $$2}'

setup: $(READY) browser ## make .venv with everything that run and test need

# modules are compiled when they are first used: most of them never are
INSTALL = $(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check --constraint constraints.txt
# this project: the environment itself builds it, and does not warn of what "editable" means
PROJECT = PYTHONWARNINGS="ignore:Editable installation" $(INSTALL) --no-build-isolation --editable

# torch is as large as all the rest: it is unpacked beside that. The starter's packages are read for
# their weights: nothing loads the 65 MB that they ask for
RUN_EXTRAS := cpu,explore,heic,jxl,raw,video
LISTS = import sys, tomllib; from pathlib import Path; \
  facts = tomllib.load(open("pyproject.toml", "rb")); \
  project = facts["project"]; \
  extras = project["optional-dependencies"]; \
  wanted = [one for name in sys.argv[2].split(",") for one in extras[name]] + project["dependencies"]; \
  wanted += facts["build-system"]["requires"]; \
  lists = {"starter": extras["starter"], "rest": [one for one in wanted if one[:5] != "torch"]}; \
  [Path(sys.argv[1], f"{name}.txt").write_text("\n".join(lists[name])) for name in lists]

$(RUNS): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed") if sys.version_info < (3, 11) else 0'
	@test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV) || { \
	  $(call APT,python3-venv) && $(PYTHON) -m venv --clear $(VENV); }
	$(INSTALL) pip  # a current one takes half the time of Python's own
	@$(BIN)/python -c '$(LISTS)' $(VENV) $(RUN_EXTRAS)
	($(INSTALL) --no-deps torch && $(INSTALL) --no-deps --requirement $(VENV)/starter.txt) & large=$$!; \
	  $(INSTALL) --no-warn-conflicts --requirement $(VENV)/rest.txt; code=$$?; \
	  wait $$large && exit $$code
	$(PROJECT) '.[$(RUN_EXTRAS)]'
	@touch $@

$(READY): $(RUNS)
	$(PROJECT) '.[cpu,explore,heic,int8,jxl,oidc,postgres,raw,ray,starter,video,dev]'
	@touch $@

run: $(if $(SERVER),$(READY),$(RUNS)) ## index PHOTOS (data/sample), search once, serve the page with the daemon watching
	$(SERVER) $(MAKE) --no-print-directory try

try: # what `run` does, with a server of PostgreSQL around it or without
	$(call INDEXER,rebuild "$(PHOTOS)")
	$(call INDEXER,search "$(QUERY)" --top 3)
	@$(call INDEXER,serve --port $(PORT))

# a worker a core; tests/sharing.py says what they share, tests/conftest.py in what order
WORKERS = --numprocesses logical --dist loadfile --no-loadscope-reorder

test: setup ## run all that guards a change (six minutes on two cores)
	$(BIN)/python -m pytest $(WORKERS)

test-fast: $(READY) ## run the tests that take no model, server, browser or process (a minute)
	$(BIN)/python -m pytest $(WORKERS) -m "not (long or slow or browser or ray or processes)"

test-long: setup ## run all tests at full depth: every database, ten times the random examples (hours)
	RECOLLECT_TEST_DEPTH=10 $(BIN)/python -m pytest $(WORKERS) -m ""

coverage: setup ## run the tests and list the lines and branches that none of them takes
	$(BIN)/python -m pytest $(WORKERS) --cov

attack: $(READY) ## attack a page of yours as a stranger would: make attack URL=http://127.0.0.1:8501
	$(BIN)/python -m benchmarks.attack "$(URL)"

parity: ## compare the models with the reference code, in an environment of its own (6 GB)
	test -x .venv-parity/bin/pip || $(PYTHON) -m venv .venv-parity
	.venv-parity/bin/pip install --quiet -r tests/parity/requirements.txt
	.venv-parity/bin/python tests/parity/compare.py
	.venv-parity/bin/python tests/parity/compare_siglip.py
	.venv-parity/bin/python tests/parity/compare_perception.py

bench: $(READY) ## measure next to rclip, open_clip and transformers, in an environment of theirs (6 GB, 40 min)
	test -x .venv-bench/bin/pip || $(PYTHON) -m venv .venv-bench
	.venv-bench/bin/pip install --quiet -r benchmarks/requirements.txt
	$(BIN)/python -m benchmarks.bench

lint: $(READY) ## check format, style, types, the layers of the packages, the page's scripts and words
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/oxfmt --check 'app/**/*.js'
	$(BIN)/oxlint --deny-warnings app
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell app indexer clipcore benchmarks docs data *.md
	$(BIN)/proselint check --config docs/proselint.json *.md docs data/README.md
	$(BIN)/python -m docs.check_words

format: $(READY) ## put the code in form
	$(BIN)/ruff format
	$(BIN)/ruff check --fix
	$(BIN)/oxfmt 'app/**/*.js'

reference: $(READY) ## write what the documentation lists of the code
	$(BIN)/python -m docs.make_reference

docs: $(READY) reference ## build the documentation as a site in build/site; a dead link fails
	$(PROJECT) '.[docs]'
	$(BIN)/zensical build --strict

licenses: $(READY) ## list the dependencies with their licences
	$(BIN)/python -m docs.make_licenses

sbom: $(READY) ## write the list of what is installed as build/sbom.json (CycloneDX)
	$(PROJECT) '.[release]'
	mkdir -p build
	$(BIN)/cyclonedx-py environment --output-format JSON --output-file build/sbom.json $(BIN)/python

browser:
ifeq ($(BROWSER),)
	@$(call APT,chromium-headless-shell) || echo "Only the browser tests need it."
endif

clean: ## remove what setup and runs have made (never photos)
	rm -rf $(VENV) .venv-parity .venv-bench data/bench data/library data/postgres build .cache *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
