#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""make_golden.py TOKENIZER-JSON MODEL-ONNX POOLING LIMIT > golden.json

What the reference makes of texts.json, each text by itself: token ids and whether there were more
of them than LIMIT (Python package `tokenizers`), and the vector of length 1 in units of 0.00001
(Python package `onnxruntime`).
"""
import json
import os
import sys

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

tokenizer_path, model_path, pooling, limit = sys.argv[1:]
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "texts.json"), encoding="utf-8") as f:
    texts = json.load(f)

tokenizer = Tokenizer.from_file(tokenizer_path)
tokenizer.no_padding()
tokenizer.no_truncation()
whole = [len(tokenizer.encode(text).ids) for text in texts]
tokenizer.enable_truncation(int(limit))
session = onnxruntime.InferenceSession(model_path, providers=["CPUExecutionProvider"])

rows = []
for text, length in zip(texts, whole):
    ids = tokenizer.encode(text).ids
    batch = np.array([ids], np.int64)
    feed = {"input_ids": batch, "attention_mask": np.ones_like(batch), "token_type_ids": np.zeros_like(batch)}
    (hidden,) = session.run(["last_hidden_state"], feed)
    vector = hidden[0, 0] if pooling == "cls" else hidden[0].astype(np.float64).mean(axis=0)
    vector = np.rint(vector / np.linalg.norm(vector) * 1e5).astype(int).tolist()
    rows.append({"tokens": ids, "truncated": length > int(limit), "vector": vector})

head = {"pooling": pooling, "max_length": int(limit), "dimensions": len(vector)}
print(json.dumps(head)[:-1] + ', "rows": [')
print(",\n".join(json.dumps(row, separators=(",", ":")) for row in rows))
print("]}")
