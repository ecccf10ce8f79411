# dsw_add_plugin(NAME SOURCES file... MANIFEST plugin.json)
#
# Builds NAME.so, a plugin for the datasets worker: exports the entry function alone, resolves all
# of its symbols at load time, and carries plugin.json as its ELF note.
set(DSW_SDK_CMAKE_DIR ${CMAKE_CURRENT_LIST_DIR})

function(dsw_add_plugin NAME)
  cmake_parse_arguments(ARG "" "MANIFEST" "SOURCES" ${ARGN})
  if(NOT ARG_MANIFEST OR NOT ARG_SOURCES)
    message(FATAL_ERROR "dsw_add_plugin(${NAME}): SOURCES and MANIFEST are required")
  endif()
  add_library(${NAME} MODULE ${ARG_SOURCES})
  target_link_libraries(${NAME} PRIVATE dsw::sdk)
  set_target_properties(${NAME} PROPERTIES
    PREFIX "" SUFFIX ".so"
    CXX_STANDARD 17
    C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
    LINK_DEPENDS ${DSW_SDK_CMAKE_DIR}/plugin.map)
  target_compile_options(${NAME} PRIVATE -fno-semantic-interposition)
  target_link_options(${NAME} PRIVATE
    -Wl,--version-script=${DSW_SDK_CMAKE_DIR}/plugin.map -Wl,-z,now -Wl,-z,relro)
endfunction()
