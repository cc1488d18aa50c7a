# make g2p: the demo; make test: all tests; both set up .venv first
PYTHON ?= python3
ENGINE ?= tensorflow
ADDRESS ?= 127.0.0.1:8000
VENV := .venv
INSTALL = $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --use-pep517
FAILED = echo "Could not install the packages into $(VENV): no network, or the disk is full? What is above says which; then run the same command again." >&2; exit 1

.PHONY: help venv venv-dev g2p speech translation translation-full librispeech-mini test quick check docs python-version compiler engine

help:
	@echo "make g2p       set up .venv, then train and score the letters-to-phones demo (ENGINE=torch: by PyTorch)"
	@echo "make speech    the same for phone recognition on recordings (Debian's festvox-ru, 179 MB)"
	@echo "make translation  the same for German to English on a dictionary (Debian's trans-de-en, 6 MB)"
	@echo "make librispeech-mini  all jobs of the LibriSpeech systems, on a miniature of the corpus (PyTorch)"
	@echo "make test      set up .venv, then run all tests"
	@echo "make quick     those of recipe and of imports in NumPy alone, without TensorFlow: a minute and a half"
	@echo "make check     ruff, import-linter, mypy, documentation"
	@echo "make docs      set up .venv for tests, then serve the documentation: http://127.0.0.1:8000 (ADDRESS=HOST:PORT)"
	@echo "make venv      set up .venv only (venv-dev: with what tests need, which is both engines)"
	@echo "               ENGINE=torch: with PyTorch in place of TensorFlow; where there is no GPU, PyTorch's own index"
	@echo "               of builds for CPUs (PIP_EXTRA_INDEX_URL) has one that is a tenth as large"

python-version:
	@$(PYTHON) -c 'import sys; version = sys.version_info[:3]; sys.exit(0 if (3, 10) <= version[:2] <= (3, 13) and version != (3, 13, 0) else "this needs Python 3.10 to 3.13, and not 3.13.0, whose pickle RETURNN cannot use; found " + sys.version.split()[0] + "; name another one: make PYTHON=python3.12 ...")'

compiler:
	@command -v g++ >/dev/null || { echo "g++ is missing: RETURNN compiles its native LSTM with it in the tests. Install it (Debian: apt install g++)." >&2; exit 1; }

engine:
	@case "$(ENGINE)" in tensorflow|torch) ;; *) echo "ENGINE is tensorflow or torch, not $(ENGINE)" >&2; exit 1 ;; esac

$(VENV)/.installed-tensorflow $(VENV)/.installed-torch: $(VENV)/.installed-%: pyproject.toml
	@$(MAKE) --no-print-directory python-version
	$(PYTHON) -m venv $(VENV)
	@$(INSTALL) ".[$*]" || { $(FAILED); }
	@touch $@

$(VENV)/.installed-dev: pyproject.toml
	@$(MAKE) --no-print-directory python-version
	$(PYTHON) -m venv $(VENV)
	@$(INSTALL) ".[dev,tensorflow,torch]" || { $(FAILED); }
	@touch $(VENV)/.installed-tensorflow $(VENV)/.installed-torch $@

venv: engine $(VENV)/.installed-$(ENGINE)

venv-dev: compiler $(VENV)/.installed-dev

g2p: venv
	@./sis manager 'configs/g2p.py(engine="$(ENGINE)")'

speech: venv compiler
	@./sis manager 'configs/speech_ru.py(engine="$(ENGINE)")'

translation: venv
	@./sis manager 'configs/translation.py(engine="$(ENGINE)")'

translation-full: venv
	@./sis manager 'configs/translation.full(engine="$(ENGINE)")'

librispeech-mini: $(VENV)/.installed-torch
	@./sis manager configs/librispeech.mini

test: venv-dev
	$(VENV)/bin/python -m pytest -n 3 --dist loadgroup --durations=40 tests

quick: $(VENV)/.installed-dev
	$(VENV)/bin/python -m pytest -n 2 --without-returnn tests/recipe tests/test_imports.py

docs: $(VENV)/.installed-dev
	@NO_MKDOCS_2_WARNING=1 $(VENV)/bin/mkdocs serve --dev-addr $(ADDRESS)

check: venv-dev
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	PYTHONPATH=. $(VENV)/bin/lint-imports
	$(VENV)/bin/mypy
	NO_MKDOCS_2_WARNING=1 $(VENV)/bin/mkdocs build --strict
