#!/usr/bin/env bash
# Make embedding.pt, which tells handwriting apart: UNIPEN's texts by 270 writers.
# Usage: recipes/embedding.sh train_r01_v07.tar.xz        (about 5 minutes of one core)
source "$(dirname "$0")/common.sh"
prepare_unipen "$1"

train embedding config_embedding.json
export_weights embedding.pt --bits 8
