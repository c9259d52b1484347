# SPDX-License-Identifier: Apache-2.0
# make demo   a whole spoken conversation; installs what it needs
# make demo-online  the same through the online engines, with simulated services
# make test   everything that must hold before a change lands; installs what it needs
# make coverage  the same, and which share of the lines no test runs
# make long     what takes long, or a quiet machine: every fault of every online service, the
#               demonstration through simulated services, a robot that hears itself; FAULTS=FOLDER
#               keeps what came of the faults, and writes docs/faults.md
# make campaign  a thousand interruptions, at every boundary of a turn; ROUNDS= and SEED= choose
# make lint   style, types and the import rule       make unit   the quick tests
# make config writes config/prot.yaml again          make clean  removes what was made here
#
# PYTHON=python3.12 names another interpreter.

PYTHON ?= python3
# A sourced ROS distribution brings rclpy, and the numpy its messages were compiled with; else the
# wheels bring it. The two do not mix, so each has a venv of its own.
ifdef ROS_DISTRO
VENV := .venv-$(ROS_DISTRO)
VENV_OPTIONS := --system-site-packages
EXTRAS := test
else
VENV := .venv
EXTRAS := ros,test
endif
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
TIME_LIMIT := 1200
# Tests mostly wait for somebody to finish speaking; two at a time take little more than half.
PYTEST := -m pytest
WORKERS := -n 2 --dist loadfile
# What waits for a busy machine in vain is tried once more, a little later, and named: a defect
# fails twice.
AGAIN := --reruns 1 --reruns-delay 5 -rsR
ROUNDS ?= 1000
SEED ?= 1
FAULTS ?=

export ROS_AUTOMATIC_DISCOVERY_RANGE := LOCALHOST

# Quiet when green: $(call quietly,name,command) shows what a command printed only if it fails.
quietly = @printf '%-12s' '$(1)'; if out=$$($(2) 2>&1); then echo ok; \
	else code=$$?; printf 'FAILED\n%s\n' "$$out"; exit $$code; fi
# The same for a tier of tests, but pytest's last line and the reasons of skips are shown, as pytest
# prints them: programs read them, too.
tier = @printf '%-12s' '$(1)'; \
	if out=$$($(BIN)/python $(PYTEST) $(WORKERS) $(AGAIN) test/$(1) 2>&1 </dev/null); \
	then echo ok; printf '%s\n' "$$out" | grep -E '^SKIPPED|^RERUN|(passed|skipped).* in ' ; \
	else code=$$?; printf 'FAILED\n%s\n' "$$out"; exit $$code; fi

.NOTPARALLEL:
.PHONY: test coverage long demo campaign lint unit config clean packages tiers

test: $(INSTALLED)
	@$(PYTHON) test/nothing_left.py -- \
		timeout --foreground $(TIME_LIMIT) $(MAKE) --no-print-directory tiers

tiers: lint
	$(call tier,unit)
	$(call tier,simulators)
	$(call tier,launch)
	$(call tier,node)
	$(call tier,system)

# Not part of the tests: to trace every line of every process takes half as long again.
coverage: $(INSTALLED)
	@rm -f .coverage .coverage.*
	@$(MAKE) --no-print-directory tiers PYTEST='-m coverage run -m pytest'
	@$(BIN)/python -m coverage combine -q
	@printf 'coverage    %s %% (of lines and branches)\n' "$$($(BIN)/python -m coverage report --format=total)"

campaign: $(INSTALLED)
	@$(BIN)/python test/campaign/interruptions.py --rounds $(ROUNDS) --seed $(SEED)

long: $(INSTALLED)
	@$(BIN)/python -m pytest -m campaign -v $(if $(FAULTS),--faults '$(FAULTS)') test

demo: $(INSTALLED)
	@$(BIN)/prot demo

demo-online: $(INSTALLED)
	@$(BIN)/prot demo --online

lint: $(INSTALLED)
	$(call quietly,style,$(BIN)/python -m ruff check -q . && $(BIN)/python -m ruff format -q --check .)
	$(call quietly,types,$(BIN)/python -m mypy prot_ros)
	$(call quietly,imports,$(BIN)/lint-imports)

unit: $(INSTALLED)
	@$(BIN)/python -m pytest test/unit

config: $(INSTALLED)
	@$(BIN)/python -m prot_ros.params_file > config/prot.yaml.new
	@mv config/prot.yaml.new config/prot.yaml

clean:
	rm -rf .venv .venv-* build dist *.egg-info .coverage .coverage.* .mypy_cache .ruff_cache \
		.import_linter_cache .hypothesis
	find prot_ros test -name __pycache__ -type d -prune -exec rm -rf {} +

packages:
	@scripts/system_packages.sh $(PYTHON)

$(INSTALLED): setup.py setup.cfg | packages
	@$(PYTHON) -m venv $(VENV_OPTIONS) $(VENV)
	$(call quietly,packages,$(BIN)/python -m pip install --disable-pip-version-check \
		-e '.[$(EXTRAS)]')
	@touch $@
