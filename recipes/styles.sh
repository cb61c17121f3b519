#!/usr/bin/env bash
# Make styles.jsonl: lines by a bundled writer itself, legible and unlike each other, in the units of IAM-OnDB; of
# writer.pt free-styles.jsonl.
# Usage: recipes/styles.sh [writer-iam.pt]            (about 2 minutes of one core, from the weights in $OUT)
# $SEEDS lines are written, the best $TRIED are tried as styles, and of the best $KEPT of these $COUNT are chosen.
source "$(dirname "$0")/common.sh"
"$PYTHON" - "$OUT" "${1:-writer-iam.pt}" "${SEEDS:-160}" "${TRIED:-64}" "${KEPT:-30}" "${COUNT:-12}" "${BIAS:-1.0}" <<'SCRIPT'
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from data_loader.formats.jsonl import write_jsonl
from ink.geometry import x_height
from results import load
from results.writing.style_making import make_styles

X_HEIGHT = 100  # of a usual line of IAM-OnDB; networks that normalise the size bring any to theirs
TEXTS = ["Pack 27 grey BOXES for Jim", "Room 409, over the NORTH Sea", "By 1836 Queen Zoe had FLUTES"]
TRIALS = ["over the lazy dogs", "14 March 2026", "KEEP LEFT at 38", "What? Never, Mr Quill!"]

folder, name, (seeds, tried, kept, count) = Path(sys.argv[1]), sys.argv[2], map(int, sys.argv[3:7])
writer, reader, embedder = (load(folder / file, "cpu") for file in (name, "reader.pt", "embedding.pt"))
options = {"bias": float(sys.argv[7]), "trials": TRIALS, "tried": tried, "kept": kept, "embedder": embedder}
styles = make_styles(writer, reader, range(seeds), TEXTS, count=count, **options)
in_units = [line.points * np.array([*2 * [X_HEIGHT / x_height(line.points)], 1]) for line in styles]
inks = [np.rint(points).astype(np.float32) for points in in_units]
kind, file = ("free", "free-styles.jsonl") if name == "writer.pt" else ("style", "styles.jsonl")
named = [replace(line, id=f"{kind}-{n}", points=ink) for n, (line, ink) in enumerate(zip(styles, inks), 1)]
write_jsonl(named, folder / file)
for line in named:
    print(line.id, line.text)
SCRIPT
