# A script that does what has to be done before a process starts.

{ stdenv, writeTextFile }:

{ name, initialize }:

writeTextFile {
  name = "${name}-prestart";
  executable = true;
  text = "#!${stdenv.shell} -e\n${initialize}\n";
}
