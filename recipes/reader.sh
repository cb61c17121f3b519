#!/usr/bin/env bash
# Make reader.pt, which reads whoever writes: UNIPEN's texts, lines composed of its words, and the built-in corpus.
# Usage: recipes/reader.sh train_r01_v07.tar.xz
source "$(dirname "$0")/common.sh"
prepare_unipen "$1"

train reader config_reader.json
train reader-dense config_reader.json --init-from "$RUN" --lr 1e-3 --batch-size 48 --epochs 21 \
  --set data_loader.args.transform.resample_distance=0.2 --set data_loader.args.augment.scale=0.5 \
  --set data_loader.args.max_points=1900
export_weights reader.pt --bits 8
"$PYTHON" experiments.py -r "$OUT/reader.pt" calibrate "$OUT/reader.pt" --corpus unipen-texts --split valid \
  --spacings 1 0.8 0.5 --data-dir "$DATA_DIR" --out "$RUN/calibrate"
