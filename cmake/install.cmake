# What `cmake --install` lays down: the program, the contract book, one shared library of all
# floors, and a package by which  find_package(ferrum)  gives  ferrum::ferrum.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

get_property(floors GLOBAL PROPERTY FERRUM_LIBRARIES)
add_library(ferrum_shared SHARED)
# All objects, not what a linker picks from archives: users may name what no floor itself uses.
foreach(floor IN LISTS floors)
  target_sources(ferrum_shared PRIVATE $<TARGET_OBJECTS:${floor}>)
endforeach()
target_link_libraries(ferrum_shared PRIVATE ${floors} PUBLIC nlohmann_json::nlohmann_json)
set_target_properties(ferrum_shared PROPERTIES
  LINKER_LANGUAGE CXX
  OUTPUT_NAME ferrum
  EXPORT_NAME ferrum
  VERSION ${PROJECT_VERSION}
  SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
target_compile_features(ferrum_shared INTERFACE cxx_std_20)
target_include_directories(ferrum_shared INTERFACE $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)

if(TARGET ferrum)
  install(TARGETS ferrum)
endif()
install(TARGETS ferrum_shared EXPORT ferrum_targets)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/ferrum TYPE INCLUDE)

set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/ferrum)
install(EXPORT ferrum_targets NAMESPACE ferrum:: FILE ferrumTargets.cmake
        DESTINATION ${package_folder})
file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/ferrumConfig.cmake @ONLY CONTENT
"include(CMakeFindDependencyMacro)
find_dependency(nlohmann_json 3.11)
include(\${CMAKE_CURRENT_LIST_DIR}/ferrumTargets.cmake)
")
write_basic_package_version_file(${PROJECT_BINARY_DIR}/ferrumConfigVersion.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/ferrumConfig.cmake
              ${PROJECT_BINARY_DIR}/ferrumConfigVersion.cmake
        DESTINATION ${package_folder})
