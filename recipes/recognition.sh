#!/usr/bin/env bash
# Make recognition.pt, which reads a line of ink.
# Usage: recipes/recognition.sh FOLDER_OF_IAM_ONDB        (about an hour of one core)
source "$(dirname "$0")/common.sh"
prepare iam-ondb "$1" iam-ondb

REAL=(--corpus iam-ondb --set 'data_loader.args.train=["trainset"]' --set 'data_loader.args.valid=["testset_v"]'
  --set 'data_loader.args.points_per_char=[4,25]' --set arch.args.ctc_weight=1.0)
train recognition-1 config_recognition.json "${REAL[@]}" --epochs 11
train recognition-2 config_recognition.json --init-from "$RUN" "${REAL[@]}" --epochs 17 --set arch.args.dropout=0.4 \
  --set 'data_loader.args.augment={"scale":0.3,"shear":0.4,"rotate":3,"jitter":0.2,"crop_words":[0.3,0.4]}' \
  --set lr_scheduler.args.warmup_epochs=0.3
export_weights recognition.pt --bits 16
