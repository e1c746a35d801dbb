# Two commands on a fresh Debian or Ubuntu machine:
#   make demo [OUT=dir] [TEXT=...]   sets everything up and speaks one announcement from MQTT to ALSA
#   make test                        installs what the tests need and runs them
#   make deb [DEVICE=...]            builds a Debian package for this release
PYTHON ?= python3
VENV ?= .venv
OUT ?= out
BIN := $(VENV)/bin

DEMO_PACKAGES := libportaudio2 libasound2-plugins mosquitto mosquitto-clients
TEST_PACKAGES := $(DEMO_PACKAGES) pulseaudio pulseaudio-utils alsa-utils minisign age openssl strace systemd udev gcc libc6-dev

.PHONY: demo test deb lint clean

demo: $(VENV)/demo.stamp
	@./system_packages.sh $(DEMO_PACKAGES)
	$(BIN)/python -m edge_agent.demo --out "$(OUT)" $(if $(TEXT),--text "$$TEXT")

test: $(VENV)/test.stamp
	@./system_packages.sh $(TEST_PACKAGES)
	$(BIN)/python -m pytest -n 2 --dist loadfile

# For the release it runs on; DEVICE=orin-nano, orin-nx or agx-orin configures a Jetson as well, SPEAKER=usb, hdmi or i2s says what it
# speaks through, WHEEL=FILE puts in another build of ONNX Runtime (requirements/jetson.md).
deb: $(VENV)/demo.stamp
	@./system_packages.sh python3-venv
	$(BIN)/python debian/build.py --out "$(OUT)" $(if $(DEVICE),--device $(DEVICE)) $(if $(SPEAKER),--speaker $(SPEAKER)) $(if $(WHEEL),--wheel $(WHEEL))

lint: $(VENV)/test.stamp
	$(BIN)/ruff check .

clean:
	rm -rf $(VENV) out build *.egg-info

$(VENV)/bin/python:
	@./system_packages.sh $(shell $(PYTHON) -c 'import ensurepip' 2>/dev/null || echo python3-venv)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip

$(VENV)/demo.stamp: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet -e '.[demo]'
	@touch $@

# The oldest PyTorch that every supported Python has would do; a build without CUDA is enough and is taken where one is at hand.
$(VENV)/test.stamp: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet torch==2.13.0
	$(BIN)/python -m pip install --quiet -e '.[test,distill]'
	@touch $@

export TEXT
