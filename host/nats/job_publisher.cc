// SPDX-License-Identifier: Apache-2.0
#include "host/nats/job_publisher.h"

#include <fmt/format.h>

#include "host/nats/errors.h"
#include "host/nats/message.h"

namespace dsw {

Result<PublishedJob> PublishJob(const NatsConnection& connection, const std::string& stream,
                                const std::string& json, const std::string& message_id,
                                const std::string& subject, const NatsHeaders& headers) {
  ASSIGN_OR_RETURN(const NatsMsgHandle message, MakeMessage(subject, json, headers));
  jsPubOptions options{};
  jsPubOptions_Init(&options);
  options.MsgId = message_id.c_str();
  options.ExpectStream = stream.c_str();
  JsPubAckHandle ack;
  jsErrCode code{};
  const natsStatus status =
      js_PublishMsg(Out(ack), connection.jetstream(), message.get(), &options, &code);
  if (status != NATS_OK) {
    return Fail(NatsError(status, fmt::format("publish a job to stream {}", stream), code));
  }
  return PublishedJob{
      .stream = ack->Stream, .sequence = ack->Sequence, .duplicate = ack->Duplicate};
}

}  // namespace dsw
