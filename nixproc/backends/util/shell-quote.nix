# Quotes text for shells.

let
  # Signs that mean nothing to a shell need no quotes.
  plain = text: builtins.match "[A-Za-z0-9@%_+=:,./-]+" text != null;
in
rec {
  always = text: "'${builtins.replaceStrings [ "'" ] [ "'\\''" ] text}'";

  word = text: if plain text then text else always text;

  words = texts: builtins.concatStringsSep " " (map word texts);

  # Whether a shell would take the text apart, or look for files, where someone
  # uses it without quotes.
  isFragile = text: builtins.match "[^] \t\n*?[\\]+" text == null;
}
