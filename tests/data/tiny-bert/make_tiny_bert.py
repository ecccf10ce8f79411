#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the models cls/ and mean/: a BERT of two layers with random weights, fixed by a seed.

cls/ has CLS pooling and its tokenizer as tokenizer.json; mean/ has mean pooling and its tokenizer
as vocab.txt with tokenizer_config.json.
"""
import json
import os
import string

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

HERE = os.path.dirname(os.path.abspath(__file__))
HIDDEN, HEADS, INNER, LAYERS, POSITIONS, LIMIT = 32, 4, 64, 2, 64, 48

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
LETTERS = string.ascii_lowercase + string.digits + "αβγδεσςабвгдеж" + "ßøæłı"
SINGLES = string.punctuation + "“”’–—…¿«»。、中文日本語東京" + "€°±" + "한글" + "ᄒ"
WORDS = """the of and to in a is that for it as was with be by on not he his but at are this have
from or had an they which one you were all her she there would their we him been has when who will
no more if out so up said what its about than into them can only other time new some could these
two may first then do any like my now over such our man me even most made after also did many off
before must well back through years where much your way down should because long each just those
people how too little state good very make world still see own work men day get here old life both
between being under three never know same last another while us might great year""".split()
PIECES = ["##" + p for p in "s ed ing er est ly tion ment ness able less ful al ic ous ive".split()]


def vocabulary():
    tokens = SPECIAL + list(LETTERS) + ["##" + c for c in LETTERS] + list(SINGLES) + WORDS + PIECES
    return list(dict.fromkeys(tokens))


def tokenizer(vocab):
    ids = {token: i for i, token in enumerate(vocab)}
    result = Tokenizer(models.WordPiece(ids, unk_token="[UNK]", max_input_chars_per_word=100))
    result.normalizer = normalizers.BertNormalizer()
    result.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    result.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        special_tokens=[("[CLS]", ids["[CLS]"]), ("[SEP]", ids["[SEP]"])],
    )
    result.add_special_tokens(SPECIAL)
    return result


class Graph:
    """Nodes and weights under construction; every method returns the name of what it adds."""

    def __init__(self, seed):
        self.random = np.random.default_rng(seed)
        self.nodes, self.weights = [], []

    def weight(self, *shape, scale=0.3):
        return self.constant(self.random.normal(0, scale, shape).astype(np.float32))

    def constant(self, array):
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def node(self, kind, *inputs, **attributes):
        name = f"n{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return name

    def linear(self, x, rows, columns):
        product = self.node("MatMul", x, self.weight(rows, columns))
        return self.node("Add", product, self.weight(columns))

    def norm(self, x):
        ones = self.constant(np.ones(HIDDEN, np.float32))
        return self.node("LayerNormalization", x, ones, self.weight(HIDDEN), axis=-1)

    def heads(self, x, order):
        shape = self.constant(np.array([0, 0, HEADS, HIDDEN // HEADS], np.int64))
        return self.node("Transpose", self.node("Reshape", x, shape), perm=order)

    def attention(self, x, bias):
        query, key, value = (self.linear(x, HIDDEN, HIDDEN) for _ in range(3))
        scores = self.node("MatMul", self.heads(query, [0, 2, 1, 3]), self.heads(key, [0, 2, 3, 1]))
        scale = self.constant(np.float32((HIDDEN // HEADS) ** -0.5))
        scores = self.node("Add", self.node("Mul", scores, scale), bias)
        mixed = self.node("MatMul", self.node("Softmax", scores, axis=-1), self.heads(value, [0, 2, 1, 3]))
        flat = self.constant(np.array([0, 0, HIDDEN], np.int64))
        joined = self.node("Reshape", self.node("Transpose", mixed, perm=[0, 2, 1, 3]), flat)
        return self.linear(joined, HIDDEN, HIDDEN)


def model(vocabulary_size):
    g = Graph(seed=20240229)
    length = g.node("Gather", g.node("Shape", "input_ids"), g.constant(np.int64(1)))
    positions = g.node("Range", g.constant(np.int64(0)), length, g.constant(np.int64(1)))
    words = g.node("Gather", g.weight(vocabulary_size, HIDDEN, scale=1), "input_ids")
    types = g.node("Gather", g.weight(2, HIDDEN), "token_type_ids")
    places = g.node("Gather", g.weight(POSITIONS, HIDDEN), positions)
    x = g.norm(g.node("Add", g.node("Add", words, types), places))

    mask = g.node("Cast", "attention_mask", to=TensorProto.FLOAT)
    missing = g.node("Sub", g.constant(np.float32(1)), mask)
    bias = g.node("Mul", missing, g.constant(np.float32(-1e9)))
    bias = g.node("Unsqueeze", bias, g.constant(np.array([1, 2], np.int64)))
    for _ in range(LAYERS):
        x = g.norm(g.node("Add", x, g.attention(x, bias)))
        inner = g.linear(x, HIDDEN, INNER)
        half = g.node("Mul", inner, g.constant(np.float32(0.5)))
        erf = g.node("Erf", g.node("Mul", inner, g.constant(np.float32(2 ** -0.5))))
        gelu = g.node("Mul", half, g.node("Add", erf, g.constant(np.float32(1))))
        x = g.norm(g.node("Add", x, g.linear(gelu, INNER, HIDDEN)))
    g.nodes.append(helper.make_node("Identity", [x], ["last_hidden_state"]))

    ids = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "sequence"])
        for name in ("input_ids", "attention_mask", "token_type_ids")
    ]
    out = helper.make_tensor_value_info(
        "last_hidden_state", TensorProto.FLOAT, ["batch", "sequence", HIDDEN]
    )
    graph = helper.make_graph(g.nodes, "tiny-bert", ids, [out], g.weights)
    result = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(result, full_check=True)
    return result


def write_json(path, value):
    with open(path, "w", encoding="utf-8") as f:
        json.dump(value, f, indent=1)
        f.write("\n")


def main():
    vocab = vocabulary()
    for pooling in ("cls", "mean"):
        folder = os.path.join(HERE, pooling)
        os.makedirs(os.path.join(folder, "1_Pooling"), exist_ok=True)
        onnx.save(model(len(vocab)), os.path.join(folder, "model.onnx"))
        write_json(
            os.path.join(folder, "config.json"),
            {"hidden_size": HIDDEN, "num_hidden_layers": LAYERS, "max_position_embeddings": POSITIONS},
        )
        write_json(os.path.join(folder, "sentence_bert_config.json"), {"max_seq_length": LIMIT})
        write_json(
            os.path.join(folder, "1_Pooling", "config.json"),
            {
                "word_embedding_dimension": HIDDEN,
                "pooling_mode_cls_token": pooling == "cls",
                "pooling_mode_mean_tokens": pooling == "mean",
            },
        )
    tokenizer(vocab).save(os.path.join(HERE, "cls", "tokenizer.json"), pretty=False)
    with open(os.path.join(HERE, "mean", "vocab.txt"), "w", encoding="utf-8") as f:
        f.write("".join(token + "\n" for token in vocab))
    write_json(os.path.join(HERE, "mean", "tokenizer_config.json"), {"do_lower_case": True})


main()
