# SPDX-License-Identifier: Apache-2.0
"""Checks HTTP exchanges against OpenAPI documents of versions 3.0 and 3.1."""

import json

import jsonschema
import yaml

METHODS = ("get", "post", "put", "patch", "delete")
# Elements of a list of numbers that are looked at in a response; all have the same schema.
NUMBERS_LOOKED_AT = 4


def load(path):
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".json":
        return json.loads(text)
    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def to_json_schema(node):
    """A copy of a 3.0 document in which schemas mean the same as JSON Schema 2020-12."""
    if isinstance(node, list):
        return [to_json_schema(element) for element in node]
    if not isinstance(node, dict):
        return node
    copy = {key: to_json_schema(value) for key, value in node.items()}
    if copy.pop("nullable", False) is True:
        if "enum" in copy and None not in copy["enum"]:
            copy["enum"] = copy["enum"] + [None]
        if isinstance(copy.get("type"), str):
            copy["type"] = [copy["type"], "null"]
        else:
            copy = {"anyOf": [copy, {"type": "null"}]}
    for bound in ("Minimum", "Maximum"):
        exclusive = copy.get("exclusive" + bound)
        if isinstance(exclusive, bool):
            del copy["exclusive" + bound]
            if exclusive:
                copy["exclusive" + bound] = copy.pop(bound.lower())
    return copy


def shortened(value):
    """A response without what makes checking slow: the tails of lists of numbers."""
    if isinstance(value, dict):
        return {key: shortened(element) for key, element in value.items()}
    if isinstance(value, list):
        if value and all(isinstance(element, (int, float)) for element in value):
            return value[:NUMBERS_LOOKED_AT]
        return [shortened(element) for element in value]
    return value


class Document:
    def __init__(self, path, base_path=""):
        document = load(path)
        if document["openapi"].startswith("3.0"):
            document = to_json_schema(document)
        self.document = document
        self.base_path = base_path

    def resolved(self, node):
        while isinstance(node, dict) and "$ref" in node:
            pointer = node["$ref"]
            node = self.document
            for part in pointer.removeprefix("#/").split("/"):
                node = node[part.replace("~1", "/").replace("~0", "~")]
        return node

    def operation(self, method, path):
        """None when the document does not have it."""
        path = path.split("?")[0].removeprefix(self.base_path)
        methods = self.document["paths"].get(path) or {}
        return methods.get(method.lower())

    def problems(self, schema, value, where):
        # The schema with the document round it, for its references.
        rooted = {"$defs": {}, **self.document, "allOf": [schema]}
        validator = jsonschema.Draft202012Validator(rooted)
        return [
            f"{where}{error.json_path[1:]}: {error.message[:300]}"
            for error in validator.iter_errors(value)
        ]

    def request_schema(self, operation, body):
        """That of the one kind of body where the document tells kinds apart by a member."""
        content = self.resolved(operation["requestBody"])["content"]
        schema = self.resolved(content["application/json"]["schema"])
        discriminator = schema.get("discriminator")
        if discriminator:
            kind = body.get(discriminator["propertyName"])
            reference = discriminator["mapping"].get(kind)
            if reference:
                return self.resolved({"$ref": reference})
        return schema

    def request_problems(self, operation, text):
        try:
            body = json.loads(text)
        except ValueError as error:
            return [f"request: not JSON: {error}"]
        schema = self.request_schema(operation, body)
        unknown = sorted(set(body) - set(schema.get("properties", body)))
        return [f"request: the document has no field {name}" for name in unknown] + self.problems(
            schema, body, "request"
        )

    def response_schema(self, operation, status):
        """None when the document does not describe the body; KeyError for an unknown status."""
        responses = operation["responses"]
        for key in (str(status), f"{status // 100}XX", "default"):
            if key in responses:
                content = self.resolved(responses[key]).get("content", {})
                return content.get("application/json", {}).get("schema")
        raise KeyError(status)
