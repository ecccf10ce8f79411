// SPDX-License-Identifier: Apache-2.0
// All calls of ONNX Runtime that concern one model.
#include "plugins/embed_fastembed/bert_session.h"

#include <algorithm>

namespace dsw::fastembed {
namespace {

template <class T>
OrtHandle<T> Own(T* object, void(ORT_API_CALL* release)(T*)) {
  return OrtHandle<T>(object, release);
}

struct Shape {
  ONNXTensorElementDataType type = ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED;
  std::vector<std::int64_t> dimensions;  // -1 where it varies
};

Shape ShapeOf(const OrtLibrary& library, const OrtTensorTypeAndShapeInfo* info) {
  const OrtApi& api = library.api();
  const auto check = [&](OrtStatus* status) {
    library.Check(status, DSW_E_INTERNAL, "tensor shape");
  };
  Shape shape;
  std::size_t count = 0;
  check(api.GetTensorElementType(info, &shape.type));
  check(api.GetDimensionsCount(info, &count));
  shape.dimensions.resize(count);
  check(api.GetDimensions(info, shape.dimensions.data(), count));
  return shape;
}

Shape ShapeOf(const OrtLibrary& library, OrtTypeInfo* type) {
  const OrtApi& api = library.api();
  const auto owned = Own(type, api.ReleaseTypeInfo);
  const OrtTensorTypeAndShapeInfo* info = nullptr;  // belongs to `type`
  library.Check(api.CastTypeInfoToTensorInfo(type, &info), DSW_E_INTERNAL, "tensor type");
  return info == nullptr ? Shape() : ShapeOf(library, info);
}

using NameFunction = OrtStatus*(ORT_API_CALL*)(const OrtSession*, std::size_t, OrtAllocator*,
                                               char**);

std::string NameOf(const OrtLibrary& library, const OrtSession* session, NameFunction function,
                   std::size_t index) {
  const OrtApi& api = library.api();
  OrtAllocator* allocator = nullptr;  // the library's own
  char* name = nullptr;
  library.Check(api.GetAllocatorWithDefaultOptions(&allocator), DSW_E_INTERNAL, "allocator");
  library.Check(function(session, index, allocator, &name), DSW_E_INTERNAL, "tensor name");
  const std::string copy = name;
  allocator->Free(allocator, name);
  return copy;
}

}  // namespace

BertSession::BertSession(const OrtLibrary& library, const std::filesystem::path& model)
    : library_(library), path_(model.string()) {
  const OrtApi& api = library_.api();
  const auto check = [&](OrtStatus* status) {
    library_.Check(status, DSW_E_INVALID_CONFIG,
                   path_ + ": ONNX Runtime " + library_.version() + " cannot load it");
  };
  OrtMemoryInfo* memory = nullptr;
  check(api.CreateCpuMemoryInfo(OrtArenaAllocator, OrtMemTypeDefault, &memory));
  memory_ = Own(memory, api.ReleaseMemoryInfo);

  OrtSessionOptions* raw_options = nullptr;
  check(api.CreateSessionOptions(&raw_options));
  const auto options = Own(raw_options, api.ReleaseSessionOptions);
  // Callers bring the threads: texts are independent, so whole texts in parallel beat parts of one.
  check(api.SetIntraOpNumThreads(raw_options, 1));
  // A pattern is kept for each shape of input ever seen, and there are thousands here.
  check(api.DisableMemPattern(raw_options));
  OrtSession* session = nullptr;
  try {
    check(api.CreateSession(library_.env(), path_.c_str(), raw_options, &session));
  } catch (Failure& failure) {
    failure.Local();  // A damaged file, or one for a later ONNX Runtime.
    throw;
  }
  session_ = Own(session, api.ReleaseSession);

  ReadInputs();
  ReadOutputs();
}

void BertSession::Unsuitable(const std::string& what) const {
  throw Failure(DSW_E_INVALID_CONFIG,
                path_ + ": " + what +
                    "; this provider runs BERT-shaped models, from token ids to "
                    "float vectors");
}

void BertSession::ReadInputs() {
  const OrtApi& api = library_.api();
  std::size_t count = 0;
  library_.Check(api.SessionGetInputCount(session_.get(), &count), DSW_E_INTERNAL, path_);
  for (std::size_t i = 0; i < count; ++i) {
    const std::string name = NameOf(library_, session_.get(), api.SessionGetInputName, i);
    OrtTypeInfo* type = nullptr;
    library_.Check(api.SessionGetInputTypeInfo(session_.get(), i, &type), DSW_E_INTERNAL, path_);
    const Shape shape = ShapeOf(library_, type);
    if (name != "input_ids" && name != "attention_mask" && name != "token_type_ids") {
      Unsuitable("it has an input " + name);
    }
    if (shape.type != ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64) {
      Unsuitable("its input " + name + " is not int64");
    }
    inputs_.push_back(name);
  }
  if (std::find(inputs_.begin(), inputs_.end(), "input_ids") == inputs_.end()) {
    Unsuitable("it has no input input_ids");
  }
}

void BertSession::ReadOutputs() {
  const OrtApi& api = library_.api();
  std::size_t count = 0;
  library_.Check(api.SessionGetOutputCount(session_.get(), &count), DSW_E_INTERNAL, path_);
  // The best is last_hidden_state, then any vectors of tokens, then vectors of texts.
  int best = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string name = NameOf(library_, session_.get(), api.SessionGetOutputName, i);
    OrtTypeInfo* type = nullptr;
    library_.Check(api.SessionGetOutputTypeInfo(session_.get(), i, &type), DSW_E_INTERNAL, path_);
    const Shape shape = ShapeOf(library_, type);
    const std::size_t rank = shape.dimensions.size();
    if (shape.type != ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT || rank < 2 || rank > 3) continue;
    int score = rank == 3 ? 3 : name == "sentence_embedding" ? 2 : 1;
    if (name == "last_hidden_state") score = 4;
    if (score <= best) continue;
    best = score;
    output_ = name;
    pooled_ = rank == 2;
    dimensions_ = static_cast<std::size_t>(std::max<std::int64_t>(0, shape.dimensions.back()));
  }
  if (best == 0) Unsuitable("it has no output of float vectors per token or per text");
}

