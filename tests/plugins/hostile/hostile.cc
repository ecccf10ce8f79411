// SPDX-License-Identifier: Apache-2.0
//
// An embedder that breaks the contract of the ABI: when it is loaded, by compile definition; in its
// calls, by the model that it is configured with. HOSTILE_IN_CONSTRUCTOR="deed", …_ENTRY, …_INIT,
// …_SHUTDOWN and the models "create:deed", "describe:deed", "embed:deed", "destroy:deed" take any
// of deeds.h.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <dsw/plugin.h>

#include "deeds.h"

#ifndef HOSTILE_VERSION
#define HOSTILE_VERSION "1.0.0"
#endif
// What all of its vectors are filled with.
#ifndef HOSTILE_MARK
#define HOSTILE_MARK 1
#endif
#ifndef HOSTILE_TABLE_SIZE
#define HOSTILE_TABLE_SIZE sizeof(dsw_plugin)
#endif
#ifndef HOSTILE_TABLE
#define HOSTILE_TABLE &kPlugin
#endif
#ifndef HOSTILE_ENTRY
#define HOSTILE_ENTRY dsw_plugin_entry_v0
#endif

#ifdef HOSTILE_MISSES_SYMBOL
extern "C" void hostile_nobody_has_this();
#endif

namespace {

constexpr std::uint32_t kDimensions = 4;

struct Instance {
  std::string behaviour;
  const dsw_host* host;

