// SPDX-License-Identifier: Apache-2.0
#include "host/nats/message.h"

#include <cstdlib>

#include <fmt/format.h>

#include "host/nats/errors.h"

namespace dsw {

Result<NatsMsgHandle> MakeMessage(const std::string& subject, std::string_view payload,
                                  const NatsHeaders& headers) {
  NatsMsgHandle message;
  natsStatus status = natsMsg_Create(Out(message), subject.c_str(), nullptr, payload.data(),
                                     static_cast<int>(payload.size()));
  for (const auto& [name, value] : headers) {
    if (status == NATS_OK) status = natsMsgHeader_Add(message.get(), name.c_str(), value.c_str());
  }
  if (status != NATS_OK) {
    return Fail(NatsError(status, fmt::format("make a message for subject {}", subject)));
  }
  return message;
}

std::string_view PayloadOf(natsMsg* message) {
  return {natsMsg_GetData(message), static_cast<std::size_t>(natsMsg_GetDataLength(message))};
}

NatsHeaders HeadersOf(natsMsg* message) {
  NatsHeaders headers;
  const char** names = nullptr;
  int name_count = 0;
  if (natsMsgHeader_Keys(message, &names, &name_count) != NATS_OK) return headers;
  for (int i = 0; i < name_count; ++i) {
    const char** values = nullptr;
    int value_count = 0;
    if (natsMsgHeader_Values(message, names[i], &values, &value_count) != NATS_OK) continue;
    for (int j = 0; j < value_count; ++j) headers.emplace_back(names[i], values[j]);
    std::free(values);  // nats.c: the array is the caller's, its strings are the message's
  }
  std::free(names);
  return headers;
}

}  // namespace dsw
