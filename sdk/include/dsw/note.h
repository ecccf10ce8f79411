/* SPDX-License-Identifier: Apache-2.0
 *
 * Places a plugin's manifest in the shared object as an ELF note, from which the worker knows what
 * a file offers before it runs any of its code. For C99 and C++11, gcc and clang; to be used once
 * per plugin, at file scope. dsw_add_plugin() of the CMake package does this from plugin.json.
 *
 *     DSW_PLUGIN_MANIFEST("id": "org.example.acme", "version": "1.0.0", "vendor": "Acme",
 *                         "license": "Apache-2.0", "host_min": 0,
 *                         "providers": [{"kind": "embedder", "id": "acme",
 *                                        "models": [{"id": "acme-1", "dimensions": 256,
 *                                                    "max_input_tokens": 512}]}]);
 *
 * A plugin that opens files or connections by itself, rather than through the host, adds
 * "needs": ["files", "net"], or one of them: without a grant, a process of its own has neither.
 *
 * What stands there has to agree with the dsw_plugin that the entry function hands out: id,
 * version, providers (kind and id, in any order) and host_min (host_minor_min).
 */
#ifndef DSW_NOTE_H
#define DSW_NOTE_H

#include <dsw/plugin.h>

/** Section, owner and type of the note; its descriptor is JSON text that ends with a NUL. */
#define DSW_NOTE_SECTION ".note.dsw"
#define DSW_NOTE_OWNER "DSW"
#define DSW_NOTE_TYPE 1

#define DSW_NOTE_TEXT_INNER(token) #token
#define DSW_NOTE_TEXT(token) DSW_NOTE_TEXT_INNER(token)

/** The manifest's member that says which ABI the plugin was compiled with. */
#define DSW_NOTE_ABI "\"abi\":[" DSW_NOTE_TEXT(DSW_ABI_MAJOR) "," DSW_NOTE_TEXT(DSW_ABI_MINOR) "]"

/* clang's AddressSanitizer would put a red zone behind the note, inside its section. */
#if defined(__clang__)
#define DSW_NOTE_BARE __attribute__((no_sanitize("address")))
#else
#define DSW_NOTE_BARE
#endif

/** The note from a string literal that is a whole JSON object, its "abi" member included. */
#define DSW_PLUGIN_NOTE(json)                                                                      \
  __attribute__((section(DSW_NOTE_SECTION), used, aligned(4))) DSW_NOTE_BARE static const struct { \
    uint32_t name_size;                                                                            \
    uint32_t descriptor_size;                                                                      \
    uint32_t type;                                                                                 \
    char name[4];                                                                                  \
    char descriptor[(sizeof(json) + 3) / 4 * 4];                                                   \
  } dsw_plugin_note = {4, sizeof(json), DSW_NOTE_TYPE, DSW_NOTE_OWNER, json}

/** The note from the members of the manifest, written as JSON; "abi" is added. No \u escapes. */
#define DSW_PLUGIN_MANIFEST(...) DSW_PLUGIN_NOTE("{" DSW_NOTE_ABI "," #__VA_ARGS__ "}")

#endif /* DSW_NOTE_H */
