# Compiler and linker flags of every target; all of them live here.
set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_CXX_SCAN_FOR_MODULES OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1")  # asserts stay on: style rule 11
set(CMAKE_CXX_FLAGS_DEBUG "-O1 -gdwarf-4 -fno-omit-frame-pointer")  # valgrind reads DWARF 4 only

add_compile_options(-Wall -Wextra -Wshadow -Wconversion -Werror -Wno-missing-field-initializers)
add_compile_options(-Xclang -fno-pch-timestamp)  # lets ccache share precompiled headers
add_compile_definitions(_GLIBCXX_ASSERTIONS)
add_link_options(-fuse-ld=mold)

# Several sources of a folder in one translation unit: most of a sanitizer's build is the same templates again
# and again. A folder's file-local names are then one namespace, so -Wshadow is left to `dev` and clang-tidy,
# which compile each file alone.
if(CMAKE_UNITY_BUILD)
  set(CMAKE_UNITY_BUILD_BATCH_SIZE 12)
  add_compile_options(-Wno-shadow)
endif()

if(HELIOPOST_SANITIZE)
  set(CMAKE_CXX_FLAGS_DEBUG "-O1 -gline-tables-only -fno-omit-frame-pointer")  # enough for a report's lines
  add_compile_options(-fsanitize=${HELIOPOST_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${HELIOPOST_SANITIZE})
  if(HELIOPOST_FUZZ)
    add_compile_options(-fsanitize=fuzzer-no-link)
  endif()
endif()

if(HELIOPOST_HARDEN)
  include(CheckPIESupported)
  check_pie_supported()
  set(CMAKE_POSITION_INDEPENDENT_CODE ON)
  add_compile_options(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -fstack-protector-strong -fstack-clash-protection
                      -fcf-protection=full -ftrivial-auto-var-init=zero)
  add_link_options(-pie -Wl,-z,relro,-z,now,-z,noexecstack)
endif()
