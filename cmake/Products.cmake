# One set of objects, four products: executable, Lua C module, C library, and the internals for our specs.
file(GLOB core_sources CONFIGURE_DEPENDS
  src/util/*.c src/model/*.c src/dialect/*.c src/driver/*.c src/config/*.c src/script/*.c
  src/runtime/*.c src/luabind/*.c)
file(GLOB internals_sources CONFIGURE_DEPENDS src/luabind/internals*.c)
# The face's side of luabind/: what a host's Lua state sees.
set(face_sources face core handle handle_graph handle_data handle_lint handle_recover handle_schema describe)
list(TRANSFORM face_sources REPLACE "(.+)" "${CMAKE_CURRENT_SOURCE_DIR}/src/luabind/\\1.c")
list(REMOVE_ITEM core_sources ${internals_sources} ${face_sources}
  "${CMAKE_CURRENT_SOURCE_DIR}/src/luabind/module.c" "${CMAKE_CURRENT_SOURCE_DIR}/src/luabind/library.c")

add_library(luamig-core OBJECT ${core_sources} ${db_sources}
  "${CMAKE_CURRENT_BINARY_DIR}/embedded.c"
  "${CMAKE_CURRENT_BINARY_DIR}/queries.c")
target_include_directories(luamig-core PUBLIC src include "${CMAKE_CURRENT_BINARY_DIR}")
target_link_libraries(luamig-core PUBLIC luamig-warnings)
target_compile_definitions(luamig-core PUBLIC LUAMIG_VERSION="${PROJECT_VERSION}"
  LUAMIG_SQLITE_SONAME="${SQLITE_SONAME}")
foreach(dependency LUA LFS SQLITE MD JANSSON PQ MYSQL)
  if(${dependency}_FOUND)
    target_include_directories(luamig-core SYSTEM PUBLIC ${${dependency}_INCLUDE_DIRS})
  endif()
endforeach()
if(PQ_FOUND)
  target_compile_definitions(luamig-core PUBLIC LUAMIG_HAVE_LIBPQ
    LUAMIG_LIBPQ_SONAME="${LIBPQ_SONAME}")
endif()
if(MYSQL_FOUND)
  target_compile_definitions(luamig-core PUBLIC LUAMIG_HAVE_MYSQL
    LUAMIG_MYSQL_SONAME="${MYSQL_SONAME}")
endif()

add_library(luamig-libraries INTERFACE)
target_link_libraries(luamig-libraries INTERFACE Threads::Threads ${CMAKE_DL_LIBS})

# What a module and the C library have beside. LuaFileSystem alone: its pkg-config file names liblua too, which a module
# must not link.
find_library(LFS_LIBRARY NAMES lua5.4-filesystem HINTS ${LFS_LIBRARY_DIRS} REQUIRED)
add_library(luamig-beside INTERFACE)
target_link_libraries(luamig-beside INTERFACE luamig-libraries PkgConfig::MD PkgConfig::JANSSON "${LFS_LIBRARY}")

# What an executable has inside. All of Lua goes in and is exported, since Lua's C modules take it from there: busted
# needs some in `luamig test`.
add_library(luamig-inside INTERFACE)
foreach(dependency LUA LFS MD JANSSON)
  list(GET ${dependency}_LIBRARIES 0 name)
  find_library(${dependency}_ARCHIVE NAMES lib${name}.a HINTS ${${dependency}_LIBRARY_DIRS})
endforeach()
if(LUAMIG_STATIC AND LUA_ARCHIVE AND LFS_ARCHIVE AND MD_ARCHIVE AND JANSSON_ARCHIVE)
  target_link_libraries(luamig-inside INTERFACE "$<LINK_LIBRARY:WHOLE_ARCHIVE,${LUA_ARCHIVE}>" "${LFS_ARCHIVE}"
    "${MD_ARCHIVE}" "${JANSSON_ARCHIVE}" luamig-libraries m)
  target_link_options(luamig-inside INTERFACE -rdynamic)
else()
  target_link_libraries(luamig-inside INTERFACE luamig-beside PkgConfig::LUA)
endif()

# The executable: self-contained, the face and the templates in it.
add_executable(luamig src/main.c ${face_sources} $<TARGET_OBJECTS:luamig-core>)
target_link_libraries(luamig PRIVATE luamig-core luamig-inside)

# The Lua C module: require "luamig". Doesn't link liblua: the host has it.
add_library(luamig-module MODULE src/luabind/module.c ${face_sources} $<TARGET_OBJECTS:luamig-core>)
target_link_libraries(luamig-module PRIVATE luamig-core luamig-beside)
set_target_properties(luamig-module PROPERTIES PREFIX "" OUTPUT_NAME luamig)

# The C library: include/luamig.h.
add_library(luamig-library SHARED src/luabind/library.c ${face_sources} $<TARGET_OBJECTS:luamig-core>)
target_link_libraries(luamig-library PRIVATE luamig-core luamig-beside PkgConfig::LUA)
set_target_properties(luamig-library PROPERTIES OUTPUT_NAME luamig
  VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR})

# The internals: what specs reach into C by. Not installed. Doesn't link liblua: the host has it.
if(internals_sources)
  add_library(luamig-internals MODULE ${internals_sources} $<TARGET_OBJECTS:luamig-core>)
  target_link_libraries(luamig-internals PRIVATE luamig-core luamig-beside)
  set_target_properties(luamig-internals PROPERTIES PREFIX "" OUTPUT_NAME luamig_internals)
endif()
