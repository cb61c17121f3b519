#!/usr/bin/env bash
# Make conditional.pt, which writes a given text.
# Usage: recipes/conditional.sh FOLDER_OF_IAM_ONDB        (about 6 and a half hours of one core)
# The bundled file had testset_t too in its last run, which not everybody has. Its schedules were shortened while it
# trained; its card has the history. Here every schedule is whole and as long as the run was.
source "$(dirname "$0")/common.sh"
prepare iam-ondb "$1" iam-ondb

REAL=(--corpus iam-ondb --set 'data_loader.args.train=["trainset","testset_f"]' --set 'data_loader.args.valid=["testset_v"]'
  --set 'data_loader.args.points_per_char=[9,45]' --set trainer.gradient_clip=2 --set arch.args.features=offsets)
RECURRENT=(--batch-size 32 --set trainer.ema_decay=0.998 --set arch.args.attention_heads=0)
ATTENDING=(--batch-size 64 --set trainer.ema_decay=0.995 --set trainer.points_at_once=null --lr 1.5e-3
  --set optimizer.args.weight_decay=0.3 --set arch.args.dropout=0.15)
AUGMENT='data_loader.args.augment={"scale":0.15,"shear":0.15,"rotate":1}'

# The window learns to follow the text on the built-in corpus first.
train conditional-1 config_conditional.json --set optimizer.type=Adam --lr 2e-3 --epochs 4 --batch-size 16 \
  --set data_loader.args.max_points=300 --set trainer.ema_decay=0.995 --set trainer.gradient_clip=2 \
  --set arch.args.features=offsets --set arch.args.attention_heads=0
train conditional-2 config_conditional.json --init-from "$RUN" "${REAL[@]}" "${RECURRENT[@]}" \
  --set optimizer.type=Adam --lr 2e-3 --epochs 5 --set arch.args.dropout=0.1
train conditional-3 config_conditional.json --init-from "$RUN" "${REAL[@]}" "${RECURRENT[@]}" \
  --epochs 5 --set arch.args.dropout=0.05
train conditional-4 config_conditional.json --init-from "$RUN" "${REAL[@]}" "${RECURRENT[@]}" \
  --epochs 4 --lr 1.2e-3 --set arch.args.dropout=0.2 --set "$AUGMENT"
train conditional-5 config_conditional.json --init-from "$RUN" "${REAL[@]}" "${ATTENDING[@]}" --epochs 7 --set "$AUGMENT"
train conditional-6 config_conditional.json --init-from "$RUN" "${REAL[@]}" "${ATTENDING[@]}" --batch-size 32 --epochs 2 \
  --set "$AUGMENT" --set arch.args.line_end=false
export_weights conditional.pt --bits 8
