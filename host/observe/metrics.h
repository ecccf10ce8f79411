// SPDX-License-Identifier: Apache-2.0
//
// The worker's metrics, in Prometheus' terms. Every metric is declared once, in metrics.cc.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "host/observe/plugin_metrics.h"
#include "host/ports/telemetry.h"

namespace dsw {

/// Thread-safe.
class Metrics final : public Telemetry {
 public:
  /// `worker` is the value of the worker label.
  explicit Metrics(const std::string& worker);
  ~Metrics() override;

  void JobStarted() override;
  void JobEnded(DeliveryOutcome outcome, std::optional<Code> error, Duration duration,
                std::int64_t batches, std::int64_t chunks) override;
  void EmbedCall(std::string_view provider, std::optional<Code> error, Duration duration,
                 std::size_t chunks) override;
  void EmbedWait(std::string_view provider, WaitReason reason, Duration duration) override;
  void EmbedCircuit(std::string_view provider, bool open) override;
  void EmbedConcurrency(std::string_view provider, int limit) override;
  void UpsertCall(std::string_view sink, std::optional<Code> error, Duration duration,
                  std::size_t vectors) override;
  void ChunksFailed(std::size_t count) override;

  /// What became of the files in the plugin directories.
  void SetPlugins(std::size_t loaded, std::size_t refused);
  void SetReady(bool ready);
  /// Where Render() finds out about plugins' processes. To be called before anybody renders.
  void SetPluginProcesses(PluginProcessLook look) { plugin_processes_ = std::move(look); }

  /// All metrics, and the process's own, in Prometheus' text format.
  std::string Render() const;

 private:
  struct Families;
  const std::string worker_;
  const std::unique_ptr<Families> families_;
  PluginProcessLook plugin_processes_;
};

}  // namespace dsw
