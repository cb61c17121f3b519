#!/usr/bin/env bash
# Make writer-iam.pt, which writes every printable character of ASCII: conditional.pt, trained on with UNIPEN's many
# writers and with numbers, dates and capitals composed of their ink, next to IAM-OnDB.
# It learns from legible lines alone, then also from lines that it wrote itself and a reader reads right.
# The bundled file had testset_t too, which not everybody has.
# Usage: recipes/writer-iam.sh FOLDER_OF_IAM_ONDB train_r01_v07.tar.xz    (about three hours of one core)
source "$(dirname "$0")/common.sh"
prepare iam-ondb "$1" iam-ondb
prepare_unipen "$2"
legible iam-ondb --splits trainset testset_f
legible unipen-texts --max-cer 0.12
legible unipen-words
legible unipen-characters

train writer-iam recipes/writer-iam.json --init-from "$OUT/conditional.pt"
export_weights writer-iam.pt --bits 8
practice writer-iam.pt iam-ondb-legible iam-ondb-legible-practice --splits trainset testset_f
practice writer-iam.pt unipen-texts-legible unipen-texts-legible-practice
train writer-iam-practice recipes/writer-iam-practice.json --init-from "$RUN"
"$PYTHON" experiments.py -r "$RUN" characters --n "${RATED:-12}" --style 8 --save-to "$RUN/rated.pt" --out "$RUN/characters"
RUN="$RUN/rated.pt"                 # it knows which characters are seldom read right
export_weights writer-iam.pt --bits 8
