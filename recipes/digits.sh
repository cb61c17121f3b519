#!/usr/bin/env bash
# Make digits.pt, which writes digits, and digit_recognition.pt, which reads them.
# Usage: recipes/digits.sh t10k-images-idx3-ubyte.gz      (about 20 minutes of one core; the labels are next to the images)
source "$(dirname "$0")/common.sh"
prepare mnist-images "$1" mnist-digits --split-by order

train digits config_digits.json --corpus mnist-digits --epochs 45
export_weights digits.pt --bits 16
train digit_recognition config_digit_recognition.json --corpus mnist-digits --set trainer.monitor=off
export_weights digit_recognition.pt --bits 16
