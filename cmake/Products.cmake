# One set of objects, four products: executable, Lua C module, C library, and the internals for our specs.
file(GLOB core_sources CONFIGURE_DEPENDS
  src/util/*.c src/model/*.c src/dialect/*.c src/driver/*.c src/config/*.c src/script/*.c
  src/runtime/*.c src/luabind/*.c)
list(FILTER core_sources EXCLUDE REGEX "/internals[^/]*\\.c$")
file(GLOB internals_sources CONFIGURE_DEPENDS src/luabind/internals*.c)

add_library(luamig-core OBJECT ${core_sources} ${db_sources}
  "${CMAKE_CURRENT_BINARY_DIR}/embedded.c"
  "${CMAKE_CURRENT_BINARY_DIR}/queries.c")
target_include_directories(luamig-core PUBLIC src include "${CMAKE_CURRENT_BINARY_DIR}")
target_link_libraries(luamig-core PUBLIC luamig-warnings)
target_compile_definitions(luamig-core PUBLIC LUAMIG_VERSION="${PROJECT_VERSION}")
foreach(dependency LUA LFS SQLITE MD JANSSON PQ MYSQL)
  if(${dependency}_FOUND)
    target_include_directories(luamig-core SYSTEM PUBLIC ${${dependency}_INCLUDE_DIRS})
  endif()
endforeach()
if(PQ_FOUND)
  target_compile_definitions(luamig-core PUBLIC LUAMIG_HAVE_LIBPQ)
endif()
if(MYSQL_FOUND)
  target_compile_definitions(luamig-core PUBLIC LUAMIG_HAVE_MYSQL)
endif()

add_library(luamig-libraries INTERFACE)
target_link_libraries(luamig-libraries INTERFACE PkgConfig::SQLITE PkgConfig::MD PkgConfig::JANSSON
  ${CMAKE_DL_LIBS})

# The internals: what specs reach into C by. Not installed. Doesn't link liblua: the host has it.
if(internals_sources)
  add_library(luamig-internals MODULE ${internals_sources} $<TARGET_OBJECTS:luamig-core>)
  target_link_libraries(luamig-internals PRIVATE luamig-core luamig-libraries)
  set_target_properties(luamig-internals PROPERTIES PREFIX "" OUTPUT_NAME luamig_internals)
endif()
