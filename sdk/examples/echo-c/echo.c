/* SPDX-License-Identifier: Apache-2.0
 *
 * A complete embedder in C99: how often each letter occurs in a text, as a vector of 26 numbers.
 * Copy this folder to start a provider of your own.
 *
 *     cc -std=c99 -O2 echo.c -o echo_c.so $(pkg-config --cflags --libs dsw-sdk) -lm
 *     cp echo_c.so /usr/lib/worker-datasets/plugins/
 *     worker-datasets plugins
 *
 * The CMakeLists.txt beside this file does the same with CMake.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <dsw/note.h>
#include <dsw/plugin.h>

#define LETTERS 26u

/* With CMake, dsw_add_plugin() puts this in from plugin.json. */
#ifndef DSW_MANIFEST_FROM_FILE
/* clang-format off */
DSW_PLUGIN_MANIFEST("id": "org.example.echo-c", "version": "1.0.0", "vendor": "Example",
                    "license": "Apache-2.0", "host_min": 0,
                    "providers": [{"kind": "embedder", "id": "echo-c",
                                   "models": [{"id": "letters", "dimensions": 26,
                                               "max_input_tokens": 0}]}]);
/* clang-format on */
#endif

/* What an instance needs in its calls. Several threads may use it at once. */
typedef struct echo {
  const dsw_host* host;
} echo;

/* Describes a failure in the caller's struct and returns its category. */
static dsw_status fail(dsw_error* error, dsw_status category, const char* message) {
  if (DSW_HAS(error, message)) {
    error->category = category;
    snprintf(error->message, sizeof error->message, "%s", message);
  }
  return category;
}

static void count_letters(dsw_str text, float* row) {
  double squares = 0;
  size_t i;
  for (i = 0; i < text.len; ++i) {
    const unsigned letter = (unsigned char)text.ptr[i] | 0x20u;
    if (letter >= 'a' && letter <= 'z') row[letter - 'a'] += 1;
  }
  for (i = 0; i < LETTERS; ++i) squares += (double)row[i] * row[i];
  for (i = 0; squares > 0 && i < LETTERS; ++i) row[i] = (float)(row[i] / sqrt(squares));
}

static dsw_status embed(void* instance, const dsw_call* call, const dsw_embed_request* request,
                        const dsw_embed_out* out, dsw_error* error) {
  const echo* self = instance;
  size_t i;
  float* rows;
  if ((request->flags & 0xFFFFu) != 0) return fail(error, DSW_E_UNSUPPORTED, "unknown flag");
  rows = out->alloc(out, (uint32_t)request->text_count, LETTERS);
  if (rows == NULL) return fail(error, DSW_E_CONFLICT, "the host wants vectors of another size");
  for (i = 0; i < request->text_count; ++i) {
    if (call->cancelled(call)) return fail(error, DSW_E_CANCELLED, "cancelled");
    if (call->deadline_mono_ns != 0 &&
        self->host->now_mono_ns(self->host) >= call->deadline_mono_ns) {
      return fail(error, DSW_E_TIMEOUT, "the call's deadline passed");
    }
    count_letters(request->texts[i], rows + i * LETTERS);
  }
  return DSW_OK;
}

static dsw_status describe(void* instance, const dsw_call* call, dsw_model_facts* facts,
                           dsw_error* error) {
  (void)instance;
  (void)call;
  (void)error;
  facts->dimensions = LETTERS;
  return DSW_OK;
}

/* This provider has one model and no settings; others read params->config_json here. */
static dsw_status create(void* plugin, const dsw_instance_params* params, void** instance,
                         dsw_error* error) {
  echo* self = malloc(sizeof *self);
  (void)plugin;
  if (self == NULL) return fail(error, DSW_E_NO_MEMORY, "out of memory");
  self->host = params->host;
  *instance = self;
  return DSW_OK;
}

static void destroy(void* instance) {
  free(instance);
}

static const dsw_model letters = {
    .struct_size = sizeof letters, .dimensions = LETTERS, .id = DSW_STR("letters")};
static const dsw_model* const models[] = {&letters};

static const dsw_embedder_ops operations = {
    .struct_size = sizeof operations, .embed = embed, .describe = describe};

static const dsw_provider provider = {.struct_size = sizeof provider,
                                      .kind = DSW_KIND_EMBEDDER,
                                      .id = DSW_STR("echo-c"),
                                      .title = DSW_STR("Letter frequencies"),
                                      .models = models,
                                      .model_count = 1,
                                      .create = create,
                                      .destroy = destroy,
                                      .embedder = &operations};
static const dsw_provider* const providers[] = {&provider};

static const dsw_plugin plugin = {.struct_size = sizeof plugin,
                                  .abi_minor = DSW_ABI_MINOR,
                                  .id = DSW_STR("org.example.echo-c"),
                                  .version = DSW_STR("1.0.0"),
                                  .vendor = DSW_STR("Example"),
                                  .license = DSW_STR("Apache-2.0"),
                                  .providers = providers,
                                  .provider_count = 1};

dsw_status dsw_plugin_entry_v0(const dsw_host* host, const dsw_plugin** out, dsw_error* error) {
  (void)host;
  (void)error;
  *out = &plugin;
  return DSW_OK;
}
