# Warnings are errors for us (LUAMIG_WERROR, set by the presets), never for users.
option(LUAMIG_WERROR "treat warnings as errors" OFF)
add_library(luamig-warnings INTERFACE)
target_compile_options(luamig-warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition
  -Wpointer-arith -Wwrite-strings -Wvla -Wundef -Wformat=2 -Wconversion -Wno-sign-conversion
  -Wcast-qual -Wdouble-promotion -Wnull-dereference -fno-common)
if(CMAKE_C_COMPILER_ID MATCHES "Clang")
  # the X-macro lists spell C types as macros
  target_compile_options(luamig-warnings INTERFACE -Wno-keyword-macro)
endif()
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
  target_compile_options(luamig-warnings INTERFACE
    -Wlogical-op -Wduplicated-cond -Wduplicated-branches)
endif()
if(LUAMIG_WERROR)
  target_compile_options(luamig-warnings INTERFACE -Werror)
endif()
target_compile_definitions(luamig-warnings INTERFACE _GNU_SOURCE)
