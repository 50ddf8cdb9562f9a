# Everything that one types in this repository. `make` alone shows the list.
SHELL := /bin/bash
.DEFAULT_GOAL := help
export CLOUDPOINT_STATE ?= $(CURDIR)/.state
export CLOUDPOINT_CACHE ?= $(HOME)/.cache/cloudpoint

python := .venv/bin/python
# Machines are namespaces, which root may make: the machine's own, that of a user namespace, or by sudo.
as_root := $(shell [ "$$(id -u)" = 0 ] || echo $(python) -m lab.privileges)
launcher := $(as_root) $(python) -m lab.launcher
lab := $(launcher) --cloud-kind openstack $(if $(MACHINES),--machines $(MACHINES))
ARGS ?=

.PHONY: help setup setup-checks locks generate check test faults faults-long faults-peers faults-real bench up down status \
	logs demo lab lab-down lab-status lab-logs lab-demo lab-test lab-clean clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## install what everything needs: Debian packages, environments, the machines' image; quick when it is all there
	@lab/launcher/setup.sh

setup-checks: ## install what `make check` and unit tests need: the same without the machines' image
	@lab/launcher/setup.sh --without-image

locks: setup-checks ## compile locks/<group>.txt from pyproject.toml (UPGRADE=1: take the newest versions)
	@PATH="$$PATH:$(CLOUDPOINT_CACHE)/uv/bin" $(python) locks/compile.py $(if $(UPGRADE),--upgrade)

generate: setup-checks ## write the committed OpenAPI documents and generated pages anew
	@$(python) -m tests.checks.generated --write

check: setup-checks ## lint, types, layering, rules of the house, generated documents, schema against migrations
	@$(python) -m tests.checks

test: setup ## run the whole test suite with servers of its own; says what it skipped and why (ARGS="-k name" for a part)
	@$(as_root) $(python) -m pytest -rfEs --numprocesses auto $(ARGS)

faults: setup-checks ## try every fault at every step of every saga (ARGS="'cluster.delete/*/kill'" for some; minutes)
	@$(python) -m tests.faults --report $(CLOUDPOINT_STATE)/faults.json $(ARGS)

faults-long: setup-checks ## kill workers at random while clusters are built and deleted, 10,000 times in all (an hour; interrupted, it goes on)
	@$(python) -m tests.faults.long $(ARGS)

faults-peers: ## try the same faults on a naive worker and on DBOS, and tell what they leave beside what ours does (ARGS="--only naive")
	@lab/launcher/setup.sh --without-image --with-peers
	@$(python) -m tests.faults.peers --report $(CLOUDPOINT_STATE)/faults-peers.json $(ARGS)

faults-real: setup ## on a platform with machines: nodes, BMCs, disks, clocks and services fail while clusters are built (ARGS="-k bmc" for a part)
	@$(as_root) $(python) -m tests.e2e.faults $(ARGS)

bench: setup ## run the benchmarks that this machine can run, tell their figures and what was skipped (ARGS="--list", ARGS="gateway --rounds 3")
	@$(as_root) $(python) -m tests.load $(ARGS)

up: setup ## start the platform and leave it running; prints addresses and log-ins
	@$(launcher) up $(ARGS)

down: ## stop all that `make up` started; data and clusters stay
	@$(launcher) down $(ARGS)

status: ## what runs, since when, and whether it is ready
	@$(launcher) status $(ARGS)

logs: ## follow the logs of all services (ARGS="cluster-work" for one)
	@$(launcher) logs $(ARGS)

demo: setup ## build a Slurm cluster, run MPI on it, take everything down again
	@$(launcher) demo $(ARGS)

lab: setup ## the platform on a real OpenStack (Keystone, Heat, Nova, Ironic, ...) and leave it running (MACHINES=8 for more)
	@$(lab) up $(ARGS)

lab-down: ## stop all that `make lab` started; data and clusters stay
	@$(lab) down $(ARGS)

lab-status: ## what of it runs, since when, and whether it is ready
	@$(lab) status $(ARGS)

lab-logs: ## follow the logs of its services (ARGS="cluster-work" for one)
	@$(lab) logs $(ARGS)

lab-demo: setup ## the journey of `make demo` on a real OpenStack of its own; everything is taken down again
	@$(lab) demo $(ARGS)

lab-test: setup ## on a lab of their own, the tests that need a real OpenStack: its faults, and what we rely on (ARGS="-k name" for a part)
	@$(as_root) env CLOUDPOINT_LIVE=$(CLOUDPOINT_STATE)/live CONTRACT_CLOUD=$(CLOUDPOINT_STATE)/live/openstack/cloud.json \
	  $(python) -m pytest -rfEs -n 0 tests/live tests/contract/openstack $(ARGS)

lab-clean: ## stop the lab and delete all that it made, caches apart
	@if [ -x $(python) ]; then $(lab) destroy; fi

clean: lab-clean ## stop the platform and delete its state, the environment and all caches of tools in this folder
	@if [ -x $(python) ]; then $(launcher) destroy; fi
	@rm -rf .venv .state .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -prune -exec rm -rf {} +
