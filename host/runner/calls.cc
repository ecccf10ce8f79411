// SPDX-License-Identifier: Apache-2.0
#include "host/runner/calls.h"

#include "host/runner/embedder_calls.h"
#include "host/runner/outcome.h"
#include "host/runner/services.h"
#include "host/runner/sink_calls.h"

namespace dsw::runner {
namespace {

dsw_str StrOf(std::string_view text) {
  return {text.data(), text.size()};
}

}  // namespace

void Calls::Serve(Slot& slot, wire::Reader& call, wire::Writer& done) {
  SetLogLevels(call.U32());
  const auto op = static_cast<wire::Op>(call.U32());
  const dsw_call circumstances = ReadCall(slot, call);
  if (op == wire::Op::kCreate) return Create(call, done);
  if (op == wire::Op::kDestroy) return Destroy(call, done);
  const Instance instance = instances_.Find(call.U64());
  if (instance.handle == nullptr) {
    return Write(done, Failure(DSW_E_INTERNAL, "a call to an instance that does not exist"));
  }
  const Served served{slot, circumstances, instance};
  if (instance.provider->kind == DSW_KIND_EMBEDDER) {
    ServeEmbedder(served, op, call, done);
  } else {
    ServeSink(served, op, call, done);
  }
}

void Calls::Create(wire::Reader& call, wire::Writer& done) {
  Instance instance;
  instance.provider = table_->providers[call.U32()];
  const dsw_instance_params params{.struct_size = sizeof params,
                                   .flags = 0,
                                   .host = host_,
                                   .instance_id = StrOf(call.Text()),
                                   .config_json = StrOf(call.Text())};
  const Outcome outcome = Guarded([&](dsw_error* error) {
    const dsw_status status = instance.provider->create(state_, &params, &instance.handle, error);
    if (status == DSW_OK && instance.handle != nullptr) FindExtensions(instance);
    return status;
  });
  Write(done, outcome);
  const bool made = outcome.ending == wire::Ending::kReturned && outcome.status == DSW_OK &&
                    instance.handle != nullptr;
  done.U64(made ? instances_.Add(instance) : 0);
  done.U32(instance.extensions());
}

void Calls::Destroy(wire::Reader& call, wire::Writer& done) {
  const std::uint64_t number = call.U64();
  const Instance instance = instances_.Find(number);
  instances_.Remove(number);
  Write(done, Guarded([&](dsw_error*) {
          if (instance.handle != nullptr) instance.provider->destroy(instance.handle);
          return dsw_status{DSW_OK};
        }));
}

}  // namespace dsw::runner
