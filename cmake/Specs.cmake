# What the specs need of C beside the internals. Not installed.
option(LUAMIG_SPECS "build what the specs need" ON)
if(LUAMIG_SPECS)
  add_library(luamig-spec-process MODULE spec/support/process.c)
  target_include_directories(luamig-spec-process SYSTEM PRIVATE ${LUA_INCLUDE_DIRS})
  target_link_libraries(luamig-spec-process PRIVATE luamig-warnings)
  set_target_properties(luamig-spec-process PROPERTIES PREFIX "" OUTPUT_NAME spec_process)

  # What stands between a client and its server and breaks.
  add_executable(luamig-spec-proxy spec/support/proxy.c)
  target_link_libraries(luamig-spec-proxy PRIVATE luamig-warnings)
  set_target_properties(luamig-spec-proxy PROPERTIES OUTPUT_NAME spec_proxy)

  # The executable with drivers that fail, and memory that runs out, when they are told to.
  add_executable(luamig-spec-faulty src/main.c spec/support/faulty.c spec/support/scarce.c ${face_sources}
    $<TARGET_OBJECTS:luamig-core>)
  target_link_libraries(luamig-spec-faulty PRIVATE luamig-core luamig-inside)
  target_link_options(luamig-spec-faulty PRIVATE -Wl,--wrap=mig_conn_open,--wrap=malloc,--wrap=calloc,--wrap=realloc
    -Wl,--wrap=aligned_alloc,--wrap=strdup,--wrap=strndup,--wrap=vasprintf)
  set_target_properties(luamig-spec-faulty PROPERTIES OUTPUT_NAME spec_faulty)

  # The program that uses the C library as a stranger would.
  if(TARGET luamig-library)
    add_executable(luamig-spec-embed spec/library/embed.c)
    target_link_libraries(luamig-spec-embed PRIVATE luamig-library luamig-warnings PkgConfig::SQLITE Threads::Threads)
    target_include_directories(luamig-spec-embed PRIVATE include)
    set_target_properties(luamig-spec-embed PROPERTIES OUTPUT_NAME spec_embed)
    if(PQ_FOUND AND MYSQL_FOUND)
      add_executable(luamig-spec-borrow spec/library/borrow.c)
      target_link_libraries(luamig-spec-borrow PRIVATE luamig-library luamig-warnings PkgConfig::SQLITE PkgConfig::PQ
        PkgConfig::MYSQL)
      target_include_directories(luamig-spec-borrow PRIVATE include)
      set_target_properties(luamig-spec-borrow PROPERTIES OUTPUT_NAME spec_borrow)
    endif()
  endif()
endif()
