# SPDX-License-Identifier: Apache-2.0
"""Holds what the providers send, and what the doubles answer, against the services' own documents.

validate_exchanges.py SPECS_DIR TEST_PROGRAM DOUBLE_PROGRAM

Runs the test program with DSW_CAPTURE, which makes the doubles write down all exchanges, and asks
the double program for its canned answers.
"""

import collections
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import openapi

# API: file, what its paths leave out.
DOCUMENTS = {
    "openai": ("openai-embeddings.openapi.json", "/v1"),
    "cohere": ("cohere-openapi.yaml", ""),
    "jina": ("jina-search-foundation.openapi.json", ""),
    "voyage": ("voyage-embeddings.openapi.json", "/v1"),
    "tei": ("tei.openapi.json", ""),
    "ollama": ("ollama.openapi.yaml", ""),
}

CANNED_PATHS = {
    "openai": "/v1/embeddings",
    "cohere": "/v2/embed",
    "jina": "/v1/embeddings",
    "voyage": "/v1/embeddings",
    "tei": "/embed",
    "ollama": "/api/embed",
}

# Where a service is known to answer otherwise than its document says: API, statuses, and why. Their
# bodies are held against the schema named last, if any.
UNDOCUMENTED = [
    ("openai", range(400, 600), "only 429 is described; recorded errors all have this body",
     "ErrorResponse"),
    ("cohere", (402,), "in no response list, but in the documentation of errors", None),
    ("cohere", (502,), "from the proxy", None),
    ("jina", (405, 502), "from the proxy", None),
    ("tei", (401, 404, 405, 415, 502, 503), "from the framework or a proxy", None),
    ("ollama", range(400, 600), "only 200 is described", None),
]

# Bodies that are no JSON although the document says so, by API and status.
NOT_JSON = {
    ("tei", 413): "the framework's own text",
    ("tei", 422): "the framework's own text",
    ("openai", 502): "a page of the proxy",
    ("openai", 524): "a page of the proxy",
}


# Tests in which answers have a quirk, or a server is taken for another.
WRONG_ON_PURPOSE = [
    "*AnswersThat*",
    "*RefusesVectors*",
    "*RefusesTwo*",
    "*AfterABadAnswer*",
    "*IsCorrectedWhenAServerTurnsOutToBeAnother",
    "*IsTakenFromTheSettings",
]


def relax(documents):
    """What the documents do not say of bodies that are known from traffic or source code."""
    # "encoding_format": "base64" gives text; the documents describe lists of numbers alone.
    openai = documents["openai"].document["components"]["schemas"]["Embedding"]["properties"]
    openai["embedding"] = {"anyOf": [openai["embedding"], {"type": "string"}]}
    post = documents["voyage"].document["paths"]["/embeddings"]["post"]
    data = post["responses"]["200"]["content"]["application/json"]["schema"]["properties"]["data"]
    vector = data["items"]["properties"]
    vector["embedding"] = {"anyOf": [vector["embedding"], {"type": "string"}]}
    # On the OpenAI route the kind of an error is called "type", in the source and the examples.
    error = documents["tei"].document["components"]["schemas"]["OpenAICompatErrorResponse"]
    error["required"].remove("error_type")
    # Required, but no property and in none of the document's own examples, where it is in "meta".
    schemas = documents["cohere"].document["components"]["schemas"]
    schemas["EmbedByTypeResponse"]["required"].remove("api_version")


def undocumented(api, status):
    for name, statuses, reason, schema in UNDOCUMENTED:
        if name == api and status in statuses:
            return reason, schema
    return None


def response_problems(api, document, operation, status, text):
    try:
        schema = document.response_schema(operation, status)
    except KeyError:
        known = undocumented(api, status)
        if not known:
            return [f"response: the document has no status {status}"]
        schema = {"$ref": f"#/components/schemas/{known[1]}"} if known[1] else None
    if schema is None:
        return []
    try:
        body = json.loads(text)
    except ValueError as error:
        return [] if (api, status) in NOT_JSON else [f"response: not JSON: {error}"]
    return document.problems(schema, openapi.shortened(body), "response")


def exchanges(program, directory):
    capture = pathlib.Path(directory) / "exchanges.ndjson"
    subprocess.run(
        [program, "--gtest_brief=1", "--gtest_filter=-" + ":".join(WRONG_ON_PURPOSE)],
        env={**os.environ, "DSW_CAPTURE": str(capture)},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    with capture.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def canned(program):
    for api in DOCUMENTS:
        listed = subprocess.run([program, api, "--canned"], stdout=subprocess.PIPE, check=True)
        yield from map(json.loads, listed.stdout.splitlines())


def main(specs, test_program, double_program):
    documents = {
        api: openapi.Document(pathlib.Path(specs) / name, base)
        for api, (name, base) in DOCUMENTS.items()
    }
    relax(documents)
    problems = collections.Counter()
    counts = collections.Counter()
    with tempfile.TemporaryDirectory() as directory:
        for exchange in exchanges(test_program, directory):
            api, method, path = exchange["api"], exchange["method"], exchange["path"]
            if api not in documents:
                continue
            operation = documents[api].operation(method, path)
            if operation is None:
                # What the provider asks of a server before it knows which one it is.
                if method != "GET":
                    problems[f"{api}: the document has no {method} {path}"] += 1
                continue
            where = f"{api} {method} {path}: "
            # A body that was refused by its length was not read.
            read = int(exchange["headers"].get("content-length", 0)) == len(
                exchange["request"].encode()
            )
            if method == "POST" and read:
                counts[f"{api} requests"] += 1
                for problem in documents[api].request_problems(operation, exchange["request"]):
                    problems[where + problem] += 1
            if exchange["scripted"] or not exchange["response"]:
                continue
            counts[f"{api} responses"] += 1
            for problem in response_problems(
                api, documents[api], operation, exchange["status"], exchange["response"]
            ):
                problems[f"{where}{exchange['status']}: {problem}"] += 1
    for answer in canned(double_program):
        api = answer["api"]
        openai_route = answer["name"].endswith("_openai")
        path = "/v1/embeddings" if openai_route else CANNED_PATHS[api]
        operation = documents[api].operation("POST", path)
        counts[f"{api} canned answers"] += 1
        for problem in response_problems(
            api, documents[api], operation, answer["status"], answer["response"]
        ):
            problems[f"{api} {answer['name']}: {answer['status']}: {problem}"] += 1

    for name, count in sorted(counts.items()):
        print(f"{count:5} {name}")
    for problem, count in problems.items():
        print(f"{count:5} x {problem}")
    expected = {f"{api} {kind}" for api in DOCUMENTS for kind in ("requests", "responses")}
    missing = sorted(expected - set(counts))
    for name in missing:
        print(f"no {name} were seen")
    return 1 if problems or missing else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
