# Quotes text for supervisord's configuration files, of which supervisord reads
# `%` as the begin of a format, a `;` or `#` after a blank as a comment, and
# `%(here)s` as a directory, even where the `%` is doubled.
#
# Commands are quoted here and not by the renderer, since overrides may append
# to them.

process:

let
  oneLine = attribute: text:
    if builtins.match "[^\r]*" text == null
    then throw "process '${process}': ${attribute}: a configuration file of supervisord can't hold a carriage return: ${builtins.toJSON text}"
    else text;

  # A format that gives nothing: what stands before and after it is apart for
  # who reads the file, and together for who uses the value.
  nothing = "%(program_name).0s";
in
{
  # One word of a command, which supervisord splits as shlex.split of Python.
  word = attribute: text:
    if builtins.match "[A-Za-z0-9@_+=:,./-]+" text != null then text
    else "'" + builtins.replaceStrings
      [ "'" "%(here)s" "%" ";" "#" "\n" ]
      [ "'\\''" "%%''(here)s" "%%" "'';" "''#" "''\n''" ]
      (oneLine attribute text) + "'";

  # A whole value that is no command, such as a directory.
  value = attribute: text:
    if builtins.match "[A-Za-z0-9@_+=:,./-]+" text != null then text
    else if builtins.match "[^\n]*" text == null
    then throw "process '${process}': ${attribute}: supervisord can't use a line break here: ${builtins.toJSON text}"
    else nothing + builtins.replaceStrings
      [ "%(here)s" "%" ";" "#" ]
      [ "%%${nothing}(here)s" "%%" "${nothing};" "${nothing}#" ]
      (oneLine attribute text) + nothing;
}
