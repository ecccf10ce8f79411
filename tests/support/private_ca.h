// SPDX-License-Identifier: Apache-2.0
//
// A certificate authority of a test's own, and a server certificate for 127.0.0.1 and localhost.
#pragma once

#include <filesystem>

#include "tests/support/temp_dir.h"

namespace dsw {

/// Throws when OpenSSL fails. Immutable after construction; the files go with the object.
class PrivateCa {
 public:
  PrivateCa();

  std::filesystem::path ca_file() const { return directory_ / "ca.pem"; }
  std::filesystem::path certificate_file() const { return directory_ / "server.pem"; }
  std::filesystem::path key_file() const { return directory_ / "server.key"; }

 private:
  TempDir directory_;
};

}  // namespace dsw
