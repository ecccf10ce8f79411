// SPDX-License-Identifier: Apache-2.0
//
// What the plugin does to the process that it is in, by name, wherever it is told to.
#pragma once

#include <climits>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string_view>
#include <thread>

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

namespace hostile {

constexpr std::size_t kPiece = std::size_t{16} << 20;
/// No test machine is to suffer from a limit that does not hold.
constexpr int kMostPieces = 128;

inline int Recurse(volatile int* depth) {
  volatile char frame[4096];
  frame[0] = static_cast<char>(*depth);
  if (*depth < 0) return 0;  // Never.
  return Recurse(depth) + frame[0];
}

[[noreturn]] inline void Hang() {
  while (true) pause();
}

inline void TakeMemory(bool shared) {
  for (int i = 0; i < kMostPieces; ++i) {
    void* piece = nullptr;
    if (shared) {
      piece = mmap(nullptr, kPiece, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
      if (piece == MAP_FAILED) throw std::bad_alloc();
    } else {
      piece = std::malloc(kPiece);
      if (piece == nullptr) throw std::bad_alloc();
    }
    std::memset(piece, 1, kPiece);
  }
  Hang();
}

inline void StartThreads() {
  for (int i = 0; i < 10'000; ++i) std::thread(&Hang).detach();  // Throws in the end.
}

inline void WriteToEverySocket() {
  for (int fd = 3; fd < 256; ++fd) send(fd, "nonsense", 8, MSG_NOSIGNAL);
}

/// Does not come back, or does so when the process goes on. Nothing for names that it does not
/// know.
inline void Do(std::string_view deed) {
  if (deed == "crashes") {
    signal(SIGSEGV, SIG_DFL);
    raise(SIGSEGV);
  }
  if (deed == "writes_to_null") *static_cast<volatile int*>(nullptr) = 1;
  if (deed == "overflows_the_stack") {
    volatile int depth = 0;
    Recurse(&depth);
  }
  if (deed == "aborts") std::abort();
  if (deed == "exits") _exit(3);
  if (deed == "exits_with_0") std::exit(0);
  if (deed == "kills_itself") kill(getpid(), SIGKILL);
  if (deed == "hangs") Hang();
  if (deed == "spins") {
    for (volatile bool on = true; on;) {
    }
  }
  if (deed == "takes_memory") TakeMemory(false);
  if (deed == "takes_shared_memory") TakeMemory(true);
  if (deed == "starts_threads") StartThreads();
  if (deed == "closes_everything") {
    for (int fd = 0; fd < 256; ++fd) close(fd);
  }
  if (deed == "writes_nonsense") WriteToEverySocket();
  if (deed == "floods_stderr") {
    constexpr std::string_view kLine = "noise\n";
    for (int i = 0; i < 100'000; ++i) {
      if (write(2, kLine.data(), kLine.size()) < 0) break;
    }
  }
  if (deed == "kills_the_worker" && kill(getppid(), SIGKILL) == 0) std::abort();
  if (deed == "forks" && fork() >= 0) std::abort();
  if (deed == "runs_programs") {
    char* const argv[] = {nullptr};
    if (execve("/bin/true", argv, argv) == 0) std::abort();
  }
}

}  // namespace hostile
