#!/usr/bin/env bash
# Make english.npz, the character n-gram model that --lm english names.
# Usage: recipes/english.sh train_r01_v07.tar.xz           (minutes; python -m benchmarks.english_text -h names packages)
source "$(dirname "$0")/common.sh"
prepare unipen "$1" unipen-texts --category 8 --quality OK GOOD '?'
prepare unipen "$1" unipen-words --category 6 7 --quality OK GOOD '?'
TEXT=$DATA_DIR/english.txt
[ -e "$TEXT" ] || "$PYTHON" -m benchmarks.english_text "$TEXT" --permissive
mkdir -p "$OUT"
"$PYTHON" prepare_data.py language-model unipen-texts "$TEXT" --corpus unipen-words synthetic --unseen \
  --data-dir "$DATA_DIR" --order 6 --min-count 3 --out "$OUT/english.npz"
