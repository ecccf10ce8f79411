// SPDX-License-Identifier: Apache-2.0
#include "tests/fault/stream_reader.h"

#include <memory>
#include <stdexcept>

#include <nats/nats.h>

namespace dsw::fault_test {
namespace {

template <auto Destroy>
struct Destroyer {
  template <class T>
  void operator()(T* object) const {
    Destroy(object);
  }
};
template <class T, auto Destroy>
using Handle = std::unique_ptr<T, Destroyer<Destroy>>;
using MessageHandle = Handle<natsMsg, natsMsg_Destroy>;

void Check(natsStatus status, const std::string& what) {
  if (status != NATS_OK) throw std::runtime_error(what + ": " + natsStatus_GetText(status));
}

/// A connection and its JetStream context.
class Client {
 public:
  explicit Client(const std::string& url) {
    natsConnection* connection = nullptr;
    Check(natsConnection_ConnectTo(&connection, url.c_str()), "connect to " + url);
    connection_.reset(connection);
    jsCtx* context = nullptr;
    Check(natsConnection_JetStream(&context, connection, nullptr), "JetStream");
    context_.reset(context);
  }
  jsCtx* context() { return context_.get(); }

 private:
  Handle<natsConnection, natsConnection_Destroy> connection_;
  Handle<jsCtx, jsCtx_Destroy> context_;
};

std::map<std::string, std::string> Headers(natsMsg* message) {
  std::map<std::string, std::string> headers;
  const char** keys = nullptr;
  int count = 0;
  if (natsMsgHeader_Keys(message, &keys, &count) != NATS_OK) return headers;
  for (int i = 0; i < count; ++i) {
    const char* value = nullptr;
    natsMsgHeader_Get(message, keys[i], &value);
    headers[keys[i]] = value != nullptr ? value : "";
  }
  free(static_cast<void*>(keys));
  return headers;
}

using InfoHandle = Handle<jsStreamInfo, jsStreamInfo_Destroy>;

/// Null when there is no such stream.
InfoHandle Look(Client& client, const std::string& stream) {
  jsStreamInfo* found = nullptr;
  const natsStatus status =
      js_GetStreamInfo(&found, client.context(), stream.c_str(), nullptr, nullptr);
  if (status == NATS_NOT_FOUND) return nullptr;
  Check(status, "look at stream " + stream);
  return InfoHandle(found);
}

}  // namespace

std::vector<StreamMessage> ReadStream(const std::string& url, const std::string& stream,
                                      std::uint64_t from) {
  Client client(url);
  const InfoHandle info = Look(client, stream);
  if (!info) return {};
  std::vector<StreamMessage> messages;
  for (std::uint64_t sequence = std::max(from, info->State.FirstSeq);
       sequence <= info->State.LastSeq; ++sequence) {
    natsMsg* got = nullptr;
    const natsStatus read =
        js_GetMsg(&got, client.context(), stream.c_str(), sequence, nullptr, nullptr);
    if (read == NATS_NOT_FOUND) continue;
    Check(read, "read stream " + stream);
    const MessageHandle message(got);
    messages.push_back(
        {.sequence = sequence,
         .subject = natsMsg_GetSubject(got),
         .data = {natsMsg_GetData(got), static_cast<std::size_t>(natsMsg_GetDataLength(got))},
         .headers = Headers(got)});
  }
  return messages;
}

std::int64_t CountMessages(const std::string& url, const std::string& stream) {
  Client client(url);
  const InfoHandle info = Look(client, stream);
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

}  // namespace dsw::fault_test
