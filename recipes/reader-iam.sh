#!/usr/bin/env bash
# Make reader-iam.pt, which reads many writers: recognition.pt, trained on with UNIPEN next to IAM-OnDB.
# Usage: recipes/reader-iam.sh FOLDER_OF_IAM_ONDB train_r01_v07.tar.xz    (an hour of one core with bfloat16)
# The bundled file had testset_t too, which not everybody has.
source "$(dirname "$0")/common.sh"
prepare iam-ondb "$1" iam-ondb
prepare_unipen "$2"

train reader-iam recipes/reader-iam.json --init-from "$OUT/recognition.pt"
export_weights reader-iam.pt --bits 16
