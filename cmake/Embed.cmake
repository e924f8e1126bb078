# The Lua face, argparse and the templates as C arrays (scripts/embed.lua), under readable chunk names.
file(GLOB_RECURSE face_files CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/lua/luamig/*.lua")
file(GLOB_RECURSE template_files CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/templates/*")
# Rewritten when a file comes or goes, which no time stamp of the others tells.
file(CONFIGURE OUTPUT "${CMAKE_CURRENT_BINARY_DIR}/embedded.list" CONTENT "${face_files};${template_files}")
add_custom_command(
  OUTPUT "${CMAKE_CURRENT_BINARY_DIR}/embedded.c"
  COMMAND "${LUA_INTERPRETER}" "${CMAKE_CURRENT_SOURCE_DIR}/scripts/embed.lua"
          "${CMAKE_CURRENT_SOURCE_DIR}" "${CMAKE_CURRENT_BINARY_DIR}/embedded.c"
  DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/scripts/embed.lua"
          "${CMAKE_CURRENT_BINARY_DIR}/embedded.list" ${face_files} ${template_files}
  VERBATIM)

# Catalog queries: one statement a file in src/db/<name>/sql, as C strings mig_sql_<name>_<file>.
file(GLOB_RECURSE sql_files CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/src/db/*/sql/*.sql")
add_custom_command(
  OUTPUT "${CMAKE_CURRENT_BINARY_DIR}/queries.c" "${CMAKE_CURRENT_BINARY_DIR}/queries.h"
  COMMAND "${LUA_INTERPRETER}" "${CMAKE_CURRENT_SOURCE_DIR}/scripts/embed_sql.lua"
          "${CMAKE_CURRENT_BINARY_DIR}/queries" ${sql_files}
  DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/scripts/embed_sql.lua" ${sql_files}
  VERBATIM)
