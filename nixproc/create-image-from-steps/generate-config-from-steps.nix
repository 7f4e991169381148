# Composes the configuration of an image: each step, in a file, is a function that
# takes the configuration so far and gives it with its own part.

{ pkgs, common ? { }, input, steps }:

let
  kindOf = import ../process/kind.nix;

  isFile = step: builtins.isPath step || builtins.isString step;

  nameOf = step: if isFile step then "the step ${toString step}" else "a step";

  load = step:
    let loaded = if isFile step then import step else step; in
    if builtins.isFunction loaded then loaded
    else throw "${nameOf step} gives ${kindOf loaded}, where a function { pkgs, common, input, result }: result' is due";

  apply = result: step:
    let changed = load step { inherit pkgs common input result; }; in
    if builtins.isAttrs changed then changed
    else throw "${nameOf step} results in ${kindOf changed}, where a set, the image's configuration, is due";
in
if builtins.isList steps then builtins.foldl' apply { } steps
else throw "the steps of an image are ${kindOf steps}, where a list is due"
