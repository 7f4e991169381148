# Commands under their old names: links to the one program, which knows by its
# name what it is. bash and fish look for what completes a command by its name.
#
# The program itself, with the manual pages of all commands, comes into the
# user's environment along with them: once, whichever of these are installed.

{ stdenv, nixproc, name, commands }:

stdenv.mkDerivation {
  inherit name nixproc commands;
  buildCommand = ''
    bash=share/bash-completion/completions
    fish=share/fish/vendor_completions.d
    mkdir -p $out/bin $out/$bash $out/$fish $out/nix-support
    for command in $(cat $commands); do
      ln -s $nixproc/bin/nixproc $out/bin/$command
      ln -s $nixproc/$bash/nixproc $out/$bash/$command
      ln -s $nixproc/$fish/nixproc.fish $out/$fish/$command.fish
    done
    echo $nixproc >$out/nix-support/propagated-user-env-packages
  '';
}
