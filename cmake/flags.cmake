# What every target of ours is compiled and linked with. gatehouse_flags carries it; third-party code (llhttp) does not
# link it, so our warnings stay ours.
set(ci_set OFF)
if(DEFINED ENV{CI} AND NOT "$ENV{CI}" MATCHES "^(0|OFF|off|false|FALSE)?$")
  set(ci_set ON)
endif()
option(GATEHOUSE_WERROR "warnings are errors (the default where CI is set in the environment)" ${ci_set})
option(GATEHOUSE_STRIP "leave the symbol table out of executables" OFF)
set(GATEHOUSE_SANITIZE "" CACHE STRING "sanitizers for every target, e.g. address,undefined")

# The CPU every build is for. simdjson compiles its on-demand code as a slow fallback without PCLMUL.
set(GATEHOUSE_CPU -march=x86-64-v3 -mpclmul)

add_library(gatehouse_flags INTERFACE)
target_include_directories(gatehouse_flags INTERFACE ${CMAKE_SOURCE_DIR}/src)
target_compile_options(gatehouse_flags INTERFACE
  ${GATEHOUSE_CPU} -fno-plt -fstack-protector-strong -D_GLIBCXX_ASSERTIONS
  $<$<CONFIG:Release,RelWithDebInfo>:-D_FORTIFY_SOURCE=3>
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor -Woverloaded-virtual
  -Wnull-dereference -Wimplicit-fallthrough -Wdangling -Wthread-safety
  $<$<BOOL:${GATEHOUSE_WERROR}>:-Werror>)
target_link_options(gatehouse_flags INTERFACE
  -fuse-ld=lld -Wl,-z,relro,-z,now -Wl,--as-needed $<$<BOOL:${GATEHOUSE_STRIP}>:-s>)
if(GATEHOUSE_SANITIZE)
  target_compile_options(gatehouse_flags INTERFACE
    -fsanitize=${GATEHOUSE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(gatehouse_flags INTERFACE -fsanitize=${GATEHOUSE_SANITIZE})
endif()
