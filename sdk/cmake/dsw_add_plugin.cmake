# dsw_add_plugin(NAME SOURCES file... MANIFEST plugin.json [STATIC_RUNTIME])
#
# Builds NAME.so, a plugin for the datasets worker: exports the entry function alone, has all of its
# symbols resolved when it is linked and again when it is loaded, carries no search path, and has
# the manifest as its ELF note. The manifest says what the plugin offers:
#
#   {"id": "org.example.acme", "version": "1.0.0", "vendor": "Acme", "license": "Apache-2.0",
#    "host_min": 0,
#    "providers": [{"kind": "embedder", "id": "acme",
#                   "models": [{"id": "acme-1", "dimensions": 256, "max_input_tokens": 512}]}]}
#
# "abi" is added from <dsw/plugin.h> and must not stand there. The sources are compiled with
# DSW_MANIFEST_FROM_FILE, for those that carry a manifest of their own for other builds. STATIC_RUNTIME links the C++ standard
# library into the plugin, which then runs on machines whose own is older than the build machine's.

# Checks the manifest and sets `out` to a source file that places it.
function(dsw_plugin_note_source NAME MANIFEST out)
  get_filename_component(manifest ${MANIFEST} ABSOLUTE)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${manifest})
  file(READ ${manifest} json)
  foreach(member id version vendor license)
    string(JSON type ERROR_VARIABLE error TYPE "${json}" ${member})
    if(NOT type STREQUAL "STRING")
      message(FATAL_ERROR "${manifest}: \"${member}\" must be a string (${error})")
    endif()
  endforeach()
  string(JSON type ERROR_VARIABLE error TYPE "${json}" providers)
  if(NOT type STREQUAL "ARRAY")
    message(FATAL_ERROR "${manifest}: \"providers\" must be an array (${error})")
  endif()
  string(JSON abi ERROR_VARIABLE error GET "${json}" abi)
  if(NOT error)
    message(FATAL_ERROR "${manifest}: remove \"abi\"; it is taken from <dsw/plugin.h>")
  endif()

  # Line breaks stand only between the tokens of JSON. The question mark starts trigraphs.
  string(REGEX REPLACE "[ \t\r]*\n[ \t\r\n]*" "" json "${json}")
  string(REGEX REPLACE "^[ \t]*{" "" members "${json}")
  string(REPLACE "\\" "\\\\" members "${members}")
  string(REPLACE "\"" "\\\"" members "${members}")
  string(REPLACE "?" "\\?" members "${members}")

  get_property(languages GLOBAL PROPERTY ENABLED_LANGUAGES)
  set(extension cc)
  if("C" IN_LIST languages)
    set(extension c)
  endif()
  set(source ${CMAKE_CURRENT_BINARY_DIR}/${NAME}_note.${extension})
  # A manifest may be longer than the string literals that ISO C promises.
  file(CONFIGURE OUTPUT ${source} @ONLY CONTENT [[
/* Made from @manifest@. */
#include <dsw/note.h>

#pragma GCC diagnostic ignored "-Woverlength-strings"
DSW_PLUGIN_NOTE("{" DSW_NOTE_ABI ",@members@");
]])
  set(${out} ${source} PARENT_SCOPE)
endfunction()

function(dsw_add_plugin NAME)
  cmake_parse_arguments(ARG "STATIC_RUNTIME" "MANIFEST" "SOURCES" ${ARGN})
  if(ARG_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "dsw_add_plugin(${NAME}): unknown: ${ARG_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT ARG_MANIFEST OR NOT ARG_SOURCES)
    message(FATAL_ERROR "dsw_add_plugin(${NAME}): SOURCES and MANIFEST are required")
  endif()
  dsw_plugin_note_source(${NAME} ${ARG_MANIFEST} note)

  set(version_script ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/plugin.map)
  add_library(${NAME} MODULE ${ARG_SOURCES} ${note})
  target_link_libraries(${NAME} PRIVATE dsw::sdk)
  set_target_properties(${NAME} PROPERTIES
    PREFIX "" SUFFIX ".so"
    CXX_STANDARD 17 CXX_STANDARD_REQUIRED ON
    C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
    SKIP_BUILD_RPATH ON INSTALL_RPATH ""
    LINK_DEPENDS ${version_script})
  target_compile_definitions(${NAME} PRIVATE DSW_MANIFEST_FROM_FILE)
  target_compile_options(${NAME} PRIVATE -fno-semantic-interposition)
  target_link_options(${NAME} PRIVATE
    -Wl,--version-script=${version_script} -Wl,-z,now -Wl,-z,relro)
  # clang keeps a sanitizer's runtime in the executable alone.
  if(NOT DSW_SANITIZE AND NOT "${CMAKE_C_FLAGS} ${CMAKE_CXX_FLAGS}" MATCHES "-fsanitize")
    target_link_options(${NAME} PRIVATE -Wl,-z,defs)
  endif()
  if(ARG_STATIC_RUNTIME)
    target_link_options(${NAME} PRIVATE -static-libstdc++ -static-libgcc)
  endif()
endfunction()
