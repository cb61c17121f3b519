#!/usr/bin/env bash
# Make reader.pt, which reads whoever writes: UNIPEN's texts, lines composed of its words, and the built-in corpus.
# Usage: recipes/reader.sh train_r01_v07.tar.xz
source "$(dirname "$0")/common.sh"
prepare unipen "$1" unipen-texts --category 8 --quality OK GOOD '?'
prepare unipen "$1" unipen-words --category 6 7 --quality OK GOOD '?'
prepare unipen "$1" unipen-characters --category 1a 1b 1c 1d --quality OK GOOD '?'

train reader config_reader.json
export_weights reader.pt --bits 16
