PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
STYLE ?= 8
TEXT ?= The pen writes what was never written.
# make does not expand a dollar sign of the text.
override TEXT := $(value TEXT)
export TEXT
export LETTER := Dear Anna, thank you for the lovely flowers! They stand on the kitchen table, next to the window, and every morning I look at them before I go out. Please write soon, and tell me about the new house. Love, Peter
READY := $(VENV)/.ready
# The demo begins with a bundled network's writing of TEXT, which is refused at once if it has characters unknown to it.
# The demo has few and coarse points, small layers and batches: many steps in little time. The second layer reads the
# window of the same point, the first that of the point before. Lines end by Graves's rule: their end takes longer to learn.
DEMO ?= --minutes 2.6 --corpus synthetic-plain --batch-size 8 --lr 4e-3 \
	--set data_loader.args.transform.normalise_baseline=true --set data_loader.args.transform.normalise_size=true \
	--set data_loader.args.transform.resample_pace=0.3 \
	--set arch.args.num_layers=2 --set arch.args.attention_heads=0 --set arch.args.hidden_size=96 \
	--set arch.args.num_mixtures=10 --set arch.args.num_window_components=4 --set arch.args.line_end=false \
	--set trainer.ema_decay=0.995 --set trainer.gradient_clip=2 --set trainer.show_epochs=0 --set trainer.monitor=off

.PHONY: help install demo write read studio test test-slow test-all bench lint format clean

help:  ## show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

$(READY): requirements.txt requirements-dev.txt
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed: make PYTHON=python3.11 ...") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@

install: $(READY)  ## make .venv with all packages; then run: source .venv/bin/activate
	@echo "now run: source .venv/bin/activate"

demo: $(READY)  ## train for less than three minutes on built-in ink, then write TEXT="..."
	$(PY) experiments.py write "$$TEXT" --bias 1 --out out/demo/bundled.svg
	$(PY) train.py -c config_conditional.json --set name=demo $(DEMO)
	$(PY) experiments.py -r saved/models/demo write "$$TEXT" --bias 1 --n 3 --animate --out out/demo
	@echo "Open out/demo/writing-1.png (writing-1.gif moves), and next to it out/demo/bundled.svg: the same by a bundled network."
	@echo "Next: make write TEXT=\"...\", or train longer: $(PY) train.py --resume saved/models/demo --minutes 10"

write: $(READY)  ## write TEXT="..." in the handwriting STYLE=1 to 12, to out/; more options as ARGS="--substitute"
	$(PY) experiments.py write "$$TEXT" --style $(STYLE) --bias 1 --best-of 4 $(ARGS)

read: $(READY)  ## read FILE=... with the bundled reader (default: a page that is written first); a picture in out/
	$(if $(FILE),,$(PY) experiments.py -r saved/pretrained/conditional.pt write "$$LETTER" --style 4 --bias 1 -o out/letter.svg)
	$(PY) experiments.py read "$(or $(FILE),out/letter.svg)" --draw --out out

studio: $(READY)  ## open the studio, a page in the browser that writes and reads
	$(PY) -m studio

test: $(READY)  ## run the fast tests
	$(PY) -m pytest -m "not slow"

test-slow: $(READY)  ## run the other tests: whole trainings; real data if DUCTUS_DATA names its folder
	$(PY) -m pytest -m slow

test-all: test test-slow  ## run all tests

bench: $(READY)  ## measure speed and memory against baselines, into docs/performance.md (over 11 minutes)
	$(PY) -m benchmarks

lint: $(READY)  ## run ruff and mypy
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy .

format: $(READY)  ## apply ruff's format and fixes
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix .

clean:  ## remove .venv, caches and what the demo made; your writings, runs and corpora stay
	rm -rf $(READY) $(VENV) out/demo saved/models/demo saved/log/demo .pytest_cache .mypy_cache .ruff_cache