BertOutput BertSession::Run(TokenBatch& batch) const {
  const OrtApi& api = library_.api();
  const auto check = [&](OrtStatus* status) {
    library_.Check(status, DSW_E_INTERNAL, path_ + ": run failed");
  };
  const std::int64_t shape[] = {static_cast<std::int64_t>(batch.rows),
                                static_cast<std::int64_t>(batch.columns)};
  std::vector<std::int64_t> types(batch.ids.size(), 0);

  std::vector<OrtHandle<OrtValue>> owned;
  std::vector<const char*> names;
  std::vector<const OrtValue*> values;
  for (const std::string& name : inputs_) {
    std::vector<std::int64_t>& data = name == "input_ids"        ? batch.ids
                                      : name == "attention_mask" ? batch.mask
                                                                 : types;
    OrtValue* value = nullptr;
    check(api.CreateTensorWithDataAsOrtValue(memory_.get(), data.data(),
                                             data.size() * sizeof data[0], shape, 2,
                                             ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64, &value));
    owned.push_back(Own(value, api.ReleaseValue));
    names.push_back(name.c_str());
    values.push_back(value);
  }

  BertOutput output;
  const char* output_name = output_.c_str();
  OrtValue* result = nullptr;
  check(api.Run(session_.get(), nullptr, names.data(), values.data(), values.size(), &output_name,
                1, &result));
  output.value = Own(result, api.ReleaseValue);

  OrtTensorTypeAndShapeInfo* info = nullptr;
  check(api.GetTensorTypeAndShape(result, &info));
  const auto owned_info = Own(info, api.ReleaseTensorTypeAndShapeInfo);
  const Shape got = ShapeOf(library_, info);
  std::vector<std::int64_t> expected(shape, shape + (pooled_ ? 1 : 2));
  expected.push_back(got.dimensions.empty() ? 0 : got.dimensions.back());
  if (got.dimensions != expected || expected.back() <= 0) {
    throw Failure(DSW_E_INTERNAL, path_ + ": run gave a tensor of an unexpected shape");
  }
  void* data = nullptr;
  check(api.GetTensorMutableData(result, &data));
  output.data = static_cast<const float*>(data);
  output.dimensions = static_cast<std::size_t>(expected.back());
  output.pooled = pooled_;
  return output;
}

}  // namespace dsw::fastembed
