# Quotes text for the shell that an rc script is read by, and says which words
# rc.subr leaves as they are.

rec {
  # One word of a POSIX shell.
  word = text: "'" + builtins.replaceStrings [ "'" ] [ "'\\''" ] text + "'";

  words = list: builtins.concatStringsSep " " (map word list);

  # rc.subr puts a command together as text. A shell evaluates it once, or two
  # or three times where it is run by nice(1) or su(1), which rc.conf may decide.
  # So no quotes do for all cases: only words that need none go through.
  isPlain = text: builtins.match "[A-Za-z0-9@%_+=:,./-]+" text != null;

  # The names of variables that rc.subr, or a script, has for itself.
  isTaken = name:
    builtins.match "_.*|[a-z].*|CPUSET|ID|IDCMD|IFS|JAIL_CMD|JID|OPTARG|OPTIND|PROTECT|PS|RC_.*|SERVICE|SYSCTL.*|VERIEXEC" name != null;
}
