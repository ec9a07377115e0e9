# A thin front for meson, ninja and the scripts in tools/: `make help` lists what there is.
# It may be called from anywhere (`make -C DIR`), as root or not; apt is asked only for what is
# missing. The path of the checkout must have no spaces (meson and make both trip over them).
BUILD ?= build
FUZZ_SECONDS ?= 60
DESTDIR ?=
PREFIX ?= /usr/local
MESON_OPTIONS ?=

.PHONY: all help deps deps-build build run test unit bench check format fuzz tidy install clean
all: build

help:
	@echo 'make build      compile into $(BUILD)/bin/'
	@echo 'make run        install what building needs, build, and show dolium at work (as root)'
	@echo 'make deps       install all that building and testing need (apt, Debian 12)'
	@echo 'make test       everything: unit tests, corpora, and dolium from outside (as root)'
	@echo 'make unit       the unit tests alone'
	@echo 'make check      what is cheap enough for every commit: format, layers, headers, unit tests'
	@echo 'make bench      measure dolium beside crun, runc, podman and docker (as root)'
	@echo 'make fuzz       each fuzz target for FUZZ_SECONDS ($(FUZZ_SECONDS))'
	@echo 'make format     clang-format over every C file'
	@echo 'make tidy       clang-tidy over everything (minutes)'
	@echo 'make install    DESTDIR=$(DESTDIR) PREFIX=$(PREFIX)'
	@echo 'make clean      remove $(BUILD)'

deps:
	@tools/deps build test callers

deps-build:
	@tools/deps build

$(BUILD)/build.ninja:
	@meson setup $(BUILD) --prefix $(PREFIX) $(MESON_OPTIONS)

build: $(BUILD)/build.ninja
	@ninja -C $(BUILD)

# Two makes, so that what the first installs is seen by the second.
run: deps-build
	@$(MAKE) --no-print-directory build
	@tools/demo $(BUILD)/bin/dolium

test: deps
	@$(MAKE) --no-print-directory build
	@tests/run -C $(BUILD)

unit: build
	@tests/run -C $(BUILD) unit

bench:
	@tools/deps build test bench
	@$(MAKE) --no-print-directory build
	@bench/run.sh $(abspath $(BUILD))/bin

check format: $(BUILD)/build.ninja
	@ninja -C $(BUILD) $@

tidy:
	@tools/tidy

fuzz:
	@tools/deps build test
	@tools/fuzz $(FUZZ_SECONDS)

install: build
	@$(if $(filter command,$(firstword $(origin PREFIX))),meson configure $(BUILD) --prefix $(PREFIX))
	@meson install -C $(BUILD) $(if $(DESTDIR),--destdir $(abspath $(DESTDIR)))

clean:
	@rm -rf $(BUILD)
