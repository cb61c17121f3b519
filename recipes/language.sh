#!/usr/bin/env bash
# Make language.npz, the character n-gram model of the training transcriptions.
# Usage: recipes/language.sh FOLDER_OF_IAM_ONDB           (seconds)
source "$(dirname "$0")/common.sh"
prepare iam-ondb "$1" iam-ondb
mkdir -p "$OUT"
"$PYTHON" prepare_data.py language-model iam-ondb --data-dir "$DATA_DIR" --split trainset --out "$OUT/language.npz"
