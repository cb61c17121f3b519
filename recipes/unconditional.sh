#!/usr/bin/env bash
# Make unconditional.pt, which writes freely.
# Usage: recipes/unconditional.sh FOLDER_OF_IAM_ONDB      (about 6 hours of one core)
# The bundled file had testset_t too in what is the last run here, which not everybody has, and was trained for a part of
# that run with a dropout that this project has not; its card has the history.
source "$(dirname "$0")/common.sh"
prepare iam-ondb "$1" iam-ondb

REAL=(--corpus iam-ondb --set 'data_loader.args.train=["trainset","testset_f"]' --set 'data_loader.args.valid=["testset_v"]'
  --set 'data_loader.args.points_per_char=[9,45]' --set trainer.gradient_clip=2)
train unconditional-1 config_unconditional.json "${REAL[@]}" --epochs 8 --batch-size 32 --set trainer.ema_decay=0.998 \
  --set arch.args.attention_heads=0 --set arch.args.dropout=0.05 \
  --set 'data_loader.args.augment={"scale":0.1,"shear":0.1,"rotate":1}'
train unconditional-2 config_unconditional.json --init-from "$RUN" "${REAL[@]}" --epochs 8 --batch-size 64 --lr 1.5e-3 \
  --set trainer.ema_decay=0.995 --set trainer.points_at_once=null --set optimizer.args.weight_decay=0.3 \
  --set arch.args.dropout=0.15 --set 'data_loader.args.augment={"scale":0.15,"shear":0.15,"rotate":1}'
train unconditional-3 config_unconditional.json --init-from "$RUN" "${REAL[@]}" --epochs 6 --batch-size 32 --lr 1e-3 \
  --set trainer.ema_decay=0.995 --set trainer.points_at_once=null --set optimizer.args.weight_decay=0.3 \
  --set arch.args.dropout=0.15 --set 'data_loader.args.augment={"scale":0.15,"shear":0.15,"rotate":1}'
export_weights unconditional.pt --bits 8
