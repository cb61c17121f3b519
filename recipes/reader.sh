#!/usr/bin/env bash
# Make reader.pt, which reads whoever writes: UNIPEN's texts, lines composed of its words, and the built-in corpus.
# Usage: recipes/reader.sh train_r01_v07.tar.xz
source "$(dirname "$0")/common.sh"
prepare_unipen "$1"

train reader config_reader.json
export_weights reader.pt --bits 8
