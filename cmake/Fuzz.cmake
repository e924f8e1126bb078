# libFuzzer targets: the parsers that read what people and files say. Only in the fuzz preset (clang).
option(LUAMIG_FUZZ "build the targets of fuzz/" OFF)
if(LUAMIG_FUZZ)
  foreach(name url lexer header target ddl expression snapshot)
    add_executable(fuzz-${name} fuzz/${name}.c $<TARGET_OBJECTS:luamig-core>)
    target_link_libraries(fuzz-${name} PRIVATE luamig-core luamig-inside)
    target_link_options(fuzz-${name} PRIVATE -fsanitize=fuzzer)
  endforeach()
endif()
