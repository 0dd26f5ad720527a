# Turn example configurations into a C file: cmake -DEXAMPLES=a.yaml|b.yaml -DOUTPUT=x.c -P this.
# The first line of each, a comment, is its summary.

string(REPLACE "|" ";" files "${EXAMPLES}")
set(rows "")
foreach(file IN LISTS files)
  get_filename_component(name "${file}" NAME_WE)
  file(READ "${file}" text)
  string(REGEX MATCH "^# ([^\n]*)" line "${text}")
  set(summary "${CMAKE_MATCH_1}")
  foreach(part summary text)
    string(REPLACE "\\" "\\\\" ${part} "${${part}}")
    string(REPLACE "\"" "\\\"" ${part} "${${part}}")
    string(REPLACE "\n" "\\n\"\n     \"" ${part} "${${part}}")
  endforeach()
  string(APPEND rows "    {\"${name}\",\n     \"${summary}\",\n     \"${text}\"},\n")
endforeach()
file(WRITE "${OUTPUT}"
     "#include \"config/examples.h\"\n\nconst ddmd_example ddmd_examples[] = {\n${rows}};\n")
