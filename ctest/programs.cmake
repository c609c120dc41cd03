# The programs in the header's introduction: taken out of rq.h, compiled, and run under testd, each
# for what it must say. programs.sh puts the test server in the place of example.org.
set(RQ_PROGRAMS "${CMAKE_BINARY_DIR}/programs")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${RQ_HEADER}")
execute_process(COMMAND "${CMAKE_CURRENT_LIST_DIR}/programs.sh" "${RQ_HEADER}" "${RQ_PROGRAMS}"
  COMMAND_ERROR_IS_FATAL ANY)

# Section, and a pattern of what its program says; all say it on standard output and succeed.
set(said_a_complete_program "\"hello\": \"librq\"")
set(said_errors "^the server says 404$")
set(said_ownership "lent by the response: {\"hello\"")
set(said_what_a_request_sends "name=\"table\"; filename=\"report.csv\"")
set(said_prepared_requests "^X-Signature: 0228")
set(said_responses "^was sent: Content-Type: application/json$")
set(said_redirects "^leads to http.*/redirect/1$")
set(said_bodies "^100000 bytes saved$")
set(said_cookies "^theme=dark, example.org$")
set(said_cancelling "^RQ_ERR_CANCELLED$")
set(said_tls "^signed by .*testd CA")
set(said_proxies_and_sockets "^https://example.com/: direct$")
set(said_adapters "^202 call 1: POST$")
set(said_hooks "^302 http.*/redirect/0$")
set(said_callbacks "\"bytes\": 3893")
set(said_many_at_a_time "^2: 200$")
set(said_threads "\"hello\": \"librq\"")
set(said_timeouts "^gave up in step")

file(GLOB programs "${RQ_PROGRAMS}/*.c")
foreach(source ${programs})
  get_filename_component(name "${source}" NAME_WE)
  if(NOT DEFINED said_${name})
    message(FATAL_ERROR "ctest/programs.cmake does not know what ${name} must say")
  endif()
  rq_program(program_${name} ${source})
  target_include_directories(program_${name} PRIVATE "${CMAKE_CURRENT_LIST_DIR}")
  rq_run(program_${name} $<TARGET_FILE:program_${name}>)
  set_tests_properties(program_${name} PROPERTIES WORKING_DIRECTORY "${RQ_PROGRAMS}")
  if(RQ_VALGRIND)
    set_tests_properties(program_${name}.valgrind PROPERTIES WORKING_DIRECTORY "${RQ_PROGRAMS}")
  endif()
  add_test(NAME program_${name}.says WORKING_DIRECTORY "${RQ_PROGRAMS}" COMMAND "${RQ_TESTD}" sh -c
    "said=$(\"$1\"); status=$?; printf '%s\n' \"$said\"; [ $status = 0 ] &&
     printf '%s' \"$said\" | tr -d '\\r' | grep -q -e \"$2\"" sh $<TARGET_FILE:program_${name}>
    "${said_${name}}")
endforeach()
