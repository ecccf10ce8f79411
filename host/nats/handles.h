// SPDX-License-Identifier: Apache-2.0
//
// Owners for the objects of nats.c.
#pragma once

#include <memory>

#include <nats/nats.h>

namespace dsw {

template <auto Destroy>
struct NatsDeleter {
  template <typename T>
  void operator()(T* object) const {
    Destroy(object);
  }
};

using NatsOptionsHandle = std::unique_ptr<natsOptions, NatsDeleter<natsOptions_Destroy>>;
using NatsConnectionHandle = std::unique_ptr<natsConnection, NatsDeleter<natsConnection_Destroy>>;
using NatsSubscriptionHandle =
    std::unique_ptr<natsSubscription, NatsDeleter<natsSubscription_Destroy>>;
using NatsMsgHandle = std::unique_ptr<natsMsg, NatsDeleter<natsMsg_Destroy>>;
using JsContextHandle = std::unique_ptr<jsCtx, NatsDeleter<jsCtx_Destroy>>;
using JsStreamInfoHandle = std::unique_ptr<jsStreamInfo, NatsDeleter<jsStreamInfo_Destroy>>;
using JsConsumerInfoHandle = std::unique_ptr<jsConsumerInfo, NatsDeleter<jsConsumerInfo_Destroy>>;
using JsPubAckHandle = std::unique_ptr<jsPubAck, NatsDeleter<jsPubAck_Destroy>>;
using JsMetaDataHandle = std::unique_ptr<jsMsgMetaData, NatsDeleter<jsMsgMetaData_Destroy>>;

/// What a function of nats.c that returns an object by `T**` writes to, as Out(handle).
template <typename Handle>
class Out {
 public:
  explicit Out(Handle& handle) : handle_(handle) {}
  Out(const Out&) = delete;
  Out& operator=(const Out&) = delete;
  ~Out() {
    if (raw_ != nullptr) handle_.reset(raw_);
  }
  operator typename Handle::pointer *() { return &raw_; }

 private:
  Handle& handle_;
  typename Handle::pointer raw_ = nullptr;
};

}  // namespace dsw
