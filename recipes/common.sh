# Shared by the recipes: sourced, not run. Paths come from the environment, with the defaults of a plain clone.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
PYTHON=${PYTHON:-.venv/bin/python}
DATA_DIR=${DATA_DIR:-data}          # prepared corpora
SAVE_DIR=${SAVE_DIR:-saved}         # runs
OUT=${OUT:-saved/pretrained}        # the files that a recipe makes
MAX_CER=${MAX_CER:-}                # edits per character with which lines of a writer may be read, instead of a recipe's
SMALLER=${SMALLER:-}                # options of train.py that come after all others, e.g. "--epochs 1" for a dry run

prepare() {  # prepare FORMAT SOURCE NAME [option ...]: a corpus, unless it is there
  local format=$1 source=$2 name=$3
  shift 3
  if [ ! -e "$DATA_DIR/$name" ]; then
    "$PYTHON" prepare_data.py "$format" "$source" --name "$name" --data-dir "$DATA_DIR" "$@"
  fi
}

prepare_unipen() {  # prepare_unipen ARCHIVE: its texts, words and characters
  prepare unipen "$1" unipen-texts --category 8 --quality OK GOOD '?'
  prepare unipen "$1" unipen-words --category 6 7 --quality OK GOOD '?'
  prepare unipen "$1" unipen-characters --category 1a 1b 1c 1d --quality OK GOOD '?'
}

legible() {  # legible NAME [option ...]: the corpus NAME-legible, of what a reader does not read as another text, unless it is there
  local name=$1
  shift
  if [ ! -e "$DATA_DIR/$name-legible" ]; then
    "$PYTHON" prepare_data.py legible "$name" --data-dir "$DATA_DIR" "$@" ${MAX_CER:+--max-cer "$MAX_CER"}
  fi
}

practice() {  # practice WRITER NAME MADE [option ...]: the corpus MADE, which WRITER of $OUT wrote behind lines of NAME, unless it is there
  local writer=$1 name=$2 made=$3
  shift 3
  if [ ! -e "$DATA_DIR/$made" ]; then
    "$PYTHON" prepare_data.py practice "$name" --name "$made" --data-dir "$DATA_DIR" --writer "$OUT/$writer" "$@"
  fi
}

train() {  # train NAME CONFIG [option ...]: a new run of that name; its directory is in $RUN afterwards
  local name=$1 config=$2
  shift 2
  # shellcheck disable=SC2086
  "$PYTHON" train.py -c "$config" --set "name=$name" --set "trainer.save_dir=$SAVE_DIR" \
    --set "data_loader.args.data_dir=$DATA_DIR" "$@" $SMALLER
  RUN=$(ls -td "$SAVE_DIR/models/$name"/*/ | head -n 1)
}

export_weights() {  # export_weights FILE [option ...]: the weights of $RUN alone
  local file=$1
  shift
  mkdir -p "$OUT"
  "$PYTHON" experiments.py -r "$RUN" export "$OUT/$file" "$@"
}
