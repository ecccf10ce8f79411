// SPDX-License-Identifier: Apache-2.0
#include "host/domain/vectors.h"

#include <cstring>
#include <new>

namespace dsw {

std::unique_ptr<float[], Matrix::Free> Matrix::Allocate(std::size_t count) {
  constexpr std::size_t kAlignment = 64;
  // aligned_alloc wants a multiple of the alignment.
  const std::size_t bytes =
      (count * sizeof(float) + kAlignment - 1) / kAlignment * kAlignment + kAlignment;
  void* memory = std::aligned_alloc(kAlignment, bytes);
  if (memory == nullptr) throw std::bad_alloc();
  std::memset(memory, 0, bytes);
  return std::unique_ptr<float[], Free>(static_cast<float*>(memory));
}

}  // namespace dsw
