// SPDX-License-Identifier: Apache-2.0
//
// Who opens a connection for HTTP/2 without TLS. libcurl would open one for each of the calls that
// begin at the same time, and must be told beforehand whether a call opens a connection.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace dsw {

class Transfer;

/// Belongs to one thread at a time.
class PriorKnowledge {
 public:
  enum class Role {
    kOpen,  ///< Open a connection; Opened() or Failed() has to follow.
    kUse,   ///< Take a connection that is open; if there is none, ask again with `fresh`.
    kWait,  ///< Opened() or Failed() will return it.
  };

  /// `fresh`: the connections that are open will not do.
  Role Enter(const std::string& origin, Transfer* transfer, bool fresh);
  /// `opener` has a connection. Returns who waited for it.
  std::vector<Transfer*> Opened(const std::string& origin, const Transfer* opener);
  /// `opener` ended without one. Returns who waited for it.
  std::vector<Transfer*> Failed(const std::string& origin, const Transfer* opener);
  /// Forgets a transfer that waits.
  void Leave(const std::string& origin, const Transfer* transfer);

 private:
  struct Origin {
    bool open = false;
    const Transfer* opener = nullptr;
    std::vector<Transfer*> waiting;
  };

  std::vector<Transfer*> Settle(const std::string& origin, const Transfer* opener, bool open);

  std::map<std::string, Origin> origins_;
};

}  // namespace dsw
