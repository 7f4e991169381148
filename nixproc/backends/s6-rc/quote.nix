# Writes words for execlineb, and for the lexer of s6-rc-compile, which is the
# same: https://skarnet.org/software/execline/execlineb.html, "Lexing". Within
# double quotes only a backslash and a double quote mean something.

let
  quoted = text: "\"${builtins.replaceStrings [ "\\" "\"" ] [ "\\\\" "\\\"" ] text}\"";
in
{
  # A word that may be anything.
  inherit quoted;

  # A word that needs quotes only rarely.
  word = text: if builtins.match "[A-Za-z0-9@_+=:,./-]+" text != null then text else quoted text;

  # Words of one command, in a line.
  line = words: builtins.concatStringsSep " " words + "\n";
}
