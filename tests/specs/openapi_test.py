# SPDX-License-Identifier: Apache-2.0
"""The checks themselves: what they find, and what they let pass."""

import json
import pathlib
import tempfile
import unittest

import openapi

PET = {
    "type": "object",
    "required": ["name"],
    "properties": {
        "name": {"type": "string"},
        "age": {"type": "integer", "minimum": 0, "exclusiveMinimum": True, "nullable": True},
        "kind": {"type": "string", "enum": ["cat", "dog"], "nullable": True},
    },
}


def document(version, schema=None):
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}}
    operation = {
        "requestBody": {"content": content},
        "responses": {"200": {"content": content}, "4XX": {"description": "refused"}},
    }
    return {
        "openapi": version,
        "paths": {"/pets": {"post": operation}},
        "components": {"schemas": {"Pet": schema or PET}},
    }


class OpenApiTest(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)

    def use(self, content):
        path = pathlib.Path(self.directory.name) / "document.json"
        path.write_text(json.dumps(content), encoding="utf-8")
        loaded = openapi.Document(path, "/v1")
        return loaded, loaded.operation("POST", "/v1/pets?x=1")

    def test_finds_what_a_request_must_not_be(self):
        loaded, operation = self.use(document("3.0.3"))
        for body, expected in [
            ({"name": "Mia"}, 0),
            ({"name": "Mia", "age": None, "kind": None}, 0),
            ({"name": "Mia", "kind": "dog", "age": 1}, 0),
            ({"name": "Mia", "age": 0}, 1),
            ({"name": "Mia", "kind": "cow"}, 1),
            ({"name": 1}, 1),
            ({}, 1),
            ({"name": "Mia", "colour": "red"}, 1),
        ]:
            self.assertEqual(len(loaded.request_problems(operation, json.dumps(body))), expected, body)
        self.assertEqual(len(loaded.request_problems(operation, "{")), 1)

    def test_takes_the_kind_that_a_member_names(self):
        kinds = {
            "oneOf": [{"$ref": "#/components/schemas/Cat"}, {"$ref": "#/components/schemas/Dog"}],
            "discriminator": {
                "propertyName": "kind",
                "mapping": {"cat": "#/components/schemas/Cat", "dog": "#/components/schemas/Dog"},
            },
        }
        content = document("3.1.0", kinds)
        for kind, member in (("Cat", "lives"), ("Dog", "tricks")):
            content["components"]["schemas"][kind] = {
                "type": "object",
                "properties": {"kind": {"const": kind.lower()}, member: {"type": "integer"}},
            }
        loaded, operation = self.use(content)
        self.assertEqual(loaded.request_problems(operation, '{"kind":"cat","lives":9}'), [])
        self.assertEqual(len(loaded.request_problems(operation, '{"kind":"cat","tricks":9}')), 1)

    def test_knows_statuses_by_number_and_by_class(self):
        loaded, operation = self.use(document("3.1.0"))
        self.assertIsNotNone(loaded.response_schema(operation, 200))
        self.assertIsNone(loaded.response_schema(operation, 404))
        with self.assertRaises(KeyError):
            loaded.response_schema(operation, 500)

    def test_shortens_lists_of_numbers_alone(self):
        self.assertEqual(
            openapi.shortened({"a": [0.5] * 100, "b": ["x"] * 100}),
            {"a": [0.5] * openapi.NUMBERS_LOOKED_AT, "b": ["x"] * 100},
        )


if __name__ == "__main__":
    unittest.main()
