// SPDX-License-Identifier: Apache-2.0
//
// The C headers as a careful C++ program includes them.
extern "C" {
#include <dsw/note.h>
#include <dsw/plugin.h>
}

DSW_PLUGIN_MANIFEST("id" : "test");

extern "C" dsw_status dsw_plugin_entry_v0(const dsw_host* host, const dsw_plugin** out,
                                          dsw_error* error) {
  *out = nullptr;
  return DSW_CAN(host, log) && DSW_HAS(error, message) ? DSW_OK : DSW_E_INTERNAL;
}
