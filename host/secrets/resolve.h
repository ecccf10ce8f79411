// SPDX-License-Identifier: Apache-2.0
//
// From what is written in a row or a setting to the key itself.
#pragma once

#include <functional>
#include <string>

#include "host/base/result.h"
#include "host/base/secret.h"

namespace dsw {

/// The value of an environment variable; nothing when it is not set.
using Getenv = std::function<const char*(const char* name)>;

/// The secret that `reference` stands for: "env:NAME" (a variable of the process), "file:/path" (a
/// file's content without the line's end), "enc:v1:…" (AES-256-GCM under `master_key`, 64
/// hexadecimal digits; base64 of a nonce of 12 bytes, the ciphertext and a tag of 16), or the
/// secret itself. Empty stays empty. kUnauthenticated, saying what is missing and how to provide
/// it, when that cannot be had; no message holds a secret. Thread-safe.
Result<Secret> ResolveSecret(const Secret& reference, const Secret& master_key,
                             const Getenv& getenv);

}  // namespace dsw
