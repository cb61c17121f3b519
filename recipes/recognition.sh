#!/usr/bin/env bash
# Make recognition.pt, which reads a line of ink: encoder and CTC head, then an attention decoder on them as they are.
# Usage: recipes/recognition.sh FOLDER_OF_IAM_ONDB        (four hours of one core)
source "$(dirname "$0")/common.sh"
prepare iam-ondb "$1" iam-ondb

REAL=(--corpus iam-ondb --set 'data_loader.args.train=["trainset"]' --set 'data_loader.args.valid=["testset_v"]'
  --set 'data_loader.args.points_per_char=[4,25]')
CTC=("${REAL[@]}" --set arch.args.ctc_weight=1.0)
train recognition-1 config_recognition.json "${CTC[@]}" --epochs 11
train recognition-2 config_recognition.json --init-from "$RUN" "${CTC[@]}" --epochs 17 --set arch.args.dropout=0.4 \
  --set 'data_loader.args.augment={"scale":0.3,"shear":0.4,"rotate":3,"jitter":0.2,"crop_words":[0.3,0.4]}' \
  --set lr_scheduler.args.warmup_epochs=0.3
train recognition-3 config_recognition.json --init-from "$RUN" "${CTC[@]}" --epochs 25 --set arch.args.dropout=0.35 \
  --set arch.args.middle_ctc=0.3 --set 'arch.args.hide_spans=[2,10]' \
  --set 'data_loader.args.augment={"crop_words":[0.3,0.3],"words":0.12,"marks":0.25,"lifts":0.02,"jitter":0.1,
    "bend":0.05,"smooth":1.0,"grid":0.04,"scale":0.35,"shear":0.4,"rotate":3}' \
  --set 'optimizer={"type":"Muon","args":{"lr":2e-3,"weight_decay":0.02}}' \
  --set lr_scheduler.args.warmup_epochs=0.2 --set trainer.gradient_clip=3.0

DECODER=("${REAL[@]}" --set 'trainer.train_only=["decoder"]' --set loss.args.attention_guide=1.0
  --set arch.args.scheduled_sampling=0.1 --set arch.args.dropout=0.25 --set data_loader.args.points_per_epoch=1000000
  --set 'data_loader.args.augment={"crop_words":[0.3,0.3],"words":0.12,"marks":0.25,"lifts":0.02,"jitter":0.1,
    "bend":0.05,"smooth":1.0,"grid":0.04,"scale":0.3,"shear":0.4,"rotate":3}')
train recognition-4 config_recognition.json --init-from "$RUN" "${DECODER[@]}" --epochs 24 --lr 5e-3 \
  --set arch.args.ctc_weight=0.3 --set lr_scheduler.args.warmup_epochs=0.3    # validated by the decoder
train recognition-5 config_recognition.json --init-from "$RUN" "${DECODER[@]}" --epochs 2 --lr 1e-3 \
  --set arch.args.ctc_weight=0.7 --set lr_scheduler.args.warmup_epochs=0.1 --set 'trainer.monitor="min val_loss"'
export_weights recognition.pt --bits 8
