// SPDX-License-Identifier: Apache-2.0
//
// dsw-double-qdrant: a Qdrant server for scripts. Prints its addresses as JSON once it listens, and
// what it has counted when SIGTERM or SIGINT ends it.
#include <csignal>
#include <exception>
#include <iostream>

#include <CLI/CLI.hpp>

#include "tests/doubles/qdrant/qdrant_double.h"

int main(int argc, char** argv) {
  dsw::doubles::QdrantOptions options;
  bool no_grpc = false;
  CLI::App app("Stands in for a Qdrant server.", "dsw-double-qdrant");
  app.add_option("--rest-port", options.rest_port, "default: any free one");
  app.add_option("--grpc-port", options.grpc_port, "default: any free one");
  app.add_flag("--no-grpc", no_grpc, "serve REST alone");
  app.add_flag("--fast", options.store.fast, "check the sizes of vectors and keep no points");
  app.add_option("--api-key", options.keys.api_key, "refuse requests without it");
  app.add_option("--strict-batch", options.store.strict_upsert_max_batchsize,
                 "points per request, as in strict mode");
  app.add_option("--write-rate", options.store.write_rate_per_minute, "points per minute");
  app.add_option("--capture", options.capture, "write exchanges over REST there, one a line");
  CLI11_PARSE(app, argc, argv);
  options.grpc = !no_grpc;

  // Blocked before threads start, so that all of them inherit it.
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);
  try {
    const dsw::doubles::QdrantDouble server(options);
    std::cout << R"({"rest_url":")" << server.rest_url() << R"(","grpc_url":")"
              << (options.grpc ? server.grpc_url() : "") << "\"}" << std::endl;
    int signal = 0;
    sigwait(&ends, &signal);
    std::cout << server.CountersJson() << std::endl;
  } catch (const std::exception& error) {
    std::cerr << "dsw-double-qdrant: " << error.what() << '\n';
    return 1;
  }
  return 0;
}
