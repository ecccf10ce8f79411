// SPDX-License-Identifier: Apache-2.0
//
// Prints packaging/docker/worker.env.example. A test compares the two; after a change of settings:
//   build/dev/tests/packaging/dsw-environment-example >packaging/docker/worker.env.example
#include <iostream>

#include "host/config/describe.h"

int main() {
  std::cout
      << R"(# Settings of the composition beside this file, which reads them from `.env`. It sets DATABASE_URL,
# NATS_URL and QDRANT_URL by itself. A value with $, # or a blank stands between single quotes.

# Password of the database that is made, in letters and digits: openssl rand -hex 16
POSTGRES_PASSWORD=

)" << dsw::EnvironmentFile();
}
