# Every library that Heliopost links, and nothing else: docs/dependencies.md says why each.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(Protobuf 3.21 REQUIRED)
find_package(spdlog 1.10 REQUIRED)
find_package(fmt 9 REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(ICU 72 REQUIRED COMPONENTS uc i18n)
pkg_check_modules(argon2 REQUIRED IMPORTED_TARGET libargon2)
pkg_check_modules(simdjson REQUIRED IMPORTED_TARGET simdjson)
pkg_check_modules(tomlplusplus REQUIRED IMPORTED_TARGET tomlplusplus)
pkg_check_modules(idn2 REQUIRED IMPORTED_TARGET libidn2)
pkg_check_modules(psl REQUIRED IMPORTED_TARGET libpsl)
pkg_check_modules(seccomp REQUIRED IMPORTED_TARGET libseccomp)
find_package(CLI11 REQUIRED)
find_package(EXPAT 2.5 REQUIRED)
find_package(ZLIB REQUIRED)
find_library(UNBOUND_LIBRARY unbound REQUIRED)  # its pkg-config file asks for libevent, which it does not use here
add_library(heliopost_unbound INTERFACE)
target_link_libraries(heliopost_unbound INTERFACE ${UNBOUND_LIBRARY})
find_library(ROCKSDB_LIBRARY rocksdb REQUIRED)
add_library(heliopost_rocksdb INTERFACE)
target_link_libraries(heliopost_rocksdb INTERFACE ${ROCKSDB_LIBRARY})

add_library(heliopost_doctest STATIC ${CMAKE_SOURCE_DIR}/cmake/doctest_main.cc)
target_include_directories(heliopost_doctest SYSTEM PUBLIC /usr/include)

# Asio compiled once (BOOST_ASIO_SEPARATE_COMPILATION) with its precompiled header, which the folders
# that wait on the network share.
add_library(heliopost_asio STATIC ${CMAKE_SOURCE_DIR}/cmake/asio.cc)
target_compile_definitions(heliopost_asio PUBLIC BOOST_ASIO_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED)
target_compile_options(heliopost_asio PRIVATE -w)
target_link_libraries(heliopost_asio PUBLIC Boost::headers OpenSSL::SSL Threads::Threads)
target_precompile_headers(heliopost_asio PRIVATE ${CMAKE_SOURCE_DIR}/cmake/asio_pch.h)

# What clang-tidy and the check of headers read and no source has: it is all they need to have built.
add_custom_target(generated)
add_dependencies(generated heliopost_asio)
