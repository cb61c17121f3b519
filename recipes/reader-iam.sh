#!/usr/bin/env bash
# Make reader-iam.pt, which reads many writers: reader.pt, trained on with IAM-OnDB next to UNIPEN.
# Usage: recipes/reader-iam.sh FOLDER_OF_IAM_ONDB train_r01_v07.tar.xz    (an hour and a half of one core with bfloat16)
# The bundled file had testset_t too, which not everybody has.
source "$(dirname "$0")/common.sh"
prepare iam-ondb "$1" iam-ondb
prepare_unipen "$2"

train reader-iam recipes/reader-iam.json --init-from "$OUT/reader.pt"
export_weights reader-iam.pt --bits 8
"$PYTHON" experiments.py -r "$OUT/reader-iam.pt" calibrate "$OUT/reader-iam.pt" --corpus unipen-texts --split valid \
  --spacings 1 0.8 0.5 --data-dir "$DATA_DIR" --out "$RUN/calibrate"