  /// The deed of "step:deed".
  void DoAt(std::string_view step) const {
    const std::string_view all = behaviour;
    if (all.substr(0, step.size()) == step && all.substr(step.size(), 1) == ":") {
      hostile::Do(all.substr(step.size() + 1));
    }
  }
};

float* Allocate(const dsw_embed_out* out, std::size_t rows, std::uint32_t dimensions) {
  return out->alloc(out, static_cast<std::uint32_t>(rows), dimensions);
}

bool HasPoison(const dsw_embed_request& request) {
  for (std::size_t i = 0; i < request.text_count; ++i) {
    const std::string_view text(request.texts[i].ptr, request.texts[i].len);
    if (text.find("poison") != std::string_view::npos) return true;
  }
  return false;
}

/// Hands the host what lies nowhere.
void PassBadPointers(const Instance& instance, const dsw_call* call, const dsw_embed_out* out) {
  char* const nowhere = reinterpret_cast<char*>(std::uintptr_t{8});
  if (instance.behaviour == "bad_log") {
    const dsw_str message{nowhere, 100};
    instance.host->log(instance.host, call, DSW_LOG_ERROR, &message, nullptr, 0);
  }
  if (instance.behaviour == "bad_usage") {
    out->usage(out, reinterpret_cast<dsw_usage*>(nowhere));
  }
  if (instance.behaviour == "bad_item_error") {
    out->item_error(out, 0, reinterpret_cast<dsw_error*>(nowhere));
  }
}

/// What the process can reach, as text; empty for nothing.
std::string Reach(std::string_view behaviour) {
  std::string reached;
  const auto note = [&](int fd, const char* what) {
    if (fd >= 0) reached += std::string(what) + ' ';
  };
  if (behaviour != "reaches_out") return reached;
  note(socket(AF_INET, SOCK_STREAM, 0), "network");
  note(socket(AF_UNIX, SOCK_STREAM, 0), "sockets");
  note(open("/tmp/hostile-was-here", O_WRONLY | O_CREAT | O_CLOEXEC, 0600), "writing");
  note(open("/etc/passwd", O_RDONLY | O_CLOEXEC), "reading");
  const std::string parent = "/proc/" + std::to_string(getppid());
  note(open((parent + "/environ").c_str(), O_RDONLY | O_CLOEXEC), "environment");
  note(open((parent + "/mem").c_str(), O_RDWR | O_CLOEXEC), "memory");
  note(kill(getppid(), 0), "signals");
  note(fork(), "processes");
  char* const argv[] = {nullptr};
  note(execve("/bin/true", argv, argv), "programs");
  if (environ != nullptr && environ[0] != nullptr) reached += "variables ";
  return reached;
}

dsw_status Embed(void* instance, const dsw_call* call, const dsw_embed_request* request,
                 const dsw_embed_out* out, dsw_error* error) {
  const Instance& self = *static_cast<Instance*>(instance);
  const std::string_view behaviour = self.behaviour;
  const std::size_t rows = request->text_count;
  self.DoAt("embed");
  if (behaviour == "crashes_on_poison" && HasPoison(*request)) hostile::Do("crashes");
  PassBadPointers(self, call, out);
  const std::string reached = Reach(behaviour);
  if (!reached.empty()) {
    reached.copy(error->message, sizeof error->message - 1);
    error->category = DSW_E_INTERNAL;
    return DSW_E_INTERNAL;
  }
  if (behaviour == "talks") {
    constexpr std::string_view kLine = "to stdout\n";
    if (write(1, kLine.data(), kLine.size()) < 0) return DSW_E_INTERNAL;
    constexpr std::string_view kError = "to \x1b[31mstderr\n";
    if (write(2, kError.data(), kError.size()) < 0) return DSW_E_INTERNAL;
  }
  if (behaviour == "slow") usleep(20'000);
  if (behaviour == "throws") throw std::runtime_error("thrown across the boundary");
  if (behaviour == "throws_int") throw 42;
  if (behaviour == "no_alloc") return DSW_OK;
  if (behaviour == "unknown_status") return 77;
  if (behaviour == "lies_about_cancel") return DSW_E_CANCELLED;
  if (behaviour == "lies_about_category") {
    error->category = DSW_E_AUTH;
    return DSW_E_RATE_LIMITED;
  }
  if (behaviour == "hangs") {
    pollfd cancel{call->cancel_fd, POLLIN, 0};
    poll(&cancel, 1, -1);
    return call->cancelled(call) != 0 ? DSW_E_CANCELLED : DSW_E_INTERNAL;
  }
  if (behaviour == "wrong_rows")
    return Allocate(out, rows + 1, kDimensions) != nullptr ? DSW_OK : DSW_E_CONFLICT;
  if (behaviour == "wrong_dimensions") {
    return Allocate(out, rows, kDimensions + 1) != nullptr ? DSW_OK : DSW_E_CONFLICT;
  }
  if (behaviour == "alloc_twice") Allocate(out, rows, kDimensions);
  float* const matrix = Allocate(out, rows, kDimensions);
  if (matrix == nullptr) return DSW_E_CONFLICT;
  std::fill_n(matrix, rows * kDimensions, float{HOSTILE_MARK});
  if (behaviour == "overruns") std::memset(matrix, 1, std::size_t{512} << 20);
  if (behaviour == "nan") matrix[rows * kDimensions - 1] = std::nanf("");
  if (behaviour == "infinite") matrix[0] = HUGE_VALF;
  if (behaviour == "index_outside") out->item_truncated(out, static_cast<std::uint32_t>(rows));
  if (behaviour == "short_usage") {
    const dsw_usage usage{4, 0, 0, 0};
    out->usage(out, &usage);
  }
  return DSW_OK;
}

dsw_status Describe(void* instance, const dsw_call*, dsw_model_facts* facts, dsw_error*) {
  const Instance& self = *static_cast<Instance*>(instance);
  const std::string_view behaviour = self.behaviour;
  self.DoAt("describe");
  facts->dimensions = behaviour == "absurd_dimensions" ? 4000000000u : kDimensions;
  return DSW_OK;
}

dsw_status Create(void*, const dsw_instance_params* params, void** instance, dsw_error*) {
  const std::string_view config(params->config_json.ptr, params->config_json.len);
  constexpr std::string_view kModel = "\"model\":\"";
  const std::size_t start = config.find(kModel);
  std::string behaviour;
  if (start != std::string_view::npos) {
    const std::string_view rest = config.substr(start + kModel.size());
    behaviour = rest.substr(0, rest.find('"'));
  }
  if (behaviour == "throws_in_create") throw std::bad_alloc();
  if (behaviour == "null_instance") return DSW_OK;
  auto* const made = new Instance{behaviour, params->host};
  made->DoAt("create");
  *instance = made;
  return DSW_OK;
}

void Destroy(void* instance) {
  static_cast<Instance*>(instance)->DoAt("destroy");
  delete static_cast<Instance*>(instance);
}

#ifdef HOSTILE_FAILS_INIT
dsw_status Init(const dsw_host*, void**, dsw_error* error) {
  error->category = DSW_E_NOT_FOUND;
  std::string_view("libwanted.so is missing").copy(error->message, sizeof error->message - 1);
  return DSW_E_NOT_FOUND;
}
constexpr auto kInit = &Init;
#elif defined(HOSTILE_IN_INIT)
dsw_status Init(const dsw_host*, void**, dsw_error*) {
  hostile::Do(HOSTILE_IN_INIT);
  return DSW_OK;
}
constexpr auto kInit = &Init;
#else
constexpr auto kInit = decltype(dsw_plugin::init){nullptr};
#endif

#ifdef HOSTILE_IN_SHUTDOWN
void Shutdown(void*) {
  hostile::Do(HOSTILE_IN_SHUTDOWN);
}
constexpr auto kShutdown = &Shutdown;
#else
constexpr auto kShutdown = decltype(dsw_plugin::shutdown){nullptr};
#endif

constexpr dsw_embedder_ops kOps{sizeof(dsw_embedder_ops), 0, &Embed, &Describe, nullptr};
constexpr dsw_provider MakeProvider() {
  dsw_provider provider{};
  provider.struct_size = sizeof provider;
  provider.kind = DSW_KIND_EMBEDDER;
  provider.id = DSW_STR(HOSTILE_ID);
  provider.title = DSW_STR("Breaks the contract");
  provider.create = &Create;
  provider.destroy = &Destroy;
  provider.embedder = &kOps;
  return provider;
}
constexpr dsw_provider kProvider = MakeProvider();
constexpr const dsw_provider* kProviders[] = {&kProvider};
[[maybe_unused]] constexpr dsw_plugin kPlugin{HOSTILE_TABLE_SIZE,
                                              DSW_ABI_MINOR,
                                              0,
                                              0,
                                              DSW_STR("io.dsw." HOSTILE_NAME),
                                              DSW_STR(HOSTILE_VERSION),
                                              DSW_STR("Datasets worker"),
                                              DSW_STR("Apache-2.0"),
                                              kProviders,
                                              1,
                                              kInit,
                                              kShutdown};

#ifdef HOSTILE_IN_CONSTRUCTOR
[[gnu::constructor]] void Construct() {
  hostile::Do(HOSTILE_IN_CONSTRUCTOR);
}
#endif

}  // namespace

extern "C" DSW_EXPORT dsw_status HOSTILE_ENTRY(const dsw_host*, const dsw_plugin** out,
                                               dsw_error*) {
#ifdef HOSTILE_IN_ENTRY
  hostile::Do(HOSTILE_IN_ENTRY);
#endif
#ifdef HOSTILE_MISSES_SYMBOL
  hostile_nobody_has_this();
#endif
#ifdef HOSTILE_THROWS_IN_ENTRY
  throw std::logic_error("thrown at the door");
#endif
  *out = HOSTILE_TABLE;
  return DSW_OK;
}
