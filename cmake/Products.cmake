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
target_compile_definitions(luamig-core PUBLIC LUAMIG_VERSION="${PROJECT_VERSION}")
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
target_link_libraries(luamig-libraries INTERFACE PkgConfig::SQLITE PkgConfig::MD PkgConfig::JANSSON
  Threads::Threads ${CMAKE_DL_LIBS})

# LuaFileSystem alone: its pkg-config file names liblua too, which a module must not link.
find_library(LFS_LIBRARY NAMES lua5.4-filesystem HINTS ${LFS_LIBRARY_DIRS} REQUIRED)
add_library(luamig-lfs INTERFACE)
target_link_libraries(luamig-lfs INTERFACE "${LFS_LIBRARY}")

# The executable: self-contained, the face and the templates in it.
add_executable(luamig src/main.c ${face_sources} $<TARGET_OBJECTS:luamig-core>)
target_link_libraries(luamig PRIVATE luamig-core luamig-libraries luamig-lfs PkgConfig::LUA)

# The Lua C module: require "luamig". Doesn't link liblua: the host has it.
add_library(luamig-module MODULE src/luabind/module.c ${face_sources} $<TARGET_OBJECTS:luamig-core>)
target_link_libraries(luamig-module PRIVATE luamig-core luamig-libraries luamig-lfs)
set_target_properties(luamig-module PROPERTIES PREFIX "" OUTPUT_NAME luamig)

# The C library: include/luamig.h.
add_library(luamig-library SHARED src/luabind/library.c ${face_sources} $<TARGET_OBJECTS:luamig-core>)
target_link_libraries(luamig-library PRIVATE luamig-core luamig-libraries luamig-lfs PkgConfig::LUA)
set_target_properties(luamig-library PROPERTIES OUTPUT_NAME luamig
  VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR})

# The internals: what specs reach into C by. Not installed. Doesn't link liblua: the host has it.
if(internals_sources)
  add_library(luamig-internals MODULE ${internals_sources} $<TARGET_OBJECTS:luamig-core>)
  target_link_libraries(luamig-internals PRIVATE luamig-core luamig-libraries)
  set_target_properties(luamig-internals PROPERTIES PREFIX "" OUTPUT_NAME luamig_internals)
endif()
