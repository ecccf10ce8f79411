// SPDX-License-Identifier: Apache-2.0
//
// dsw-plugin-runner: one plugin in a process of its own, for the worker that started it. Nobody
// else has a use for it; see host/isolation/wire.h.
//
//   dsw-plugin-runner WORKER_PID NAME VERSION OPTIONS MEMORY
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>

#include <sys/syscall.h>
#include <unistd.h>

#include "host/runner/calls.h"
#include "host/runner/connection.h"
#include "host/runner/plugin.h"
#include "host/runner/sandbox.h"
#include "host/runner/services.h"
#include "host/runner/table.h"

namespace dsw::runner {
namespace {

struct Arguments {
  int parent;
  std::string_view name;
  std::string_view version;
  std::string_view options;
  std::uint64_t memory;  ///< Bytes; 0 for no limit.

  bool Has(std::string_view option) const { return options.find(option) != std::string_view::npos; }
};

template <typename Results>
std::string TextOf(const Outcome& outcome, const Results& results) {
  std::string memory(wire::kLargestTable, '\0');
  wire::Writer writer(memory.data(), memory.size());
  Write(writer, outcome);
  if (outcome.ending == wire::Ending::kReturned && outcome.status == DSW_OK) results(writer);
  memory.resize(writer.size());
  return memory;
}
std::string TextOf(const Outcome& outcome) {
  return TextOf(outcome, [](wire::Writer&) {});
}

/// Does what the worker asks for until it is gone.
class Runner {
 public:
  explicit Runner(const Arguments& arguments)
      : arguments_(arguments),
        control_(wire::kControlFd),
        host_(MakeHost(control_, arguments.name, arguments.version, arguments.Has("http"))),
        calls_(host_) {}

  [[noreturn]] void Run() {
    wire::Datagram message;
    while (true) {
      control_.Next(message);
      Do(message);
    }
  }

 private:
  void Do(const wire::Datagram& message) {
    switch (static_cast<wire::Kind>(message.head.kind)) {
      case wire::Kind::kOpen:
        SetLogLevels(wire::Reader({message.content, message.inline_size}).U32());
        return control_.Reply(Open());
      case wire::Kind::kEntry:
        return control_.Reply(TextOf(plugin_.Enter(host_), [this](wire::Writer& writer) {
          WriteTable(writer, plugin_.table());
        }));
      case wire::Kind::kInit:
        return control_.Reply(TextOf(plugin_.Initialise(host_)));
      case wire::Kind::kAddSlot:
        AddSlot(message.fds);
        return control_.Reply({});
      case wire::Kind::kShutdown:
        return control_.Reply(TextOf(plugin_.ShutDown()));
      default:
        Leave();
    }
  }

  std::string Open() {
    const Grants grants{.files = arguments_.Has("files"), .net = arguments_.Has("net")};
    std::string failure = Confine(grants, arguments_.memory, arguments_.parent);
    if (failure.empty()) failure = plugin_.Open(wire::kPluginFd);
    return failure;
  }

  void AddSlot(const int (&fds)[wire::kMostFds]) {
    Slot* const slot = Slot::Open(fds);
    if (slot == nullptr) Leave();
    calls_.SetPlugin(plugin_.table(), plugin_.state());
    std::thread([this, slot] {
      slot->Serve([this](Slot& served, wire::Reader& call, wire::Writer& done) {
        calls_.Serve(served, call, done);
      });
    }).detach();
  }

  const Arguments arguments_;
  const ControlConnection control_;
  const dsw_host* const host_;
  Plugin plugin_;
  Calls calls_;
};

}  // namespace
}  // namespace dsw::runner

#ifdef __SANITIZE_ADDRESS__
/// The sandbox has nothing that a search for leaks needs: it would fail, and change the exit code.
extern "C" const char* __asan_default_options() {
  return "detect_leaks=0";
}
#endif

int main(int argc, char** argv) {
  if (argc != 6) {
    std::fputs("dsw-plugin-runner is started by worker-datasets, and by nobody else\n", stderr);
    return 2;
  }
  // Whatever the worker forgot to keep to itself.
  syscall(SYS_close_range, dsw::wire::kPluginFd + 1, ~0u, 0);
  std::setvbuf(stderr, nullptr, _IOLBF, BUFSIZ);
  static dsw::runner::Runner runner({.parent = std::atoi(argv[1]),
                                     .name = argv[2],
                                     .version = argv[3],
                                     .options = argv[4],
                                     .memory = std::strtoull(argv[5], nullptr, 10)});
  runner.Run();
}
