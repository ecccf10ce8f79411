// SPDX-License-Identifier: Apache-2.0
#include "host/nats/info.h"

#include "host/nats/errors.h"

namespace dsw {

Result<JsStreamInfoHandle> StreamInfo(const NatsConnection& connection, const std::string& stream,
                                      std::string_view doing) {
  JsStreamInfoHandle info;
  jsErrCode code{};
  const natsStatus status =
      js_GetStreamInfo(Out(info), connection.jetstream(), stream.c_str(), nullptr, &code);
  if (status != NATS_OK) return Fail(NatsError(status, doing, code));
  return info;
}

Result<JsConsumerInfoHandle> ConsumerInfo(const NatsConnection& connection,
                                          const std::string& stream, const std::string& consumer,
                                          std::string_view doing) {
  JsConsumerInfoHandle info;
  jsErrCode code{};
  const natsStatus status = js_GetConsumerInfo(Out(info), connection.jetstream(), stream.c_str(),
                                               consumer.c_str(), nullptr, &code);
  if (status != NATS_OK) return Fail(NatsError(status, doing, code));
  return info;
}

}  // namespace dsw
