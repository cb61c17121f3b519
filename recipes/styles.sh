#!/usr/bin/env bash
# Make styles.jsonl: lines by conditional.pt itself, legible and unlike each other.
# Usage: recipes/styles.sh                                (about 10 minutes of one core, from the weights in $OUT)
source "$(dirname "$0")/common.sh"
"$PYTHON" - "$OUT" "${SEEDS:-160}" "${COUNT:-12}" <<'SCRIPT'
import sys
from pathlib import Path

from data_loader.formats.jsonl import write_jsonl
from results import load
from results.writing.style_making import make_styles

folder, seeds, count = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
texts = ["The quick brown fox", "over the lazy dogs", "many a fine morning"]
writer, reader = load(folder / "conditional.pt"), load(folder / "recognition.pt")
write_jsonl(make_styles(writer, reader, range(seeds), texts, count=count), folder / "styles.jsonl")
SCRIPT
