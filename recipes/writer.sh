#!/usr/bin/env bash
# Make writer.pt, which writes every printable character of ASCII and has seen no ink but UNIPEN's and the built-in
# corpus: it learns to follow the text on the latter first, then from legible lines of both, and at last also from lines
# that it wrote itself and a reader reads right, and from long lines. Its card has the history of the bundled file.
# Usage: recipes/writer.sh train_r01_v07.tar.xz           (about six hours of one core)
source "$(dirname "$0")/common.sh"
prepare_unipen "$1"
legible unipen-texts --max-cer 0.12
legible unipen-words
legible unipen-characters

SMALL=(--set arch.args.hidden_size=256 --set arch.args.attention_heads=0)
train writer-built-in config_writer.json "${SMALL[@]}" --corpus synthetic --lr 4e-3 --epochs 2 \
  --set arch.args.dropout=0 --set data_loader.args.max_points=700
train writer config_writer.json "${SMALL[@]}" --lr 3e-3 --epochs 26 --init-from "$RUN"
export_weights writer.pt --bits 8
practice writer.pt unipen-texts-legible unipen-texts-legible-free-practice --lines 2400
train writer-practice recipes/writer-practice.json --init-from "$RUN"
export_weights writer.pt --bits 8
