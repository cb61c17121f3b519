#!/usr/bin/env bash
# Make digits.pt, which writes digits, and digit_recognition.pt, which reads them.
# Usage: recipes/digits.sh t10k-images-idx3-ubyte.gz train_r01_v07.tar.xz     (about 30 minutes of one core)
# The labels of the images are next to them.
source "$(dirname "$0")/common.sh"
prepare mnist-images "$1" mnist-digits --split-by order
prepare unipen "$2" unipen-digits --category 1a

train digit_images config_digit_recognition.json --corpus mnist-digits --set trainer.monitor=off
train digit_recognition recipes/digit_recognition.json --init-from "$RUN"
export_weights digit_recognition.pt --bits 16

legible mnist-digits --reader "$OUT/digit_recognition.pt"
legible unipen-digits --reader "$OUT/digit_recognition.pt"
train digits recipes/digits.json
export_weights digits.pt --bits 16
