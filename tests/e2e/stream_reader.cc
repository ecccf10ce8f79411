// SPDX-License-Identifier: Apache-2.0
#include "tests/e2e/stream_reader.h"

#include <algorithm>
#include <stdexcept>

#include <nats/nats.h>

#include "host/nats/handles.h"
#include "host/nats/message.h"

namespace dsw {
namespace {

void Check(natsStatus status, const std::string& what) {
  if (status != NATS_OK) throw std::runtime_error(what + ": " + natsStatus_GetText(status));
}

/// A connection and its JetStream context.
class Client {
 public:
  explicit Client(const std::string& url) {
    Check(natsConnection_ConnectTo(Out(connection_), url.c_str()), "connect to " + url);
    Check(natsConnection_JetStream(Out(context_), connection_.get(), nullptr), "JetStream");
  }
  jsCtx* context() { return context_.get(); }

 private:
  NatsConnectionHandle connection_;
  JsContextHandle context_;
};

/// Null when there is no such stream.
JsStreamInfoHandle Look(Client& client, const std::string& stream) {
  JsStreamInfoHandle found;
  const natsStatus status =
      js_GetStreamInfo(Out(found), client.context(), stream.c_str(), nullptr, nullptr);
  if (status == NATS_NOT_FOUND) return nullptr;
  Check(status, "look at stream " + stream);
  return found;
}

}  // namespace

std::vector<StreamMessage> ReadStream(const std::string& url, const std::string& stream,
                                      std::uint64_t from) {
  Client client(url);
  const JsStreamInfoHandle info = Look(client, stream);
  if (!info) return {};
  std::vector<StreamMessage> messages;
  for (std::uint64_t sequence = std::max(from, info->State.FirstSeq);
       sequence <= info->State.LastSeq; ++sequence) {
    NatsMsgHandle message;
    const natsStatus read =
        js_GetMsg(Out(message), client.context(), stream.c_str(), sequence, nullptr, nullptr);
    if (read == NATS_NOT_FOUND) continue;
    Check(read, "read stream " + stream);
    messages.push_back({.sequence = sequence,
                        .data = std::string(PayloadOf(message.get())),
                        .headers = HeadersOf(message.get())});
  }
  return messages;
}

std::int64_t CountMessages(const std::string& url, const std::string& stream) {
  Client client(url);
  const JsStreamInfoHandle info = Look(client, stream);
  return info ? static_cast<std::int64_t>(info->State.Msgs) : 0;
}

void PublishTo(const std::string& url, const std::string& subject, const std::string& data) {
  Client client(url);
  Check(js_Publish(nullptr, client.context(), subject.c_str(), data.data(),
                   static_cast<int>(data.size()), nullptr, nullptr),
        "publish to " + subject);
}

void MakeBoundedStream(const std::string& url, const std::string& stream,
                       const std::vector<std::string>& subjects, std::int64_t messages) {
  Client client(url);
  std::vector<const char*> names;
  for (const std::string& subject : subjects) names.push_back(subject.c_str());
  jsStreamConfig config;
  jsStreamConfig_Init(&config);
  config.Name = stream.c_str();
  config.Subjects = names.data();
  config.SubjectsLen = static_cast<int>(names.size());
  config.MaxMsgs = messages;
  config.Discard = js_DiscardNew;
  config.MaxAge = std::int64_t{30} * 24 * 3600 * 1'000'000'000;
  Check(js_AddStream(nullptr, client.context(), &config, nullptr, nullptr),
        "make stream " + stream);
}

void PurgeStream(const std::string& url, const std::string& stream) {
  Client client(url);
  Check(js_PurgeStream(client.context(), stream.c_str(), nullptr, nullptr), "purge " + stream);
}

}  // namespace dsw
