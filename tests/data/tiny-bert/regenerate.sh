#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# regenerate.sh MODELS: writes everything here and ../all-MiniLM-L6-v2 anew. MODELS is the folder that
# packaging/lib/fetch-model.sh filled. Needs Python with the packages of requirements.txt.
set -euo pipefail
models=$(cd "$1" && pwd)
cd "$(dirname "${BASH_SOURCE[0]}")"

python3 make_texts.py
python3 make_tiny_bert.py
for pooling in cls mean; do
  python3 make_golden.py cls/tokenizer.json $pooling/model.onnx $pooling 48 >$pooling/golden.json
done
minilm=$models/sentence-transformers/all-MiniLM-L6-v2
python3 make_golden.py "$minilm/tokenizer.json" "$minilm/model.onnx" mean 256 >../all-MiniLM-L6-v2/golden.json
