// SPDX-License-Identifier: Apache-2.0
//
// An embedder that breaks the contract of the ABI: when it is loaded, by compile definition; in its
// calls, by the model that it is configured with.
#include <cmath>
#include <cstddef>
#include <cstdint>
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

#ifndef HOSTILE_VERSION
#define HOSTILE_VERSION "1.0.0"
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

namespace {

constexpr std::uint32_t kDimensions = 4;

struct Instance {
  std::string behaviour;
};

float* Allocate(const dsw_embed_out* out, std::size_t rows, std::uint32_t dimensions) {
  return out->alloc(out, static_cast<std::uint32_t>(rows), dimensions);
}

/// Ends the process, or does not return, when told so.
void Misbehave(std::string_view behaviour, const dsw_embed_request& request) {
  bool poisoned = behaviour != "crashes_on_poison";
  for (std::size_t i = 0; i < request.text_count && !poisoned; ++i) {
    poisoned = std::string_view(request.texts[i].ptr, request.texts[i].len).find("poison") !=
               std::string_view::npos;
  }
  if (behaviour.substr(0, 7) == "crashes" && poisoned) raise(SIGSEGV);
  if (behaviour == "exits") _exit(3);
  if (behaviour == "deaf") {
    while (true) pause();
  }
  if (behaviour == "closes_everything") {
    for (int fd = 0; fd < 256; ++fd) close(fd);
  }
  if (behaviour == "scribbles") {
    // Whatever descriptor is a socket gets what nobody can read.
    for (int fd = 3; fd < 256; ++fd) send(fd, "nonsense", 8, MSG_NOSIGNAL);
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
  const std::string_view behaviour = static_cast<Instance*>(instance)->behaviour;
  const std::size_t rows = request->text_count;
  Misbehave(behaviour, *request);
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
  const std::string_view behaviour = static_cast<Instance*>(instance)->behaviour;
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
  if (behaviour != "null_instance") *instance = new Instance{behaviour};
  return DSW_OK;
}

void Destroy(void* instance) {
  delete static_cast<Instance*>(instance);
}

#ifdef HOSTILE_FAILS_INIT
dsw_status Init(const dsw_host*, void**, dsw_error* error) {
  error->category = DSW_E_NOT_FOUND;
  std::string_view("libwanted.so is missing").copy(error->message, sizeof error->message - 1);
  return DSW_E_NOT_FOUND;
}
constexpr auto kInit = &Init;
#elif defined(HOSTILE_CRASHES_IN_INIT)
dsw_status Init(const dsw_host*, void**, dsw_error*) {
  raise(SIGSEGV);
  return DSW_OK;
}
constexpr auto kInit = &Init;
#else
constexpr auto kInit = decltype(dsw_plugin::init){nullptr};
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
                                              nullptr};

#ifdef HOSTILE_HANGS_IN_CONSTRUCTOR
[[gnu::constructor]] void Hang() {
  while (true) pause();
}
#endif

}  // namespace

extern "C" DSW_EXPORT dsw_status HOSTILE_ENTRY(const dsw_host*, const dsw_plugin** out,
                                               dsw_error*) {
#ifdef HOSTILE_EXITS_IN_ENTRY
  _exit(0);
#endif
#ifdef HOSTILE_THROWS_IN_ENTRY
  throw std::logic_error("thrown at the door");
#endif
  *out = HOSTILE_TABLE;
  return DSW_OK;
}
