# A thin front for meson and ninja. `make help` lists what there is.
BUILD ?= build

.PHONY: all build
all: build

$(BUILD)/build.ninja:
	meson setup $(BUILD)

build: $(BUILD)/build.ninja
	ninja -C $(BUILD)
