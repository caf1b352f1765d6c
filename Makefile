PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

ENGINES := $(VENV)/.engines
SITE := $(VENV)/.site
PIP := $(BIN)/python -m pip install -q -c constraints.txt --no-compile
# pip compiles one file after another, this on all cores. Packages carry files that don't compile: pip ignores them, too.
COMPILE := $(BIN)/python -m compileall -qq -j 0 $(VENV)/lib || true
# Threads that wait for each other sleep: where sessions share few cores, they would else keep them busy by waiting.
TESTS := env -u PYTHONDONTWRITEBYTECODE OMP_WAIT_POLICY=passive $(BIN)/python -m pytest -q -n 2 --dist loadfile

.PHONY: smoke demo demo-gif setup check unit test test-all coverage nightly compiled lint docs dist results clean

smoke: $(INSTALLED)
	$(BIN)/pytest -m smoke --lab-require '*:cpu:smoke-en'

# What didn't pass is worth a look, too.
demo: $(INSTALLED)
	-$(BIN)/pytest -m smoke --lab-require '*:cpu:smoke-en'
	$(BIN)/modellab serve --open

# The animation in README.md, afresh: takes Chromium.
demo-gif: $(INSTALLED)
	$(PIP) playwright
	$(BIN)/python docs/demo_gif.py docs/demo.gif

# What a contributor needs: CONTRIBUTING.md.
setup: $(INSTALLED)

# What to run before a commit: all but the tests that start sessions, browsers or real models, or run cases.
check: lint unit

# The quick tests alone: on another Python, make unit PYTHON=python3.13 VENV=.venv-3.13
unit: $(INSTALLED)
	$(TESTS) -m 'not session and not runs and not slow and not nightly' tests

# What a change has to pass: all tests but those marked as nightly, each of which names the test that stands in for it here.
test: $(SITE)
	+$(MAKE) -j2 compiled lint
	+$(MAKE) docs
	$(TESTS) -rs --durations 25 -m 'not nightly' tests

# What a release has to pass, too.
test-all: test nightly coverage

# Longer sessions of real models, and many faults in place of a few.
nightly: compiled
	$(TESTS) -rs --durations 25 -m nightly tests

# What the tests of each room cover of its modules.
coverage: compiled
	rm -f .coverage .coverage.*
	$(BIN)/python benchmarks/room_coverage.py
	$(BIN)/coverage combine -q
	$(BIN)/coverage report

# Tests start sessions by the hundred, which would each compile the package anew where no bytecode is kept.
compiled: $(ENGINES)
	$(BIN)/python -m compileall -q pytest_modellab

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# The documentation as a site, in site/: a warning is an error, and no page fetches anything from elsewhere.
docs: $(SITE)
	$(BIN)/python -m sphinx -q -W --keep-going -E -d $(VENV)/.doctrees docs site
	$(BIN)/python docs/check_site.py site

# What is uploaded: built, checked, and the wheel installed where nothing else is.
dist: $(INSTALLED)
	$(PIP) --group release
	rm -rf dist $(VENV)/.wheel
	$(BIN)/python -m build --outdir dist .
	$(BIN)/twine check --strict dist/*
	$(PYTHON) -m venv $(VENV)/.wheel
	$(VENV)/.wheel/bin/python -m pip install -q -c constraints.txt dist/*.whl
	$(VENV)/.wheel/bin/modellab --version

# What has changed since it was last measured, of the whole release tier; then docs/results.md. On a quiet machine.
# In parts, which add up: make results CASES='--lab-dataset prompts-en'.
# A model beyond its limits is a result, too: 1 is pytest's word for failed tests, all else leaves the page alone.
results: $(ENGINES)
	$(BIN)/pytest -m real_e2e $(CASES) || [ $$? -eq 1 ]
	$(BIN)/modellab results save
	$(BIN)/modellab results -o docs/results.md
	$(BIN)/python docs/scoreboard.py

$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo 'Python 3.11 or newer is needed; try: make PYTHON=python3.12'; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q -c constraints.txt 'pip>=25.1'
	$(PIP) -e '.[faster-whisper,open-asr,translate,tts,websocket,served,serve,data,parquet,report]' --group dev
	$(COMPILE)
	@touch $@

$(SITE): $(INSTALLED)
	$(PIP) --group docs
	@touch $@

# Everything that an engine needs, 3.6 GB with torch: tests run them all, `make smoke` doesn't need them.
$(ENGINES): $(INSTALLED)
	$(PIP) \
		-e '.[faster-whisper,openai-whisper,transformers,llm,moonshine,pocketsphinx,vosk,whisper-cpp,sherpa-onnx,onnx-asr,open-asr,translate,turn,tts,espeak,piper,websocket,served,serve,data,parquet,lhotse,remote,ray,report]' \
		--group notebook --group shared-storage
	$(PIP) librosa pandas requests mel-cepstral-distance webrtcvad-wheels \
		meeteval pyannote-metrics \
		playwright axe-playwright-python mlflow-skinny sqlalchemy alembic
	@# Without what they depend on: torchaudio, of which they use nothing here, would bring a torch of its own.
	$(PIP) --no-deps distillmos xls-r-sqa speechmos resemblyzer
	$(COMPILE)
	@touch $@

clean:
	rm -rf $(VENV) site dist .coverage .coverage.* reports/runs reports/sessions reports/scorecard.json reports/scorecard.html
