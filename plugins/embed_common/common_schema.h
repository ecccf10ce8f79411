// SPDX-License-Identifier: Apache-2.0
//
// The settings that all HTTP providers have, for their schemas: members of "properties", without a
// comma behind the last. CommonConfig is what they become.
#pragma once

#define DSW_COMMON_PROPERTIES                                                                    \
  R"("model": {"type": "string", "minLength": 1, "maxLength": 512,)"                             \
  R"( "description": "The model's name, as the service knows it."},)"                            \
  R"("base_url": {"type": "string", "minLength": 1, "maxLength": 2048,)"                         \
  R"( "description": "Address of the API; the endpoint's name is added where it is missing."},)" \
  R"("api_key": {"type": ["string", "null"], "maxLength": 4096,)"                                \
  R"( "description": "Sent as a bearer token."},)"                                               \
  R"("headers": {"type": "object", "additionalProperties": {"type": "string"},)"                 \
  R"( "description": "More headers for each request."},)"                                        \
  R"("dimensions": {"type": "integer", "minimum": 1, "maximum": 65536,)"                         \
  R"( "description": "Floats per vector, where the model lets one choose."},)"                   \
  R"("requests_per_minute": {"type": "integer", "minimum": 0, "maximum": 4294967295,)"           \
  R"( "description": "Pace; 0 for any number."},)"                                               \
  R"("inputs_per_minute": {"type": "integer", "minimum": 0, "maximum": 4294967295,)"             \
  R"( "description": "Pace in texts; 0 for any number."},)"                                      \
  R"("tokens_per_minute": {"type": "integer", "minimum": 0, "maximum": 1000000000000,)"          \
  R"( "description": "Pace in tokens; 0 for any number."},)"                                     \
  R"("max_concurrency": {"type": "integer", "minimum": 0, "maximum": 10000,)"                    \
  R"( "description": "Requests at a time; 0 for any number."},)"                                 \
  R"("max_batch": {"type": "integer", "minimum": 1, "maximum": 100000,)"                         \
  R"( "description": "Texts per request."},)"                                                    \
  R"("max_input_tokens": {"type": "integer", "minimum": 1, "maximum": 100000000,)"               \
  R"( "description": "Tokens of one text."},)"                                                   \
  R"("max_request_tokens": {"type": "integer", "minimum": 0, "maximum": 4294967295,)"            \
  R"( "description": "Tokens of all texts of a request; 0 for any number."})"
