# Quotes text for the values of a systemd unit: systemd.syntax(7), and "Command
# Lines" in systemd.service(5). The same rules, for what overrides never see,
# are in lib/quote/systemd.go.

let
  # Characters 1 to 31, of which a file of Nix can only hold some as they are.
  hex = number:
    let digit = n: builtins.substring n 1 "0123456789abcdef";
    in digit (number / 16) + digit (number - number / 16 * 16);
  control = builtins.genList (n: hex (n + 1)) 31;
  named = { "09" = "\\t"; "0a" = "\\n"; "0d" = "\\r"; };

  escapeFrom = [ "\\" "\"" "%" ] ++ map (code: builtins.fromJSON "\"\\u00${code}\"") control;
  escapeTo = [ "\\\\" "\\\"" "%%" ] ++ map (code: named.${code} or "\\x${code}") control;

  plain = text: builtins.match "[A-Za-z0-9_/.,:=@+-]+" text != null;

  quoted = from: to: text: "\"${builtins.replaceStrings (escapeFrom ++ from) (escapeTo ++ to) text}\"";
in
rec {
  # One word of a command line after the first: systemd replaces variables in it.
  argument = text: if plain text then text else quoted [ "$" ] [ "$$" ] text;

  # The path of the program, with the prefixes that tell how it is run.
  program = prefix: path: if plain path then prefix + path else quoted [ ] [ ] (prefix + path);

  command = prefix: path: arguments:
    builtins.concatStringsSep " " ([ (program prefix path) ] ++ map argument arguments);

  # A value that is no list of words: only specifiers are replaced in it. A
  # backslash at its end would join the next line to it.
  line = text:
    let
      escaped = builtins.replaceStrings [ "%" "\n" ] [ "%%" " " ] text;
      length = builtins.stringLength escaped;
    in
    if length > 0 && builtins.substring (length - 1) 1 escaped == "\\" then escaped + " " else escaped;
}
