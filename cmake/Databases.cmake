# A database is a folder of src/db: found here, listed in a generated registry. A fourth one touches nothing else.
file(GLOB db_folders CONFIGURE_DEPENDS LIST_DIRECTORIES true "${CMAKE_CURRENT_SOURCE_DIR}/src/db/*")
set(db_declarations "")
set(db_rows "")
set(db_sources "")
foreach(folder IN LISTS db_folders)
  get_filename_component(name "${folder}" NAME)
  if(EXISTS "${folder}/database.c")
    string(APPEND db_declarations "extern const struct mig_db mig_db_${name};\n")
    string(APPEND db_rows "    &mig_db_${name},\n")
  endif()
  file(GLOB sources CONFIGURE_DEPENDS "${folder}/*.c")
  list(APPEND db_sources ${sources})
endforeach()
file(CONFIGURE OUTPUT "${CMAKE_CURRENT_BINARY_DIR}/registry.c" @ONLY CONTENT
"#include \"driver/database.h\"

@db_declarations@
const struct mig_db *const mig_databases[] = {
@db_rows@    NULL,
};
")
list(APPEND db_sources "${CMAKE_CURRENT_BINARY_DIR}/registry.c")
