#!/usr/bin/env bash
# Batches, load and memory on a GPU, in at most ten minutes. Writes the tables to the folder given, or gpu-results.
#
#   pip install -e '.[faster-whisper-cuda,served,serve,data]' && benchmarks/gpu.sh
#   DEVICE=cpu UTTERANCES=20 benchmarks/gpu.sh    # the same, small, where there is none
set -euo pipefail
cd "$(dirname "$0")/.."
out=${1:-gpu-results}
device=${DEVICE:-cuda}
utterances=${UTTERANCES:-200}
model=faster-whisper-tiny.en
port=8000
mkdir -p "$out"

# Each step has its own limit; they add up to less than ten minutes, and what a step has measured is kept if it ends early.
timeout 30 modellab doctor >"$out/doctor.txt" || true
timeout 240 modellab sweep "$model" --data prompts-en --device "$device" --run --max-utterances "$utterances" \
    --format markdown -o "$out/batches.md" || echo 'the sweep of batches did not end well' >&2

modellab serve-models "$model" --device "$device" --port "$port" >"$out/server.txt" 2>&1 &
server=$!
trap 'kill "$server" 2>/dev/null || true' EXIT
for _ in $(seq 60); do
    grep -q 'Ctrl-C' "$out/server.txt" && break
    sleep 1
done
timeout 240 pytest -q -m real_e2e suites/test_60_load.py --lab-model served-tiny.en \
    --lab-dataset 'load-prompts-en+*' --lab-max-utterances "$utterances" >"$out/load.txt" || true
modellab load --slo load_p95_s=2,wer=0.15 --format markdown >"$out/load.md" || true
if command -v nvidia-smi >/dev/null; then
    nvidia-smi --query-compute-apps=pid,used_memory --format=csv >"$out/memory.csv"
fi
cat "$out/batches.md" "$out/load.md"
